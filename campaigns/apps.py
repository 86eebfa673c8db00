from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campagnes"

    def ready(self) -> None:
        from campaigns import cases, enrolment, numberless
        from tenants import events

        post_migrate.connect(freeze_scripts, sender=self, dispatch_uid="campaigns.scripts")
        events.subscribe(events.NumbersChanged, enrolment.numbers_changed)
        # After the enrolment's: the case knows by then that it has a number.
        events.subscribe(events.NumbersChanged, numberless.numbers_changed)
        events.subscribe(events.HouseholdOpposed, cases.on_household_opposed)
        events.subscribe(events.PersonClosed, cases.on_person_closed)
        events.subscribe(events.HouseholdMerged, cases.on_household_merged)


def freeze_scripts(**kwargs: Any) -> None:
    """The trigger that keeps published scripts: every database has it, from its first migration on."""
    from campaigns.models.script import freeze_published

    freeze_published(kwargs["using"])
