"""What the call page costs over the wire: gunicorn with its packed files, bytes counted by the browser's debugger."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page

from campaigns.calls.tests.caller_cast import hold, running_campaign
from tenants.models import PhoneNumber
from tests.factories import make_case, make_household
from tests.house.source import ROOT
from tests.processes.installation import Installation, wait_until
from tests.processes.test_start import answers, free_port

FIRST, LATER = 60_000, 15_000


@pytest.fixture
def served(tmp_path: Path, transactional_db: None) -> Iterator[str]:
    """The web process as the Procfile starts it, on the test's database."""
    installation = Installation(tmp_path)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {**installation.environment, "SITE_URL": address}
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    web = installation.start(
        "web", "gunicorn", "solidarites.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4", SITE_URL=address
    )
    wait_until(lambda: answers(f"{address}/connexion/"), say=web.output)
    yield address
    installation.close()


def weigh(page: Page, address: str) -> dict[str, int]:
    """Bytes received for each address: heads and compressed bodies, nothing for what the cache held."""
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    names: dict[str, str] = {}
    weights: dict[str, int] = {}
    wire.on("Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]}))
    wire.on(
        "Network.loadingFinished",
        lambda event: weights.update({names.get(event["requestId"], "?"): int(event["encodedDataLength"])}),
    )
    page.goto(address, wait_until="networkidle")
    wire.detach()
    return weights


def test_the_call_page_weighs_little_over_the_wire(served: str, browser: Browser, volunteer: Any) -> None:
    """A couple with two numbers and the whole default script: as heavy as a call gets."""
    campaign = running_campaign(volunteer)
    household = make_household(people=2)
    PhoneNumber.objects.create(household=household, e164="+33639980012", label="portable", rank=1)
    case = make_case(campaign, household, verification_phrase="tilleul martin 47")
    hold(case, volunteer)
    client = Client()
    client.force_login(volunteer, backend=settings.AUTHENTICATION_BACKENDS[0])
    context = browser.new_context(base_url=served, viewport={"width": 390, "height": 844})
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": served}])
    page = context.new_page()
    first = weigh(page, f"/appels/{case.pk}/")
    assert page.locator("h1").is_visible()
    assert not [name for name in first if any(word in name for word in ("htmx", "bootstrap.bundle", "chart"))]
    later = weigh(page, f"/appels/{case.pk}/")
    context.close()
    said = "\n".join(f"{size:7} {name}" for name, size in [*first.items(), *later.items()])
    print(f"first visit {sum(first.values())} bytes, afterwards {sum(later.values())}\n{said}")
    assert sum(first.values()) <= FIRST, said
    assert sum(later.values()) <= LATER, said
