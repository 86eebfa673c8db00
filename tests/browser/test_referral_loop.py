"""A referral from the call to its end, each person in their own browser, the e-mails through a real SMTP server.

A volunteer calls, a coordinator approves, the partner answers on a phone with the keyboard alone, the tenant is
called back, the coordinator closes; and once the partner declines, another is asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from campaigns import referrals
from campaigns.models import Call, Case, Need, Partner, Referral, Script
from campaigns.referrals.tests.referral_cast import make_call, make_need, make_partner, make_referral
from solidarites.tasks import heartbeat
from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import make_campaign, make_case, make_household
from tests.smtp import Inbox

State = Referral.State
# Where the focus stands among what the Tab key reaches.
HOLDS_FOCUS = "one => one === document.activeElement"


@pytest.fixture
def ccas(transactional_db: None) -> Partner:
    return make_partner(
        email="ccas@ville.exemple.fr",
        other_emails=["accueil@ville.exemple.fr"],
        categories=["repas"],
        verified_on=timezone.localdate(),
    )


@pytest.fixture
def case(default_scripts: None, volunteer: Any, ccas: Partner) -> Case:
    campaign = make_campaign(
        name="Grand froid",
        volunteers=[volunteer],
        script=Script.objects.get(key="veille-seniors"),
        follow_up_script=Script.objects.get(kind=Script.Kind.FOLLOW_UP),
    )
    jeanne = make_household(last_name="Martin", first_name="Jeanne", civility="Mme")
    return make_case(campaign, jeanne, rank=1, verification_phrase="rivage tranquille")


def messages(inbox: Inbox) -> list[Any]:
    return [message_from_bytes(one.content, policy=default) for one in inbox.taken]


def last_text(inbox: Inbox, subject: str) -> str:
    found = [one for one in messages(inbox) if subject in str(one["Subject"])]
    assert found, [str(one["Subject"]) for one in messages(inbox)]
    return str(found[-1].get_body(("plain",)).get_content())


def link_in(inbox: Inbox, subject: str = "Signalement") -> str:
    """The path of the partner's link, as read in the last e-mail of this kind."""
    match = re.search(r"/p/[\w-]+/", last_text(inbox, subject))
    assert match
    return match[0]


def beat() -> None:
    """What the schedule does every minute."""
    referrals.watch_referrals(now=timezone.now())


def press(page: Page, target: Locator) -> None:
    """Reach ``target`` with the Tab key, as somebody without a mouse, then Enter."""
    reach(page, target)
    page.keyboard.press("Enter")


def reach(page: Page, target: Locator) -> None:
    expect(target).to_be_visible()
    for _ in range(60):
        if target.evaluate(HOLDS_FOCUS):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the Tab key never reaches {target}")


def type_in(page: Page, target: Locator, text: str) -> None:
    reach(page, target)
    page.keyboard.type(text)


def choose(page: Page, target: Locator, label: str) -> None:
    """An option by its first letters, as a keyboard does."""
    reach(page, target)
    page.keyboard.type(label)
    expect(target.locator("option:checked")).to_have_text(label)


def enter(page: Page, inbox: Inbox, link: str, look: Callable[[Page], None]) -> None:
    """The partner opens the link of the e-mail, asks for the code, types it."""
    page.goto(link)
    expect(page.locator("main")).not_to_contain_text("MARTIN")
    look(page)
    press(page, page.get_by_role("button", name="Recevoir un code"))
    page.wait_for_url("**/code/")
    look(page)
    code = re.search(r"\b\d{6}\b", last_text(inbox, "Votre code"))
    assert code
    type_in(page, page.get_by_label("Code à 6 chiffres"), code[0])
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Mme Jeanne MARTIN")


def looked_at_already(page: Page) -> None:
    """The other test checks these pages."""


