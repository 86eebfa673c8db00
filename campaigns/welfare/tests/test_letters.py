"""Letters after a call: who is written to, what they say, never twice too soon, and a landlord's own words."""

from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from pypdf import PdfReader

from campaigns import purge
from campaigns.models import Call, Campaign, Case, Letter, LetterWording
from campaigns.welfare import letters
from campaigns.welfare.tests.welfare_cast import make_door, make_residence, open_check
from solidarites.models import JournalEntry
from tenants import households
from tenants.models import Residence
from tests import factories
from tests.strict import count_queries

TUESDAY = datetime(2026, 1, 13, 10, 30, tzinfo=ZoneInfo("Europe/Paris"))
AFTER_CALL = Letter.Kind.AFTER_CALL

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(volunteer: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer], now=TUESDAY)


@pytest.fixture
def residence(campaign: Campaign) -> Residence:
    return make_residence()


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def call(case: Case, by: Any, outcome: str = "no_answer", at: datetime = TUESDAY, **fields: Any) -> Call:
    """A recorded call, and what it changes of the case for a letter."""
    reached = outcome in Call.REACHED
    if reached and fields.get("direction") != Call.Direction.INCOMING:
        Case.objects.filter(pk=case.pk).update(reached_at=at)
    return Call.objects.create(
        **{
            "case": case,
            "volunteer": by,
            "state": Call.State.RECORDED,
            "outcome": outcome,
            "started_at": at,
            "recorded_at": at,
            **fields,
        }
    )


@pytest.fixture
def case(campaign: Campaign, residence: Residence, volunteer: Any) -> Case:
    """Called by Léa, who reached nobody."""
    made = make_door(campaign, residence, now=TUESDAY)
    Case.objects.filter(pk=made.pk).update(verification_phrase="tilleul martin 47")
    call(made, volunteer)
    return made


def make(by: Any, *found: Case, kind: str = AFTER_CALL, now: datetime = TUESDAY, again: bool = False) -> bytes:
    cases = letters.chosen(Case.objects.filter(pk__in=[one.pk for one in found]), kind=kind, now=now, again=again)
    return letters.make(cases=cases, kind=kind, by=by, now=now, again=again)


def pages(pdf: bytes) -> list[str]:
    """Each page on one line, as a person reads it."""
    found = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    return [re.sub(r"[\s\u200b\u00a0\u202f]+", " ", text) for text in found]


def text(response: Any) -> str:
    return re.sub(r"[\s\u00a0]+", " ", response.content.decode().replace("&#x27;", "'"))


# What it says ---------------------------------------------------------------------------------------------------


def test_it_says_who_called_and_how_to_check_it_and_where_questions_are_answered(case: Case, coordinator: Any) -> None:
    [said] = pages(make(coordinator, case))
    for part in (
        "Notre appel du mardi 13 janvier 2026",
        "Léa, qui appelle pour Gironde Habitat Social, a cherché à vous joindre",
        "« tilleul martin 47 »",
        "01 99 00 12 34",
        "/questions/",
        "Nous ne demandons jamais d",
        "112",
    ):
        # A long address may go on after a bar.
        assert part in said or part in said.replace("/ ", "/").replace(" /", "/")
    assert "Bonnet" not in said, "a first name is enough"


def test_to_somebody_reached_it_confirms_the_call(case: Case, coordinator: Any, volunteer2: Any) -> None:
    call(case, volunteer2, "completed", TUESDAY + timedelta(days=1))
    [said] = pages(make(coordinator, case, now=TUESDAY + timedelta(days=2)))
    assert "Notre appel du mercredi 14 janvier 2026" in said
    assert f"{volunteer2.first_name}, qui appelle pour Gironde Habitat Social, vous a parlé au téléphone" in said
    assert "sans réussir" not in said
    assert "tilleul martin 47" in said


def test_whose_account_is_gone_is_one_of_the_team(case: Case, coordinator: Any) -> None:
    Call.objects.update(volunteer=None)
    [said] = pages(make(coordinator, case))
    assert "Une personne de notre équipe, qui appelle pour" in said


