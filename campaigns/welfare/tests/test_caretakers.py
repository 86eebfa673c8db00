"""Caretakers: doors to knock at, an expiring link, three answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns import welfare
from campaigns.models import Alert, Campaign, CaretakerRound, CaretakerVisit, Case, WelfareCheck
from campaigns.welfare import caretakers
from campaigns.welfare.tests.welfare_cast import make_door, make_residence, make_round, open_check
from solidarites import mail
from solidarites.models import JournalEntry, OutgoingMail
from tests import factories

TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))
Answer = CaretakerVisit.Answer

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(volunteer: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer], now=TUESDAY)


@pytest.fixture
def checks(campaign: Campaign, coordinator: Any) -> list[WelfareCheck]:
    """Three doors of one residence."""
    residence = make_residence()
    return [open_check(make_door(campaign, residence, now=TUESDAY), coordinator, TUESDAY) for _ in range(3)]


@pytest.fixture
def made(checks: list[WelfareCheck], coordinator: Any) -> CaretakerRound:
    return make_round(checks, coordinator, TUESDAY)


def close(check: WelfareCheck, by: Any) -> None:
    welfare.close_check(check=check, result="well", by=by, now=TUESDAY)


def test_a_round_notes_the_visit_in_each_check(
    made: CaretakerRound, checks: list[WelfareCheck], coordinator: Any
) -> None:
    for check in checks:
        step = check.steps.get()
        assert (step.kind, step.by) == ("caretaker", coordinator)
        assert "demandée" in step.result
    assert len(caretakers.token_of(made)) >= 40
    assert made.token_hash == caretakers.hash_of(caretakers.token_of(made))
    assert not OutgoingMail.objects.exists()


def test_only_open_checks_of_the_residence_are_asked_for(
    campaign: Campaign, checks: list[WelfareCheck], coordinator: Any
) -> None:
    elsewhere = open_check(make_door(campaign, make_residence("Les Acacias"), now=TUESDAY), coordinator, TUESDAY)
    close(checks[0], coordinator)
    checks[0].refresh_from_db()
    residence = checks[1].case.household.residence
    assert residence is not None
    made = caretakers.start(residence=residence, checks=[*checks, elsewhere], by=coordinator, now=TUESDAY)
    assert {visit.check_row_id for visit in made.visits.all()} == {checks[1].pk, checks[2].pk}
    with pytest.raises(caretakers.CaretakerError, match="Aucune veille"):
        caretakers.start(residence=residence, checks=[elsewhere], by=coordinator, now=TUESDAY)


def test_the_mail_holds_a_link_and_nobody(checks: list[WelfareCheck], coordinator: Any) -> None:
    made = make_round(checks, coordinator, TUESDAY, email="gardien@exemple.fr")
    row = OutgoingMail.objects.get()
    assert caretakers.token_of(made) not in str(row.context)
    CaretakerRound.objects.update(expires_at=datetime.now(ZoneInfo("UTC")) + timedelta(hours=1))
    message = mail.build(row)
    sent = message.subject + message.body + str(message.alternatives)
    assert f"/gardien/{caretakers.token_of(made)}/" in sent
    for check in checks:
        tenant = check.case.household.tenants.get()
        for secret in (tenant.last_name, tenant.first_name, check.case.household.street):
            assert secret not in sent
    assert "Tilleuls" not in sent


def test_the_table_alone_makes_no_link(made: CaretakerRound, settings: Any) -> None:
    token = caretakers.token_of(made)
    assert token not in str(CaretakerRound.objects.values())
    assert caretakers.link_of(made).endswith(f"/gardien/{token}/")
    settings.SECRET_KEY = "another"
    assert caretakers.token_of(made) != token
    assert caretakers.link_of(made) == "", "a link that does not open is not shown"
    assert caretakers.find(token, TUESDAY) == made, "the one that was sent still opens"
    assert caretakers.find(made.token_hash, TUESDAY) is None
    assert caretakers.find(made.seed, TUESDAY) is None


def test_a_mail_whose_link_can_be_made_no_more_does_not_leave(
    checks: list[WelfareCheck], coordinator: Any, settings: Any
) -> None:
    make_round(checks, coordinator, TUESDAY, email="gardien@exemple.fr")
    CaretakerRound.objects.update(expires_at=datetime.now(ZoneInfo("UTC")) + timedelta(hours=1), seed="")
    row = OutgoingMail.objects.get()
    assert not mail.send_one(row.pk, TUESDAY)
    row.refresh_from_db()
    assert row.state == OutgoingMail.State.CANCELLED


def test_a_mail_whose_link_was_taken_back_does_not_leave(checks: list[WelfareCheck], coordinator: Any) -> None:
    made = make_round(checks, coordinator, TUESDAY, email="gardien@exemple.fr")
    caretakers.revoke(made=made, by=coordinator, now=TUESDAY)
    row = OutgoingMail.objects.get()
    assert not mail.send_one(row.pk, TUESDAY)
    row.refresh_from_db()
    assert row.state == OutgoingMail.State.CANCELLED


@pytest.mark.parametrize("over", ["unknown", "expired", "revoked", "finished", "long", "strange"])
def test_a_link_that_is_over_finds_nothing(
    made: CaretakerRound, checks: list[WelfareCheck], coordinator: Any, over: str
) -> None:
    assert caretakers.find(caretakers.token_of(made), TUESDAY) == made
    token, now = caretakers.token_of(made), TUESDAY
    if over == "unknown":
        token = "x" * 43
    elif over == "expired":
        now = TUESDAY + caretakers.LINK_LASTS
    elif over == "revoked":
        caretakers.revoke(made=made, by=coordinator, now=TUESDAY)
    elif over == "finished":
        for check in checks:
            close(check, coordinator)
    else:
        token = caretakers.token_of(made) * 3 if over == "long" else "é" * 43
    assert caretakers.find(token, now) is None


def test_a_door_whose_check_is_closed_is_no_longer_shown_nor_answered(
    made: CaretakerRound, checks: list[WelfareCheck], coordinator: Any
) -> None:
    close(checks[0], coordinator)
    assert {visit.check_row_id for visit in caretakers.doors_of(made)} == {checks[1].pk, checks[2].pk}
    gone = made.visits.get(check_row=checks[0])
    with pytest.raises(caretakers.CaretakerError, match="plus demandée"):
        caretakers.answer(made=made, visit_id=gone.pk, answer=Answer.WELL, now=TUESDAY)


def test_an_answer_is_a_step_and_leaves_the_deadline_alone(
    made: CaretakerRound, checks: list[WelfareCheck], coordinator: Any
) -> None:
    visit = made.visits.get(check_row=checks[0])
    checks[0].refresh_from_db()
    due = checks[0].due_at
    later = TUESDAY + timedelta(hours=5)
    assert caretakers.answer(made=made, visit_id=visit.pk, answer=Answer.ABSENT, now=later)
    assert not caretakers.answer(made=made, visit_id=visit.pk, answer=Answer.ABSENT, now=later)
    assert caretakers.answer(made=made, visit_id=visit.pk, answer=Answer.WELL, now=later + timedelta(hours=4))
    steps = list(checks[0].steps.filter(by=None))
    assert [step.result for step in steps] == [
        "Réponse du gardien\u00a0: absent.",
        "Réponse du gardien\u00a0: vu, va bien.",
    ]
    checks[0].refresh_from_db()
    assert (checks[0].due_at, checks[0].closed_at) == (due, None)
    assert not Alert.objects.exists()
    with pytest.raises(caretakers.CaretakerError, match="trois réponses"):
        caretakers.answer(made=made, visit_id=visit.pk, answer="entré", now=later)


def test_who_needs_help_raises_an_alert_of_the_same_day(
    made: CaretakerRound, checks: list[WelfareCheck], coordinator: Any
) -> None:
    visit = made.visits.get(check_row=checks[0])
    caretakers.answer(made=made, visit_id=visit.pk, answer=Answer.HELP, now=TUESDAY)
    alert = Alert.objects.get()
    assert (alert.kind, alert.level, alert.case_id) == ("caretaker", "U1", checks[0].case_id)
    checks[0].refresh_from_db()
    assert (checks[0].level, checks[0].due_at) == ("U1", TUESDAY + timedelta(hours=24))
    assert OutgoingMail.objects.filter(template="alert").count() == 1


def test_a_vital_check_stays_vital(campaign: Campaign, coordinator: Any) -> None:
    check = open_check(make_door(campaign, make_residence(), now=TUESDAY), coordinator, TUESDAY, level="U0")
    made = make_round([check], coordinator, TUESDAY)
    caretakers.answer(made=made, visit_id=made.visits.get().pk, answer=Answer.HELP, now=TUESDAY)
    assert Alert.objects.get().level == "U0"


def test_the_door_of_another_round_is_refused(made: CaretakerRound, campaign: Campaign, coordinator: Any) -> None:
    other = make_round(
        [open_check(make_door(campaign, make_residence("Les Acacias"), now=TUESDAY), coordinator, TUESDAY)],
        coordinator,
        TUESDAY,
    )
    with pytest.raises(caretakers.CaretakerError):
        caretakers.answer(made=made, visit_id=other.visits.get().pk, answer=Answer.WELL, now=TUESDAY)


def test_every_opening_is_journaled(made: CaretakerRound) -> None:
    for _ in range(3):
        caretakers.note_opening(made=made, now=TUESDAY)
    entries = JournalEntry.objects.filter(action="caretaker.opened", object_id=made.pk)
    assert [entry.actor for entry in entries] == ["caretaker"] * 3


def test_the_dead_are_never_asked_for_at_the_door(campaign: Campaign, coordinator: Any) -> None:
    from campaigns.welfare import letters

    case = make_door(campaign, make_residence(), now=TUESDAY, people=2)
    gone, left = case.household.tenants.order_by("pk")
    gone.status = "deceased"
    gone.save()
    assert letters.names_of(Case.objects.get(pk=case.pk)) == left.full_name


def test_a_round_goes_with_the_last_of_its_cases(made: CaretakerRound, checks: list[WelfareCheck]) -> None:
    Case.objects.filter(pk__in=[check.case_id for check in checks[:2]]).delete()
    assert caretakers.forget_empty() == 0
    Case.objects.all().delete()
    assert caretakers.forget_empty() == 1
    assert not CaretakerRound.objects.exists()


def test_residences_are_listed_by_their_open_checks(
    campaign: Campaign, checks: list[WelfareCheck], coordinator: Any
) -> None:
    other = make_residence("Les Acacias")
    open_check(make_door(campaign, other, now=TUESDAY), coordinator, TUESDAY)
    close(checks[0], coordinator)
    found = caretakers.residences(WelfareCheck.objects.all())
    assert [(one.name, one.doors) for one in found] == [("Les Tilleuls", 2), ("Les Acacias", 1)]
