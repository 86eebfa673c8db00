"""Print the closing figures of a campaign."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from campaigns.figures import report
from campaigns.models import Campaign, Partner

WIDTH = 34
APART = (
    ("sans numéro", "households_without_number"),
    ("vus lors d'une visite", "households_seen"),
    ("ayant répondu à une lettre", "households_replied"),
)


class Command(BaseCommand):
    help = "Affiche le bilan d'une campagne, avant comme après l'effacement de ses données personnelles."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="identifiant de la campagne, par exemple confinement-2020")
        parser.add_argument("--json", action="store_true", help="chiffres lisibles par une machine")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = Campaign.objects.filter(slug=options["slug"]).first()
        if campaign is None:
            known = ", ".join(Campaign.objects.order_by("slug").values_list("slug", flat=True)) or "aucune"
            raise CommandError(f"Aucune campagne « {options['slug']} ». Campagnes connues : {known}.")
        found = report.report_of(campaign)
        if options["json"]:
            self.stdout.write(json.dumps(found.totals, ensure_ascii=False, indent=2))
            return
        self.stdout.write(f"{campaign.name} ({campaign.get_status_display()})")
        for label, value in lines(found):
            self.stdout.write(f"  {label:<{WIDTH}} {value}")


def lines(found: report.Report) -> list[tuple[str, str]]:
    totals = found.totals
    kinds = dict(Partner.Kind.choices)
    rows = [
        ("Foyers", number(totals["households"])),
        ("avec un numéro valable", number(totals["households_with_valid_number"])),
        ("joints", f"{number(totals['households_reached'])} ({percent(totals['coverage_percent'])})"),
        *((label, number(totals[name])) for label, name in APART if totals[name]),
        ("Appels", number(totals["calls"])),
        ("Bénévoles", number(totals["volunteers"])),
        ("Personnes signalées", number(totals["people_referred"])),
    ]
    rows += [
        (f"  fiches : {kinds.get(kind, kind)}", number(count))
        for kind, count in sorted(totals["referrals_by_partner_kind"].items(), key=lambda row: (-row[1], row[0]))
    ]
    rows.append(("Suivis (lien renforcé)", number(totals["follow_up_plans"])))
    if found.first_call_on and found.last_call_on:
        rows.append(("Appels faits", f"du {found.first_call_on:%d/%m/%Y} au {found.last_call_on:%d/%m/%Y}"))
    if found.frozen_at:
        rows.append(("Chiffres figés avant l'effacement", f"{found.frozen_at:%d/%m/%Y}"))
    return rows


def number(value: int) -> str:
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def percent(value: float) -> str:
    return f"{value:.1f}".replace(".", ",") + "\N{NO-BREAK SPACE}%"