def test_a_landlords_words_and_signature_are_in_all_its_letters_and_in_no_others(
    case: Case, campaign: Campaign, coordinator: Any, volunteer: Any
) -> None:
    other = make_residence("Les Acacias", landlord=factories.make_landlord("mesolia", "Mésolia"))
    second = make_door(campaign, other, now=TUESDAY)
    call(second, volunteer)
    landlord = case.household.landlord
    letters.word(
        landlord=landlord, signature="Le service\nde proximité", words="#eval(1) *ouvert*", by=coordinator, now=TUESDAY
    )
    for kind in Letter.Kind.values:
        ours, theirs = sorted(
            pages(make(coordinator, case, second, kind=kind, again=True)), key=lambda said: "Mésolia" in said
        )
        assert "Le service de proximité" in ours
        assert "#eval(1) *ouvert*" in ours
        assert "proximité" not in theirs
    # Said again, it takes the place of what was said.
    letters.word(landlord=landlord, signature="", words="", by=coordinator, now=TUESDAY)
    assert LetterWording.objects.count() == 1
    assert JournalEntry.objects.filter(action="letters.worded", object_id=landlord.pk).count() == 2
    Letter.objects.all().delete()
    [said] = pages(make(coordinator, case))
    assert "Léa Gironde Habitat Social" in said


@pytest.mark.parametrize("kind", Letter.Kind.values)
def test_a_letter_is_one_page_whatever_is_added(case: Case, coordinator: Any, kind: str) -> None:
    landlord = case.household.landlord
    landlord.spoken_name = "Office public de l'habitat de la communauté urbaine de Bordeaux et de la rive droite"
    landlord.save()
    letters.word(
        landlord=landlord,
        signature="\n".join(["Le service de proximité de la rive droite"] * 3)[:120],
        words=("Notre accueil reste ouvert pendant le grand froid. " * 6)[:300],
        by=coordinator,
        now=TUESDAY,
    )
    Campaign.objects.update(hours={str(day): [[f"0{8 + day % 2}:30", "12:00"], ["14:00", "18:30"]] for day in range(5)})
    [said] = pages(make(coordinator, case, kind=kind))
    assert "112" in said
    assert "Vous pouvez demander à tout moment" in said


# To whom ----------------------------------------------------------------------------------------------------------


def test_nobody_is_written_to_after_a_call_that_was_not_made(
    case: Case, campaign: Campaign, residence: Residence, coordinator: Any, volunteer: Any
) -> None:
    never, draft, rang = (make_door(campaign, residence, now=TUESDAY) for _ in range(3))
    call(draft, volunteer, state=Call.State.DRAFT)
    call(rang, volunteer, direction=Call.Direction.INCOMING)
    for one in (never, draft, rang):
        with pytest.raises(letters.LetterError, match="suit un appel"):
            make(coordinator, one)
    assert len(pages(make(coordinator, case, never, draft, rang))) == 1


def test_a_household_that_opposes_gets_none(case: Case, coordinator: Any) -> None:
    households.record_opposition(household=case.household, now=TUESDAY, by=coordinator)
    with pytest.raises(letters.LetterError, match="ne l'accepte"):
        make(coordinator, case)


def test_by_residence_they_are_those_called_and_never_reached(
    case: Case, campaign: Campaign, residence: Residence, volunteer: Any, coordinator: Any
) -> None:
    second, reached, closed, alone = (make_door(campaign, residence, now=TUESDAY) for _ in range(4))
    for one, outcome in ((second, "voicemail_left"), (reached, "completed"), (closed, "no_answer"), (alone, "busy")):
        call(one, volunteer, outcome)
    Case.objects.filter(pk=closed.pk).update(
        status="closed", closed_reason="by_hand", closed_at=TUESDAY, next_call_at=None
    )
    alone.household.residence = None
    alone.household.save()
    make(coordinator, second)
    whole = Case.objects.filter(campaign=campaign)
    assert set(letters.unreached(whole)) == {case, second, alone}
    rows = letters.by_residence(whole, TUESDAY + timedelta(days=1))
    assert rows == [
        letters.ResidenceRow(residence, 2, 1, TUESDAY.date()),
        letters.ResidenceRow(None, 1, 1, None),
    ]


