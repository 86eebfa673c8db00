"""Who may do what: a role is a Django group; every view says which roles may open it.

``@role_required(...)`` and ``@public`` mark a view; the role × URL matrix of the tests reads the mark,
so a view that carries neither fails the suite.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import resolve, reverse

from solidarites import journal

VOLUNTEER = "volunteer"
COORDINATOR = "coordinator"
ADMINISTRATOR = "administrator"
ROLES = (VOLUNTEER, COORDINATOR, ADMINISTRATOR)
LABELS = {VOLUNTEER: "bénévole", COORDINATOR: "coordination", ADMINISTRATOR: "administration"}
# A permission, not a role: reception staff confirm that a call was genuine.
SWITCHBOARD_PERMISSION = "solidarites.confirm_calls"
# What @role_required(SWITCHBOARD) stands for in the matrix.
SWITCHBOARD = "switchboard"

View = Callable[..., HttpResponse]


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page, then back; a form that was sent cannot be opened as a page, so it leads home."""
    # Imported late: it needs the user model, which needs this module.
    from django.contrib.auth.views import redirect_to_login

    return redirect_to_login(request.get_full_path() if request.method in ("GET", "HEAD") else reverse("home"))


def role_required(*roles: str) -> Callable[[View], View]:
    """Open the view to people who hold one of ``roles``.

    Anonymous: redirected to the sign-in page. Signed in without the role: journaled, then
    PermissionDenied (a French 403 page).
    """
    unknown = set(roles) - {*ROLES, SWITCHBOARD}
    if unknown:
        raise ValueError(f"unknown roles: {unknown}")

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            if not user.is_authenticated:
                return _to_sign_in(request)
            allowed = any(user.has_role(role) for role in roles if role != SWITCHBOARD) or (
                SWITCHBOARD in roles and user.has_perm(SWITCHBOARD_PERMISSION)
            )
            if not allowed:
                match = request.resolver_match
                journal.record("access.refused", by=user, route=match.view_name if match else "")
                raise PermissionDenied
            return view(request, *args, **kwargs)

        checked.roles = roles  # type: ignore[attr-defined]
        return checked

    return decorate


def public(view: View) -> View:
    """Open to everyone, signed in or not; it must show no personal data."""
    view.roles = ("public",)  # type: ignore[attr-defined]
    return view


def signed_in(view: View) -> View:
    """Open to everyone who has signed in, whatever their role."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    # « nobody »: an account without any role.
    checked.roles = ("nobody", *ROLES, SWITCHBOARD)  # type: ignore[attr-defined]
    return checked


def may_open(user: Any, path: str) -> bool:
    """Whether the view behind this path of ours is open to this person, by its own mark."""
    opened = set(getattr(resolve(path).func, "roles", ()))
    return bool(opened & {"public", "nobody"}) or any(user.has_role(role) for role in opened if role in ROLES)


def home_for(user: Any) -> str:
    """The path of the page where this person's work starts."""
    if user.has_role(VOLUNTEER) and not user.has_role(COORDINATOR):
        return reverse("caller:home")
    if user.has_role(COORDINATOR):
        return reverse("coordinator:dashboard")
    if user.has_role(ADMINISTRATOR):
        return reverse("imports:list")
    if user.has_perm(SWITCHBOARD_PERMISSION):
        return reverse("switchboard:verify")
    return reverse("no_role")
