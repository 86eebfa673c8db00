"""What every page knows: the site, the demonstration, the person's roles."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from solidarites import roles, second_factor

# Shown on the demonstration's sign-in page.
DEMO_ACCOUNTS = (
    ("benevole@exemple.fr", "Bénévole"),
    ("benevole2@exemple.fr", "Autre bénévole"),
    ("coordination@exemple.fr", "Coordination"),
    ("admin@exemple.fr", "Administration"),
)


def site(request: HttpRequest) -> dict[str, object]:
    user: Any = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    coordinates = signed_in and user.has_role(roles.COORDINATOR)
    administers = signed_in and user.has_role(roles.ADMINISTRATOR)
    return {
        "demo": settings.DEMO,
        "site_name": "Solidarités",
        "has_mail_server": settings.HAS_MAIL_SERVER,
        "demo_accounts": DEMO_ACCOUNTS if settings.DEMO else (),
        "is_volunteer": signed_in and user.has_role(roles.VOLUNTEER),
        "is_coordinator": coordinates,
        "is_administrator": administers,
        # Until it is installed, there is no menu and nothing is asked for in the background: all would lead back to it.
        "awaits_second_factor": SimpleLazyObject(lambda: signed_in and second_factor.awaited(request)),
        "has_side_menu": SimpleLazyObject(lambda: (coordinates or administers) and not second_factor.awaited(request)),
        # Asked for by the menu alone: pages without it (the call) do not pay for it.
        "can_confirm_calls": SimpleLazyObject(lambda: signed_in and user.has_perm(roles.SWITCHBOARD_PERMISSION)),
    }
