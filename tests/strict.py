"""What every HTML answer must respect, checked by the test client on each of them.

No inline script or style (the content security policy would refuse them), no undefined variable in our
templates, nothing personal in a page's title, a label for every field, no English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from html.parser import HTMLParser
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed
from django.db import connection
from django.template import engines
from django.template.base import FilterExpression, Node, Variable
from django.template.defaulttags import ForNode
from django.test import Client, TestCase
from django.test.utils import CaptureQueriesContext

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FIELDS = {"input", "select", "textarea"}
# Names and numbers of the people made by the test that runs: none may appear in a <title>.
PERSONAL: set[str] = set()
# Frequent English words that are no French ones.
ENGLISH = re.compile(
    r"\b(the|your|please|this|with|you|must|cannot|from|and|have|has|been|not|invalid|required|"
    r"sign in|sign up|password|welcome|delete|save|cancel|submit|search|next|previous|loading)\b",
    re.IGNORECASE,
)


class HousePage(HTMLParser):
    """Reads a page and notes what breaks a house rule."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []
        self.stack: list[str] = []
        self.title = ""
        self.words: list[str] = []
        self.ids: list[str] = []
        self.fields: list[dict[str, str | None]] = []
        self.labelled: set[str] = set()
        self.is_page = False
        self.lang: str | None = None
        self.headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "html":
            self.is_page, self.lang = True, values.get("lang")
        if tag == "h1":
            self.headings += 1
        if tag == "style":
            self.problems.append("<style> in the page")
        if tag == "script" and not values.get("src") and values.get("type") not in ("application/json", "importmap"):
            self.problems.append("inline <script>")
        for name, value in attrs:
            if name == "style" or name.startswith(("on", "hx-on")):
                self.problems.append(f'<{tag} {name}="…">')
            if name in ("href", "action", "src") and (value or "").strip().lower().startswith("javascript:"):
                self.problems.append(f'<{tag} {name}="javascript:…">')
        if tag == "img" and "alt" not in values:
            self.problems.append(f"<img> without alt: {values.get('src')}")
        if values.get("id"):
            self.ids.append(str(values["id"]))
        if tag == "label" and values.get("for"):
            self.labelled.add(str(values["for"]))
        if tag in FIELDS and values.get("type") not in ("hidden", "submit", "button", "image", "reset"):
            self.fields.append({**values, "wrapped": "yes" if "label" in self.stack else None})
        for name in ("alt", "title", "placeholder", "aria-label"):
            if values.get(name):
                self.words.append(str(values[name]))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.stack:
            while self.stack.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "title" in self.stack and "svg" not in self.stack:
            self.title += data
        if self.stack and self.stack[-1] not in ("script", "style", "code", "kbd", "pre"):
            self.words.append(data)

    def close(self) -> None:
        super().close()
        doubled = {one for one in self.ids if self.ids.count(one) > 1}
        if doubled:
            self.problems.append(f"ids used twice: {sorted(doubled)}")
        for field in self.fields:
            known = field["wrapped"] or field.get("aria-label") or field.get("aria-labelledby")
            if not known and field.get("id") not in self.labelled:
                self.problems.append(f"field without a label: {field.get('name') or field.get('id')}")


def problems_of(html: str, *, ours: bool = True) -> list[str]:
    """The house rules this page breaks; ``ours`` is false for the Django admin's own screens."""
    page = HousePage()
    page.feed(html)
    page.close()
    problems = page.problems if ours else [p for p in page.problems if "label" not in p and "ids" not in p]
    title = page.title.casefold()
    problems += [f"personal data in <title>: {one!r}" for one in sorted(PERSONAL) if one.casefold() in title]
    if page.is_page and ours:
        if not page.lang or not page.lang.startswith("fr"):
            problems.append('<html> without lang="fr"')
        if not page.title.strip():
            problems.append("empty <title>")
        if page.headings != 1:
            problems.append(f"{page.headings} <h1> in the page")
    if ours:
        text = " ".join(page.words)
        for person in PERSONAL:
            text = text.replace(person, "")
        english = {match.group(0).lower() for match in ENGLISH.finditer(text)}
        if english:
            problems.append(f"English words: {sorted(english)}")
    return problems


class HouseRuleBroken(AssertionError):
    """An answer breaks a rule that holds for every page."""


