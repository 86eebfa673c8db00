from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class SolidaritesConfig(AppConfig):
    name = "solidarites"
    verbose_name = "Solidarités"

    def ready(self) -> None:
        from solidarites import checks, converters, factors, privacy, sign_ins  # noqa: F401  (checks registers them)

        # Before any address is read: those of the applications use it.
        converters.register()
        privacy.prove_by(factors.recognised)
        sign_ins.connect()

        post_migrate.connect(make_groups, sender=self, dispatch_uid="solidarites.groups")


def make_groups(**kwargs: Any) -> None:
    """A role is a Django group: every database has the three, from its first migration on."""
    from django.contrib.auth.models import Group

    from solidarites import roles

    for name in roles.ROLES:
        Group.objects.using(kwargs["using"]).get_or_create(name=name)
