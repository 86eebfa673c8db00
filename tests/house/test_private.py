"""Nothing private of a library, nor of another module of ours: the next version may move it without a word."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source import APPS, files, name_of, product_modules, tree

# Documented by Django and by Python's named tuples in spite of their names.
DOCUMENTED = {"_meta", "_state", "_default_manager", "_base_manager", "_asdict", "_replace", "_fields", "_make"}
ALLOWED = {
    # People who exist nowhere, as if they had been read: Django has no other word for related rows without a database.
    "campaigns/practice/household.py": {"_result_cache", "_prefetch_done"},
    # The embedded broker: kombu writes a message in place, and says what to override by these two (see its docstring).
    "solidarites/broker.py": {"_put", "_get"},
}


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def names(module: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts[0] not in APPS:
                yield from ((node.lineno, part) for part in parts if private(part) or part == "internal")
            yield from ((node.lineno, one.name) for one in node.names if private(one.name))
        elif isinstance(node, ast.Import):
            for one in node.names:
                yield from ((node.lineno, part) for part in one.name.split(".") if private(part) or part == "internal")
        elif isinstance(node, ast.Attribute) and private(node.attr) and node.attr not in DOCUMENTED:
            owner = node.value.func if isinstance(node.value, ast.Call) else node.value
            if not (isinstance(owner, ast.Name) and owner.id in ("self", "cls", "super")):
                yield node.lineno, node.attr


def test_no_module_uses_what_is_private_elsewhere() -> None:
    found = [
        f"{name_of(path)}:{line}: {name}"
        for path in product_modules()
        for line, name in names(tree(path))
        if name not in ALLOWED.get(name_of(path), set())
    ]
    assert not found, "\n".join(found)


def test_no_test_imports_what_is_private_in_a_library() -> None:
    """Our own modules' inside may be looked at by the tests beside them."""
    found = [
        f"{name_of(path)}:{node.lineno}: {node.module}"
        for path in files(".py")
        if {"tests", "conftest.py", "benchmarks"} & set(path.parts)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] not in {*APPS, "tests"}
        if any(private(part) or part == "internal" for part in node.module.split("."))
    ]
    assert not found, "\n".join(found)


def test_the_rule_sees_what_it_looks_for() -> None:
    lines = ["from lib.internal.flows import login", "from lib import _private", "rows._raw_delete('default')"]
    text = "\n".join([*lines, "self._mine()", "row._meta", "super()._theirs()"])
    assert list(names(ast.parse(text))) == [(1, "internal"), (2, "_private"), (3, "_raw_delete")]
