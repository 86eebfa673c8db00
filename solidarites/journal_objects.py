"""What the journal's rows are about, in words and links, told by the applications that keep those things.

A row holds a kind and a number. Whoever has a page for that kind says which numbers still exist and where they open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from django.apps import apps


@dataclass(frozen=True)
class Thing:
    """In words (« foyer n° 12 », « Grand froid »), and the path of its page, if it has one."""

    words: str
    path: str = ""


# The things of these numbers that still exist: one query.
Find = Callable[[Collection[int]], dict[int, Thing]]
_finders: dict[str, Find] = {}
_campaigns: list[Callable[[], Iterable[tuple[int, str]]]] = []


def tell(object_type: str, find: Find) -> None:
    """``find`` looks for things of this kind (« campaigns.case »)."""
    _finders[object_type] = find


def tell_campaigns(names: Callable[[], Iterable[tuple[int, str]]]) -> None:
    """``names`` gives the number and the name of each campaign, for the filter."""
    _campaigns[:] = [names]


def campaigns() -> list[tuple[int, str]]:
    return [pair for names in _campaigns for pair in names()]


def noun_of(object_type: str) -> str:
    try:
        return str(apps.get_model(object_type)._meta.verbose_name)
    except (LookupError, ValueError):
        return "objet"


def find(wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Thing]:
    """One query for each kind that has pages, however many rows; things without one are named by their number."""
    by_kind: dict[str, set[int]] = {}
    for kind, number in wanted:
        by_kind.setdefault(kind, set()).add(number)
    found: dict[tuple[str, int], Thing] = {}
    for kind, numbers in sorted(by_kind.items()):
        noun, known = noun_of(kind), _finders[kind](numbers) if kind in _finders else {}
        for number in numbers:
            found[kind, number] = known.get(number) or Thing(f"{noun} n°\u00a0{number}")
    return found
