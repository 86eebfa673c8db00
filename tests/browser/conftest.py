"""Headless Chromium against a real server: nothing from outside, no error in its console, no skip.

A test takes ``page`` (a laptop, 1280 px) or ``phone`` (390 px); both fail when the page logs an error,
answers 5xx, or asks another site for anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import chromium

LAPTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# A busy machine is not a fault of the product: how long a page, or what it must say, is waited for.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)
# `make screenshots` renews those of the documentation; an ordinary run keeps its own aside.
IMAGES = django_settings.BASE_DIR / "docs" / "images"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    path = chromium.find()
    if path is None:
        pytest.fail("no Chromium: run « make test », which finds or installs one", pytrace=False)
    return {
        "executable_path": path,
        "args": chromium.launch_args(),
        "headless": True,
        "env": {**os.environ, "LANGUAGE": "fr_FR"},
    }


@pytest.fixture(autouse=True)
def everything_at_once(eager_tasks: None, transactional_db: None) -> None:
    """The server's threads and the test see the same rows; tasks run as soon as they are asked for, and live."""
    from solidarites import health

    for name in (health.WORKER, health.BEAT):
        health.beat_now(name, timezone.now())


@pytest.fixture
def default_scripts(transactional_db: None) -> None:
    from django.core.management import call_command

    call_command("load_default_script", verbosity=0)


class Watcher:
    """Notes what goes wrong in a page while a test drives it."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.problems: list[str] = []
        # What a test expects to go wrong (« status of 403 »).
        self.expected: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("pageerror", lambda error: self.problems.append(f"JavaScript error: {error}"))
        page.on("response", lambda response: self._response(response.status, response.url))

    def _console(self, kind: str, text: str) -> None:
        if kind == "error":
            self.problems.append(f"console: {text}")

    def _response(self, status: int, url: str) -> None:
        if status >= 500:
            self.problems.append(f"{status} from {url}")

    def verdict(self) -> list[str]:
        return [p for p in self.problems if not any(one in p for one in self.expected)]


@pytest.fixture
def watcher(live_server: Any) -> Iterator[Watcher]:
    watcher = Watcher(live_server.url)
    yield watcher
    assert not watcher.verdict(), "\n".join(watcher.verdict())


@pytest.fixture
def open_browser(browser: Browser, live_server: Any, watcher: Watcher) -> Iterator[Callable[..., Page]]:
    """``open_browser(viewport, dark=True)``: one more person with their own browser."""
    contexts: list[BrowserContext] = []

    def opened(
        viewport: dict[str, int] = LAPTOP, *, dark: bool = False, javascript: bool = True, **options: Any
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport=viewport,
            has_touch=viewport["width"] < 600,
            locale="fr-FR",
            timezone_id="Europe/Paris",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            java_script_enabled=javascript,
            **options,
        )
        context.set_default_timeout(PATIENCE)

        def only_ours(route: Any) -> None:
            if route.request.url.startswith((live_server.url, "data:", "blob:")):
                route.continue_()
            else:
                watcher.problems.append(f"asks another site: {route.request.url}")
                route.abort()

        context.route("**/*", only_ours)
        contexts.append(context)
        page = context.new_page()
        watcher.watch(page)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_browser: Callable[..., Page]) -> Page:
    return open_browser(LAPTOP)


@pytest.fixture
def phone(open_browser: Callable[..., Page]) -> Page:
    return open_browser(PHONE)


@pytest.fixture
def sign_in() -> Callable[..., None]:
    """``sign_in(page, "lea@exemple.fr")``: by the sign-in page, as a person does."""

    def signed(page: Page, email: str, password: str = "") -> None:
        from tests.factories import PASSWORD

        page.goto("/connexion/")
        page.locator("input[name=login]").fill(email)
        page.locator("input[name=password]").fill(password or PASSWORD)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url(lambda url: "/connexion/" not in url)

    return signed


@pytest.fixture
def session_of(live_server: Any) -> Callable[[Page, Any], None]:
    """``session_of(page, user)``: already signed in, where the sign-in page is not the subject."""

    def signed(page: Page, user: Any) -> None:
        from django.test import Client

        client = Client()
        client.force_login(user, backend=django_settings.AUTHENTICATION_BACKENDS[0])
        cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        page.context.add_cookies(
            [{"name": django_settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}]
        )

    return signed


def shown_in_documentation() -> set[str]:
    """The images that a page of the documentation shows: only those are kept in the repository."""
    pages = [django_settings.BASE_DIR / "README.md", *(django_settings.BASE_DIR / "docs").rglob("*.md")]
    return {name for page in pages for name in re.findall(r"images/([\w-]+\.png)", page.read_text())}


@pytest.fixture
def shot() -> Callable[..., None]:
    """``shot(page, "appel")``: docs/images/appel-390.png, or -1280, by the width of the page."""

    def taken(page: Page, name: str, *, full_page: bool = False) -> None:
        size = page.viewport_size or LAPTOP
        file = f"{name}-{size['width']}.png"
        renew = os.environ.get("SCREENSHOTS") == "1" and file in shown_in_documentation()
        folder = IMAGES if renew else Path(django_settings.VAR_DIR) / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / file, full_page=full_page and not renew, animations="disabled")

    return taken


# What a bar that stays in sight covers depends on how far one has scrolled: it is laid down for the measure.
LAY_DOWN = """
() => [...document.querySelectorAll('body *')]
  .filter(e => getComputedStyle(e).position === 'sticky')
  .forEach(e => { e.style.position = 'static'; e.dataset.laidDown = '' })
