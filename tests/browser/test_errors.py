"""What a person sees when something is not there."""

from __future__ import annotations

import pytest

from tests.browser.conftest import LAPTOP, PHONE


@pytest.mark.parametrize(("viewport", "dark"), [(PHONE, True), (LAPTOP, False)], ids=["phone-dark", "laptop-light"])
def test_a_page_that_does_not_exist_is_said_in_french(open_browser, watcher, check_page, viewport, dark):
    watcher.expected.append("status of 404")
    page = open_browser(viewport, dark=dark)
    page.goto("/page-inconnue/")
    assert page.locator("h1").inner_text() == "Cette page n'existe pas"
    check_page(page)
