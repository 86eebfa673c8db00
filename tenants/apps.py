from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Locataires"

    def ready(self) -> None:
        from solidarites import health, privacy
        from tenants import hashes

        privacy.prove_by(hashes.recognised)
        health.count_waiting("imports", imports_waiting)


def imports_waiting() -> int:
    """Imported late: the readers of lists are large, and only what serves asks."""
    from django.utils import timezone

    from tenants.imports import work

    return work.waiting(timezone.now())
