"""Ten faults put back one at a time: the stock that lives catches each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tenants import households
from tenants.imports import apply, matching
from tests.cases.test_stock_that_lives import give, live

__all__ = ["give"]
record_opposition = households.record_opposition
Fault = Callable[[pytest.MonkeyPatch], None]
FAULTS: dict[str, Fault] = {
    "nobody is found by names and birth": lambda m: m.setattr(matching.Known, "_find_births", lambda *_: {}),
    "two references of one list are one person": lambda m: m.setattr(matching.Known, "still_listed", lambda *_: False),
    "names are compared as they are spelt": lambda m: m.setattr(
        matching.identity, "same_names", lambda one, other: one == other
    ),
    "a move makes a new household": lambda m: m.setattr(
        matching, "_decide", lambda _, held, __: (matching.Home(0, "", held.pk if held else 0), True)
    ),
    "a newcomer joins the former household": lambda m: m.setattr(
        matching, "_of_strangers", lambda _, held, __: matching.Home(held.pk if held else 0)
    ),
    "an opposition is the household's": lambda m: m.setattr(
        households,
        "record_opposition",
        lambda household, now, by=None, **_: record_opposition(household=household, now=now, by=by),
    ),
    "a list closes nobody": lambda m: m.setattr(apply.rules, "close_person", lambda **_: None),
    "a number stays when its owner leaves": lambda m: m.setattr(apply, "_follow_moves", lambda *_: None),
    "a row that says nothing brings back": lambda m: m.setattr(
        matching, "returns", lambda _, tenant: tenant.status != "present"
    ),
    "a person is a reference and nothing else": lambda m: m.setattr(matching, "_by_names", lambda *_: None),
}


@pytest.mark.soak
@pytest.mark.django_db
@pytest.mark.parametrize("name", FAULTS)
def test_each_known_fault_is_caught(name: str, give: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[name](monkeypatch)
    with pytest.raises(AssertionError):
        live(1, months=24, size=14, give=give)
