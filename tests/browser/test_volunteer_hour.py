"""A volunteer's hour in a real browser: twelve varied calls one after the other, each checked in the database.

On a phone with the thumb, on a laptop with the keyboard alone; every kind of screen is put to axe.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.calls.tests.caller_cast import running_campaign
from campaigns.models import Alert, Call, Case, FollowUpPlan, Need, Partner, Referral
from tenants.models import PhoneNumber, Tenant
from tests.browser.conftest import LAPTOP, PHONE
from tests.factories import make_case, make_household, make_user

# In the order of the queue: the rank of each case.
PEOPLE = (
    ("well", "Martin", "Jeanne", "Mme", {}),
    ("couple", "Lafitte", "Simone", "Mme", {"people": 2}),
    ("no_answer", "Dupouy", "Marcel", "M.", {}),
    ("busy", "Castaing", "Yvette", "Mme", {"notes": "Entend mal : parler lentement."}),
    ("voicemail", "Darrieux", "Lucien", "M.", {}),
    ("wrong_number", "Etcheverry", "Odette", "Mme", {}),
    ("callback", "Lacoste", "Roger", "M.", {}),
    ("soft_refusal", "Sarrazin", "Huguette", "Mme", {}),
    ("opt_out", "Bordenave", "Fernand", "M.", {}),
    ("lonely", "Labrouche", "Paulette", "Mme", {}),
    ("alert", "Rigal", "Ginette", "Mme", {}),
    ("language", "Pires", "Maria", "Mme", {}),
    ("deceased", "Garnier", "Raymond", "M.", {}),
)
QUIET = {
    "accueil": "oui",
    "information": "oui",
    "courses": "moi",
    "sante": "bien",
    "solitude": "rarement",
    "suivi": "non",
}

# How many times « ↓ » leads to this question from where one stands.
ARROWS = """
q => {
  const stops = [...document.querySelectorAll('.stop:not([data-off])')].filter(one => !one.closest('section[data-off]'))
  const here = stops.findIndex(one => one.contains(document.activeElement))
  return here < 0 ? Number(q.dataset.here === undefined) : stops.indexOf(q) - here
}
"""


class Hour:
    """One volunteer at work: how they answer depends on what they hold in their hands."""

    def __init__(self, page: Page, cases: dict[str, Case], check: Any, shot: Any) -> None:
        self.page, self.cases, self.check, self.shot = page, cases, check, shot
        self.keyboard = page.viewport_size == LAPTOP
        self.seen: set[str] = set()

    # What the hands do -----------------------------------------------------------------------------
    def press(self, button: Any) -> None:
        """By the keyboard on a laptop: whatever can be pressed can be reached and pressed with Enter."""
        if self.keyboard:
            button.focus()
            self.page.keyboard.press("Enter")
        else:
            button.click()

    def next(self, key: str) -> None:
        self.press(self.page.get_by_role("button", name="Appeler le prochain foyer").first)
        self.page.wait_for_url(re.compile(rf"/appels/{self.cases[key].pk}/"))

    def question(self, key: str) -> Any:
        return self.page.locator(f'.q[data-question="{key}"]')

    def answer(self, key: str, *values: str) -> None:
        """One value for each person; on a laptop the digit of the answer, as the question shows it."""
        q = self.question(key)
        if self.keyboard:
            for _ in range(q.evaluate(ARROWS)):
                self.page.keyboard.press("ArrowDown")
            expect(q).to_have_attribute("data-here", "")
            for value in values:
                keys = q.locator(".answer[data-active] input").evaluate_all("all => all.map(one => one.value)")
                self.page.keyboard.press(f"Digit{keys.index(value) + 1}")
            return
        for _ in range(30):
            if q.locator(".q-body").is_visible():
                break
            self.page.locator(".q:not([data-folded], [data-later], [data-off]) [data-go-on]").click()
        for index, value in enumerate(values):
            q.locator(f'.answer:not([data-off]) .choice:has(input[value="{value}"])').nth(index).click()

    def answers(self, **values: str | tuple[str, ...]) -> None:
        order = self.page.locator(".q").evaluate_all("all => all.map(q => q.dataset.question)")
        for key in sorted(values, key=order.index):
            given = values[key]
            self.answer(key, *((given,) if isinstance(given, str) else given))

    def record(self) -> None:
        if self.keyboard:
            self.page.keyboard.press("Control+Enter")
        else:
            self.page.locator("[data-record]").click()
        expect(self.page.locator("h1")).to_have_text("Appel enregistré")

    def outcome(self, code: str, *, more: bool = False) -> None:
        """One click: the button says beforehand what will follow."""
        if more:
            self.press(self.page.locator("summary", has_text="Autre issue"))
        button = self.page.locator(f'button.outcome[value="{code}"]')
        assert button.locator("small").inner_text()
        self.press(button)
        expect(self.page.locator("h1")).to_have_text("Appel enregistré")

    def look(self, name: str, *, full_page: bool = False) -> None:
        """Accessible, inside the screen; once for each kind of screen. Kept for the guide."""
        if name not in self.seen:
            self.seen.add(name)
            self.check(self.page)
        self.shot(self.page, f"heure-{name}", full_page=full_page)

    # What the database says ----------------------------------------------------------------------------
    def recorded(self, key: str) -> Call:
        call = Call.objects.filter(case=self.cases[key], state=Call.State.RECORDED).latest("recorded_at")
        self.cases[key].refresh_from_db()
        assert self.cases[key].claimed_by is None
        return call


@pytest.fixture
def cases(volunteer: Any, volunteer2: Any, coordinator: Any) -> dict[str, Case]:
    make_user("ines@exemple.fr", "Inês", "Sousa", "volunteer", languages=["pt"])
    Partner.objects.create(
        kind="ccas",
        name="CCAS de Bordeaux",
        email="ccas@exemple.fr",
        communes=["33063"],
        categories=["repas", "courses"],
    )
    campaign = running_campaign(volunteer, volunteer2, name="Grand froid", allow_hidden_number=True)
    found = {}
    for rank, (key, last, first, civility, more) in enumerate(PEOPLE):
        household = make_household(last_name=last, first_name=first, civility=civility, **more)
        found[key] = make_case(campaign, household, rank=rank, verification_phrase="tilleul martin 47")
    PhoneNumber.objects.create(household=found["wrong_number"].household, e164="+33639980012", label="portable", rank=1)
    return found


@pytest.mark.parametrize(
    "viewport", [pytest.param(PHONE, id="phone", marks=pytest.mark.main_path), pytest.param(LAPTOP, id="laptop")]
)
def test_a_volunteers_hour(
    viewport: dict[str, int], open_browser: Any, session_of: Any, volunteer: Any, cases: Any, check_page: Any, shot: Any
) -> None:
    page = open_browser(viewport)
    session_of(page, volunteer)
    page.goto("/appels/")
    hour = Hour(page, cases, check_page, shot)
    hour.look("accueil")

    # 1. Somebody who is well.
    hour.next("well")
    hour.look("appel")
    hour.answers(**QUIET)
    hour.record()
    hour.look("enregistre")
    assert hour.recorded("well").outcome == "completed"
    assert cases["well"].status == Case.Status.CLOSED

    # 2. Two people on one number: each answers, one needs meals, the CCAS may be told.
    hour.next("couple")
    two = {"sante": ("bien", "moyen"), "solitude": ("rarement", "rarement")}
    hour.answers(**QUIET | two | {"urgence": "non", "repas": "oui"})
    consent = page.locator("[data-consent]:visible")
    expect(consent).to_have_count(1)
    expect(consent).to_contain_text("CCAS de Bordeaux")
    if hour.keyboard:
        consent.locator("input[value=yes]").focus()
        page.keyboard.press("Digit1")
    else:
        consent.locator(".choice", has_text="Oui").click()
    expect(page.locator("#follows")).to_contain_text("CCAS de Bordeaux")
    hour.look("couple", full_page=True)
    hour.record()
    call = hour.recorded("couple")
    assert len(call.answers["sante"]) == 2
    assert (Need.objects.get(call=call).category, Need.objects.get(call=call).consent) == ("repas", "yes")
    assert Referral.objects.get(case=call.case).state == Referral.State.DRAFT

    # 3. Nobody answers: one click, and when somebody will try again.
    hour.next("no_answer")
    hour.outcome("no_answer")
    assert (hour.recorded("no_answer").outcome, cases["no_answer"].attempts) == ("no_answer", 1)
    # Another day, whatever the hour at which this test runs.
    assert timezone.localtime(cases["no_answer"].next_call_at).date() > timezone.localdate()

    # 4. Busy: back to the same volunteer in half an hour.
    hour.next("busy")
    expect(page.locator(".who")).to_contain_text("Entend mal")
    hour.outcome("busy")
    hour.recorded("busy")
    assert cases["busy"].next_call_for == volunteer
    assert cases["busy"].next_call_at < timezone.now() + timedelta(minutes=31)

    # 5. A message is left: the words to say are there, and nothing of the person in them.
    hour.next("voicemail")
    hour.press(page.locator("summary", has_text="Que dire au répondeur"))
    expect(page.get_by_text("Message pour Monsieur Darrieux")).to_be_visible()
    hour.look("repondeur")
    hour.outcome("voicemail_left")
    hour.recorded("voicemail")
    assert cases["voicemail"].voicemail_left

    # 6. A wrong number, then the second one at once: somebody answers.
    hour.next("wrong_number")
    expect(page.locator(".other-numbers > summary")).to_contain_text("06 39 98 00 12")
    hour.outcome("wrong_number", more=True)
    assert cases["wrong_number"].household.phones.get(rank=0).validity == PhoneNumber.Validity.WRONG
    hour.next("wrong_number")
    expect(page.locator(".phone-number").first).to_have_text("06 39 98 00 12")
    hour.answers(**QUIET)
    hour.record()
    assert hour.recorded("wrong_number").phone.e164 == "+33639980012"

    # 7. Not now: a moment is agreed.
    hour.next("callback")
    hour.answer("accueil", "plus_tard")
    panel = page.locator("#callback_at")
    expect(panel).to_be_in_viewport()
    expect(panel.locator(".choice")).to_have_count(5)
    if hour.keyboard:
        page.keyboard.press("Digit2")
    else:
        panel.locator(".choice").nth(1).click()
    chosen = panel.locator("input:checked").get_attribute("value")
    hour.look("rappel")
    hour.record()
    assert hour.recorded("callback").outcome == "callback"
    assert (
        cases["callback"].next_call_at.isoformat()
        == timezone.datetime.fromisoformat(chosen).astimezone(cases["callback"].next_call_at.tzinfo).isoformat()
    )
    assert cases["callback"].next_call_for == volunteer

    # 8. A little offended: somebody else, in a week.
    hour.next("soft_refusal")
    hour.answer("accueil", "vexe")
    hour.record()
    hour.recorded("soft_refusal")
    assert cases["soft_refusal"].soft_refusals == 1
    assert cases["soft_refusal"].next_call_at > timezone.now() + timedelta(days=6)

    # 9. Never again: every call stops.
    hour.next("opt_out")
    hour.answers(accueil="oui", information="plus_jamais")
    hour.record()
    hour.recorded("opt_out")
    cases["opt_out"].household.refresh_from_db()
    assert cases["opt_out"].household.opposed_at is not None

    # 10. Lonely: a weekly call is offered and accepted.
    hour.next("lonely")
    hour.answers(**QUIET | {"solitude": "souvent"} | {"suivi": "hebdo"})
    expect(page.locator("[data-lonely-hint]")).to_have_count(1)
    expect(page.locator("#follow_up")).to_be_in_viewport()
    page.locator('#follow_up input[value="2"]').check(force=True)
    page.locator("#follow-up-time").fill("10:30")
    expect(page.locator("#follows")).to_contain_text("Suivi chaque semaine")
    hour.look("suivi")
    hour.record()
    plan = FollowUpPlan.objects.get(case=hour.recorded("lonely").case)
    assert (plan.weekdays, plan.volunteer) == ([2], volunteer)

    # 11. A fall: the red button works at once, says who was told; then the call goes on.
    hour.next("alert")
    hour.answer("accueil", "oui")
    hour.press(page.get_by_role("button", name="Alerte"))
    expect(page.locator("#alert-box")).to_contain_text("Transmise à Nadia Benali")
    assert Alert.objects.get().level == "U0"
    hour.look("alerte")
    hour.answers(**{key: value for key, value in QUIET.items() if key != "accueil"})
    expect(page.locator("#alert-strip")).to_be_in_viewport()
    expect(page.locator("[data-record]")).to_contain_text("Terminer l'appel")
    hour.record()
    assert hour.recorded("alert").outcome == "completed"
    assert cases["alert"].is_safety_call
    expect(page.get_by_role("link", name="15 SAMU")).to_be_visible()

    # Near eight in the evening that call is due at once, and would come first: the hour goes on with the others.
    later = timezone.now() + timedelta(hours=1)
    Case.objects.filter(pk=cases["alert"].pk).update(next_call_at=later, anyone_from=later)

    # 12. Portuguese is spoken there: to somebody who speaks it.
    hour.next("language")
    hour.press(page.locator("summary", has_text="Autre issue"))
    page.get_by_label("Parle une autre langue").select_option("pt")
    hour.press(page.locator('button.outcome[value="language"]'))
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    assert hour.recorded("language").outcome == "language"

    # 13. The person has died: the name is confirmed, the household goes to a coordinator.
    hour.next("deceased")
    hour.press(page.locator("summary", has_text="Décès, déménagement ou EHPAD"))
    hour.press(page.get_by_role("button", name="Décédé(e)"))
    expect(page.locator("main")).to_contain_text("Rien n'est encore noté.")
    expect(page.get_by_text("M. Raymond GARNIER")).to_be_visible()
    hour.look("deces")
    hour.press(page.get_by_role("button", name="Noter le décès"))
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    hour.recorded("deceased")
    assert cases["deceased"].household.tenants.get().status == Tenant.Status.DECEASED
    assert cases["deceased"].status != Case.Status.OPEN

    # The one who did not answer rings back.
    page.goto("/appels/")
    number = cases["no_answer"].household.phones.get().e164
    page.get_by_label("Numéro qui vous appelle").fill("0" + number.removeprefix("+33"))
    hour.press(page.get_by_role("button", name="Ouvrir"))
    expect(page.locator(".who")).to_contain_text("appel entrant")
    hour.answers(**QUIET)
    hour.record()
    assert hour.recorded("no_answer").direction == Call.Direction.INCOMING

    # A pause: nothing is left over, the hour is there to be read.
    hour.press(page.get_by_role("link", name="Faire une pause"))
    expect(page.locator(".recent li")).to_have_count(5)
    hour.look("pause", full_page=True)
    assert not Case.objects.filter(claimed_by=volunteer).exists()
    assert Call.objects.filter(state=Call.State.RECORDED).count() == 15
    assert not Call.objects.filter(state=Call.State.DRAFT).exists()
