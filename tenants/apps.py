from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"
    verbose_name = "Locataires"

    def ready(self) -> None:
        from solidarites import privacy
        from tenants import hashes

        privacy.prove_by(hashes.recognised)
