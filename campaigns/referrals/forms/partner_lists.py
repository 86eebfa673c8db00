"""A list of partners (CSV, workbook) → what each row would change. Each row goes through the form a person fills in."""

from __future__ import annotations

import io
import re
import tempfile
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from campaigns.common import needs
from campaigns.models import Partner
from campaigns.referrals.forms.partners import PartnerForm
from solidarites.accounts import LANGUAGES
from tenants.imports.read import open_list
from tenants.imports.refusal import Refused

MOST_ROWS = 1000
MOST_BYTES = 5 * 1024 * 1024
HEADER_WITHIN = 20

# Field → the headings it is known by, the first one being ours.
HEADINGS: dict[str, tuple[str, ...]] = {
    "kind": ("sorte", "type", "categorie", "nature", "type de structure", "type d organisme"),
    "name": ("nom", "partenaire", "organisme", "structure", "service", "nom du partenaire", "denomination", "libelle"),
    "email": ("adresse e mail", "e mail", "email", "mail", "courriel", "adresse mail", "mel", "adresse electronique"),
    "other_emails": ("autres adresses e mail", "autres e mails", "autres emails", "copie", "e mail 2", "email 2"),
    "phone": ("telephone", "tel", "numero", "numero de telephone", "n telephone", "standard"),
    "opening": ("precisions sur les horaires", "horaires", "heures d ouverture", "ouverture"),
    "languages": ("langues parlees", "langues", "langue"),
    "categories": ("besoins", "besoin", "domaines", "prestations", "missions"),
    "communes": ("communes", "commune", "ville", "villes", "code insee", "codes insee", "insee"),
    "epcis": ("intercommunalites", "intercommunalite", "epci", "metropole", "agglomeration"),
    "departments": ("departements", "departement", "dept", "dep"),
    "remarks": ("remarques", "remarque", "observations", "commentaires", "notes"),
    "verified_on": ("verifie le", "date de verification", "verification", "mis a jour le"),
    "active": ("actif", "active", "en service"),
}
LABELS = {
    "kind": "Sorte",
    "name": "Nom",
    "email": "Adresse e-mail",
    "other_emails": "Autres adresses e-mail",
    "phone": "Téléphone",
    "opening": "Précisions sur les horaires",
    "languages": "Langues parlées",
    "categories": "Besoins",
    "communes": "Communes",
    "epcis": "Intercommunalités",
    "departments": "Départements",
    "remarks": "Remarques",
    "verified_on": "Vérifié le",
    "active": "Actif",
}
KNOWN = {heading: name for name, headings in HEADINGS.items() for heading in headings}
# What people write for the kind, besides our own labels.
KINDS = {
    "ccas": Partner.Kind.CCAS,
    "cias": Partner.Kind.CCAS,
    "centre communal d action sociale": Partner.Kind.CCAS,
    "mairie": Partner.Kind.TOWN_HALL,
    "commune": Partner.Kind.TOWN_HALL,
    "ville": Partner.Kind.TOWN_HALL,
    "departement": Partner.Kind.DEPARTMENT,
    "conseil departemental": Partner.Kind.DEPARTMENT,
    "ari": Partner.Kind.ARI,
    "cellule psychologique": Partner.Kind.ARI,
    "psychologique": Partner.Kind.ARI,
    "association": Partner.Kind.ASSOCIATION,
    "agence": Partner.Kind.AGENCY,
    "agence du bailleur": Partner.Kind.AGENCY,
}


class ListError(ValueError):
    """The whole file is refused."""


