"""The situations that must behave, 1 to 13, through the real doors; each found by its number. The others follow in
test_situations_more.py; those of several people at the same instant (10, 12, 13, 17) run as processes too.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns import queue
from campaigns.calls.tests.caller_cast import text, url, well
from campaigns.models import Call, Campaign, Case
from campaigns.queue.tests.test_concurrency import in_processes, make_team, volunteers_at_once
from campaigns.setup import enrolment
from solidarites.models import JournalEntry
from tenants import households
from tests import factories
from tests.factories import make_agency, make_campaign, make_case, make_household


def ask(client: Any, campaign: Campaign) -> Any:
    """« Appeler le prochain foyer »."""
    return client.post(url("next", campaign.pk), follow=True)


def held_by(person: Any) -> Case | None:
    return Case.objects.filter(claimed_by=person).first()


def record(client: Any, case: Case, person: Any, **typed: Any) -> Any:
    draft = Call.objects.get(case=case, volunteer=person, state=Call.State.DRAFT)
    return client.post(url("record", case.pk), {"submission": str(draft.submission), **typed})


def test_01_nobody_signed_in_or_a_coordinator_without_the_role_is_refused_and_it_is_journaled(
    client: Any, client_of: Any, coordinator: Any, campaign: Campaign
) -> None:
    """Situation 1."""
    case = make_case(campaign)
    doors = [url("next", campaign.pk), url("record", case.pk), url("save", case.pk), url("claim", case.pk)]
    for door in doors:
        assert client.post(door)["Location"].startswith("/connexion/")
        assert client_of(coordinator).post(door).status_code == 403
    assert client_of(coordinator).get(url("call", case.pk)).status_code == 403
    assert JournalEntry.objects.filter(action="access.refused", user=coordinator).count() == len(doors) + 1
    assert not Case.objects.filter(claimed_by__isnull=False).exists()


def test_02_an_empty_queue_gives_an_explanation(lea: Any, campaign: Campaign) -> None:
    """Situation 2."""
    assert "Tous les foyers ont été appelés." in text(ask(lea, campaign))
    make_case(campaign, tier=Case.Tier.RETRY, next_call_kind="retry", next_call_at=timezone.now() + timedelta(days=2))
    page = text(ask(lea, campaign))
    assert "Il ne reste que des appels prévus plus tard." in page
    assert "Prochain appel prévu" in page


def test_03_a_look_does_not_claim(lea: Any, campaign: Campaign, volunteer: Any) -> None:
    """Situation 3."""
    case = make_case(campaign)
    assert "Premier appel de la campagne." in text(lea.get(url("home")))
    assert queue.peek(campaign=campaign, by=volunteer, now=timezone.now()) == case
    assert not Case.objects.filter(claimed_by__isnull=False).exists()
    assert not Call.objects.exists()


def test_04_an_expired_claim_serves_again(
    lea: Any, paul: Any, campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    """Situation 4."""
    case = make_case(campaign)
    ask(lea, campaign)
    ask(paul, campaign)
    assert (held_by(volunteer), held_by(volunteer2)) == (case, None)
    Case.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    ask(paul, campaign)
    assert (held_by(volunteer), held_by(volunteer2)) == (None, case)


def test_05_tiers_come_in_order_then_each_its_own_order(lea: Any, campaign: Campaign, volunteer: Any) -> None:
    """Situation 5."""
    now = timezone.now()

    def case(tier: int, kind: str, minutes: int = 0, rank: int = 0, **fields: Any) -> Case:
        at = now - timedelta(minutes=minutes)
        return make_case(campaign, tier=tier, next_call_kind=kind, next_call_at=at, rank=rank, **fields)

    expected = [
        case(Case.Tier.FIRST, Case.Kind.FIRST, rank=20),
        case(Case.Tier.FIRST, Case.Kind.FIRST, rank=10),
        case(Case.Tier.RETRY, Case.Kind.RETRY, 10),
        case(Case.Tier.RETRY, Case.Kind.RETRY, 20),
        case(Case.Tier.PUT_FIRST, Case.Kind.ASKED, 10),
        case(Case.Tier.FOLLOW_UP, Case.Kind.FOLLOW_UP, 30, next_call_for=volunteer),
        case(Case.Tier.CALLBACK, Case.Kind.CALLBACK, 5, next_call_for=volunteer),
        case(Case.Tier.CALLBACK, Case.Kind.CALLBACK, 10, next_call_for=volunteer),
    ][::-1]
    served = []
    for _ in expected:
        ask(lea, campaign)
        given = held_by(volunteer)
        assert given is not None
        served.append(given)
        record(lea, given, volunteer, outcome="refused_campaign")
    assert served == expected


def test_06_a_sector_filter_returns_only_that_sector(
    lea: Any, campaign: Campaign, volunteer: Any, landlord: Any
) -> None:
    """Situation 6."""
    mine, other = make_agency(landlord), make_agency(landlord, "Agence de Langon")
    make_case(campaign, make_household(landlord, agency=other))
    campaign.memberships.get(user=volunteer).agencies.add(mine)
    assert "ne correspondent pas à votre secteur" in text(ask(lea, campaign))
    case = make_case(campaign, make_household(landlord, agency=mine), rank=10**9)
    ask(lea, campaign)
    assert held_by(volunteer) == case


def test_07_a_household_without_number_is_never_served(lea: Any, campaign: Campaign, volunteer: Any) -> None:
    """Situation 7."""
    household = make_household(phone=None)
    enrolment.enrol_households(campaign=campaign, household_ids=[household.pk], by=None, now=timezone.now())
    case = Case.objects.get()
    assert not case.has_number
    ask(lea, campaign)
    assert held_by(volunteer) is None
    # The last number found wrong during a call does the same.
    dialled = make_case(campaign)
    ask(lea, campaign)
    record(lea, dialled, volunteer, outcome="disconnected")
    ask(lea, campaign)
    assert held_by(volunteer) is None
    assert queue.counts(campaign, timezone.now())["without_number"] == 2


def test_08_enrolling_an_enrolled_household_changes_nothing(lea: Any, campaign: Campaign, volunteer: Any) -> None:
    """Situation 8."""
    case = make_case(campaign)
    ask(lea, campaign)
    record(lea, case, volunteer, outcome="no_answer")
    before = Case.objects.values().get()
    for _ in range(2):
        enrolment.enrol_households(campaign=campaign, household_ids=[case.household_id], by=None, now=timezone.now())
        enrolment.enrol(campaign=campaign, by=None, now=timezone.now())
    assert Case.objects.values().get() == before


def test_09_a_household_that_opts_out_mid_queue_disappears_at_once_and_its_history_stays(
    lea: Any, campaign: Campaign, volunteer: Any
) -> None:
    """Situation 9."""
    case = make_case(campaign)
    ask(lea, campaign)
    record(lea, case, volunteer, outcome="no_answer")
    Case.objects.update(next_call_at=timezone.now())
    households.record_opposition(household=case.household, now=timezone.now())
    ask(lea, campaign)
    case.refresh_from_db()
    assert (held_by(volunteer), case.status, case.closed_reason) == (None, "closed", "opt_out")
    assert Call.objects.filter(case=case, outcome="no_answer").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_10_two_identical_submissions_at_the_same_instant_store_one_call() -> None:
    """Situation 10."""
    (user,) = make_team(1)
    campaign = make_campaign(volunteers=[user])
    case = make_case(campaign)
    draft = queue.claim_next(campaign=campaign, by=user, now=timezone.now()).call
    assert draft is not None

    def post(_: int) -> int:
        return factories.record_call(
            case_id=case.pk, by=user, submission=draft.submission, outcome="no_answer", now=timezone.now()
        ).pk

    assert set(in_processes(post, list(range(8)))) == {draft.pk}
    case.refresh_from_db()
    assert (case.attempts, Call.objects.count()) == (1, 1)
    assert JournalEntry.objects.filter(action="call.recorded").count() == 1


def test_11_a_submission_by_somebody_who_never_held_the_claim_is_refused(
    lea: Any, paul: Any, campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    """Situation 11."""
    case = make_case(campaign)
    ask(lea, campaign)
    token = Call.objects.get().submission
    answer = paul.post(url("record", case.pk), {"submission": str(token), "outcome": "opt_out"})
    assert answer.status_code == 404
    with pytest.raises(queue.NotYoursError):
        factories.record_call(case_id=case.pk, by=volunteer2, submission=token, outcome="opt_out", now=timezone.now())
    assert Call.objects.get().state == Call.State.DRAFT
    assert JournalEntry.objects.filter(action="access.refused", user=volunteer2).exists()


def test_12_a_claim_expires_another_takes_it_both_submit(
    lea: Any, paul: Any, campaign: Campaign, volunteer: Any, volunteer2: Any, client_of: Any, coordinator: Any
) -> None:
    """Situation 12: the holder's is recorded, the other is pending for a coordinator, both are told."""
    case = make_case(campaign)
    ask(lea, campaign)
    Case.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    ask(paul, campaign)
    first = record(lea, case, volunteer, **well(case), comment="Mes mots")
    assert "Votre texte est gardé" in text(lea.get(first["Location"]))
    assert "Léa avait aussi appelé ce foyer" in text(paul.get(url("call", case.pk)))
    second = record(paul, case, volunteer2, outcome="no_answer")
    assert "Léa avait aussi appelé ce foyer" in text(paul.get(second["Location"]))
    states = dict(Call.objects.values_list("volunteer__first_name", "state"))
    assert states == {"Léa": Call.State.PENDING, "Paul": Call.State.RECORDED}
    case.refresh_from_db()
    assert (case.status, case.attempts) == ("open", 1)
    page = text(client_of(coordinator).get(f"/dossiers/{case.pk}/"))
    assert "Un appel en double à trancher" in page
    assert "Mes mots" in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_12_both_submit_at_the_same_instant() -> None:
    """Situation 12, as processes: exactly one is recorded, whichever comes first."""
    lea, paul = make_team(2)
    campaign = make_campaign(volunteers=[lea, paul])
    case = make_case(campaign)
    start = timezone.now() - timedelta(minutes=90)
    drafts = [queue.claim_next(campaign=campaign, by=lea, now=start).call]
    drafts.append(queue.claim_next(campaign=campaign, by=paul, now=start + timedelta(minutes=61)).call)

    def post(index: int) -> str:
        draft, user = drafts[index], (lea, paul)[index]
        assert draft is not None
        return factories.record_call(
            case_id=case.pk, by=user, submission=draft.submission, outcome="no_answer", now=timezone.now()
        ).state

    assert sorted(in_processes(post, [0, 1])) == ["pending", "recorded"]
    case.refresh_from_db()
    assert case.attempts == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_13_one_volunteer_never_holds_two_claims_even_by_two_simultaneous_requests() -> None:
    """Situation 13."""
    (user,) = make_team(1)
    campaign = make_campaign(volunteers=[user])
    for _ in range(10):
        make_case(campaign)

    def claim(_: int) -> int | None:
        given = queue.claim_next(campaign=campaign, by=user, now=timezone.now())
        return given.case.pk if given.case else None

    served = in_processes(claim, list(range(8)))
    assert len(set(served)) == 1
    assert Case.objects.filter(claimed_by=user).count() == Call.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.processes
def test_17_asking_by_direct_link_never_gives_two_volunteers_the_same_case() -> None:
    """Situation 17, as processes: the same returned call, opened by everybody at once."""
    team = make_team(min(volunteers_at_once(), 8))
    campaign = make_campaign(volunteers=team)
    case = make_case(campaign)

    def take(user: Any) -> bool:
        try:
            queue.claim_one(case_id=case.pk, by=user, now=timezone.now(), incoming=True)
        except queue.QueueError:
            return False
        return True

    assert sorted(in_processes(take, team)) == [False] * (len(team) - 1) + [True]
    assert Call.objects.count() == 1