def call(page: Page, case: Case, *answers: tuple[str, str]) -> None:
    """A call of this household, these answers, recorded; on a phone one question is shown at a time."""
    page.goto("/appels/")
    page.get_by_role("button", name="Appeler le prochain foyer").click()
    page.wait_for_url(re.compile(rf"/appels/{case.pk}/"))
    answer(page, *answers)


def answer(page: Page, *answers: tuple[str, str]) -> None:
    for question, label in answers:
        block = page.locator(f'.q[data-question="{question}"]')
        for _ in range(30):
            if block.locator(".choice").first.is_visible():
                break
            page.locator("[data-go-on]:visible").first.click()
        block.locator(".choice", has_text=label).first.click()


def record(page: Page) -> None:
    page.get_by_role("button", name="Enregistrer l'appel").last.click()
    expect(page.locator("h1")).to_have_text("Appel enregistré")


@pytest.mark.main_path
def test_from_the_call_to_the_closing(
    case: Case, volunteer: Any, coordinator: Any, inbox: Inbox, open_browser: Any, session_of: Any, check_page: Any,
    shot: Any,
) -> None:  # fmt: skip
    caller, desk, partner = open_browser(PHONE), open_browser(), open_browser(PHONE)
    session_of(caller, volunteer)
    session_of(desk, coordinator)

    # The tenant would like meals brought, and agrees that the CCAS be told.
    quiet = (("sante", "Bien"), ("courses", "Moi-même"), ("repas", "un portage de repas"), ("solitude", "Rarement"))
    call(caller, case, ("accueil", "Oui, je vous écoute"), ("information", "Oui"), *quiet, ("suivi", "Non"))
    caller.locator("[data-consent=repas] .choice", has_text="Oui").click()
    record(caller)
    referral = Referral.objects.get(case=case)
    assert (referral.state, referral.agreement) == (State.DRAFT, Referral.Agreement.YES)

    # The coordinator reads it, adds what was heard, approves.
    desk.goto("/signalements/tableau/")
    check_page(desk)
    desk.get_by_role("link", name=re.compile(referral.reference)).click()
    check_page(desk)
    desk.get_by_role("link", name="Modifier").click()
    check_page(desk)
    desk.get_by_label("Faits entendus").fill("Le four est en panne, elle mange froid.")
    desk.get_by_label("Depuis quand").fill("dix jours")
    desk.get_by_label("Aide déjà en place").fill("aucune")
    desk.get_by_role("button", name="Enregistrer").click()
    desk.get_by_role("button", name="Approuver et envoyer au partenaire").click()
    expect(desk.locator("main")).to_contain_text("Approuvé")

    # One e-mail, to both addresses of the service, with nothing personal in it.
    assert len(inbox.taken) == 1
    assert set(inbox.taken[0].rcpt_tos) == {"ccas@ville.exemple.fr", "accueil@ville.exemple.fr"}
    assert referral.reference.lower() in inbox.everything()
    assert not re.search("martin|jeanne|four|repas", inbox.everything())
    beat()
    desk.reload()
    expect(desk.locator(".page-header")).to_contain_text("envoyé")
    check_page(desk)

    # The partner, on a phone, without a mouse.
    link = link_in(inbox)
    enter(partner, inbox, link, check_page)
    expect(partner.locator("main")).to_contain_text("Le four est en panne, elle mange froid.")
    check_page(partner)
    shot(partner, "partenaire-fiche", full_page=True)
    press(partner, partner.get_by_role("button", name="Prendre en charge"))
    expect(partner.locator(".alert-success")).to_contain_text("la prise en charge est transmise")
    desk.reload()
    expect(desk.locator(".page-header")).to_contain_text("pris en charge")
    expect(desk.locator("main")).to_contain_text("Fiche consultée le")

    press(partner, partner.get_by_role("button", name="Clore, avec ce qui a été fait"))
    expect(partner.locator("main .is-invalid").first).to_be_visible()
    check_page(partner)
    choose(partner, partner.get_by_label("Résultat"), "aide en place")
    type_in(partner, partner.get_by_label("Ce qui a été fait"), "Portage de repas, six jours sur sept.")
    press(partner, partner.get_by_role("button", name="Clore, avec ce qui a été fait"))
    expect(partner.locator(".alert-success")).to_contain_text("votre réponse est transmise")
    check_page(partner)

    # Léa is asked to call Mme Martin back, and hears that the meals have come.
    caller.goto("/appels/")
    expect(caller.locator(".reason")).to_contain_text("l'aide demandée est-elle venue")
    desk.reload()
    expect(desk.locator("main")).to_contain_text("n'a pas encore été rappelé")
    call(caller, case, ("accueil", "Oui, je vous écoute"), ("information", "Oui"))
    expect(caller.locator("main")).to_contain_text("l'aide demandée est-elle venue")
    answer(caller, *quiet[:2], *quiet[3:], ("suivi", "Non"))
    record(caller)
    assert Call.objects.filter(case=case, state=Call.State.RECORDED).count() == 2

    # The coordinator closes; the link is dead, the need is met.
    desk.reload()
    expect(desk.locator("main")).to_contain_text("vous pouvez clore")
    check_page(desk)
    desk.get_by_role("button", name="Clore").click()
    expect(desk.locator(".page-header")).to_contain_text("clos")
    referral.refresh_from_db()
    assert (referral.state, referral.close_reason) == (State.CLOSED, Referral.CloseReason.HELP_IN_PLACE)
    assert referral.called_back_at is not None
    assert Need.objects.get(case=case).state == Need.State.MET
    partner.goto(f"{link}fiche/")
    expect(partner.get_by_role("heading", name="Lire un signalement")).to_be_visible()


