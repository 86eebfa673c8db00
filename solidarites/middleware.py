"""Sessions that end when nobody is there, and the second factor of those who see many people."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from solidarites import roles

GetResponse = Callable[[HttpRequest], HttpResponse]
# Sent by pages that poll: such requests neither count as activity nor open pages.
BACKGROUND_HEADER = "X-Background"


class IdleSessionMiddleware:
    """Ends a session after 30 idle minutes (coordinators, administrators) or 4 idle hours (volunteers).

    Requests that carry ``X-Background`` (polling, heartbeats) do not count as activity.
    """

    STEP = 60  # the session is written at most once a minute

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated:
            now = int(timezone.now().timestamp())
            last = request.session.get("active_at")
            if last is not None and now - last > self.allowed_idle(request):
                logout(request)
            elif BACKGROUND_HEADER not in request.headers and (last is None or now - last >= self.STEP):
                request.session["active_at"] = now
        return self.get_response(request)

    @staticmethod
    def allowed_idle(request: HttpRequest) -> int:
        user = request.user
        staff = user.has_role(roles.COORDINATOR) or user.has_role(roles.ADMINISTRATOR) or user.is_superuser
        return settings.IDLE_SECONDS_STAFF if staff else settings.IDLE_SECONDS_VOLUNTEER


class SecondFactorMiddleware:
    """Sends coordinators and administrators without a second factor to the page that sets it up."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.REQUIRE_SECOND_FACTOR and self.missing(request):
            return redirect("mfa_activate_totp")
        return self.get_response(request)

    @staticmethod
    def missing(request: HttpRequest) -> bool:
        user = request.user
        if not user.is_authenticated or request.session.get("second_factor"):
            return False
        if not (user.has_role(roles.COORDINATOR) or user.has_role(roles.ADMINISTRATOR) or user.is_superuser):
            return False
        allowed = (reverse("mfa_index"), reverse("account_logout"), reverse("account_reauthenticate"), settings.STATIC_URL)
        if request.path.startswith(allowed):
            return False
        from allauth.mfa.utils import is_mfa_enabled

        if is_mfa_enabled(user):
            # Kept in the session: one query at sign-in, none afterwards.
            request.session["second_factor"] = True
            return False
        return True


def redirect_home(request: HttpRequest) -> HttpResponseRedirect:
    return HttpResponseRedirect(roles.home_for(request.user))
