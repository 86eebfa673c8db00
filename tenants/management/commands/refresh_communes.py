"""Trim the official communes to what the product needs."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tenants import communes

README = """\
# Communes de France

`communes.tsv.gz` : une commune par ligne, {count} en tout. Colonnes : code INSEE, nom, codes postaux,
département, région, code EPCI, nom de l'EPCI, population, noms des anciennes communes réunies dans celle-ci.

- Source : paquet npm `@etalab/decoupage-administratif`, version {version}, publié le {date}
  (Code officiel géographique et populations légales de l'Insee, EPCI de la DGCL, codes postaux de La Poste).
- Licence des données : Licence Ouverte / Open Licence 2.0 (Etalab).
- Mise à jour : `npm pack @etalab/decoupage-administratif`, puis
  `python manage.py refresh_communes etalab-decoupage-administratif-VERSION.tgz`
  (cette page est réécrite par la commande).
"""


class Command(BaseCommand):
    help = "Rafraîchit la liste officielle des communes à partir du paquet npm @etalab/decoupage-administratif."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "package", help="le fichier .tgz de « npm pack », ou le dossier qui contient data/communes.json"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            files = _read(Path(options["package"]))
            lines = _trim(files["communes.json"], files["epci.json"])
        except (OSError, KeyError, ValueError, tarfile.TarError) as error:
            raise CommandError(f"Ce fichier n'est pas le paquet attendu ({type(error).__name__}).") from error
        if len(lines) < 30_000:
            raise CommandError(f"{len(lines)} communes seulement : rien n'a été changé.")
        buffer = io.BytesIO()
        # No time stamp inside: the same source gives the same file.
        with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=9, mtime=0) as packed:
            packed.write("".join(lines).encode())
        communes.DATA.write_bytes(buffer.getvalue())
        readme = README.format(count=len(lines), version=files["package.json"]["version"], date=files["date"])
        communes.DATA.with_name("README.md").write_text(readme, encoding="utf-8")
        self.stdout.write(f"{len(lines)} communes écrites.")


def _read(path: Path) -> dict[str, Any]:
    names = ("communes.json", "epci.json")
    if path.is_dir():
        found = {name: json.loads((path / "data" / name).read_text(encoding="utf-8")) for name in names}
        found["package.json"] = json.loads((path / "package.json").read_text(encoding="utf-8"))
        stamp = (path / "package.json").stat().st_mtime
    else:
        found = {}
        stamp = 0.0
        with tarfile.open(path) as package:
            for member in package:
                name = member.name.rsplit("/", 1)[-1]
                if name in (*names, "package.json") and (stream := package.extractfile(member)):
                    found[name] = json.load(stream)
                    stamp = max(stamp, member.mtime)
    return {**found, "date": f"{datetime.fromtimestamp(stamp, UTC):%d/%m/%Y}"}


def _trim(rows: list[dict[str, Any]], epcis: list[dict[str, Any]]) -> list[str]:
    epci_of = {member["code"]: epci for epci in epcis for member in epci["membres"]}
    former: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row["type"] in ("commune-deleguee", "commune-associee"):
            former[row["chefLieu"]].add(row["nom"])
    lines = []
    for row in sorted(rows, key=lambda row: row["code"]):
        if row["type"] != "commune-actuelle":
            continue
        epci = epci_of.get(row["code"], {})
        fields = (
            row["code"],
            row["nom"],
            " ".join(row.get("codesPostaux", [])),
            row["departement"],
            row["region"],
            epci.get("code", ""),
            epci.get("nom", ""),
            str(row.get("population", 0)),
            "|".join(sorted(former[row["code"]] - {row["nom"]})),
        )
        lines.append("\t".join(fields) + "\n")
    return lines
