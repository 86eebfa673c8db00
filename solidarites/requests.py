"""What a view may count on in the request it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from solidarites.models import User

# Sent by pages that poll: such requests neither count as activity nor open pages.
BACKGROUND_HEADER = "X-Background"
# By htmx, by what polls, and by our scripts that fetch.
OF_SCRIPTS = ("HX-Request", BACKGROUND_HEADER, "X-Requested-With")


class SignedInRequest(HttpRequest):
    """A request whose user has signed in, for annotations: the role decorators have seen to it."""

    user: User
    # Put there by django-htmx.
    htmx: HtmxDetails


def asks_for_a_part(request: HttpRequest) -> bool:
    """Whether a script asks, for a part of a page or for nothing to show, and not a person for a page."""
    return any(header in request.headers for header in OF_SCRIPTS)