"""
STAND_UP = """
() => document.querySelectorAll('[data-laid-down]')
  .forEach(e => { e.style.position = ''; delete e.dataset.laidDown })
"""


def _dressed(page: Page) -> None:
    # After a click the new page may stand without its style sheets yet, and its scripts have not run.
    page.wait_for_load_state("load")


def accessibility_problems(page: Page) -> list[str]:
    """What axe-core finds; it is run by the browser's debugger, so the page's own policy stays as it is."""
    _dressed(page)
    page.evaluate(LAY_DOWN)
    try:
        return _axe(page)
    finally:
        page.evaluate(STAND_UP)


def _axe(page: Page) -> list[str]:
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{one['id']} ({one['impact']}): {one['help']} — {', '.join(str(n['target'][0]) for n in one['nodes'][:3])}"
        for one in found
    ]


# Links inside a sentence are exempt, as in WCAG 2.5.8; hidden inputs are shown by their label.
SMALL_TARGETS = """
() => {
  const inSentence = 'p, li, td, dd, footer, .alert, figcaption'
  const measured = (e) => ((e.type === 'radio' || e.type === 'checkbox') && e.labels[0]) || e
  return [...document.querySelectorAll('a[href], button, select, input:not([type=hidden]), summary')]
    .filter(e => !e.closest('.visually-hidden, .visually-hidden-focusable, .skip-link'))
    .filter(e => e.checkVisibility({ visibilityProperty: true }))
    .filter(e => !(e.tagName === 'A' && e.closest(inSentence) && getComputedStyle(e).display === 'inline'))
    .map(e => [measured(e).getBoundingClientRect(), e])
    .filter(([box]) => box.width > 0 && box.height > 0 && box.bottom > 0 && (box.height < 43.5 || box.width < 24))
    .map(([box, e]) => {
      const said = (e.textContent || e.name || '').trim().slice(0, 30)
      return `${e.tagName.toLowerCase()} « ${said} » ${Math.round(box.width)}×${Math.round(box.height)}`
    })
}
"""
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def layout_problems(page: Page) -> list[str]:
    """The page scrolls sideways, or a finger would miss a target (44 px)."""
    _dressed(page)
    problems = [f"target too small: {one}" for one in page.evaluate(SMALL_TARGETS)]
    if (extra := page.evaluate(WIDE)) > 0:
        problems.append(f"wider than the screen by {extra} px")
    return problems


@pytest.fixture
def check_page() -> Callable[[Page], None]:
    """Accessible, inside the screen, targets of 44 px."""

    def checked(page: Page) -> None:
        problems = accessibility_problems(page) + layout_problems(page)
        assert not problems, f"{page.url}\n" + "\n".join(problems)

    return checked
