"""What a completed call brings: needs, alerts, follow-up plan, referral drafts, drafts that keep every word."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import calls, followups, queue, scripts
from campaigns.models import Alert, Call, Campaign, Case, FollowUpPlan, Need, Partner, Referral
from solidarites.models import JournalEntry, OutgoingMail
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)


@pytest.fixture
def campaign(volunteer: Any, volunteer2: Any) -> Campaign:
    loaded = {one.kind: one for one in scripts.load_defaults(now=TUESDAY)}
    return factories.make_campaign(
        volunteers=[volunteer, volunteer2], now=TUESDAY, script=loaded["first"], follow_up_script=loaded["follow_up"]
    )


@pytest.fixture
def ccas() -> Partner:
    return Partner.objects.create(
        kind="ccas",
        name="CCAS de Bordeaux",
        email="ccas@exemple.fr",
        communes=["33063"],
        categories=["courses", "repas"],
    )


def claim(campaign: Campaign, by: Any) -> tuple[Case, Call, str]:
    given = queue.claim_next(campaign=campaign, by=by, now=TUESDAY)
    assert given.case is not None
    assert given.call is not None
    return given.case, given.call, str(given.case.household.tenants.order_by("pk")[0].pk)


def answers(person: str, **changes: Any) -> dict[str, Any]:
    """Lonely, and nobody does the shopping."""
    return {
        "accueil": {"": "oui"},
        "information": {"": "oui"},
        "sante": {person: "bien"},
        "courses": {"": "personne"},
        "manger": {"": "oui"},
        "solitude": {person: "souvent"},
        "suivi": {"": "hebdo"},
        **changes,
    }


def record(call: Call, by: Any, **fields: Any) -> Call:
    return factories.record_call(
        case_id=call.case_id, by=by, submission=call.submission, outcome="completed", now=TUESDAY, **fields
    )


def test_loneliness_and_a_need_bring_a_plan_and_a_referral_draft(
    campaign: Campaign, ccas: Partner, volunteer: Any, max_queries: Any
) -> None:
    factories.make_case(campaign, now=TUESDAY)
    case, call, person = claim(campaign, volunteer)
    rhythm = followups.Rhythm("weekly", [3], time(15, 0))
    with max_queries(30):
        record(call, volunteer, answers=answers(person), follow_up=rhythm, consents={"courses": "yes"})
    case.refresh_from_db()
    plan = FollowUpPlan.objects.get()
    assert (plan.volunteer, plan.status) == (volunteer, "active")
    assert plan.next_due_at == datetime(2026, 1, 15, 15, tzinfo=PARIS)
    assert (plan.review_on - TUESDAY.date()).days == 42
    assert (case.status, case.next_call_kind, case.next_call_at) == (Case.Status.OPEN, Case.Kind.FOLLOW_UP, None)
    assert queue.claim_next(campaign=campaign, by=volunteer, now=TUESDAY).case is None
    need = Need.objects.get()
    assert (need.category, need.level, need.consent, need.state) == ("courses", "U2", "yes", "referred")
    referral = Referral.objects.get()
    assert (referral.state, referral.partner, referral.agreement) == ("draft", ccas, "yes")
    assert list(referral.needs.all()) == [need]
    assert JournalEntry.objects.filter(action="call.recorded", object_id=call.pk).count() == 1


def test_loneliness_is_proposed_never_imposed(campaign: Campaign, volunteer: Any) -> None:
    factories.make_case(campaign, now=TUESDAY)
    _, call, person = claim(campaign, volunteer)
    reading = scripts.content_of(campaign.script_id or 0).read(answers(person), [person])
    assert reading.propose_follow_up
    record(call, volunteer, answers=answers(person, suivi={"": "non"}))
    assert not FollowUpPlan.objects.exists()


def test_a_wish_outside_hours_is_refused_and_nothing_is_written(campaign: Campaign, volunteer: Any) -> None:
    Campaign.objects.filter(pk=campaign.pk).update(hours={"1": [["10:00", "12:00"]]})
    campaign.refresh_from_db()
    factories.make_case(campaign, now=TUESDAY)
    _, call, person = claim(campaign, volunteer)
    for rhythm, message in (
        (followups.Rhythm("weekly", [3], time(10, 0)), "pas ce jour-là"),
        (followups.Rhythm("weekly", [1], time(15, 0)), "horaires"),
        (followups.Rhythm("twice_a_week", [1], time(10, 0)), "deux jours"),
        (followups.Rhythm("daily", [1], time(10, 0)), "rythme"),
    ):
        with pytest.raises(calls.CallError, match=message) as refusal:
            record(call, volunteer, answers=answers(person), follow_up=rhythm)
        assert refusal.value.field == "follow_up"
    call.refresh_from_db()
    assert call.state == Call.State.DRAFT
    assert not Need.objects.exists()


@pytest.mark.parametrize(("consent", "drafts"), [("yes", 1), ("unasked", 1), ("no", 0), ("thinking", 0)])
def test_no_referral_is_drafted_against_the_tenant_s_wish(
    campaign: Campaign, ccas: Partner, volunteer: Any, consent: str, drafts: int
) -> None:
    factories.make_case(campaign, now=TUESDAY)
    _, call, person = claim(campaign, volunteer)
    record(call, volunteer, answers=answers(person, suivi={"": "non"}), consents={"courses": consent})
    assert Referral.objects.count() == drafts
    assert Need.objects.get().consent == consent
    assert not Referral.objects.filter(agreement="yes").exclude(needs__consent="yes").exists()


def test_an_urgent_need_reaches_the_coordinator_even_without_agreement(
    campaign: Campaign, ccas: Partner, volunteer: Any, coordinator: Any
) -> None:
    factories.make_case(campaign, now=TUESDAY)
    case, call, person = claim(campaign, volunteer)
    urgent = answers(person, manger={"": "non"}, suivi={"": "non"})
    record(call, volunteer, answers=urgent, consents={"courses": "no", "repas": "no"})
    assert Referral.objects.get().level == "U1"
    alert = Alert.objects.get()
    assert (alert.case, alert.level, alert.kind, alert.raised_by) == (case, "U1", "answer", volunteer)
    mail = OutgoingMail.objects.get(template="alert")
    assert (mail.to, mail.context["case_id"]) == (coordinator.email, case.pk)


def test_an_alarming_answer_alerts_at_once_before_the_call_is_saved_and_only_once(
    campaign: Campaign, volunteer: Any, coordinator: Any
) -> None:
    factories.make_case(campaign, now=TUESDAY)
    case, call, person = claim(campaign, volunteer)
    alarming = answers(person, sante={person: "pas_bien"}, urgence={person: "oui"}, suivi={"": "non"})
    for _ in range(2):
        calls.save_draft(case_id=case.pk, by=volunteer, answers=alarming, comment="", extra={}, now=TUESDAY)
    alert = Alert.objects.get()
    assert alert.level == "U0"
    from campaigns import alerts

    alerts.solve(alert=alert, solution="Les pompiers sont passés.", by=coordinator, now=TUESDAY)
    record(call, volunteer, answers=alarming)
    assert Alert.objects.count() == 1


def test_the_red_button_works_before_anything_is_saved(campaign: Campaign, volunteer: Any, volunteer2: Any) -> None:
    factories.make_case(campaign, now=TUESDAY)
    case, _, _ = claim(campaign, volunteer)
    first, second = (calls.raise_button_alert(case_id=case.pk, by=volunteer, now=TUESDAY) for _ in range(2))
    assert (first, first.level, first.kind) == (second, "U0", "button")
    with pytest.raises(queue.NotYoursError):
        calls.raise_button_alert(case_id=case.pk, by=volunteer2, now=TUESDAY)


def test_every_typed_word_is_kept_and_nothing_the_script_does_not_know(campaign: Campaign, volunteer: Any) -> None:
    factories.make_case(campaign, now=TUESDAY)
    case, _, person = claim(campaign, volunteer)
    given = answers(person, inconnue={"": "oui"}, sante={person: "bien", "999999": "bien"}, autre={"": "mot " * 200})
    kept = calls.save_draft(
        case_id=case.pk, by=volunteer, answers=given, comment="x" * 400, extra={"callback_at": "demain"}, now=TUESDAY
    )
    assert "inconnue" not in kept.answers
    assert kept.answers["sante"] == {person: "bien"}
    assert len(kept.answers["autre"][""]) == len(kept.comment) == 300
    assert kept.draft == {"callback_at": "demain"}
    assert kept.saved_at == TUESDAY


def test_a_couple_answers_each_for_themselves(campaign: Campaign, volunteer: Any) -> None:
    factories.make_case(campaign, factories.make_household(people=2), now=TUESDAY)
    case, call, first = claim(campaign, volunteer)
    second = str(case.household.tenants.order_by("-pk")[0].pk)
    given = answers(first, sante={first: "bien", second: "bien"}, solitude={first: "rarement", second: "rarement"})
    given |= {"moral": {second: "tres_bas"}, "idees_noires": {second: "non"}, "suivi": {"": "non"}}
    record(call, volunteer, answers=given)
    assert {need.category: str(need.tenant_id) for need in Need.objects.all()} == {
        "courses": first,
        "psychologique": second,
    }


def test_a_need_heard_again_is_one_need_at_its_new_level(campaign: Campaign, volunteer: Any) -> None:
    factories.make_case(campaign, now=TUESDAY)
    case, call, person = claim(campaign, volunteer)
    record(call, volunteer, answers=answers(person, suivi={"": "non"}), consents={"courses": "no"})
    from campaigns import cases

    cases.schedule(case_id=case.pk, kind=Case.Kind.ASKED, at=TUESDAY)
    _, again, _ = claim(campaign, volunteer)
    record(again, volunteer, answers=answers(person, suivi={"": "non"}), consents={"courses": "thinking"})
    need = Need.objects.get()
    assert (need.call, need.consent) == (again, "thinking")


def test_a_referral_s_call_back_is_noted_when_the_tenant_was_reached(campaign: Campaign, volunteer: Any) -> None:
    factories.make_case(campaign, now=TUESDAY)
    case, call, person = claim(campaign, volunteer)
    record(call, volunteer, answers=answers(person, suivi={"": "non"}))
    Referral.objects.update(state=Referral.State.ANSWERED)
    from campaigns import cases

    cases.schedule(case_id=case.pk, kind=Case.Kind.CALL_BACK_AFTER_REFERRAL, at=TUESDAY)
    _, again, _ = claim(campaign, volunteer)
    assert again.kind == Case.Kind.CALL_BACK_AFTER_REFERRAL
    record(again, volunteer, answers=answers(person, suivi={"": "non"}, courses={"": "moi"}))
    assert Referral.objects.get().called_back_at == TUESDAY


def test_an_import_that_updates_a_household_in_a_call_does_not_free_it(campaign: Campaign, volunteer: Any) -> None:
    from tenants import events

    factories.make_case(campaign, now=TUESDAY)
    case, _, _ = claim(campaign, volunteer)
    events.tell(events.NumbersChanged(household_ids=(case.household_id,), now=TUESDAY + timedelta(minutes=1)))
    case.refresh_from_db()
    assert case.claimed_by == volunteer


@pytest.mark.parametrize("outcome", ["", "inventée", "x" * 5000])
def test_an_unknown_outcome_is_refused_in_french(campaign: Campaign, volunteer: Any, outcome: str) -> None:
    factories.make_case(campaign, now=TUESDAY)
    case, call, _ = claim(campaign, volunteer)
    with pytest.raises(calls.CallError, match="comment l'appel s'est terminé"):
        factories.record_call(case_id=case.pk, by=volunteer, submission=call.submission, outcome=outcome, now=TUESDAY)