def test_declined_then_asked_of_another(
    case: Case, volunteer: Any, coordinator: Any, inbox: Inbox, open_browser: Any, session_of: Any, check_page: Any
) -> None:
    town_hall = make_partner("Mairie de Bordeaux", email="mairie@ville.exemple.fr", kind=Partner.Kind.TOWN_HALL)
    now = timezone.now()
    made = make_call(case, volunteer, now)
    referrals.draft_for_call(call=made, needs=[make_need(made)], by=volunteer, now=now)
    referral = Referral.objects.get()
    desk, first, second = open_browser(), open_browser(PHONE), open_browser(PHONE)
    session_of(desk, coordinator)
    desk.goto(f"/signalements/{referral.pk}/")
    desk.get_by_role("button", name="Approuver et envoyer au partenaire").click()
    expect(desk.locator("main")).to_contain_text("Approuvé")
    beat()

    # The CCAS declines, with why: its link is shut.
    link = link_in(inbox)
    enter(first, inbox, link, looked_at_already)
    press(first, first.locator("summary", has_text="Décliner"))
    check_page(first)
    type_in(first, first.get_by_label("Pourquoi"), "Plus de place sur la tournée.")
    press(first, first.get_by_role("button", name="Décliner"))
    expect(first.get_by_role("heading", name="Réponse transmise")).to_be_visible()
    check_page(first)
    first.goto(f"{link}fiche/")
    expect(first.get_by_role("heading", name="Lire un signalement")).to_be_visible()

    # One act gives it to the town hall; it is read again, then leaves with a link of its own.
    desk.reload()
    expect(desk.locator("main")).to_contain_text("Plus de place sur la tournée.")
    check_page(desk)
    desk.get_by_label("Nouveau partenaire").select_option(str(town_hall.pk))
    desk.get_by_role("button", name="Choisir un autre partenaire").click()
    expect(desk.locator(".page-header")).to_contain_text("à relire")
    desk.get_by_role("button", name="Approuver et envoyer au partenaire").click()
    expect(desk.locator("main")).to_contain_text("Approuvé")
    beat()
    other = link_in(inbox)
    assert other != link
    assert inbox.taken[-1].rcpt_tos == ["mairie@ville.exemple.fr"]
    enter(second, inbox, other, looked_at_already)
    expect(second.locator("main")).not_to_contain_text("tournée")

    # The first link asks for a code that never leaves.
    codes = sum("Votre code" in str(one["Subject"]) for one in messages(inbox))
    first.goto(link)
    press(first, first.get_by_role("button", name="Recevoir un code"))
    first.wait_for_url("**/code/")
    assert sum("Votre code" in str(one["Subject"]) for one in messages(inbox)) == codes
    referral.refresh_from_db()
    assert (referral.state, referral.partner) == (State.SENT, town_hall)


