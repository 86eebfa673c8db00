"""A cell of a list → numbers, labels, third parties, and what is no number of a person."""

from __future__ import annotations

import pytest

from tenants.phones import parse_cell


def numbers(text: str, region: str = "FR") -> list[str]:
    return [phone.e164 for phone in parse_cell(text, region).phones]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("05.83.28.53.29", ["+33583285329"]),
        ("06 10 23 74 09 / 06.11.13.93.09", ["+33610237409", "+33611139309"]),
        ("0678243285 0635216760", ["+33678243285", "+33635216760"]),
        ("06782432850635216760", ["+33678243285", "+33635216760"]),
        ("651122334 556112233", ["+33651122334", "+33556112233"]),
        ("632322183.0", ["+33632322183"]),
        ("6,51122334E+08", ["+33651122334"]),
        ('="0651122334"', ["+33651122334"]),
        ("33651122334", ["+33651122334"]),
        ("05/56/11/22/33", ["+33556112233"]),
        ("(05) 56 11 22 33", ["+33556112233"]),
        ("05 56 11 22 33 / 05 56 11 22 33", ["+33556112233"]),
        ("+32 2 555 12 12", ["+3225551212"]),
        ("06 39 98 12 34", ["+33639981234"]),
    ],
)
def test_numbers_are_read_as_lists_write_them(text, found):
    assert numbers(text) == found


@pytest.mark.parametrize(
    ("text", "region", "found"),
    [
        ("0262 41 23 45", "RE", "+262262412345"),
        ("692123456", "RE", "+262692123456"),
        ("0556112233", "RE", "+33556112233"),
        ("0590 82 12 34", "GP", "+590590821234"),
        ("0690 35 12 34", "FR", "+590690351234"),
        ("27 12 34", "NC", "+687271234"),
        ("89 12 34 56", "PF", "+68989123456"),
    ],
)
def test_overseas_numbers_follow_the_household(text, region, found):
    assert numbers(text, region) == [found]


@pytest.mark.parametrize(
    "text", ["", "NC", "néant", "Non communiqué", "-", "0", "00", "Liste rouge", "aucun", "/", "voir fils"]
)
def test_nothing_said_is_no_rejected_number(text):
    cell = parse_cell(text)
    assert cell.phones == cell.rejected == ()


@pytest.mark.parametrize(
    "text",
    ["0600000000", "08 99 12 34 56", "0800 123 456", "3949", "0123456789", "0606060606", "06 51 12 23", "0000000000"],
)
def test_numbers_of_nobody_are_rejected(text):
    cell = parse_cell(text)
    assert cell.phones == ()
    assert len(cell.rejected) == 1


@pytest.mark.parametrize(
    ("text", "label", "third"),
    [
        ("0556112233 (fils)", "fils", True),
        ("fils : 06 51 12 23 34", "fils", True),
        ("0651122334 Mme Dupont (voisine)", "Mme Dupont voisine", True),
        ("tutrice 0556112233", "tutrice", True),
        ("0556112233 LR", "liste rouge", False),
        ("Domicile : 0556112233", "", False),
        ("0556112233 après 18h", "après 18h", False),
    ],
)
def test_a_label_tells_whose_number_it_is(text, label, third):
    phone = parse_cell(text).phones[0]
    assert (phone.label, phone.third_party) == (label, third)


def test_each_number_keeps_its_own_label():
    first, second = parse_cell("fille Anne 0651122334, domicile 0556112233").phones
    assert (first.third_party, second.third_party) == (True, False)