@dataclass
class Line:
    """One row of the list: its number in the spreadsheet, its cells by field, and what it would do."""

    number: int
    cells: dict[str, str]
    name: str = ""
    what: str = "created"  # created, updated, unchanged, rejected
    # (label, message) for a rejected row; (label, old, new) texts for a change.
    errors: list[tuple[str, str]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    partner: Partner | None = None


def fold(text: str) -> str:
    """« Adresse E-mail » → « adresse e mail »: case, accents and marks do not count."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]+", " ", "".join(char for char in plain if not unicodedata.combining(char))).strip()


def read(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """The rows of a list, with their numbers in the spreadsheet. Raises ListError with what is wrong."""
    if len(content) > MOST_BYTES:
        raise ListError("Ce fichier dépasse 5 Mo : ce n'est sans doute pas une liste de partenaires.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "list"
        path.write_bytes(content)
        try:
            return _rows(open_list(path).rows())
        except Refused as error:
            raise ListError(error.message) from error


def _rows(numbered: Iterable[tuple[int, list[Any]]]) -> list[tuple[int, dict[str, str]]]:
    header: dict[int, str] = {}
    found: list[tuple[int, dict[str, str]]] = []
    for number, cells in numbered:
        if not header:
            named = {at: KNOWN[fold(str(cell))] for at, cell in enumerate(cells) if fold(str(cell or "")) in KNOWN}
            if "name" in named.values() and len(named) > 1:
                # A field named twice keeps its first column.
                header = {at: name for at, name in named.items() if at == _first(named, name)}
            elif number > HEADER_WITHIN:
                break
            continue
        values = {name: text_of(cells[at]) for at, name in header.items() if at < len(cells)}
        if any(values.values()):
            found.append((number, values))
        if len(found) > MOST_ROWS:
            raise ListError(f"Cette liste compte plus de {MOST_ROWS} partenaires. Divisez-la.")
    if not header:
        raise ListError("Aucune ligne de titres n'a été reconnue. Il faut au moins « Nom » et « Adresse e-mail ».")
    if not found:
        raise ListError("Cette liste ne contient aucun partenaire.")
    return found


def _first(named: dict[int, str], name: str) -> int:
    return min(at for at, other in named.items() if other == name)


def text_of(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str("" if cell is None else cell).replace("\x00", "").split())[:2000]


def check(rows: list[tuple[int, dict[str, str]]]) -> list[Line]:
    """What each row would do, by the very form that a person fills in. Writes nothing.

    A partner is known by its name (case, accents and marks apart); a column that the list does not have, or an empty
    cell, changes nothing of a known partner.
    """
    known = {fold(partner.name): partner for partner in Partner.objects.all()}
    seen: dict[str, int] = {}
    return [_check_one(Line(number, cells), known, seen) for number, cells in rows]


def _check_one(line: Line, known: dict[str, Partner], seen: dict[str, int]) -> Line:
    line.name = line.cells.get("name", "")[:160]
    key = fold(line.name)
    if key in seen:
        line.errors.append((LABELS["name"], f"Ce partenaire est déjà à la ligne {seen[key]}."))
    seen.setdefault(key, line.number)
    old = known.get(key)
    instance = Partner.objects.get(pk=old.pk) if old else Partner()
    blank = PartnerForm(instance=instance)
    data = {name: blank[name].value() for name in blank.fields}
    for number in range(7):
        hours = data[f"hours_{number}"]
        data[f"hours_{number}"] = ", ".join("-".join(span) for span in hours) if isinstance(hours, list) else hours
    for name, text in line.cells.items():
        if text:
            try:
                data[name] = read_cell(name, text)
            except ValueError as error:
                line.errors.append((LABELS[name], str(error)))
    if "active" not in line.cells or not line.cells["active"]:
        data["active"] = instance.active
    form = PartnerForm(
        {name: value for name, value in data.items() if value not in (None, "", False)}, instance=instance
    )
    if not form.is_valid():
        for name, messages in form.errors.items():
            line.errors += [(LABELS.get(name, ""), str(message)) for message in messages]
    if line.errors:
        line.what = "rejected"
        return line
    line.partner = form.instance
    if old is not None:
        line.changes = [
            f"{LABELS[name]} : {_shown(getattr(old, name), name)} → {_shown(getattr(form.instance, name), name)}"
            for name in LABELS
            if getattr(old, name) != getattr(form.instance, name)
        ]
        line.what = "updated" if line.changes else "unchanged"
    return line


def read_cell(name: str, text: str) -> Any:
    """A cell as its form field wants it. Raises ValueError with a French message."""
    if name == "kind":
        kind = KINDS.get(fold(text)) or KINDS.get(fold(text).replace(" ", ""))
        if kind is None:
            raise ValueError(f"« {text[:40]} » : écrivez {', '.join(Partner.Kind.labels)}.")
        return kind.value
    if name == "categories":
        return _codes(text, needs.LABELS, "besoin")
    if name == "languages":
        return _codes(text, LANGUAGES, "langue")
    if name in ("communes", "epcis"):
        return "\n".join(part.strip() for part in re.split(r"[;\n|]|,(?!\s*\d*$)", text) if part.strip())
    if name == "departments":
        return re.sub(r"\.0\b", "", text)
    if name == "verified_on":
        return _day(text).isoformat()
    if name == "active":
        return fold(text) not in ("non", "0", "faux", "inactif", "n", "false")
    return text


def _day(text: str) -> date:
    match = re.match(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:\D|$)", text)
    parts = match.groups() if match else ()
    if not parts and (match := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2}|\d{4})", text)):
        parts = (match[3] if len(match[3]) == 4 else f"20{match[3]}", match[2], match[1])
    try:
        return date(*map(int, parts))
    except (TypeError, ValueError) as error:
        raise ValueError("Écrivez une date comme 17/03/2026.") from error


def _codes(text: str, labels: dict[str, str], word: str) -> list[str]:
    by_label = {fold(label): code for code, label in labels.items()} | {code: code for code in labels}
    # « Repas, portage » is one label: the whole is tried before its parts.
    short = {fold(label.partition(",")[0]): code for code, label in labels.items()}
    if fold(text) in by_label:
        return [by_label[fold(text)]]
    found = []
    for part in re.split(r"[;,/|\n]", text):
        if not part.strip():
            continue
        code = by_label.get(fold(part)) or short.get(fold(part))
        if code is None:
            raise ValueError(f"« {part.strip()[:40]} » : {word} non reconnu{'e' if word == 'langue' else ''}.")
        found.append(code)
    return list(dict.fromkeys(found))


def _shown(value: Any, name: str) -> str:
    if name == "kind":
        return Partner.Kind(value).label
    if name == "categories":
        return ", ".join(needs.label(code) for code in value) or "tous"
    if name == "languages":
        return ", ".join(LANGUAGES.get(code, code) for code in value) or "aucune"
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, list):
        return ", ".join(value) or "aucune"
    if isinstance(value, date):
        return value.strftime("%d/%m/%Y")
    return str(value) or "vide"


def model() -> bytes:
    """An empty list with our headings, and one invented example."""
    output = io.BytesIO()
    example = {
        "kind": "CCAS",
        "name": "CCAS de Bordeaux (exemple à remplacer)",
        "email": "ccas@exemple.fr",
        "phone": "05 36 49 12 34",
        "categories": "Repas ; Démarches",
        "communes": "33000 Bordeaux",
        "languages": "portugais",
    }
    with xlsxwriter.Workbook(output) as book:
        sheet = book.add_worksheet("Partenaires")
        text = book.add_format({"num_format": "@"})
        bold = book.add_format({"bold": True, "bg_color": "#e2efed", "border": 1})
        for column, (name, label) in enumerate(LABELS.items()):
            sheet.set_column(column, column, max(16, len(label) + 2), text)
            sheet.write_string(0, column, label, bold)
            if name in example:
                sheet.write_string(1, column, example[name], text)
        sheet.freeze_panes(1, 0)
    return output.getvalue()
