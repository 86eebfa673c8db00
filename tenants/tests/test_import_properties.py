"""Any person in any dialect comes back the same; any bytes give people or a refusal; phones and dates round-trip."""

from __future__ import annotations

import csv
import io
import tempfile
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import phonenumbers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from solidarites.searching import fold
from tenants import communes, phones
from tenants.imports import births
from tenants.imports.grouping import persons
from tenants.imports.read import open_list
from tenants.imports.refusal import Refused
from tenants.tests import formats

TODAY = date(2026, 11, 23)
SLOW = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
QUICK = settings(max_examples=300, deadline=None)

NAMES = st.sampled_from(
    ["Martin", "LEFÈVRE", "O'Brien", "De Oliveira", "N'Diaye", "Müller", "Saint-Exupéry", "Le Goff", "Gaël Yves"]
)
TOWNS = st.sampled_from([c for c in communes.all_communes() if c.postal_codes][::97])
DAYS = st.dates(min_value=date(1927, 1, 1), max_value=date(2007, 1, 1))


def french_number(draw_digits: str) -> str:
    return "+33" + draw_digits


NUMBERS = st.builds(
    lambda prefix, rest: f"{prefix}{rest:07d}",
    st.sampled_from(["55", "56", "61", "67", "75", "14", "97"]),
    st.integers(1_000_019, 9_899_999),
).filter(lambda national: phones.e164("0" + national) is not None)

PHONE_FORMS = st.sampled_from(
    [
        lambda n: "0" + n,
        lambda n: " ".join(("0" + n)[i : i + 2] for i in range(0, 10, 2)),
        lambda n: ".".join(("0" + n)[i : i + 2] for i in range(0, 10, 2)),
        lambda n: "-".join(("0" + n)[i : i + 2] for i in range(0, 10, 2)),
        lambda n: "0033" + n,
        lambda n: "+33" + n,
        lambda n: f"+33 (0){n[0]} {n[1:3]} {n[3:5]} {n[5:7]} {n[7:]}",
        lambda n: n,
        lambda n: n + ".0",
        lambda n: f"Tél : 0{n}",
    ]
)
DATE_FORMS = st.sampled_from(
    [
        lambda d: f"{d:%d/%m/%Y}",
        lambda d: f"{d:%d-%m-%Y}",
        lambda d: f"{d:%d.%m.%Y}",
        lambda d: d.isoformat(),
        lambda d: f"{d.isoformat()} 00:00:00",
        lambda d: f"{d:%Y%m%d}",
        lambda d: str((d - births.EXCEL_EPOCH).days),
        lambda d: f"{(d - births.EXCEL_EPOCH).days}.0",
    ]
)
HEADINGS = [
    ["N° locataire", "Matricule", "REF_LOC", "Réf. locataire", "Code client"],
    ["N° contrat", "Réf. bail", "Numéro contrat", "CONTRAT"],
    ["Nom", "Nom d'usage", "NOM_LOC", "Patronyme", "nom de famille"],
    ["Prénom", "PRENOM", "Prénom usuel", "Prenom_Loc"],
    ["Date de naissance", "Né(e) le", "DDN", "DATE_NAISSANCE", "Dt naiss."],
    ["Téléphone", "Tél. portable", "GSM", "TEL_FIXE", "N° de téléphone"],
    ["Adresse", "Adresse 1", "N° et voie", "Libellé voie"],
    ["Code postal", "CP", "C.P.", "CodePostal"],
    ["Commune", "Ville", "LOCALITE", "Nom de la commune"],
]


@st.composite
def lists(draw):
    headings = [draw(st.sampled_from(spellings)) for spellings in HEADINGS]
    date_form, phone_form = draw(DATE_FORMS), draw(PHONE_FORMS)
    people, rows = [], []
    for number in range(draw(st.integers(1, 4))):
        town, born, phone = draw(TOWNS), draw(DAYS), draw(NUMBERS)
        person = (f"T{number:05d}", f"C{number:05d}", draw(NAMES), draw(NAMES), born, "+33" + phone, town.code)
        people.append(person)
        postal = town.postal_codes[0]
        if draw(st.booleans()) and postal.startswith("0"):
            postal = postal[1:]
        city = draw(st.sampled_from([town.name, town.name.upper(), fold(town.name).replace("-", " ")]))
        rows.append([*person[:4], date_form(born), phone_form(phone), f"{number + 1} rue du Port", postal, city])
    return headings, rows, people


def came_back(path: Path) -> list[tuple]:
    source = open_list(path)
    found = []
    for person in persons(source, TODAY, Counter()):
        assert not person.rejected, person.issues
        number = person.phones[0][0] if person.phones else None
        born = date.fromisoformat(person.birth) if person.birth else None
        found.append(
            (
                person.reference,
                person.household_reference,
                person.last_name,
                person.first_name,
                born,
                number,
                person.insee,
            )
        )
    return found


