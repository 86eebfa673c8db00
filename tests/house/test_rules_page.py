"""docs/regles.md says what the code does: its anchors, its tables and its numbers are read against the code."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from datetime import time, timedelta
from enum import EnumType
from typing import Any

import pytest

from campaigns.figures.views.dashboard import QUEUE
from campaigns.models import Alert, Campaign, Case, Referral
from campaigns.models.levels import Level
from campaigns.outcomes import TABLE
from campaigns.referrals import deadlines, states
from campaigns.welfare import letters
from tests.house.source import ROOT, files, name_of

PAGE = ROOT / "docs" / "regles.md"
ANCHOR = re.compile(r'^<a id="([^"]+)"></a>$', re.MULTILINE)
NOTE = re.compile(r"<!--\s*(voir )?(.*?)\s*-->", re.DOTALL)
# Where a paragraph, an item, a row or a heading begins.
BEGINS = re.compile(r"^(?:- |\d+\. |\||#|<a )")
NUMBER = re.compile(r"\d+")
# What the page may not stop saying.
SAID = {
    "campaigns.models.Case.CLAIM",
    "campaigns.common.retries.BUSY_PAUSE",
    "campaigns.common.retries.BUSY_A_DAY",
    "campaigns.common.retries.CALLBACK_GRACE",
    "campaigns.outcomes.SAFETY_WITHIN",
    "campaigns.models.Campaign.max_attempts",
    "campaigns.models.Campaign.retry_gaps",
    "campaigns.models.Campaign.soft_refusal_days",
    "campaigns.models.Campaign.hospital_days",
    "campaigns.models.Campaign.minimum_age",
    "campaigns.models.Campaign.purge_after_days",
    "campaigns.models.FollowUpPlan.grace_minutes",
    "campaigns.purge.UNUSED_LIST_DAYS",
    "campaigns.neighbours.reports.KEPT_ONCE_HANDLED",
    "campaigns.neighbours.reports.KEPT_AT_MOST",
    "campaigns.welfare.checks.DELAYS[U0]",
    "campaigns.welfare.checks.DELAYS[U1]",
    "campaigns.welfare.checks.OTHER_DELAY",
    "campaigns.alerts.acts.REMIND_EVERY",
    "campaigns.alerts.acts.QUIET_FROM",
    "campaigns.alerts.acts.QUIET_UNTIL",
    "campaigns.referrals.sending.LINK_LASTS",
    "campaigns.figures.report.SMALLEST",
    "solidarites.journal.KEEP_DAYS",
}


def page() -> str:
    return PAGE.read_text()


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


# Reading the page -------------------------------------------------------------------------------------


def blocks(text: str) -> Iterator[str]:
    """Each paragraph, item, row or heading, its lines put together."""
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        if not line.strip() or BEGINS.match(line):
            if block:
                yield " ".join(block)
            block = []
        if line.strip():
            block.append(line.strip())


def noted(text: str) -> Iterator[tuple[str, list[str]]]:
    """What is read of each block that names constants, and their names, in the order of their values."""
    for block in blocks(text):
        names = [name.strip() for see, group in NOTE.findall(block) if not see for name in group.split(",")]
        if names:
            yield plain(NOTE.sub("", block)), names


def rows_after(anchor: str, text: str) -> list[list[str]]:
    """The cells of the first table behind an anchor, its two first lines left out."""
    lines = text.partition(f'<a id="{anchor}"></a>')[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    found = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        found.append([plain(cell).strip().strip("`") for cell in line.strip("|").split("|")])
    return found[2:]


# Reading the code -------------------------------------------------------------------------------------


def value_of(name: str) -> Any:
    """What the code holds under a dotted name; of a model's field, what a new row has."""
    path, _, key = name.rstrip("]").partition("[")
    parts = path.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:cut]))
            break
        except ModuleNotFoundError:
            continue
    for part in parts[cut:]:
        meta = getattr(found, "_meta", None)
        fields = {field.name for field in meta.get_fields()} if meta is not None else set()
        found = meta.get_field(part).get_default() if part in fields else getattr(found, part)
    return found[key] if key else found