# Not twice --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [Letter.Kind.MISSED, AFTER_CALL, Letter.Kind.WITHOUT_NUMBER])
def test_a_second_letter_waits_unless_it_is_asked_for(case: Case, coordinator: Any, before: str) -> None:
    make(coordinator, case, kind=before)
    later = TUESDAY + letters.AGAIN_AFTER - timedelta(days=1)
    with pytest.raises(letters.LetterError, match=r"mardi 13 janvier 2026.*Renvoyer quand même"):
        make(coordinator, case, now=later)
    assert Letter.objects.count() == 1
    make(coordinator, case, now=later, again=True)
    assert Letter.objects.count() == 2


def test_after_the_delay_another_may_leave(case: Case, coordinator: Any) -> None:
    make(coordinator, case)
    make(coordinator, case, now=TUESDAY + letters.AGAIN_AFTER)
    assert Letter.objects.count() == 2


def test_the_delay_is_counted_by_the_campaigns_own_days(case: Case, coordinator: Any) -> None:
    """In the evening in Paris it is already tomorrow in La Réunion, for letters in bulk too."""
    case.campaign.zone = "Indian/Reunion"
    case.campaign.save(update_fields=["zone"])
    evening = datetime(2026, 1, 13, 21, 30, tzinfo=UTC)
    make(coordinator, case, now=evening)
    assert Letter.objects.get().day == date(2026, 1, 14)
    cases = Case.objects.filter(pk=case.pk)
    before = datetime(2026, 1, 27, 19, tzinfo=UTC)
    assert not letters.due(cases, kind=AFTER_CALL, now=before).exists()
    # 28 January there, still the 27th in Paris.
    assert letters.due(cases, kind=AFTER_CALL, now=before + timedelta(hours=2)).exists()
    assert letters.by_residence(cases, before + timedelta(hours=2))[0].due == 1


def test_printed_again_the_same_day_it_is_the_same_letter(case: Case, coordinator: Any) -> None:
    for hours in (0, 3):
        assert len(pages(make(coordinator, case, now=TUESDAY + timedelta(hours=hours)))) == 1
    assert Letter.objects.count() == 1
    with pytest.raises(letters.LetterError):
        make(coordinator, case, kind=Letter.Kind.MISSED)


def test_a_notice_is_left_at_each_visit(case: Case, coordinator: Any) -> None:
    for days in range(2):
        make(coordinator, case, kind=Letter.Kind.NOTICE, now=TUESDAY + timedelta(days=days))
    make(coordinator, case, now=TUESDAY + timedelta(days=2))
    assert Letter.objects.count() == 3


def test_of_several_only_those_who_wait_for_one_are_written_to(
    case: Case, campaign: Campaign, residence: Residence, coordinator: Any, volunteer: Any, monkeypatch: Any
) -> None:
    second = make_door(campaign, residence, now=TUESDAY)
    call(second, volunteer)
    make(coordinator, case)
    later = TUESDAY + timedelta(days=2)
    monkeypatch.setattr(letters, "MOST", 1)
    assert len(pages(make(coordinator, case, second, now=later))) == 1
    assert Letter.objects.get(day=later.date()).case == second
    with pytest.raises(letters.LetterError, match="14 jours"):
        make(coordinator, case, second, now=later + timedelta(days=1))


def test_it_is_a_step_of_the_open_check(case: Case, coordinator: Any) -> None:
    check = open_check(case, coordinator, TUESDAY)
    make(coordinator, case)
    step = check.steps.get()
    assert (step.kind, step.result) == ("letter", "Lettre après un appel produite.")


