"""Django's admin with our own site (kept apart: an application has one configuration in its apps.py)."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "solidarites.admin_site.Site"

    def ready(self) -> None:
        super().ready()
        # No model is there yet when Django reads this file.
        from allauth.account.models import EmailAddress  # noqa: PLC0415
        from allauth.mfa.models import Authenticator  # noqa: PLC0415
        from django.contrib import admin  # noqa: PLC0415
        from django.contrib.auth.models import Group  # noqa: PLC0415

        # Roles are made by the product; addresses and second factors have their own pages.
        for model in (Group, EmailAddress, Authenticator):
            if admin.site.is_registered(model):
                admin.site.unregister(model)
