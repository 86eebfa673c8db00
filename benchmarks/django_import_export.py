"""The same list by django-import-export, tuned as its documentation advises; a process of its own for import_tenants.

Households go in one bulk before the rows, foreign keys and known people are cached, rows are saved a thousand at a
time, nothing is compared or reported. It takes names, birth dates and addresses as they are written: no number is read,
no commune found, nobody recognised without a reference, nobody found to have left, nothing refused or remarked.
Usage: python -m benchmarks.django_import_export liste.csv
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import django


def main(path: Path) -> None:
    import tablib
    from import_export import fields, instance_loaders, resources, widgets

    from tenants.models import Household, Landlord, Tenant

    landlord = Landlord.objects.get()

    class HomeWidget(widgets.ForeignKeyWidget):
        """From a dictionary: its own cached widget makes a new class for every row, a quarter of the whole."""

        homes: dict[str, Household] = {}

        def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Household:
            return self.homes[value]

    class PersonResource(resources.ModelResource):
        reference = fields.Field(column_name="N° locataire", attribute="reference")
        civility = fields.Field(column_name="Civilité", attribute="civility")
        last_name = fields.Field(column_name="Nom", attribute="last_name")
        first_name = fields.Field(column_name="Prénom", attribute="first_name")
        birth_date = fields.Field(
            column_name="Date de naissance", attribute="birth_date", widget=widgets.DateWidget("%d/%m/%Y")
        )
        household = fields.Field(
            column_name="N° contrat",
            attribute="household",
            widget=HomeWidget(Household, "reference"),
        )

        class Meta:
            model = Tenant
            import_id_fields = ("reference",)
            fields = ("reference", "civility", "last_name", "first_name", "birth_date", "household")
            instance_loader_class = instance_loaders.CachedInstanceLoader
            use_bulk = True
            batch_size = 1000
            skip_diff = True
            skip_html_diff = True
            skip_unchanged = False
            report_skipped = False

        def before_import(self, dataset: Any, **kwargs: Any) -> None:
            homes = {row["N° contrat"]: row for row in dataset.dict}
            Household.objects.bulk_create(
                [
                    Household(
                        landlord=landlord,
                        reference=reference,
                        street=row["Adresse"],
                        postal_code=row["Code postal"],
                        city=row["Commune"],
                    )
                    for reference, row in homes.items()
                ],
                batch_size=1000,
                ignore_conflicts=True,
            )
            HomeWidget.homes = {home.reference: home for home in Household.objects.filter(landlord=landlord)}

        def before_save_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
            instance.landlord = landlord
            instance.birth_precision = Tenant.Precision.DAY

    data = tablib.Dataset().load(path.read_text(encoding="utf-8"), format="csv", delimiter=";")
    result = PersonResource().import_data(data, dry_run=False, raise_errors=True)
    assert not result.has_errors()
    print(f"{Tenant.objects.count()} people, {Household.objects.count()} households")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "solidarites.settings")
    django.setup()
    main(Path(sys.argv[1]))
