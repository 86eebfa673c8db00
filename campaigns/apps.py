from django.apps import AppConfig


class CampaignsConfig(AppConfig):
    name = "campaigns"
    verbose_name = "Campagnes"

    def ready(self) -> None:
        from campaigns import enrolment
        from tenants import events

        events.subscribe(events.NumbersChanged, enrolment.numbers_changed)