def test_the_purge_takes_it_with_its_case(case: Case, campaign: Campaign, coordinator: Any) -> None:
    make(coordinator, case)
    letters.word(landlord=case.household.landlord, signature="Le service", words="", by=coordinator, now=TUESDAY)
    Campaign.objects.update(status=Campaign.Status.CLOSED, closed_at=TUESDAY, opened_at=TUESDAY - timedelta(days=7))
    Case.objects.update(status="closed", closed_reason="campaign_closed", closed_at=TUESDAY, next_call_at=None)
    purge.purge_expired(now=TUESDAY + timedelta(days=40))
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.PURGED
    assert not Letter.objects.exists()
    assert LetterWording.objects.exists(), "a landlord's, for its next letters"


def test_many_letters_cost_no_more_queries_than_one(
    case: Case, campaign: Campaign, residence: Residence, coordinator: Any, volunteer: Any
) -> None:
    with count_queries() as one:
        make(coordinator, case)
    more = [make_door(campaign, residence, now=TUESDAY) for _ in range(6)]
    for door in more:
        call(door, volunteer)
    with count_queries() as many:
        make(coordinator, *more)
    assert len(many) == len(one)


# Its pages --------------------------------------------------------------------------------------------------------


def is_pdf(response: Any) -> bool:
    return response.status_code == 200 and response["Content-Type"] == "application/pdf"


def test_from_the_page_of_a_household(nadia: Any, case: Case, campaign: Campaign, residence: Residence) -> None:
    url = f"/dossiers/{case.pk}/lettre/"
    page = text(nadia.get(f"/dossiers/{case.pk}/"))
    assert f'action="{url}"' in page
    assert "Renvoyer quand même" not in page
    assert is_pdf(nadia.post(url))
    Letter.objects.update(day=timezone.localdate() - timedelta(days=3))
    page = text(nadia.get(f"/dossiers/{case.pk}/"))
    assert "Renvoyer quand même" in page
    assert "est déjà faite" in page
    refused = nadia.post(url, follow=True)
    assert "Cochez « Renvoyer quand même »" in text(refused)
    assert is_pdf(nadia.post(url, {"again": "on"}))
    assert Letter.objects.count() == 2
    # Never called: nothing follows.
    other = make_door(campaign, residence, now=TUESDAY)
    assert "t-letter" not in text(nadia.get(f"/dossiers/{other.pk}/"))
    assert "suit un appel" in text(nadia.post(f"/dossiers/{other.pk}/lettre/", follow=True))


def test_by_residence_from_the_page_of_a_campaign(
    nadia: Any, case: Case, campaign: Campaign, residence: Residence, volunteer: Any
) -> None:
    other = make_residence("Les Acacias")
    second = make_door(campaign, other, now=TUESDAY)
    call(second, volunteer)
    url = f"/campagnes/{campaign.slug}/lettres/"
    assert f'href="{url}"' in text(nadia.get(f"/campagnes/{campaign.slug}/"))
    assert "2 lettres à faire, pour 2 foyers" in text(nadia.get(url))
    assert is_pdf(nadia.post(f"{url}produire/", {"residence": residence.pk}))
    assert Letter.objects.get().case == case
    Letter.objects.update(day=timezone.localdate() - timedelta(days=3))
    page = text(nadia.get(url))
    assert "1 lettre à faire, pour 2 foyers" in page
    assert "Renvoyer quand même" in page
    assert "la dernière du" in page
    refused = nadia.post(f"{url}produire/", {"residence": residence.pk}, follow=True)
    assert "est déjà faite pour ce foyer" in text(refused)
    assert is_pdf(nadia.post(f"{url}produire/", {"residence": "", "again": "on"}))
    assert Letter.objects.filter(case=case).count() == 2
    for strange in ("x", "999999", "0"):
        assert "adresse" in text(nadia.post(f"{url}produire/", {"residence": strange}, follow=True))


