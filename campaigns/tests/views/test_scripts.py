"""The editor of scripts: every screen, the ritual of permissions, nothing lost by opening and saving."""

from __future__ import annotations

import re
from copy import deepcopy
from html.parser import HTMLParser
from typing import Any

import pytest
from django.utils import timezone

from campaigns import scripts
from campaigns.models import Script
from solidarites.models import JournalEntry

PARTS = ("reglages", "paroles", "reactions", "aide")


class Fields(HTMLParser):
    """The fields of a form of the page, as a browser would send them back."""

    def __init__(self, wanted: str = "") -> None:
        super().__init__()
        self.wanted, self.inside = wanted, not wanted
        self.data: dict[str, list[str]] = {}
        self.area: str | None = None
        self.select: str | None = None
        self.first: str | None = None
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        name = at.get("name") or ""
        if tag == "form":
            self.inside = not self.wanted or at.get("id") == self.wanted
        if not self.inside or not (name or tag == "option"):
            return
        if tag == "input" and at.get("type") not in ("submit", "button", "file"):
            if at.get("type") in ("checkbox", "radio") and "checked" not in at:
                return
            self.data.setdefault(name, []).append(at.get("value") or ("on" if at.get("type") == "checkbox" else ""))
        elif tag == "textarea":
            self.area, self.text = name, ""
        elif tag == "select":
            self.select, self.first = name, None
        elif tag == "option" and self.select:
            value = at.get("value") or ""
            self.first = value if self.first is None else self.first
            if "selected" in at:
                self.data[self.select] = [value]

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area:
            self.data[self.area] = [self.text.removeprefix("\n").replace("\n", "\r\n")]
            self.area = None
        elif tag == "select" and self.select:
            self.data.setdefault(self.select, [self.first or ""])
            self.select = None
        elif tag == "form":
            self.inside = False


def fields(page: Any, form: str = "") -> dict[str, list[str]]:
    reader = Fields(form)
    reader.feed(page.content.decode())
    return {name: values for name, values in reader.data.items() if name != "csrfmiddlewaretoken"}


def form_of(page: Any) -> dict[str, list[str]]:
    """The one form of the page that holds what was seen."""
    html = page.content.decode()
    forms = re.findall(r"<form\b.*?</form>", html, re.S)
    mine = next(form for form in forms if 'name="seen"' in form)
    reader = Fields()
    reader.feed(mine)
    return {name: values for name, values in reader.data.items() if name != "csrfmiddlewaretoken"}


@pytest.fixture
def shipped(db: None) -> dict[str, Script]:
    return {one.kind: one for one in scripts.load_defaults(now=timezone.now())}


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def draft(shipped: dict[str, Script], coordinator: Any) -> Script:
    return scripts.duplicate(script=shipped["first"], by=coordinator, now=timezone.now())


def content(script: Script) -> dict[str, Any]:
    return Script.objects.values_list("content", flat=True).get(pk=script.pk)


@pytest.mark.parametrize("kind", ["first", "follow_up", "welfare"])
def test_opening_and_saving_every_form_changes_nothing(shipped: Any, nadia: Any, coordinator: Any, kind: str) -> None:
    draft = scripts.copy(script=shipped[kind], by=coordinator, now=timezone.now())
    before = deepcopy(content(draft))
    for part in PARTS:
        address = f"/trames/{draft.pk}/{part}/"
        assert nadia.post(address, form_of(nadia.get(address))).status_code == 302, part
        assert content(draft) == before, part
    for raw in before["questions"]:
        address = f"/trames/{draft.pk}/questions/{raw['key']}/"
        answer = nadia.post(address, form_of(nadia.get(address)))
        assert answer.status_code == 302, raw["key"]
        assert content(draft) == before, raw["key"]
    assert JournalEntry.objects.filter(action="script.changed", object_id=draft.pk).count() == len(
        before["questions"]
    ) + len(PARTS)


def test_the_pages_stand(shipped: Any, nadia: Any, draft: Script) -> None:
    pages = ["/trames/", "/trames/nouvelle/"]
    for one in (*shipped.values(), draft):
        pages += [f"/trames/{one.pk}/", f"/trames/{one.pk}/apercu/"]
    pages += [f"/trames/{draft.pk}/{page}/" for page in ("publier", "supprimer", "nouvelle-question", *PARTS)]
    for address in pages:
        assert nadia.get(address).status_code == 200, address