def ways(value: Any, unit: str) -> list[str]:
    """How the page may write one value."""
    if unit == "octets":
        return [f"{value // 1024**2} Mo"]
    if unit == "secondes":
        value = timedelta(seconds=value)
    if isinstance(value, str):
        value = time.fromisoformat(value)
    if isinstance(value, time):
        return [f"{value.hour} h {value.minute:02d}" if value.minute else f"{value.hour} h"]
    if isinstance(value, timedelta):
        units = (("semaine", 604800), ("jour", 86400), ("heure", 3600), ("minute", 60), ("seconde", 1))
        seconds = int(value.total_seconds())
        counted = [(seconds // size, word) for word, size in units if seconds % size == 0 and seconds >= size]
        return [f"{count} {word}{'s' if count > 1 else ''}" for count, word in counted]
    return [str(value)]


def wrong(text: str) -> list[str]:
    """The constants whose value the page does not say, each after the one before it in its block."""
    found = []
    for said, names in noted(text):
        at = 0
        for whole in names:
            name, _, unit = whole.partition(" ")
            value = value_of(name)
            if isinstance(value, EnumType):
                found += [f"{name}: {label}" for label in value.labels if plain(str(label)) not in said]
                continue
            for one in value if isinstance(value, (list, tuple)) else [value]:
                forms = "|".join(map(re.escape, ways(one, unit)))
                match = re.compile(rf"(?<![\d,])(?:{forms})(?!\w)").search(said, at)
                if match is None:
                    found.append(f"{name} = {one}, not in: {said}")
                    break
                at = match.end()
    return found


# Anchors ----------------------------------------------------------------------------------------------


def cited() -> Iterator[tuple[str, str]]:
    """(file, anchor) of each place of the repository that sends its reader to a section of the page."""
    for path in files():
        if "vendor" in path.parts:
            continue
        text = path.read_text(errors="replace")
        pattern = r"\]\(#([^)]+)\)" if path == PAGE else r"(?:docs/|\]\()regles\.md#([\w-]+)"
        for anchor in re.findall(pattern, text):
            yield name_of(path), anchor


def test_every_section_that_is_cited_exists_and_once():
    known = ANCHOR.findall(page())
    assert len(known) == len(set(known)), sorted(anchor for anchor in known if known.count(anchor) > 1)
    found = list(cited())
    assert {"campaigns/outcomes/table.py", "campaigns/referrals/states.py"} <= {name for name, _ in found}
    assert not [f"{name}: #{anchor}" for name, anchor in found if anchor not in known]


def test_the_code_cites_only_documents_that_are_here():
    """Rules are cited by their section of docs/regles.md, which this repository holds."""
    words = re.compile("|".join([r"product(?:'s)? rule\b", r"product" + r"\.md"]), re.IGNORECASE)
    here = name_of(ROOT / "tests" / "house" / "test_rules_page.py")
    found = [
        f"{name_of(path)}: {match.group(0)}"
        for path in files(".py", ".html", ".md", ".sh", ".js")
        if name_of(path) != here and "vendor" not in path.parts and (match := words.search(path.read_text()))
    ]
    assert not found, found


# Tables -----------------------------------------------------------------------------------------------


def test_the_table_of_outcomes_is_the_codes():
    yes = {True: "oui", False: "non"}
    said = [row[:4] for row in rows_after("issues", page())]
    assert said == [[rule.label, code, yes[rule.reached], yes[rule.attempt]] for code, rule in TABLE.items()]


def test_the_states_of_a_referral_are_the_codes():
    movers = {
        states.COORDINATOR: "coordination",
        states.PARTNER: "partenaire · coordination",
        states.TASK: "automatique",
    }
    said = {
        (start, end.strip(), by)
        for start, ends, by in rows_after("signalements-etats", page())
        for end in ends.split("·")
    }
    label = {state: plain(str(Referral.State(state).label)) for state in Referral.State.values}
    assert said == {(label[start], label[end], movers[by]) for (start, end), by in states.TRANSITIONS.items()}


def written(delay: deadlines.Delay) -> list[str]:
    if delay.working_days:
        s = "s" if delay.working_days > 1 else ""
        return [f"{delay.working_days} jour{s} ouvré{s}"]
    return ways(timedelta(hours=delay.hours), "")


def test_the_delays_of_a_referral_are_the_codes():
    said = {row[0]: row[2:] for row in rows_after("signalements-delais", page())}
    assert set(said) == {plain(str(Referral.State(state).label)) for state in deadlines.DELAYS}
    for state, delays in deadlines.DELAYS.items():
        cells = said[plain(str(Referral.State(state).label))]
        assert len(cells) == len(deadlines.LEVELS)
        for level, cell, delay in zip(deadlines.LEVELS, cells, delays, strict=True):
            assert cell in written(delay), (state, level, cell)


def test_every_state_of_a_case_has_its_row():
    assert [row[0] for row in rows_after("file-etats", page())] == [label for _, label, _ in QUEUE]


def test_every_kind_of_alert_has_its_row():
    said = [row[0] for row in rows_after("alertes", page())]
    assert sorted(said) == sorted(plain(str(label)) for label in Alert.Kind.labels)


# Numbers ----------------------------------------------------------------------------------------------


def test_the_page_says_the_numbers_of_the_code():
    assert not wrong(page())


def test_the_page_says_what_matters_most():
    names = {name.partition(" ")[0] for _, names in noted(page()) for name in names}
    assert not SAID - names


def test_the_page_says_the_usual_hours():
    assert letters.hours_of(Campaign()) in plain(page())


def test_names_that_are_only_pointed_at_exist():
    for see, name in NOTE.findall(page()):
        if see:
            value_of(name)


def numeric() -> list[str]:
    """The names whose value is a number, a time or a duration, once each."""
    names = {name for _, names in noted(page()) for name in names}
    return sorted(name for name in names if not isinstance(value_of(name.partition(" ")[0]), EnumType))


@pytest.mark.parametrize("name", numeric())
def test_another_number_on_the_page_is_noticed(name):
    text = page()
    block = next(block for block in blocks(text) if name in NOTE.sub(r" \2 ", block) and "<!--" in block)
    said, note, rest = block.partition("<!--")
    other = NUMBER.sub(lambda number: str(int(number.group()) + 1000), said)
    assert any(line.startswith(name.partition(" ")[0]) for line in wrong(f"{other}{note}{rest}"))


def test_another_number_in_the_code_is_noticed(monkeypatch):
    monkeypatch.setattr(Case, "CLAIM", timedelta(minutes=59))
    monkeypatch.setitem(deadlines.REMIND_BEFORE, Level.U1, timedelta(hours=3))
    found = wrong(page())
    assert any(line.startswith("campaigns.models.Case.CLAIM") for line in found)
    assert any(line.startswith("campaigns.referrals.deadlines.REMIND_BEFORE[U1]") for line in found)


def test_a_label_that_changes_is_noticed():
    text = page().replace("je n'ai plus le temps", "je suis pressé")
    assert any(line.startswith("campaigns.models.CasePass.Reason") for line in wrong(text))
