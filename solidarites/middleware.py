"""Sessions that end when nobody is there, the second factor of those who see many people, maintenance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from solidarites import errors, factors, roles, second_factor, secrets_at_rest, sign_ins
from solidarites.requests import BACKGROUND_HEADER, asks_for_a_part

GetResponse = Callable[[HttpRequest], HttpResponse]


class IdleSessionMiddleware:
    """Ends a session after 30 idle minutes (coordinators, administrators) or 4 idle hours (volunteers).

    Requests that carry ``X-Background`` (polling, heartbeats) do not count as activity. What a signed-in
    person is shown is kept by no cache.
    """

    STEP = 60  # the session is written at most once a minute

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated:
            now = int(timezone.now().timestamp())
            last = request.session.get("active_at")
            if last is not None and now - last > self.allowed_idle(request):
                setattr(request, sign_ins.IDLE, True)
                logout(request)
                # The sign-in page says why.
                request.session["idle_ended"] = True
            elif BACKGROUND_HEADER not in request.headers and (last is None or now - last >= self.STEP):
                request.session["active_at"] = now
                request.session.pop("idle_ended", None)
        response = self.get_response(request)
        # Asked in this order, what a shared cache may keep depends on no cookie.
        if "Cache-Control" not in response and request.user.is_authenticated:
            # On a shared computer, « back » shows nothing once the session has ended.
            response["Cache-Control"] = "private, no-store"
        return response

    @staticmethod
    def allowed_idle(request: HttpRequest) -> int:
        user: Any = request.user
        staff = user.has_role(roles.COORDINATOR) or user.has_role(roles.ADMINISTRATOR) or user.is_superuser
        return settings.IDLE_SECONDS_STAFF if staff else settings.IDLE_SECONDS_VOLUNTEER


class SignInMiddleware(LoginRequiredMiddleware):
    """Django's own: every view asks who is there, those marked with ``login_not_required`` excepted.

    Which are reachable without signing in: tests/house/test_doors.py. What is answered: ``roles.to_sign_in``.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            # Before anybody is looked for: what is open to all depends on no cookie, and shared caches may keep it.
            return None
        refused = super().process_view(request, view_func, view_args, view_kwargs)
        return roles.to_sign_in(request) if refused else None


class SecondFactorMiddleware:
    """Sends coordinators and administrators without a second factor to the page that sets it up.

    A request that nobody made (polling, a heartbeat) is refused where it stands: it opens no page. A fragment asks
    the browser to open the page, instead of holding it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not self.is_on_the_way(request) and second_factor.awaited(request):
            if "HX-Request" in request.headers and BACKGROUND_HEADER not in request.headers:
                return HttpResponseClientRedirect(reverse("mfa_activate_totp"))
            if asks_for_a_part(request):
                return HttpResponse(status=403)
            return redirect("mfa_activate_totp")
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A page of recovery codes that can be read no more says so, where they are made anew."""
        if not isinstance(exception, secrets_at_rest.Unreadable) or not request.user.is_authenticated:
            return None
        factors.note_unreadable(request.user)
        messages.error(request, factors.UNREADABLE)
        return redirect("mfa_index")

    @staticmethod
    def is_on_the_way(request: HttpRequest) -> bool:
        """The pages that lead to it, and the way out."""
        if request.path.startswith(reverse("mfa_index")):
            # What is kept in the session may change on these pages.
            request.session.pop(second_factor.INSTALLED, None)
            return True
        return request.path.startswith(
            (reverse("account_logout"), reverse("account_reauthenticate"), settings.STATIC_URL)
        )


class MaintenanceMiddleware:
    """Answers 503 with a French page while an upgrade runs: MAINTENANCE=1, or a file ``var/maintenance``.

    Static files are served before it. The file needs no restart.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.MAINTENANCE or (settings.VAR_DIR / "maintenance").exists():
            return errors.maintenance(request)
        return self.get_response(request)


View = TypeVar("View", bound=Callable[..., HttpResponse])


def takes_up_to(size: int) -> Callable[[View], View]:
    """This view takes requests of up to ``size`` bytes, instead of settings.BODY_MAX_BYTES."""

    def mark(view: View) -> View:
        view.body_limit = size  # type: ignore[attr-defined]
        return view

    return mark


class BodyLimitMiddleware:
    """Answers 413 in French to a request larger than its page takes, before anything of it is read.

    The proxy in front has a limit of its own, for all pages alike; here each page has its own, so that nobody fills
    the disk through a form without a file. A request without a length has no body for Django.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        try:
            length = int(request.META.get("CONTENT_LENGTH") or 0)
        except ValueError:
            return None  # Django reads it as no body
        if length > getattr(view, "body_limit", settings.BODY_MAX_BYTES):
            return errors.too_large(request)
        return None
