"""Referrals: drafts from a call, the table of states, deadlines, approval, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import ProtectedError

from campaigns import referrals
from campaigns.models import Need, Partner, Referral
from campaigns.models.levels import Level
from campaigns.referrals import OPEN_STATES, TRANSITIONS, ReferralError, access, deadlines, states
from campaigns.referrals.tests.referral_cast import do, make_call, make_need, make_partner, make_referral
from solidarites import roles
from solidarites.models import JournalEntry, OutgoingMail
from tests.factories import limit_to, make_case, make_user

pytestmark = pytest.mark.django_db

State = Referral.State


@pytest.fixture
def coordinator2():
    return make_user("mehdi@exemple.fr", "Mehdi", "Roche", roles.COORDINATOR)


@pytest.fixture
def call(case, volunteer, now):
    return make_call(case, volunteer, now)


def draft(call, *needs, now, by=None):
    return referrals.draft_for_call(call=call, needs=list(needs), by=by or call.volunteer, now=now)


# Drafts from a call ----------------------------------------------------------------------------------


def test_needs_of_one_tenant_for_one_partner_make_one_draft(call, now):
    partner = make_partner()
    needs = [make_need(call, "repas", level="U3"), make_need(call, "courses", level="U2")]
    (referral,) = draft(call, *needs, now=now)
    referral.refresh_from_db()
    assert referral.partner == partner
    assert referral.state == State.DRAFT
    assert referral.level == "U2"
    u2, u3 = Level.U2.label, Level.U3.label
    assert referral.facts == f"Repas, portage ({u3})\nCourses et approvisionnement ({u2})"
    assert set(referral.needs.all()) == set(needs)
    assert set(Need.objects.values_list("state", flat=True)) == {Need.State.REFERRED}
    assert [event.action for event in referral.events.all()] == ["drafted"]


def test_the_agreement_given_during_the_call_is_kept_with_who_and_when(call, volunteer, now):
    make_partner()
    (referral,) = draft(call, make_need(call), now=now)
    assert referral.agreement == "yes"
    assert (referral.agreement_by, referral.agreement_at, referral.agreement_how) == (volunteer, now, "call")


@pytest.mark.parametrize(("consent", "agreement"), [("unasked", ""), ("thinking", ""), ("no", "no")])
def test_an_agreement_is_never_made_up(call, now, consent, agreement):
    make_partner()
    (referral,) = draft(call, make_need(call, consent=consent), now=now)
    assert referral.agreement == agreement
    assert referral.agreement_by is None


def test_a_refused_need_never_rides_on_the_agreement_to_another(call, now):
    make_partner()
    yes, no = make_need(call, "repas"), make_need(call, "soins", level="U0", consent="no")
    found = {referral.agreement: referral for referral in draft(call, yes, no, now=now)}
    assert set(found) == {"yes", "no"}
    assert list(found["yes"].needs.all()) == [yes]


def test_each_tenant_of_a_couple_has_their_own_referral(call, now, make_household, campaign, volunteer):
    make_partner()
    case = make_case(campaign, make_household(people=2), now=now)
    call = make_call(case, volunteer, now)
    tenants = list(case.household.tenants.all())
    found = draft(call, *(make_need(call, tenant=tenant) for tenant in tenants), now=now)
    assert [referral.tenant for referral in found] == tenants


def test_each_need_goes_to_the_partner_that_fits_it(call, now):
    town, meals = make_partner(), make_partner("Portage", categories=["repas"])
    found = draft(call, make_need(call, "repas"), make_need(call, "courses"), now=now)
    assert {referral.partner for referral in found} == {town, meals}


def test_without_a_fitting_partner_the_draft_waits_without_one(call, now):
    (referral,) = draft(call, make_need(call), now=now)
    assert referral.partner is None
    assert referral.state == State.DRAFT


def test_a_waiting_draft_takes_in_the_needs_of_the_next_call(call, now):
    make_partner()
    (first,) = draft(call, make_need(call, "repas", level="U3"), now=now)
    later = now + timedelta(days=1)
    (again,) = draft(call, make_need(call, "courses", level="U1"), now=later)
    assert again.pk == first.pk
    first.refresh_from_db()
    assert first.level == "U1"
    assert first.needs.count() == 2
    assert "Courses" in first.facts
    assert first.due_at == later + timedelta(hours=2)
    assert [event.action for event in first.events.all()] == ["drafted", "extended"]


def test_a_referral_already_sent_is_not_changed_by_a_new_need(case, call, coordinator, now):
    sent = make_referral(coordinator, now, state=State.SENT, case=case)
    (new,) = draft(call, make_need(call, "courses"), now=now)
    assert new.pk != sent.pk
    assert sent.needs.count() == 1


def test_a_usual_draft_costs_at_most_six_queries(call, volunteer, now, max_queries):
    make_partner()
    needs = [make_need(call, "repas"), make_need(call, "courses")]
    call = type(call).objects.select_related("case__household").get(pk=call.pk)
    with max_queries(6):
        referrals.draft_for_call(call=call, needs=needs, by=volunteer, now=now)


def test_references_are_unique_and_say_nothing(call, now):
    make_partner()
    found = [draft(call, make_need(call, category), now=now)[0] for category in ("repas", "courses", "soins")]
    assert len({referral.pk for referral in found}) == 1
    assert found[0].reference.startswith("S-2026-")
    assert len(found[0].reference) == 13


def test_a_reference_already_taken_is_drawn_again(call, now, monkeypatch, coordinator):
    other = make_referral(coordinator, now)
    numbers = iter([int(other.reference[-6:]) - 100_000, *range(500, 600)])
    monkeypatch.setattr("campaigns.referrals.drafts.secrets.randbelow", lambda top: next(numbers))
    (referral,) = draft(call, make_need(call), now=now)
    assert referral.reference == "S-2026-100500"


# The table of states ---------------------------------------------------------------------------------
ACTS = {
    "approve": State.APPROVED,
    "acknowledge": State.ACKNOWLEDGED,
    "take_charge": State.IN_PROGRESS,
    "decline": State.DECLINED,
    "answer": State.ANSWERED,
    "resume": State.IN_PROGRESS,
    "back_to_draft": State.DRAFT,
    "reroute": State.DRAFT,
    "withdraw": State.WITHDRAWN,
    "close": State.CLOSED,
}
# From docs/regles.md#signalements-etats, written again by hand; « sent » is reached by the sending task alone.
ALLOWED = {
    State.DRAFT: {"approve", "withdraw"},
    # A partner who answers before the task has noticed the sending has received it.
    State.APPROVED: {"back_to_draft", "withdraw", "acknowledge", "take_charge", "decline"},
    State.SENT: {"acknowledge", "take_charge", "decline", "withdraw"},
    State.ACKNOWLEDGED: {"take_charge", "answer", "decline", "withdraw"},
    State.IN_PROGRESS: {"answer", "decline", "withdraw"},
    State.ANSWERED: {"close", "resume"},
    State.DECLINED: {"reroute", "close"},
    State.CLOSED: set(),
    State.WITHDRAWN: set(),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("state", State.values)
def test_an_act_is_done_or_refused_as_the_table_says(state, act, coordinator, now):
    make_partner()
    referral = make_referral(coordinator, now, state=state)
    later = now + timedelta(hours=1)
    if act in ALLOWED[state]:
        do(act, referral, coordinator, later)
        referral.refresh_from_db()
        assert referral.state == ACTS[act]
        event = referral.events.filter(to_state=ACTS[act]).last()
        assert event.at == later
    else:
        before = list(referral.events.values_list("pk", flat=True))
        with pytest.raises(ReferralError):
            do(act, referral, coordinator, later)
        referral = Referral.objects.get(pk=referral.pk)
        assert referral.state == state
        assert list(referral.events.values_list("pk", flat=True)) == before


@pytest.mark.parametrize("actor", ["user", "partner", "system"])
@pytest.mark.parametrize("to", State.values)
@pytest.mark.parametrize("state", State.values)
def test_every_pair_of_states_and_mover_is_as_the_table_says(state, to, actor, coordinator, now):
    table = {
        "draft": {"approved": "user", "withdrawn": "user"},
        "approved": {"sent": "system", "draft": "user", "withdrawn": "user"},
        "sent": {"acknowledged": "both", "in_progress": "both", "declined": "both", "withdrawn": "user"},
        "acknowledged": {"in_progress": "both", "answered": "both", "declined": "both", "withdrawn": "user"},
        "in_progress": {"answered": "both", "declined": "both", "withdrawn": "user"},
        "answered": {"closed": "user", "in_progress": "user"},
        "declined": {"draft": "user", "closed": "user"},
    }
    mover = table.get(state, {}).get(to)
    allowed = mover == actor or (mover == "both" and actor in ("user", "partner"))
    assert (actor in TRANSITIONS.get((state, to), ())) is allowed
    referral = make_referral(coordinator, now)
    Referral.objects.filter(pk=referral.pk).update(state=state)
    referral.refresh_from_db()
    if allowed:
        states.move(referral, to, actor=actor, by=None, now=now, action="test")
        assert Referral.objects.get(pk=referral.pk).state == to
    else:
        with pytest.raises(ReferralError):
            states.move(referral, to, actor=actor, by=None, now=now, action="test")
        assert Referral.objects.get(pk=referral.pk).state == state


def test_of_two_who_move_the_same_referral_the_second_is_told(coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    twin = Referral.objects.select_related("case__household").get(pk=referral.pk)
    referrals.acknowledge(referral=referral, by=None, now=now)
    with pytest.raises(ReferralError, match="a changé entre-temps"):
        referrals.decline(referral=twin, reason="Trop loin.", by=coordinator, now=now)
    assert Referral.objects.get(pk=referral.pk).state == State.ACKNOWLEDGED


def test_every_open_state_has_a_deadline_and_no_final_one_does(coordinator, now):
    for state in State.values:
        assert (deadlines.due(state, "U2", now, "33") is not None) is (state in OPEN_STATES)


# Deadlines ---------------------------------------------------------------------------------------------


def at(*args):
    return datetime(*args, tzinfo=UTC)


@pytest.mark.parametrize(
    ("level", "start", "expected"),
    [
        # A Saturday night: vital and same-day ones count in hours all the same.
        ("U0", at(2026, 1, 17, 22), at(2026, 1, 17, 23)),
        ("U1", at(2026, 1, 17, 22), at(2026, 1, 18, 2)),
        # Tuesday 10:30 in Paris, two working days later at the same hour.
        ("U2", at(2026, 1, 13, 9, 30), at(2026, 1, 15, 9, 30)),
        # Friday evening: the clock starts on Monday at nine.
        ("U2", at(2026, 1, 16, 19), at(2026, 1, 21, 8)),
        # Seven working days, over the holiday of 1 May 2026 (a Friday).
        ("U3", at(2026, 4, 27, 8), at(2026, 5, 7, 8)),
    ],
)
def test_the_acknowledgement_is_due_by_level(level, start, expected):
    assert deadlines.due(State.SENT, level, start, "33") == expected


def test_the_holidays_of_the_department_count():
    # 26 December is a holiday in Bas-Rhin (67) alone; 2025-12-26 is a Friday.
    start = at(2025, 12, 24, 10)
    assert deadlines.due(State.SENT, "U2", start, "33").day == 29
    assert deadlines.due(State.SENT, "U2", start, "67").day == 30


# Editing and approval ------------------------------------------------------------------------------------


def test_whoever_records_the_agreement_is_written_down(call, coordinator, now):
    make_partner()
    need = make_need(call, consent="unasked")
    (referral,) = draft(call, need, now=now)
    referrals.edit(
        referral=referral, by=coordinator, now=now, agreement="yes", agreement_how="coordinator", agreement_at=now
    )
    referral.refresh_from_db()
    assert referral.agreement_by == coordinator
    assert Need.objects.get(pk=need.pk).consent == Need.Consent.YES


def test_an_approved_referral_can_no_longer_be_edited(coordinator, now):
    referral = make_referral(coordinator, now, state=State.APPROVED)
    with pytest.raises(ReferralError, match="n'est plus à relire"):
        referrals.edit(referral=referral, by=coordinator, now=now, facts="Autre chose")
    assert Referral.objects.get(pk=referral.pk).facts != "Autre chose"


def test_editing_nothing_writes_nothing(coordinator, now):
    referral = make_referral(coordinator, now)
    before = referral.events.count()
    referrals.edit(referral=referral, by=coordinator, now=now, facts=referral.facts)
    assert referral.events.count() == before


def test_editing_cannot_change_what_only_a_rule_may_change(coordinator, now):
    referral = make_referral(coordinator, now)
    with pytest.raises(ReferralError):
        referrals.edit(referral=referral, by=coordinator, now=now, state=State.CLOSED)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"partner": None}, "partner"),
        ({"facts": "  "}, "facts"),
        ({"agreement": ""}, "agreement"),
        ({"agreement_at": None}, "agreement_at"),
        ({"agreement_how": ""}, "agreement_how"),
        ({"agreement": "no"}, "no_agreement_reason"),
        ({"agreement": "impossible"}, "no_agreement_reason"),
        ({"agreement": "impossible", "grave_danger": True}, "phoned_at"),
    ],
)
def test_an_approval_says_what_is_missing_and_where(coordinator, now, fields, field):
    referral = make_referral(coordinator, now)
    referrals.edit(referral=referral, by=coordinator, now=now, **fields)
    with pytest.raises(ReferralError) as error:
        referrals.approve(referral=referral, by=coordinator, now=now)
    assert error.value.field == field
    assert not OutgoingMail.objects.exists()


def test_grave_danger_needs_the_call_and_the_person_reached(coordinator, now):
    danger = {"agreement": "impossible", "grave_danger": True, "phoned_at": now}
    referral = make_referral(coordinator, now, **danger)
    with pytest.raises(ReferralError) as error:
        referrals.approve(referral=referral, by=coordinator, now=now)
    assert error.value.field == "phoned_person"
    referrals.edit(referral=referral, by=coordinator, now=now, phoned_person="Mme Roy, permanence")
    referrals.approve(referral=referral, by=coordinator, now=now)
    assert referral.state == State.APPROVED


def test_without_agreement_two_different_coordinators_must_approve(coordinator, coordinator2, now):
    referral = make_referral(coordinator, now, agreement="no", no_agreement_reason="Ne s'alimente plus.")
    referrals.approve(referral=referral, by=coordinator, now=now)
    assert referral.state == State.DRAFT
    assert not OutgoingMail.objects.exists()
    with pytest.raises(ReferralError, match="deuxième personne"):
        referrals.approve(referral=referral, by=coordinator, now=now)
    referrals.approve(referral=referral, by=coordinator2, now=now)
    referral.refresh_from_db()
    assert referral.state == State.APPROVED
    assert (referral.first_approval_by, referral.approved_by) == (coordinator, coordinator2)


def test_a_text_changed_after_the_first_approval_needs_both_again(coordinator, coordinator2, now):
    referral = make_referral(coordinator, now, agreement="no", no_agreement_reason="Ne s'alimente plus.")
    referrals.approve(referral=referral, by=coordinator, now=now)
    referrals.edit(referral=referral, by=coordinator, now=now, facts="Tout autre chose")
    referrals.approve(referral=referral, by=coordinator2, now=now)
    assert referral.state == State.DRAFT
    assert referral.first_approval_by == coordinator2


def test_approving_queues_one_message_and_a_link(coordinator, now):
    referral = make_referral(coordinator, now, state=State.APPROVED)
    row = OutgoingMail.objects.get()
    assert row.key == f"referral:{referral.pk}:sent:1"
    assert row.to == referral.partner.email
    assert referral.mail == row
    assert len(access.token_of(referral)) >= 40
    assert referral.token_until == now + timedelta(days=30)
    assert JournalEntry.objects.filter(action="referral.approved", user=coordinator).count() == 1


def test_approving_twice_with_the_same_page_sends_once(coordinator, now):
    referral = make_referral(coordinator, now)
    twin = Referral.objects.select_related("case__household__landlord", "case__campaign", "partner").get(pk=referral.pk)
    referrals.approve(referral=referral, by=coordinator, now=now)
    with pytest.raises(ReferralError):
        referrals.approve(referral=twin, by=coordinator, now=now)
    assert OutgoingMail.objects.count() == 1
    assert Referral.objects.get(pk=referral.pk).token == referral.token


# By hand and by sight -------------------------------------------------------------------------------------------


def test_a_referral_by_hand_takes_in_the_open_needs_and_proposes_a_partner(case, call, coordinator, now):
    partner = make_partner()
    need = make_need(call, "repas", consent="thinking")
    referral = referrals.draft_by_hand(
        case=case,
        tenant=need.tenant,
        categories=["repas", "courses"],
        level="U2",
        by=coordinator,
        now=now,
    )
    assert referral.partner == partner
    assert need in referral.needs.all()
    assert set(referral.needs.values_list("category", flat=True)) == {"repas", "courses"}
    assert Need.objects.filter(state=Need.State.OPEN).count() == 0


def test_a_referral_by_hand_needs_a_need_and_somebody_of_the_household(case, coordinator, now, make_household):
    with pytest.raises(ReferralError):
        referrals.draft_by_hand(case=case, tenant=None, categories=[], level="U2", by=coordinator, now=now)
    stranger = make_household().tenants.first()
    with pytest.raises(ReferralError, match="n'habite pas"):
        referrals.draft_by_hand(case=case, tenant=stranger, categories=["repas"], level="U2", by=coordinator, now=now)


def test_a_coordinator_of_one_agency_sees_its_referrals_alone(
    coordinator, now, agency, agency2, make_household, campaign
):
    mine = make_referral(coordinator, now, case=make_case(campaign, make_household(agency=agency), now=now))
    make_referral(coordinator, now, case=make_case(campaign, make_household(agency=agency2), now=now))
    assert referrals.visible(coordinator).count() == 2
    limit_to(coordinator, agency)
    assert list(referrals.visible(coordinator)) == [mine]


def test_a_partner_that_has_referrals_cannot_be_deleted(coordinator, now):
    referral = make_referral(coordinator, now)
    with pytest.raises(ProtectedError):
        Partner.objects.filter(pk=referral.partner_id).delete()
