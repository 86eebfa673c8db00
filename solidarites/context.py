"""What every page knows: the site, the demonstration, the person's roles."""

from django.conf import settings
from django.http import HttpRequest

from solidarites import roles


def site(request: HttpRequest) -> dict[str, object]:
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "demo": settings.DEMO,
        "site_name": "Solidarités",
        "is_volunteer": signed_in and user.has_role(roles.VOLUNTEER),
        "is_coordinator": signed_in and user.has_role(roles.COORDINATOR),
        "is_administrator": signed_in and user.has_role(roles.ADMINISTRATOR),
        "can_confirm_calls": signed_in and user.has_perm(roles.SWITCHBOARD_PERMISSION),
    }
