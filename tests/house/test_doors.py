"""Every route that opens without signing in, one by one: a door is added here on purpose, or not at all.

All others are closed by ``SignInMiddleware``, whether their view says who may open it or not.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from solidarites.middleware import SignInMiddleware
from tests.house.routes import walk

OPEN = {
    # Signing in, and what leads to it.
    "home",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "mfa_authenticate",
    "people:invitation",
    "admin:login",
    # Routes that allauth asks for and nobody needs: they lead to the sign-in page.
    "account_signup",
    "account_email",
    "account_email_verification_sent",
    "account_set_password",
    # Yes or no, for monitoring.
    "health",
    "health_metrics",
    # Behind a link that somebody was given: partners, caretakers, the agenda of a volunteer.
    "partner:door",
    "partner:code",
    "partner:sheet",
    "partner:pdf",
    "partner:act",
    "public:caretaker",
    "public:caretaker_answer",
    "agenda",
    # A neighbour's worry.
    "public:neighbour",
    "public:neighbour_code",
    "public:neighbour_thanks",
    # What anybody may read: nothing personal.
    "public:faq",
    "public:faq_crisis",
    "public:faq_landlord",
    "public:numbers",
    "public:gestures_all",
    "public:gestures",
    "public:gestures_pdf",
    "public:data",
    "public:data_campaign",
    "public:legal",
    "public:accessibility",
    # The picture that networks show beside its address.
    "public:picture",
    "public:share_picture",
    "public:share_picture_of",
}
# Keeps what was posted when the session has just ended, then sends to the sign-in page by itself (test_matrix).
ANSWERS_BY_ITSELF = {"caller:record"}


def is_open(view: object) -> bool:
    """As Django's middleware reads it."""
    return not getattr(view, "login_required", True)


def test_the_doors_that_open_without_signing_in_are_those_of_the_list() -> None:
    found = {route.name for route in walk() if is_open(route.view)}
    assert found == OPEN | ANSWERS_BY_ITSELF


def test_whatever_is_public_is_open_and_the_reverse() -> None:
    """What a view says of its roles and what the middleware does are one."""
    ours = [route for route in walk() if route.is_ours]
    assert {route.name for route in ours if "public" in route.roles} == {
        route.name for route in ours if is_open(route.view)
    } - ANSWERS_BY_ITSELF


def test_a_view_that_says_nothing_is_closed(rf: RequestFactory) -> None:
    def forgotten(request: HttpRequest) -> HttpResponse:
        raise AssertionError("shown to somebody who has not signed in")

    request = rf.get("/oubliee/")
    request.user = AnonymousUser()
    answer = SignInMiddleware(forgotten).process_view(request, forgotten, (), {})
    assert answer is not None
    assert (answer.status_code, answer["Location"]) == (302, "/connexion/?next=/oubliee/")


def test_the_middleware_is_on(settings: Any) -> None:
    assert f"{SignInMiddleware.__module__}.{SignInMiddleware.__name__}" in settings.MIDDLEWARE
