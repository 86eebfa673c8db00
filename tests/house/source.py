"""The repository read as text: what the house rules look at."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("solidarites", "tenants", "campaigns")
SKIPPED = {".git", ".venv", "var", "staticfiles", "node_modules", "__pycache__", "test-results"}
TEXTS = {".py", ".html", ".txt", ".md", ".js", ".css", ".toml", ".ini", ".yaml", ".yml", ".sh", ".json", ".typ", ".csv"}


def files(*suffixes: str, under: str = "") -> list[Path]:
    return [
        path
        for path in sorted((ROOT / under).rglob("*"))
        if path.is_file()
        and not SKIPPED & set(path.relative_to(ROOT).parts)
        and not any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts[:-1])
        and (path.suffix in suffixes if suffixes else path.suffix in TEXTS or path.suffix == "")
    ]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=name_of(path))


def product_modules() -> list[Path]:
    """Our Python, without tests and migrations."""
    return [
        path
        for app in APPS
        for path in files(".py", under=app)
        if not {"tests", "migrations"} & set(path.relative_to(ROOT).parts)
    ]


def imports(path: Path) -> Iterator[tuple[str, bool, int]]:
    """Each imported module as (dotted name, inside a function, line); « from a import b » gives a and a.b."""
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]

    def visit(node: ast.AST, inside: bool) -> Iterator[tuple[str, bool, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, inside, child.lineno
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    parts = package.split(".")
                    base = ".".join([*parts[: len(parts) - child.level + 1], *filter(None, [child.module])])
                yield base, inside, child.lineno
                for alias in child.names:
                    yield f"{base}.{alias.name}", inside, child.lineno
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
                continue
            else:
                nested = inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
                yield from visit(child, nested)

    yield from visit(tree(path), False)


def docstrings(module: ast.Module) -> set[int]:
    """The ids of the constant nodes that are docstrings."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


def strings(path: Path) -> Iterator[tuple[str, int]]:
    """Every string of a module that is no docstring, f-strings by their constant pieces joined."""
    module = tree(path)
    skip = docstrings(module)
    for node in ast.walk(module):
        if isinstance(node, ast.JoinedStr):
            skip.update(id(piece) for piece in node.values)
            pieces = [str(p.value) if isinstance(p, ast.Constant) else "0" for p in node.values]
            yield "".join(pieces), node.lineno
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skip:
            yield node.value, node.lineno
