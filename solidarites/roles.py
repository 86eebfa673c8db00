"""Who may do what: a role is a Django group; every view says which roles may open it.

``@role_required(...)``, ``@signed_in`` and ``@public`` mark a view; the role × URL matrix of the tests reads the mark,
so a view that carries none fails the suite. A view they mark may take a ``SignedInRequest``, the public ones excepted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve, reverse
from django_htmx.middleware import HtmxDetails

from solidarites import journal
from solidarites.models import ADMINISTRATOR, COORDINATOR, ROLES, VOLUNTEER
from solidarites.requests import SignedInRequest, asks_for_a_part

LABELS = {VOLUNTEER: "bénévole", COORDINATOR: "coordination", ADMINISTRATOR: "administration"}
# A permission, not a role: reception staff confirm that a call was genuine.
SWITCHBOARD_PERMISSION = "solidarites.confirm_calls"
# What @role_required(SWITCHBOARD) stands for in the matrix.
SWITCHBOARD = "switchboard"

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer", bound=HttpResponseBase)
# What the decorators below take, and what Django is given.
OfSignedIn = Callable[Concatenate[SignedInRequest, Arguments], Answer]
OfAnybody = Callable[Concatenate[HttpRequest, Arguments], Answer | HttpResponse]


def make_groups(*, using: str, **kwargs: Any) -> None:
    """A role is a Django group: every database has the three, from its first migration on (post_migrate)."""
    for name in ROLES:
        Group.objects.using(using).get_or_create(name=name)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Nobody is signed in, or nobody any more: the sign-in page, then back to where one was.

    A form that was sent cannot be opened as a page: it leads home. A script that polls, or asks for a part of a page,
    is answered 401 and told the address of the sign-in page (htmx opens it): it never puts a page into another.
    """
    if asks_for_a_part(request):
        answer = HttpResponse(status=401)
        page = HtmxDetails(request).current_url_abs_path or reverse("home")
        answer["HX-Redirect"] = redirect_to_login(page).url
        return answer
    return redirect_to_login(request.get_full_path() if request.method in ("GET", "HEAD") else reverse("home"))


def role_required(
    *roles: str,
) -> Callable[[OfSignedIn[Arguments, Answer]], OfAnybody[Arguments, Answer]]:
    """Open the view to people who hold one of ``roles``.

    Anonymous: see ``to_sign_in``. Signed in without the role: journaled, then PermissionDenied (a French 403 page).
    """
    unknown = set(roles) - {*ROLES, SWITCHBOARD}
    if unknown:
        raise ValueError(f"unknown roles: {unknown}")

    def decorate(view: OfSignedIn[Arguments, Answer]) -> OfAnybody[Arguments, Answer]:
        @wraps(view)
        def checked(
            request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs
        ) -> Answer | HttpResponse:
            user = request.user
            if not user.is_authenticated:
                return to_sign_in(request)
            allowed = any(user.has_role(role) for role in roles if role != SWITCHBOARD) or (
                SWITCHBOARD in roles and user.has_perm(SWITCHBOARD_PERMISSION)
            )
            if not allowed:
                match = request.resolver_match
                journal.record("access.refused", by=user, route=match.view_name if match else "")
                raise PermissionDenied
            return view(cast(SignedInRequest, request), *args, **kwargs)

        checked.roles = roles  # type: ignore[attr-defined]
        return checked

    return decorate


def public(view: View) -> View:
    """Open to everyone, signed in or not; it must show no personal data (tests/house lists these views)."""
    view.roles = ("public",)  # type: ignore[attr-defined]
    return login_not_required(view)


def signed_in(view: OfSignedIn[Arguments, Answer]) -> OfAnybody[Arguments, Answer]:
    """Open to everyone who has signed in, whatever their role."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer | HttpResponse:
        if not request.user.is_authenticated:
            return to_sign_in(request)
        return view(cast(SignedInRequest, request), *args, **kwargs)

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
