"""Press a button that is on a page: what is posted is what its form holds, with what a person types in it."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Form:
    action: str
    # What would be sent as it stands, the values each field may take (None: anything), and its submit buttons.
    sent: dict[str, list[str]] = field(default_factory=dict)
    offered: dict[str, set[str] | None] = field(default_factory=dict)
    buttons: list[dict[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        self._name = self._words = ""
        self._button: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = Form(given.get("action", ""))
            self.forms.append(self._form)
        form, name = self._form, given.get("name", "")
        if form is None:
            return
        if tag == "button" and given.get("type", "submit") == "submit":
            self._button, self._words = given, ""
            form.buttons.append(given)
        elif tag == "input" and given.get("type") in ("radio", "checkbox"):
            offered = form.offered.setdefault(name, set())
            assert offered is not None
            offered.add(given.get("value", "on"))
            if "checked" in given:
                form.sent.setdefault(name, []).append(given.get("value", "on"))
        elif tag in ("input", "textarea") and name:
            form.offered[name] = None
            form.sent[name] = [given.get("value", "")]
            self._name = name if tag == "textarea" else ""
        elif tag == "select":
            self._name, form.offered[name] = name, set()
        elif tag == "option" and self._name:
            offered = form.offered[self._name]
            assert offered is not None
            offered.add(given.get("value", ""))
            if "selected" in given or self._name not in form.sent:
                form.sent[self._name] = [given.get("value", "")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "button" and self._button is not None:
            self._button["words"] = " ".join(html.unescape(self._words).split())
            self._button = None
        elif tag in ("textarea", "select"):
            self._name = ""

    def handle_data(self, data: str) -> None:
        self._words += data
        if self._form is not None and self._name and self._form.offered.get(self._name) is None:
            self._form.sent[self._name][0] += data


def press(client: Any, page: Any, words: str, **typed: Any) -> Any:
    """Press the first button that says ``words`` in the page (an answer of the client), with what is ``typed``.

    A field that is not in its form, or a choice that it does not offer, is a failure of the test.
    """
    reader = _Forms()
    reader.feed(page.content.decode())
    found = [(form, button) for form in reader.forms for button in form.buttons if button["words"].startswith(words)]
    assert found, f"no button « {words} »: {[button['words'] for form in reader.forms for button in form.buttons]}"
    form, button = found[0]
    sent: dict[str, Any] = dict(form.sent)
    for name, value in typed.items():
        assert name in form.offered, f"no field {name}: {sorted(form.offered)}"
        choices = form.offered[name]
        assert choices is None or value in choices, f"{name} offers {sorted(choices or ())}"
        sent[name] = value
    if button.get("name"):
        sent[button["name"]] = button.get("value", "")
    return client.post(button.get("formaction") or form.action or page.request["PATH_INFO"], sent)