class StrictClient(Client):
    """Django's client; runs what waits for the commit, and checks every HTML answer."""

    def request(self, **request: Any) -> Any:
        with TestCase.captureOnCommitCallbacks(execute=True):
            response = super().request(**request)
        kind = response.headers.get("Content-Type", "")
        if kind.startswith("text/html") and not response.streaming and response.content:
            path = request.get("PATH_INFO", "")
            problems = problems_of(response.content.decode(), ours=not path.startswith("/admin/"))
            if problems:
                raise HouseRuleBroken(f"{path}: " + " · ".join(dict.fromkeys(problems)))
        return response


# Undefined variables ----------------------------------------------------------------------------
_strict: ContextVar[bool] = ContextVar("strict", default=False)
_node: ContextVar[Node | None] = ContextVar("node", default=None)
_context: ContextVar[Any] = ContextVar("context", default=None)
FORGIVING = {"default", "default_if_none"}


class UndefinedVariable(AssertionError):
    """One of our templates shows a variable that nobody gave it."""


class _Undefined(str):
    """Django's ``string_if_invalid``: empty for everybody, an error in our own templates."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return _strict.get()

    def __contains__(self, key: object) -> bool:
        return key == "%s"

    def __mod__(self, variable: Any) -> str:
        if isinstance(variable, Variable) and _stops_at_none(variable):
            return ""
        node = _node.get()
        where = getattr(getattr(node, "origin", None), "template_name", "?")
        line = getattr(getattr(node, "token", None), "lineno", "?")
        raise UndefinedVariable(f"{where}, line {line}: « {variable} » is not defined")


def _stops_at_none(variable: Variable) -> bool:
    """« a.b.c » where a.b is None: an absent thing, not a mistyped name."""
    parts = variable.lookups or ()
    for length in range(1, len(parts)):
        try:
            if Variable(".".join(parts[:length])).resolve(_context.get()) is None:
                return True
        except Exception:
            return False
    return False


def install_strict_templates() -> Callable[[], None]:
    """Make undefined variables of the project's own templates fail; returns what undoes it."""
    engine = engines["django"].engine
    ours = str(settings.BASE_DIR / "templates")
    before = (engine.string_if_invalid, Node.render_annotated, FilterExpression.resolve)
    engine.string_if_invalid = _Undefined()

    def again(**kwargs: Any) -> None:
        # Django makes its engine anew when a test changes one of these settings, and again when it is over.
        if kwargs["setting"] in ("DEBUG", "TEMPLATES", "INSTALLED_APPS"):
            engines["django"].engine.string_if_invalid = _Undefined()

    setting_changed.connect(again, weak=False)

    def render_annotated(self: Node, context: Any) -> Any:
        origin = getattr(self, "origin", None)
        strict = _strict.set(bool(origin) and str(origin.name).startswith(ours))
        node = _node.set(self)
        try:
            return before[1](self, context)
        finally:
            _strict.reset(strict)
            _node.reset(node)

    def resolve(self: FilterExpression, context: Any, ignore_failures: bool = False) -> Any:
        if not _strict.get():
            return before[2](self, context, ignore_failures)
        forgiving = any(function.__name__ in FORGIVING for function, _ in self.filters)
        node = _node.get()
        # Django lets « for » run over nothing when the name is unknown.
        if isinstance(node, ForNode) and self is node.sequence:
            ignore_failures = False
        strict, given = _strict.set(not forgiving), _context.set(context)
        try:
            return before[2](self, context, ignore_failures)
        finally:
            _strict.reset(strict)
            _context.reset(given)

    Node.render_annotated = render_annotated
    FilterExpression.resolve = resolve

    def undo() -> None:
        setting_changed.disconnect(again)
        engine.string_if_invalid, Node.render_annotated, FilterExpression.resolve = before

    return undo


# Budgets ------------------------------------------------------------------------------------------
@contextmanager
def count_queries() -> Iterator[CaptureQueriesContext]:
    """``with count_queries() as queries: …`` then ``len(queries)``."""
    with CaptureQueriesContext(connection) as queries:
        yield queries


@contextmanager
def max_queries(budget: int) -> Iterator[CaptureQueriesContext]:
    """Fail, with the statements, when the block asks the database more often than its budget."""
    with CaptureQueriesContext(connection) as queries:
        yield queries
    if len(queries) > budget:
        said = "\n".join(f"  {i}. {query['sql'][:240]}" for i, query in enumerate(queries.captured_queries, 1))
        raise AssertionError(f"{len(queries)} queries, {budget} at most:\n{said}")
