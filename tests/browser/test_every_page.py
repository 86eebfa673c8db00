"""Every page of the product, in a real browser, on a phone and on a laptop, light and dark.

No error in the console, nothing from another site, accessible (axe), inside the screen, targets of 44 px.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from tests.browser.conftest import LAPTOP, PHONE, accessibility_problems, layout_problems
from tests.house.routes import Route, our_routes
from tests.house.world import World

WHO_FIRST = ("public", "volunteer", "coordinator", "administrator", "switchboard")


def groups() -> dict[str, list[Route]]:
    """Each route once, with the first role that may open it."""
    found: dict[str, list[Route]] = {}
    for route in our_routes():
        who = next((one for one in WHO_FIRST if one in route.roles), None)
        if who:
            found.setdefault("anonymous" if who == "public" else who, []).append(route)
    return found


GROUPS = groups()


# A page costs a second on each: the phone in every run, the dark laptop with the long proofs.
@pytest.mark.parametrize(
    ("viewport", "dark"),
    [
        pytest.param(PHONE, False, id="phone-light"),
        pytest.param(LAPTOP, True, id="laptop-dark", marks=pytest.mark.soak),
    ],
)
@pytest.mark.parametrize("who", sorted(GROUPS))
def test_every_page_stands(
    who: str,
    viewport: dict[str, int],
    dark: bool,
    default_scripts: None,
    open_browser: Callable[..., Page],
    session_of: Callable[[Page, Any], None],
    watcher: Any,
) -> None:
    world = World()
    page = open_browser(viewport, dark=dark)
    # Fragments and files are no pages; routes that only take POST answer 405.
    watcher.expected += ["status of 405", "status of 404", "status of 400"]
    if world.people[who] is not None:
        session_of(page, world.people[who])
    wrong: list[str] = []
    seen = 0
    for route in GROUPS[who]:
        url = reverse(route.name, kwargs=world.arguments(route.name, route.arguments))
        answer = page.request.get(url, max_redirects=0)
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        if "<html" not in answer.text():
            continue
        page.goto(url)
        seen += 1
        wrong += [f"{route.name}: {one}" for one in accessibility_problems(page) + layout_problems(page)]
    assert seen, f"no page for {who}"
    assert not wrong, "\n".join(wrong)
