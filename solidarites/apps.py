from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.urls import register_converter

from solidarites.converters import IdConverter


class SolidaritesConfig(AppConfig):
    name = "solidarites"
    verbose_name = "Solidarités"

    def ready(self) -> None:
        # No model is there yet when Django reads this file; checks registers its own.
        from solidarites import checks, factors, privacy, roles, sign_ins  # noqa: F401, PLC0415

        # Before any list of addresses is read, whichever comes first.
        register_converter(IdConverter, "id")
        privacy.prove_by(factors.recognised)
        sign_ins.connect()

        post_migrate.connect(roles.make_groups, sender=self, dispatch_uid="solidarites.groups")
