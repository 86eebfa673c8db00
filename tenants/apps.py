from django.apps import AppConfig
from django.utils import timezone


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Locataires"

    def ready(self) -> None:
        from solidarites import health, privacy  # noqa: PLC0415
        from tenants import hashes  # noqa: PLC0415
        from tenants.models import ListImport  # noqa: PLC0415

        privacy.prove_by(hashes.recognised)
        health.count_waiting("imports", lambda: ListImport.objects.waiting(timezone.now()).count())
