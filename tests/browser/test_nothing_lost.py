"""Nothing typed is lost, and what is in sight stays in sight: crashes, other devices, sign-ins, slow networks, keys."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.calls.tests.caller_cast import hold, running_campaign
from campaigns.models import Call, Case
from tests.browser.conftest import LAPTOP, PHONE
from tests.browser.test_call import SAVED, WELL, answer, answer_all, question, saved
from tests.factories import make_case, make_household


@pytest.fixture
def case(volunteer: Any, volunteer2: Any) -> Case:
    case = make_case(running_campaign(volunteer, volunteer2), make_household(last_name="Martin", first_name="Jeanne"))
    hold(case, volunteer)
    return case


@pytest.fixture
def open_call(open_browser: Any, session_of: Any, volunteer: Any, case: Case) -> Any:
    def opened(viewport: dict[str, int] = LAPTOP, **options: Any) -> Page:
        page = open_browser(viewport, **options)
        session_of(page, volunteer)
        page.goto(f"/appels/{case.pk}/")
        return page

    return opened


def test_who_never_stops_typing_is_saved_within_two_seconds(open_call: Any) -> None:
    page = open_call()
    comment = page.get_by_label("Commentaire")
    comment.focus()
    # Two seconds of the page's own clock: those of a busy machine are longer.
    page.clock.install()
    page.clock.pause_at(timezone.now() + timedelta(minutes=1))
    with page.expect_response("**/brouillon/"):
        for _ in range(20):
            page.keyboard.type("a")
            page.clock.run_for(100)
    assert Call.objects.get().comment.startswith("aaa")


def test_a_crash_then_another_device(open_call: Any) -> None:
    laptop = open_call(LAPTOP)
    answer(laptop, "accueil", "oui")
    laptop.get_by_label("Commentaire").fill("La fille passe le dimanche.")
    saved(laptop)
    laptop.context.close()
    phone = open_call(PHONE)
    expect(phone.get_by_label("Commentaire")).to_have_value("La fille passe le dimanche.")
    expect(question(phone, "accueil").locator(".q-line")).to_contain_text("Oui, je vous écoute")
    expect(question(phone, "information").locator(".q-body")).to_be_visible()


def test_the_phones_own_screen_takes_over_and_everything_is_there_on_return(open_call: Any) -> None:
    page = open_call(PHONE)
    page.get_by_label("Commentaire").fill("Appelle sa voisine")
    page.evaluate("document.querySelector('[data-dial]').addEventListener('click', event => event.preventDefault())")
    page.get_by_role("link", name="Appeler le").click()
    saved(page)
    page.reload()
    expect(page.get_by_label("Commentaire")).to_have_value("Appelle sa voisine")


def test_signing_in_again_returns_to_the_form_with_its_content(open_call: Any, case: Case) -> None:
    from tests.factories import PASSWORD

    page = open_call()
    page.get_by_label("Commentaire").fill("Avant la fin de la session")
    saved(page)
    page.context.clear_cookies(name="sessionid")
    page.reload()
    page.locator("input[name=login]").fill("lea@exemple.fr")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(f"**/appels/{case.pk}/")
    expect(page.get_by_label("Commentaire")).to_have_value("Avant la fin de la session")


def test_on_a_phone_the_way_to_sign_in_again_is_at_the_thumb(
    open_call: Any, check_page: Any, watcher: Any, session_of: Any, volunteer: Any
) -> None:
    """The notice is at the top of the page, the hands at its bottom. Once signed in elsewhere, saving goes on."""
    watcher.expected.append("status of 401")
    page = open_call(PHONE)
    page.context.clear_cookies(name="sessionid")
    page.get_by_label("Commentaire").fill("Écrit trop tard")
    way = page.get_by_role("link", name="se reconnecter")
    expect(way).to_be_in_viewport()
    check_page(page)
    with page.context.expect_page() as opened:
        way.click()
    expect(opened.value.locator("input[name=login]")).to_be_visible()
    expect(page.get_by_label("Commentaire")).to_have_value("Écrit trop tard")
    session_of(opened.value, volunteer)
    saved(page)


def test_the_older_of_two_tabs_is_told_at_once(open_call: Any) -> None:
    old = open_call()
    new = old.context.new_page()
    new.goto(old.url)
    expect(old.locator("#notice")).to_contain_text("onglet plus récent")
    expect(old.locator("#save-state")).to_contain_text("cette page ne s'enregistre plus")
    old.get_by_role("link", name="voir pourquoi").click()
    expect(old.locator("#notice")).to_be_in_viewport()


def test_pressed_again_while_the_first_is_slow_records_one_call(open_call: Any) -> None:
    page = open_call()
    answer_all(page, **WELL)
    saved(page)

    def slow(route: Any) -> None:
        time.sleep(0.6)
        route.continue_()

    page.context.route("**/brouillon/", slow)
    page.context.route("**/enregistrer/", slow)
    button = page.locator("[data-record]")
    page.evaluate("() => { for (let i = 0; i < 3; i++) document.querySelector('[data-record]').click() }")
    expect(button.or_(page.locator("h1", has_text="Appel enregistré"))).to_be_visible()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    assert Call.objects.filter(state=Call.State.RECORDED).count() == 1


def test_a_case_taken_meanwhile_is_kept_for_a_coordinator(open_call: Any, case: Case, volunteer2: Any) -> None:
    page = open_call()
    now = timezone.now()
    Case.objects.update(claimed_by=volunteer2, claimed_at=now, claimed_until=now + timedelta(hours=1))
    answer_all(page, **WELL)
    expect(page.locator("#notice")).to_contain_text("Ce dossier a été repris par Paul")
    page.get_by_role("button", name="Enregistrer l'appel").click()
    expect(page.locator("h1")).to_have_text("Votre texte est gardé")
    assert Call.objects.get(volunteer__first_name="Léa").state == Call.State.PENDING


def test_recording_without_a_network_says_so_then_asks_again(open_call: Any, watcher: Any) -> None:
    watcher.expected.append("ERR_INTERNET_DISCONNECTED")
    page = open_call(PHONE)
    answer_all(page, **WELL)
    saved(page)
    page.context.set_offline(True)
    page.get_by_label("Commentaire").fill("Écrit dans un tunnel")
    page.get_by_role("button", name="Enregistrer l'appel").click()
    expect(page.locator("#notice")).to_contain_text("l'appel n'est pas encore enregistré")
    expect(page.locator("#notice")).to_be_in_viewport()
    page.context.set_offline(False)
    expect(page.locator("#notice")).to_contain_text("Appuyez de nouveau")
    assert Call.objects.get().state == Call.State.DRAFT
    page.get_by_role("button", name="Enregistrer l'appel").click()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    assert Call.objects.get().comment == "Écrit dans un tunnel"


def test_a_platform_that_can_write_nothing_says_so_then_asks_again(open_call: Any, watcher: Any) -> None:
    watcher.expected.append("503")
    page = open_call(PHONE)
    answer_all(page, **WELL)
    saved(page)
    page.context.route("**/brouillon/", lambda route: route.fulfill(status=503, body="Rien ne peut être enregistré"))
    page.get_by_label("Commentaire").fill("Écrit quand le disque est plein")
    expect(page.locator("#save-state")).to_contain_text("la plateforme ne peut rien écrire")
    page.get_by_role("button", name="Enregistrer l'appel").click()
    expect(page.locator("#notice")).to_contain_text("La plateforme ne peut rien enregistrer en ce moment")
    expect(page.locator("#notice")).to_be_in_viewport()
    expect(page.get_by_label("Commentaire")).to_have_value("Écrit quand le disque est plein")
    page.context.unroute("**/brouillon/")
    expect(page.locator("#notice")).to_contain_text("Appuyez de nouveau")
    page.get_by_role("button", name="Enregistrer l'appel").click()
    expect(page.locator("h1")).to_have_text("Appel enregistré")
    assert Call.objects.get().comment == "Écrit quand le disque est plein"


def test_an_alert_without_a_network_says_whom_to_call_and_leaves_once_it_is_back(
    open_call: Any, coordinator: Any, watcher: Any
) -> None:
    watcher.expected.append("ERR_INTERNET_DISCONNECTED")
    page = open_call(PHONE)
    page.context.set_offline(True)
    page.get_by_role("button", name="Alerte").click()
    expect(page.locator("#alert-box")).to_contain_text("L'alerte n'est pas encore partie")
    expect(page.locator("#alert-box").get_by_role("link", name="Astreinte")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#alert-box")).to_contain_text("Transmise à Nadia Benali")


# Seen and reached ---------------------------------------------------------------------------------------------
COVERED = """
() => {
  const one = document.activeElement
  if (!one || one === document.body || one.closest('.visually-hidden, .skip-link, .call-top, .call-bar')) return ''
  const box = (one.labels?.[0] ?? one).getBoundingClientRect()
  const top = document.querySelector('.call-top').getBoundingClientRect()
  const bar = document.querySelector('.call-bar').getBoundingClientRect()
  const sticky = getComputedStyle(document.querySelector('.call-bar')).position === 'sticky'
  const away = box.top >= bar.top - 1 || box.bottom <= top.bottom + 1
  const hidden = sticky && box.height && !one.closest('.call-help') && away
  return hidden ? `${one.tagName} ${one.name || one.textContent.trim().slice(0, 30)}` : ''
}
"""


@pytest.mark.parametrize(
    "viewport",
    [PHONE, {"width": 640, "height": 400}, {"width": 320, "height": 568}],
    ids=["phone", "zoom-200", "small"],
)
def test_the_bars_never_hide_what_has_the_focus(viewport: dict[str, int], open_call: Any) -> None:
    page = open_call(viewport)
    covered = []
    for key in ("Tab", "Shift+Tab"):
        for _ in range(45):
            page.keyboard.press(key)
            covered.append(page.evaluate(COVERED))
    assert not [one for one in covered if one]
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_arrows_change_the_question_and_never_an_answer(open_call: Any) -> None:
    page = open_call()
    page.keyboard.press("Digit1")
    page.keyboard.press("Digit1")
    for key in ("ArrowUp", "ArrowUp", "ArrowDown", "ArrowDown"):
        page.keyboard.press(key)
    expect(page.locator('input[name="q-accueil"][value="oui"]')).to_be_checked()
    expect(page.locator('input[name="q-information"][value="oui"]')).to_be_checked()
    expect(question(page, "sante")).to_be_focused()


def test_shortcuts_are_listed_on_screen_and_cut_from_there(open_call: Any, volunteer: Any) -> None:
    page = open_call()
    page.get_by_label("Commentaire").fill("Gardé")
    expect(page.locator("#raccourcis")).to_contain_text("changer de question")
    page.get_by_role("button", name="Couper les raccourcis").click()
    expect(page.locator("#raccourcis")).to_contain_text("coupés")
    page.keyboard.press("Digit1")
    expect(page.locator('input[name="q-accueil"][value="oui"]')).not_to_be_checked()
    expect(page.get_by_label("Commentaire")).to_have_value("Gardé")


CONTRAST = """
() => {
  const parts = (text) => text.match(/[\\d.]+/g).map(Number)
  const light = (text) => {
    const [r, g, b] = parts(text).slice(0, 3).map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    return .2126 * r + .7152 * g + .0722 * b
  }
  const behind = (one) => {
    for (let e = one; e; e = e.parentElement) {
      const color = getComputedStyle(e).backgroundColor
      if ((parts(color)[3] ?? 1) > 0) return color
    }
    return 'rgb(255, 255, 255)'
  }
  return Math.min(...[...document.querySelectorAll('.spoken')].map(one => {
    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x)
    return (a + .05) / (b + .05)
  }))
}
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_to_be_spoken_stand_out(dark: bool, open_call: Any) -> None:
    assert open_call(PHONE, dark=dark).evaluate(CONTRAST) >= 7


def test_what_was_saved_is_said_once_a_minute_at_most(open_call: Any) -> None:
    """A screen reader repeats whatever is written again in a live region."""
    page = open_call()
    answer(page, "accueil", "oui")
    saved(page)
    page.evaluate(
        "() => { window.said = 0; new MutationObserver(all => { window.said += all.length })"
        ".observe(document.querySelector('#save-state'), { childList: true, subtree: true, characterData: true }) }"
    )
    before = page.locator("#save-state").inner_text()
    page.get_by_label("Commentaire").fill("Un mot de plus")
    page.wait_for_timeout(1500)
    expect(page.locator("#save-state [data-said]")).to_have_text(SAVED)
    assert page.evaluate("window.said") == (0 if page.locator("#save-state").inner_text() == before else 1)
