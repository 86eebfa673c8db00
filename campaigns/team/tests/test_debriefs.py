"""After hard calls: somebody to talk to, moments without names; nothing of it outlives the campaign."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns import alerts, purge, queue
from campaigns.models import Alert, Call, CoordinatorScope, Debrief, Meeting, MeetingAnswer, SharedMoment
from campaigns.setup import lifecycle
from campaigns.team import debriefs, meetings
from solidarites import roles
from solidarites.mail import build
from solidarites.models import JournalEntry, OutgoingMail
from tests import factories
from tests.factories import make_case, make_household, make_user


@pytest.fixture
def held(case, volunteer):
    return queue.claim_next(campaign=case.campaign, by=volunteer, now=timezone.now())


def record(held, by, **more):
    return factories.record_call(
        case_id=held.case.pk,
        by=by,
        submission=held.call.submission,
        outcome="no_answer",
        now=timezone.now(),
        **more,
    )


# « Cet appel m'a touché(e) » --------------------------------------------------------------------------
def test_a_call_that_touched_its_volunteer_tells_the_coordination_once(held, volunteer, coordinator):
    call = record(held, volunteer, touched_me=True)
    record(held, volunteer, touched_me=True)
    debriefs.ask(call=call, by=volunteer, now=timezone.now())
    assert Debrief.objects.get().call_id == call.pk
    assert [mail.to for mail in OutgoingMail.objects.filter(template="debrief")] == [coordinator.email]


def test_a_call_without_the_flag_tells_nobody(held, volunteer, coordinator):
    record(held, volunteer)
    assert not Debrief.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_the_message_names_neither_the_volunteer_nor_the_household(held, volunteer, coordinator):
    record(held, volunteer, touched_me=True)
    message = build(OutgoingMail.objects.get(template="debrief"))
    said = message.subject + message.body + str(message.alternatives)
    for word in ("Léa", "Bonnet", "Martin", "MARTIN", "Jeanne"):
        assert word not in said
    assert f"/a-ecouter/{Debrief.objects.get().pk}/" in message.body


def test_the_journal_does_not_say_who_was_touched(held, volunteer, coordinator):
    record(held, volunteer, touched_me=True)
    entry = JournalEntry.objects.get(action="debrief.asked")
    assert entry.user_id is None
    assert entry.detail == {}


def test_only_the_coordinators_of_the_sector_are_told(campaign, agency, agency2, volunteer, coordinator):
    other = make_user("autre@exemple.fr", "Ana", "Ruiz", roles.COORDINATOR)
    CoordinatorScope.objects.create(user=coordinator).agencies.add(agency)
    CoordinatorScope.objects.create(user=other).agencies.add(agency2)
    case = make_case(campaign, make_household(agency=agency))
    call = record(queue.claim_next(campaign=campaign, by=volunteer, now=timezone.now()), volunteer, touched_me=True)
    assert call.case_id == case.pk
    assert set(OutgoingMail.objects.values_list("to", flat=True)) == {coordinator.email}
    found = Debrief.objects.get()
    assert list(debriefs.visible(coordinator)) == [found]
    assert not debriefs.visible(other).exists()


def test_a_sector_that_nobody_follows_tells_everybody_of_the_coordination(held, volunteer, coordinator, agency2):
    CoordinatorScope.objects.create(user=coordinator).agencies.add(agency2)
    record(held, volunteer, touched_me=True)
    assert OutgoingMail.objects.get(template="debrief").to == coordinator.email


def test_a_coordinator_who_calls_is_listened_to_by_another(case, coordinator):
    call = Call.objects.create(case=case, volunteer=coordinator, state=Call.State.RECORDED)
    debriefs.ask(call=call, by=coordinator, now=timezone.now())
    assert not debriefs.visible(coordinator).exists()
    assert not OutgoingMail.objects.exists()


def test_the_contact_has_a_day_and_the_request_an_end(held, volunteer, coordinator):
    found = Debrief.objects.get(call=record(held, volunteer, touched_me=True))
    now = timezone.now()
    day = now.astimezone(held.case.campaign.tz).date()
    for wrong in (day + timedelta(days=1), day - timedelta(days=2)):
        with pytest.raises(debriefs.DebriefError):
            debriefs.contacted(debrief=found, on=wrong, by=coordinator, now=now)
    debriefs.contacted(debrief=found, on=day, by=coordinator, now=now)
    assert debriefs.close(debrief=found, by=coordinator, now=now)
    assert not debriefs.close(debrief=found, by=coordinator, now=now)
    with pytest.raises(debriefs.DebriefError, match="déjà close"):
        debriefs.contacted(debrief=found, on=day, by=coordinator, now=now)
    found.refresh_from_db()
    assert (found.contacted_on, found.contacted_by) == (day, coordinator)


def test_a_request_that_nobody_answers_for_a_day_becomes_one_alert(held, volunteer, coordinator):
    found = Debrief.objects.get(call=record(held, volunteer, touched_me=True))
    late = found.asked_at + debriefs.UNHEARD_AFTER
    assert debriefs.watch_unheard(now=late - timedelta(minutes=1)) == 0
    assert (debriefs.watch_unheard(now=late), debriefs.watch_unheard(now=late)) == (1, 0)
    alert = Alert.objects.get()
    assert (alert.kind, alert.level, alert.case) == (Alert.Kind.UNHEARD, "U1", held.case)
    message = build(OutgoingMail.objects.get(template="alert"))
    said = message.subject + message.body + str(message.alternatives)
    for word in ("Léa", "Bonnet", "Martin", "MARTIN", "Jeanne"):
        assert word not in said
    # Solved by somebody, it is not raised again: once is enough.
    alerts.solve(alert=alert, solution="Appelée.", by=coordinator, now=late)
    assert debriefs.watch_unheard(now=late + timedelta(days=1)) == 0


def test_the_contact_takes_the_alert_and_the_end_of_the_request_solves_it(held, volunteer, coordinator):
    found = Debrief.objects.get(call=record(held, volunteer, touched_me=True))
    late = found.asked_at + debriefs.UNHEARD_AFTER
    debriefs.watch_unheard(now=late)
    debriefs.contacted(debrief=found, on=late.date(), by=coordinator, now=late)
    alert = Alert.objects.get()
    assert (alert.taken_by, alert.solved_at) == (coordinator, None)
    debriefs.close(debrief=found, by=coordinator, now=late)
    alert.refresh_from_db()
    assert (alert.solved_by, alert.solved_at) == (coordinator, late)


def test_a_request_answered_in_time_raises_nothing(held, volunteer, coordinator):
    found = Debrief.objects.get(call=record(held, volunteer, touched_me=True))
    late = found.asked_at + debriefs.UNHEARD_AFTER
    debriefs.contacted(debrief=found, on=late.date(), by=coordinator, now=late)
    assert debriefs.watch_unheard(now=late) == 0


def test_who_asked_is_not_told_that_somebody_waits_and_administrators_are_when_nobody_else(case, coordinator):
    admin = make_user("hugues@exemple.fr", "Hugues", "Perrin", roles.ADMINISTRATOR)
    call = Call.objects.create(case=case, volunteer=coordinator, state=Call.State.RECORDED)
    found = debriefs.ask(call=call, by=coordinator, now=timezone.now())
    late = found.asked_at + debriefs.UNHEARD_AFTER
    debriefs.watch_unheard(now=late)
    assert [mail.to for mail in OutgoingMail.objects.filter(template="alert")] == [admin.email]
    alerts.remind(now=late + timedelta(days=1))
    assert set(OutgoingMail.objects.values_list("to", flat=True)) == {admin.email}


# Shared moments -----------------------------------------------------------------------------------------
def test_a_moment_is_for_the_team_of_its_campaign(campaign, make_campaign, volunteer, volunteer2):
    other = make_campaign(volunteers=[make_user("x@exemple.fr", "Inès", "Roy", roles.VOLUNTEER)])
    moment = debriefs.share_moment(campaign=campaign, text=" Un rire. ", by=volunteer, now=timezone.now())
    assert moment.text == "Un rire."
    assert list(debriefs.moments_for(volunteer2)) == [moment]
    assert not debriefs.moments_for(other.volunteers.get()).exists()
    with pytest.raises(debriefs.DebriefError):
        debriefs.share_moment(campaign=other, text="Un rire.", by=volunteer, now=timezone.now())


@pytest.mark.parametrize("text", ["", "   ", "x" * 301])
def test_a_moment_is_a_few_words(campaign, volunteer, text):
    with pytest.raises(debriefs.DebriefError):
        debriefs.share_moment(campaign=campaign, text=text, by=volunteer, now=timezone.now())


@pytest.mark.parametrize(
    ("text", "warned"),
    [
        ("Une dame m'a chanté une chanson.", False),
        ("Mme Martin m'a chanté une chanson.", True),
        ("Avec monsieur Dupouy, nous avons ri.", True),
        ("Un monsieur très drôle.", False),
        ("Elle était dépressive.", True),
    ],
)
def test_a_name_or_a_diagnosis_is_gently_pointed_at(text, warned):
    assert bool(debriefs.moment_warnings(text)) is warned


# The end of the campaign -----------------------------------------------------------------------------------
def test_nothing_of_it_outlives_the_campaign(held, volunteer, coordinator):
    campaign = held.case.campaign
    record(held, volunteer, touched_me=True)
    later = timezone.now() + timedelta(days=1)
    link = "https://visio.exemple.fr/equipe"
    planned = meetings.plan(campaign=campaign, starts_at=later, link=link, words="", by=coordinator, now=timezone.now())
    meetings.answer(meeting=planned[0], comes=True, by=volunteer, now=timezone.now())
    debriefs.share_moment(campaign=campaign, text="Un rire.", by=volunteer, now=timezone.now())
    now = timezone.now()
    lifecycle.close_campaign(campaign=campaign, by=coordinator, now=now)
    proof = purge.purge_campaign(campaign_id=campaign.pk, now=now + timedelta(days=31))
    assert proof is not None
    for model in (Debrief, Meeting, MeetingAnswer, SharedMoment):
        assert not model.objects.exists()
        assert proof.counts[model._meta.label] == 1
    assert not OutgoingMail.objects.filter(template="debrief").exists()
