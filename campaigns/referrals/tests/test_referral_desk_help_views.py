"""What the desk proposes: a second partner when the first stays silent, a partner to add, a number to check."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns import referrals
from campaigns.models import Partner, Referral
from campaigns.referrals.tests.referral_cast import make_call, make_need, make_partner, make_referral
from solidarites.models import JournalEntry, OutgoingMail

pytestmark = pytest.mark.django_db
State = Referral.State


@pytest.fixture
def now() -> Any:
    """The pages read the clock themselves."""
    return timezone.now()


@pytest.fixture
def desk(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def text(response: Any) -> str:
    return response.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def another(partner: Partner, reason: str = "Pas de réponse.") -> dict[str, Any]:
    return {"partner": partner.pk, "reason": reason}


def test_a_partner_in_time_is_left_its_time(desk: Any, coordinator: Any, now: Any) -> None:
    referral = make_referral(coordinator, now, state=State.SENT)
    other = make_partner("Mairie de Bordeaux", email="mairie@ville.exemple.fr")
    assert "Sans réponse" not in text(desk.get(f"/signalements/{referral.pk}/"))
    page = desk.post(f"/signalements/{referral.pk}/faire/autre/", another(other), follow=True)
    assert "encore le temps de répondre" in text(page)
    referral.refresh_from_db()
    assert (referral.state, referral.partner.name) == (State.SENT, "CCAS de Bordeaux")


@pytest.mark.parametrize("state", [State.SENT, State.ACKNOWLEDGED, State.IN_PROGRESS])
def test_a_silent_partner_gives_way_to_another_in_one_act(
    desk: Any, client: Any, coordinator: Any, now: Any, state: str
) -> None:
    referral = make_referral(coordinator, now - timedelta(days=40), state=state)
    other = make_partner("Mairie de Bordeaux", email="mairie@ville.exemple.fr")
    page = text(desk.get(f"/signalements/{referral.pk}/"))
    assert "un deuxième partenaire possible" in page
    assert "Mairie de Bordeaux : couvre Bordeaux" in page
    said = text(desk.post(f"/signalements/{referral.pk}/faire/autre/", another(other), follow=True))
    assert "prévenu par la référence seule" in said
    referral.refresh_from_db()
    assert (referral.state, referral.partner, referral.token) == (State.DRAFT, other, "")
    moves = list(referral.events.exclude(to_state="").values_list("from_state", "to_state"))
    assert moves[-2:] == [(state, State.DECLINED), (State.DECLINED, State.DRAFT)]
    told = OutgoingMail.objects.get(template="referral_withdrawn")
    assert told.to == "ccas@ville.exemple.fr"
    assert set(told.context) == {"reference", "sender", "phone"}
    assert JournalEntry.objects.filter(action="referral.rerouted").exists()


def test_another_partner_needs_a_reason_and_a_name(desk: Any, coordinator: Any, now: Any) -> None:
    referral = make_referral(coordinator, now - timedelta(days=40), state=State.SENT)
    page = desk.post(f"/signalements/{referral.pk}/faire/autre/", {"partner": referral.partner_id, "reason": " "})
    assert page.status_code == 200
    assert "is-invalid" in text(page)
    assert not OutgoingMail.objects.filter(template="referral_withdrawn").exists()


def test_a_partner_added_for_a_referral_is_proposed_in_it(desk: Any, coordinator: Any, volunteer: Any, case: Any,
                                                          now: Any) -> None:  # fmt: skip
    call = make_call(case, volunteer, now, comment="Le four est en panne.")
    [draft] = referrals.draft_for_call(call=call, needs=[make_need(call)], by=volunteer, now=now)
    page = text(desk.get(f"/signalements/{draft.pk}/modifier/"))
    assert "L'interlocuteur habituel est la mairie de Bordeaux" in page
    assert "Le four est en panne." in page
    new = f"/partenaires/nouveau/?commune=33063&signalement={draft.pk}"
    assert new.replace("&", "&amp;") in page
    form = {"kind": "mairie", "name": "Mairie de Bordeaux", "email": "mairie@ville.exemple.fr", "communes": "33063"}
    answer = desk.post(new, {**form, "active": "on"})
    assert answer.url == f"/signalements/{draft.pk}/modifier/"
    page = desk.get(answer.url)
    assert page.context["form"]["partner"].value() == Partner.objects.get().pk
    assert "L'interlocuteur habituel" not in text(page)


@pytest.mark.parametrize("odd", ["0", "999999", "x", "9" * 30, "²"])
def test_an_odd_referral_to_come_back_to_is_ignored(desk: Any, odd: str) -> None:
    form = {"kind": "mairie", "name": "Mairie", "email": "mairie@ville.exemple.fr", "active": "on"}
    answer = desk.post(f"/partenaires/nouveau/?signalement={odd}", form)
    assert answer.url == f"/partenaires/{Partner.objects.get().pk}/"


def test_a_partner_not_verified_for_long_is_said_when_approving(desk: Any, coordinator: Any, now: Any) -> None:
    old = make_partner(verified_on=timezone.localdate() - timedelta(days=300))
    referral = make_referral(coordinator, now, partner=old)
    assert "il y a plus de six mois" in text(desk.get(f"/signalements/{referral.pk}/"))
    assert "il y a plus de six mois" in text(desk.post("/signalements/approuver/", {"ids": [referral.pk]}))
    Partner.objects.update(verified_on=timezone.localdate())
    assert "plus de six mois" not in text(desk.get(f"/signalements/{referral.pk}/"))
    assert "plus de six mois" not in text(desk.post("/signalements/approuver/", {"ids": [referral.pk]}))


def test_an_opened_sheet_is_said_in_the_table(desk: Any, coordinator: Any, now: Any) -> None:
    referral = make_referral(coordinator, now, state=State.SENT)
    assert "pas encore consulté" in text(desk.get("/signalements/"))
    referrals.opened(referral=referral, now=now)
    page = text(desk.get("/signalements/"))
    assert "pas encore consulté" not in page
    assert "consulté <time" in page
