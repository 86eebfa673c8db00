"""A stock that lives: each month people die, move, part, oppose, change reference or spelling, and a list tells it.

The oracle knows the hidden truth only: it makes the lists, and judges what ``import_tenants`` says by its own words. It
imports nothing of the product. After each list nobody present is lost or doubled, nobody dead or gone is to be called,
an opposition holds for exactly who asked, every row is accounted for, and a second import changes nothing.
"""

from __future__ import annotations

import json
import random
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.cases.stock_acts import oppose

HEADINGS = (
    "N° contrat",
    "Référence",
    "Civilité",
    "Nom",
    "Prénom",
    "Né(e) le",
    "Tél",
    "Adresse",
    "CP",
    "Ville",
    "Situation",
)
FIRST = ("Jeanne", "Simone", "Marcel", "Odette", "Hélène", "Raymond", "Lucien", "Yvette", "Fernand", "Ginette")
LAST = ("MARTIN", "D'ARTAGNAN", "PÉRÈS", "LE GOFF", "DE LA TOUR", "BONNET", "SOULIER", "ROUX-CAMBON", "ÉTÈVE", "FABRE")


@dataclass
class Somebody:
    reference: str
    last: str
    first: str
    birth: date
    phone: str
    door: int
    fate: str = "present"
    opposed: bool = False
    told: int = 0
    # The household it is of, once known; None when it may be another after a parting.
    home: int | None = None


@dataclass
class Stock:
    """The truth."""

    chance: random.Random
    people: list[Somebody] = field(default_factory=list)
    made: int = 0
    doors: int = 20
    parted: set[int] = field(default_factory=set)

    def somebody(self, door: int) -> Somebody:
        self.made += 1
        born = date(1930, 1, 2) + timedelta(days=self.made * 97 % 7000 + self.made)
        if (born.month, born.day) == (1, 1):
            born += timedelta(days=1)
        first, last = self.chance.choice(FIRST), self.chance.choice(LAST)
        phone = f"05 36 49 {self.made // 100 % 100:02d} {self.made % 100:02d}"
        one = Somebody(f"T{self.made}", last, first, born, phone, door)
        self.people.append(one)
        return one

    def here(self, door: int | None = None) -> list[Somebody]:
        return [one for one in self.people if one.fate == "present" and door in (None, one.door)]

    def free_door(self) -> int:
        taken = {one.door for one in self.here()}
        return self.chance.choice([door for door in range(1, self.doors) if door not in taken])

    def month(self) -> None:
        """A few things happen, each of them once."""
        self.parted = set()
        acts = (self.die, self.leave, self.move, self.arrive, self.renumber, self.respell, self.start_anew, self.twin)
        for act in self.chance.sample(acts, 5):
            act()

    def die(self) -> None:
        self.chance.choice(self.here()).fate = "deceased"

    def leave(self) -> None:
        self.chance.choice(self.here()).fate = "moved"

    def move(self) -> None:
        """One of them, or all who live at that door."""
        one = self.chance.choice(self.here())
        together = self.here(one.door)
        moving = together if self.chance.random() < 0.6 else [one]
        self.to_another_door(moving, parting=len(moving) < len(together) or one.door in self.parted)

    def to_another_door(self, moving: list[Somebody], *, parting: bool) -> None:
        door = self.free_door()
        if parting:
            self.parted.add(moving[0].door)
        for other in moving:
            other.door, other.home = door, None if parting else other.home

    def start_anew(self) -> None:
        """A new reference, another spelling and another door at once, as after a change of software."""
        one = self.chance.choice(self.here())
        together = self.here(one.door)
        for other in together:
            self.made += 1
            other.reference, other.last = f"N{self.made}", self.plainly(other.last)
        self.to_another_door(together, parting=one.door in self.parted)

    def twin(self) -> None:
        """Somebody else of the same names and birth, elsewhere, with a reference of their own."""
        one = self.chance.choice(self.here())
        if any(other is not one and (other.birth, other.first) == (one.birth, one.first) for other in self.people):
            return
        other = self.somebody(self.free_door())
        other.last, other.first, other.birth = one.last, one.first, one.birth

    def arrive(self) -> None:
        self.somebody(self.free_door())

    def renumber(self) -> None:
        self.made += 1
        self.chance.choice(self.here()).reference = f"N{self.made}"

    def respell(self) -> None:
        one = self.chance.choice(self.here())
        one.last = self.plainly(one.last)

    @staticmethod
    def plainly(last: str) -> str:
        bare = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
        return bare.replace("-", " ").replace("'", "’")

    def rows(self) -> list[list[str]]:
        """This month's list: the people, whose death or departure is said once, in the words of a landlord."""
        words = {"present": ("", "Présent", "Occupant"), "deceased": ("Décédé", "DCD"), "moved": ("Parti", "Sorti")}
        found = []
        for one in self.people:
            if one.told > 1:
                continue
            one.told += one.fate != "present"
            # Said once; the list after it says nothing of them any more.
            words_now = words[one.fate] if one.told < 2 else ("",)
            found.append([
                f"C{one.door}", one.reference, "", one.last, one.first, f"{one.birth:%d/%m/%Y}", one.phone,
                f"{one.door} rue du Port", "33000", "Bordeaux", self.chance.choice(words_now),
            ])  # fmt: skip
        self.chance.shuffle(found)
        return found


def plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().upper()
    return "".join(char for char in folded if char.isalpha())


def judge(stock: Stock, said: dict[str, Any]) -> None:
    written = sum(said[f"tenants_{kind}"] for kind in ("created", "updated", "unchanged"))
    assert said["rows"] == written + said["tenants_skipped"] + said["tenants_rejected"]
    known: dict[str, list[dict[str, Any]]] = {}
    for person in said["people"]:
        known.setdefault(person["reference"], []).append(person)
    here = [person for person in said["people"] if person["status"] == "present"]
    assert len(here) == len(stock.here()), "somebody present is lost, or doubled"
    homes: dict[int, set[int]] = {}
    for one in stock.people:
        records = known.get(one.reference, [])
        alive = [person for person in records if person["status"] == "present"]
        if one.fate != "present":
            assert not alive, f"{one.fate} and still to be called"
            continue
        assert len(records) == 1, "lost" if not records else "doubled"
        person = records[0]
        assert person["status"] == "present"
        assert (person["birth"], plain(person["first_name"])) == (one.birth.isoformat(), plain(one.first))
        assert one.home in (None, person["household"]), "the household did not go on"
        one.home = person["household"]
        assert person["opposed"] == one.opposed, "the opposition is another's"
        assert person["household_reference"] == f"C{one.door}"
        if not one.opposed and "opposed_member" not in person["to_confirm"]:
            assert "+33" + one.phone.replace(" ", "")[1:] in person["phones"]
        homes.setdefault(one.door, set()).add(person["household"])
    assert all(len(found) == 1 for found in homes.values()), "people of one door are one household"
    assert len({pk for found in homes.values() for pk in found}) == len(homes), "two doors are two households"


def live(seed: int, months: int, size: int, give: Callable[[list[list[str]]], dict[str, Any]]) -> None:
    # Few doors are empty: what somebody leaves is let again.
    stock = Stock(random.Random(seed), doors=2 * size)
    for door in range(1, size + 1):
        for _ in range(stock.chance.choice((1, 1, 2))):
            stock.somebody(door)
    for month in range(months):
        rows = stock.rows()
        judge(stock, give(rows))
        again = give(rows)
        judge(stock, again)
        assert again["tenants_created"] == again["tenants_updated"] == again["households_created"] == 0
        if month % 2:
            one = stock.chance.choice([one for one in stock.here() if not one.opposed])
            one.opposed = True
            oppose(one.reference)
        stock.month()


@pytest.fixture
def give(tmp_path: Path, capsys: Any, landlord: Any) -> Callable[[list[list[str]]], dict[str, Any]]:
    def run(rows: list[list[str]]) -> dict[str, Any]:
        path = tmp_path / "liste.csv"
        path.write_text("\n".join(";".join(row) for row in (HEADINGS, *rows)) + "\n", encoding="utf-8")
        call_command("import_tenants", str(path), "--json", "--people", "--landlord", landlord.code)
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        return said

    return run


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(4))
def test_a_year_of_lists_loses_doubles_and_raises_nobody(seed: int, give: Any) -> None:
    live(seed, months=12, size=14, give=give)


@pytest.mark.soak
@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(100, 104))
def test_ten_years_of_lists_of_a_large_stock(seed: int, give: Any) -> None:
    live(seed, months=120, size=50, give=give)