def test_from_the_list_of_checks_and_from_a_check(nadia: Any, case: Case, campaign: Campaign, coordinator: Any) -> None:
    check = open_check(case, coordinator, timezone.now())
    page = text(nadia.get(f"/veilles/?campagne={campaign.slug}"))
    assert "Écrire à ces foyers" in page
    assert "Écrire à ces foyers" not in text(nadia.get("/veilles/?etat=closed"))
    assert is_pdf(nadia.post("/veilles/lettres/", {"kind": "after_call"}))
    assert "Renvoyer quand même" in text(nadia.get(f"/veilles/{check.pk}/"))
    Letter.objects.update(day=timezone.localdate() - timedelta(days=3))
    refused = text(nadia.post(f"/veilles/{check.pk}/lettre/", {"kind": "missed"}, follow=True))
    assert "est déjà faite" in refused
    assert is_pdf(nadia.post(f"/veilles/{check.pk}/lettre/", {"kind": "missed", "again": "on"}))
    assert [step.result for step in check.steps.order_by("pk")] == [
        letters.STEP_RESULTS[AFTER_CALL],
        letters.STEP_RESULTS[Letter.Kind.MISSED],
    ]


def test_a_check_of_a_household_never_called_proposes_no_letter_after_a_call(
    nadia: Any, campaign: Campaign, residence: Residence, coordinator: Any
) -> None:
    check = open_check(make_door(campaign, residence, now=TUESDAY), coordinator, timezone.now())
    kinds = [kind for kind, _ in nadia.get(f"/veilles/{check.pk}/").context["letter_form"].fields["kind"].choices]
    assert kinds == [Letter.Kind.MISSED, Letter.Kind.NOTICE]
    refused = nadia.post(f"/veilles/{check.pk}/lettre/", {"kind": "after_call"})
    assert refused.context["letter_form"].errors


def test_a_landlords_words_are_looked_at_then_kept(nadia: Any, case: Case, campaign: Campaign) -> None:
    landlord = case.household.landlord
    url = f"/campagnes/{campaign.slug}/lettres/{landlord.pk}/"
    assert "Signature habituelle" in text(nadia.get(f"/campagnes/{campaign.slug}/lettres/"))
    said = {"signature": "Le service\r\n\r\n de proximité ", "words": "Accueil ouvert\n le samedi."}
    shown = nadia.post(url, {**said, "example": "1"})
    [page] = pages(shown.content)
    assert "Le service de proximité" in page
    assert "Accueil ouvert le samedi." in page
    assert not LetterWording.objects.exists()
    nadia.post(url, said)
    wording = LetterWording.objects.get()
    assert (wording.landlord, wording.signature, wording.words) == (
        landlord, "Le service\nde proximité", "Accueil ouvert le samedi.",
    )  # fmt: skip
    assert "A ses propres mots" in text(nadia.get(f"/campagnes/{campaign.slug}/lettres/"))
    assert "de proximité" in text(nadia.get(url))
    for wrong in ({"signature": "a\nb\nc\nd"}, {"words": "x" * 301}, {"signature": "x" * 121}):
        assert nadia.post(url, {"signature": "", "words": "", **wrong}).context["form"].errors


def test_other_sectors_and_other_roles(
    client: Any, client_of: Any, case: Case, campaign: Campaign, volunteer: Any, administrator: Any, agency2: Any
) -> None:
    zoe = factories.make_user("zoe@exemple.fr", "Zoé", "Ailleurs", "coordinator")
    factories.limit_to(zoe, agency2)
    base = f"/campagnes/{campaign.slug}/lettres/"
    assert client_of(zoe).post(f"/dossiers/{case.pk}/lettre/").status_code == 404
    assert client_of(zoe).get(f"{base}{case.household.landlord_id}/").status_code == 404
    assert "Les Tilleuls" not in text(client_of(zoe).get(base))
    assert client_of(administrator).get(base).status_code == 200
    assert client_of(administrator).post(f"{base}produire/").status_code == 403
    for path, method in ((base, "get"), (f"{base}produire/", "post"), (f"/dossiers/{case.pk}/lettre/", "post")):
        assert getattr(client_of(volunteer), method)(path).status_code == 403
        assert getattr(client, method)(path).status_code == 302
    assert client_of(zoe).get(f"{base}produire/").status_code == 405