LONG = "Centre intercommunal d'action sociale du Pays-de-la-Haute-Vallée-et-des-Coteaux, antenne de Saint-Martin"


@pytest.fixture
def many(volunteer: Any, coordinator: Any, transactional_db: None) -> list[Referral]:
    """One referral or two in every open state, late ones, a very long name, and more drafts than a column shows."""
    now = timezone.now()
    campaign = make_campaign(name="Grand froid", volunteers=[volunteer])
    names = ["CCAS de Bordeaux", "Mairie de Mérignac", "Paniers solidaires", LONG]
    partners = [
        make_partner(name, email=f"service{rank}@ville.exemple.fr", verified_on=timezone.localdate())
        for rank, name in enumerate(names)
    ]
    found = []
    for rank, state in enumerate((*referrals.OPEN_STATES, *referrals.OPEN_STATES[:5])):
        household = make_household(last_name=f"Martin-{rank}", city="Saint-Laurent-d'Arce" if rank % 3 else "Bordeaux")
        found.append(
            make_referral(
                coordinator,
                now - timedelta(days=(9, 1, 3)[rank % 3]),
                state=state,
                case=make_case(campaign, household, rank=rank),
                partner=partners[rank % 4],
                level=("U2", "U3", "U1")[rank % 3],
            )
        )
    heartbeat()
    first = found[0]
    Referral.objects.bulk_create(
        Referral(reference=f"S-1998-{rank}", case=first.case, partner=partners[rank % 4], due_at=first.due_at)
        for rank in range(100000, 100026)
    )
    return found


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_the_desk_with_much_on_it(
    many: list[Referral], coordinator: Any, open_browser: Any, session_of: Any, check_page: Any, shot: Any,
    viewport: dict[str, int],
) -> None:  # fmt: skip
    page = open_browser(viewport, dark=viewport == PHONE)
    session_of(page, coordinator)
    page.goto("/signalements/tableau/")
    expect(page.get_by_role("link", name=re.compile(r"et \d+ autres"))).to_be_visible()
    check_page(page)
    shot(page, "signalements-tableau-plein", full_page=True)
    # The columns beyond the screen are reached with the keyboard.
    board = page.get_by_role("region", name="Signalements en cours")
    reach(page, board)
    if viewport == LAPTOP:
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => document.querySelector('.board').scrollLeft > 0")
    page.goto(f"/signalements/tableau/?q={many[0].reference[:7]}")
    shot(page, "signalements-tableau", full_page=True)
    page.goto("/signalements/tableau/?q=S-1999")
    expect(page.get_by_text("Aucun signalement en cours")).to_be_visible()
    check_page(page)

    # Two drafts chosen and approved at once, the keyboard alone.
    page.goto(f"/signalements/?etat=draft&q={many[0].reference[:7]}")
    check_page(page)
    shot(page, "signalements", full_page=True)
    for one in (many[0], many[7]):
        box = page.get_by_role("checkbox", name=one.reference)
        reach(page, box)
        page.keyboard.press("Space")
    page.get_by_role("button", name="Approuver les signalements choisis").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Approuver plusieurs signalements")).to_be_visible()
    check_page(page)
    shot(page, "signalements-approuver", full_page=True)
    press(page, page.get_by_role("button", name="Approuver 2 signalements"))
    expect(page.locator(".alert-success")).to_contain_text("2 signalements approuvés")
