"""Every act that the code records has its French words, wherever its name is made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from solidarites.journal_words import ACTORS, KINDS, WORDS
from tests.house.source import name_of, product_modules, tree

# Functions that record a name they were given: the names stand where these are called, as the argument of that place.
DOORS = {
    ("campaigns/referrals/states.py", "record"): 0,
    ("campaigns/common/views/pages.py", "note_read"): 1,
}
# Names made of pieces: « referral. » and the « action » of a call or of a default; a model and what was done to it.
MADE = {
    ("campaigns/referrals/states.py", "move"),
    ("campaigns/referrals/answers.py", "opened"),
    ("tenants/admin.py", "save_model"),
}
ADMIN = {f"{model}.{what}" for model in ("landlord", "agency", "residence") for what in ("created", "changed")}
# The timeline of a referral has words of its own.
TIMELINE = "ReferralEvent"
CODE = re.compile(r"^[a-z_]+\.[a-z_]+$")


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """(file, function around it, call)."""
    for path in product_modules():
        around = {}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef):
                for inner in ast.walk(node):
                    around[inner] = node
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                yield name_of(path), around[node].name if node in around else "", node


def function_of(node: ast.Call) -> tuple[str, str]:
    """(« journal », « record ») of journal.record(…)."""
    called = node.func
    if isinstance(called, ast.Attribute):
        return (called.value.id if isinstance(called.value, ast.Name) else "?"), called.attr
    return "", called.id if isinstance(called, ast.Name) else ""


def codes_in(node: ast.AST) -> set[str]:
    found = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    return {text for text in found if CODE.match(text)}


def texts_in(node: ast.AST) -> set[str]:
    return {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def named_by(file: str, node: ast.Call) -> ast.expr | None:
    """Where a call names what it records; None when it records nothing."""
    module, name = function_of(node)
    place = 0 if module == "journal" and name in ("record", "of_case", "entry") else None
    if not module and file.startswith("campaigns/"):
        # « record » of referrals, « note_read » of the coordinator's screens.
        place = next((place for (_, door), place in DOORS.items() if door == name), None)
    return node.args[place] if place is not None and len(node.args) > place else None


def recorded() -> tuple[dict[str, str], list[str]]:
    """Each code with one place that records it, and the places whose code is not understood."""
    found: dict[str, str] = dict.fromkeys(ADMIN, "tenants/admin.py")
    unknown: list[str] = []
    functions = {
        (name_of(path), node.name): node
        for path in product_modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    }
    for file, function, node in calls():
        name, place = named_by(file, node), f"{file}: {ast.unparse(node)[:80]}"
        if name is not None and (file, function) not in {*DOORS, *MADE}:
            # A variable is chosen just before, in the same function.
            codes = codes_in(functions[file, function] if isinstance(name, ast.Name) else name)
            found.update(dict.fromkeys(codes, place))
            if not codes:
                unknown.append(place)
        if (
            file.startswith("campaigns/referrals/")
            and not file.endswith("admin.py")
            and function_of(node)[1] != TIMELINE
        ):
            given = [keyword.value for keyword in node.keywords if keyword.arg == "action"]
            found.update({f"referral.{text}": place for value in given for text in texts_in(value)})
    for (file, name), function in functions.items():
        for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
            if (file, name) in MADE and argument.arg == "action" and default is not None:
                found.update({f"referral.{text}": file for text in texts_in(default)})
    return found, unknown


def test_every_act_recorded_has_its_french_words():
    found, unknown = recorded()
    assert len(found) > 120, "the search itself works"
    assert not unknown, "\n".join(unknown)
    missing = [f"{code} ({place})" for code, place in sorted(found.items()) if code not in WORDS]
    assert not missing, "\n".join(missing)


def test_no_words_stand_for_an_act_that_nothing_records():
    assert set(WORDS) - set(recorded()[0]) == set()


def test_each_act_has_one_kind_and_reads_as_a_sentence():
    codes = [code for _, acts in KINDS.values() for code in acts]
    assert len(codes) == len(set(codes))
    for code, words in WORDS.items():
        assert re.match(r"(a|s'est|n'a) ", words), (code, words)
        assert len(words) < 70


def test_every_sort_of_actor_has_its_words():
    named = set()
    for _, _, node in calls():
        module, name = function_of(node)
        if name in ("record", "of_case", "entry") and module in ("journal", ""):
            named |= {text for one in node.keywords if one.arg == "actor" for text in texts_in(one.value) if text}
    assert {"public", "command", "caretaker"} <= named
    assert named <= set(ACTORS)
