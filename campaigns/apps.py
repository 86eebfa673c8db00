from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campagnes"

    def ready(self) -> None:
        from campaigns import cases, enrolment
        from tenants import events

        events.subscribe(events.NumbersChanged, enrolment.numbers_changed)
        events.subscribe(events.HouseholdOpposed, cases.on_household_opposed)
        events.subscribe(events.PersonClosed, cases.on_person_closed)
        events.subscribe(events.HouseholdMerged, cases.on_household_merged)