@SLOW
@given(
    lists(),
    st.sampled_from([";", ",", "\t", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    st.booleans(),
)
def test_a_person_comes_back_from_any_csv(made, separator, encoding, titled):
    headings, rows, people = made
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\r\n")
    if titled:
        writer.writerows([["Extraction des locataires"], [], []])
    writer.writerow(headings)
    writer.writerows(rows)
    if titled:
        writer.writerows([[], ["Total", str(len(rows))]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "liste"
        path.write_bytes(text.getvalue().encode(encoding, errors="replace"))
        assert came_back(path) == people


def typed(rows: list[list[str]], people: list[tuple]) -> list[list[object]]:
    """The cells as a spreadsheet types them: real dates, numbers that lost their zero, postal codes likewise."""
    cells: list[list[object]] = []
    for row, person in zip(rows, people, strict=True):
        postal = int(row[7]) if row[7].isdigit() else row[7]
        cells.append([*row[:4], person[4], int(person[5][3:]), row[6], postal, row[8]])
    return cells


WORKBOOKS = st.sampled_from([formats.as_xlsx, formats.as_xls, formats.as_ods])


@settings(max_examples=24, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lists(), WORKBOOKS, st.booleans(), st.booleans())
def test_a_person_comes_back_from_any_workbook(made, write, as_typed, beside):
    headings, rows, people = made
    table = [headings, *(typed(rows, people) if as_typed else rows)]
    if beside:
        table = [[], ["", "Extraction"], *(["", *row] for row in table), [], ["", "Total", len(rows)]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "liste"
        path.write_bytes(write(table))
        assert came_back(path) == people


@SLOW
@given(
    lists(),
    st.sampled_from(
        [formats.as_html, lambda rows: formats.as_html(rows, "windows-1252"), formats.as_xml_of_2003],
    ),
)
def test_a_person_comes_back_from_a_web_page_named_xls(made, write):
    headings, rows, people = made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "liste.xls"
        path.write_bytes(write([headings, *rows]))
        assert came_back(path) == people


PREFIXES = st.sampled_from(
    [
        b"",
        b"",
        b"",
        "N° locataire;Nom;Prénom;Né le\n".encode(),
        b"<table><tr>",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"Nom\tCP\r\n",
    ]
)


@settings(max_examples=250, deadline=None)
@given(
    PREFIXES, st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode("utf-8", "ignore")))
)
def test_any_bytes_give_people_or_a_refusal(prefix, content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "liste"
        path.write_bytes(prefix + content)
        with suppress(Refused):
            for person in persons(open_list(path), TODAY, Counter()):
                assert person.number > 0


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\t\x08\x10\x00"]), st.binary(max_size=600)
)
def test_any_bytes_that_pretend_to_be_a_workbook_are_refused(magic, content):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "liste"
        path.write_bytes(magic + content)
        with suppress(Refused):
            open_list(path)


@QUICK
@given(NUMBERS, PHONE_FORMS)
def test_a_number_comes_back_however_it_is_written(national, form):
    cell = phones.parse_cell(form(national))
    assert [phone.e164 for phone in cell.phones] == ["+33" + national]
    assert not cell.rejected


@QUICK
@given(st.integers(100_000_000, 999_999_999), st.sampled_from(phones.REGIONS))
def test_a_number_is_kept_exactly_when_the_library_says_a_person_may_have_it(national, region):
    read = phones.e164(f"0{national}", region)
    if read is None or str(national).startswith(phones.FICTION):
        number = phonenumbers.PhoneNumber(country_code=33, national_number=national)
        if region == "FR" and not phones._is_filler(str(national)):
            callable_type = phonenumbers.number_type(number) in phones.CALLABLE_TYPES
            assert read is not None or not (phonenumbers.is_valid_number(number) and callable_type)
    else:
        if str(national)[:3] in phones.PREFIXES:
            # Given overseas by the regulator, sometimes before the library knows.
            assert read == f"+{phones.PREFIXES[str(national)[:3]]}{national}"
            return
        parsed = phonenumbers.parse(read, None)
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.number_type(parsed) not in (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.TOLL_FREE)


@QUICK
@given(st.text(max_size=80), st.sampled_from(phones.REGIONS))
def test_any_cell_is_read_and_what_is_kept_is_a_number(text, region):
    for phone in phones.parse_cell(text, region).phones:
        assert phone.e164.startswith("+")
        assert phone.e164[1:].isdigit()
        assert len(phone.label) <= 60


@QUICK
@given(DAYS, DATE_FORMS)
def test_a_date_comes_back_however_it_is_written(day, form):
    assert births.parse(form(day), today=TODAY).day == day


@QUICK
@given(DAYS)
def test_a_two_digit_year_never_makes_a_leaseholder_a_minor(day):
    read = births.parse(f"{day:%d-%m-%y}", today=TODAY).day
    assert read is not None
    assert (read.day, read.month, read.year % 100) == (day.day, day.month, day.year % 100)
    assert read <= TODAY - timedelta(days=18 * 365)


@QUICK
@given(st.one_of(st.text(max_size=30), st.integers(), st.floats(), st.none(), st.booleans()))
def test_any_value_is_a_birth_or_unknown_and_never_in_the_future(value):
    read = births.parse(value, today=TODAY)
    assert read.day is None or date(1900, 1, 1) < read.day <= TODAY


@QUICK
@given(st.text(max_size=10), st.text(max_size=60))
def test_any_address_finds_a_commune_or_none(postal_code, city):
    found = communes.find(postal_code, city)
    assert found is None or communes.get(found.commune.code) is found.commune
