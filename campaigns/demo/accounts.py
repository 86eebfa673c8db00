"""The accounts of the demonstration."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from django.contrib.auth.models import Group

from campaigns.demo import names
from solidarites import roles
from solidarites.models import User

PASSWORD = "solidarites-demo"  # noqa: S105 - said on the screen: a real installation refuses such accounts
KNOWN = {
    "benevole@exemple.fr": ("Bénédicte", "Volant", roles.VOLUNTEER),
    "benevole2@exemple.fr": ("Basile", "Lenoir", roles.VOLUNTEER),
    "coordination@exemple.fr": ("Corinne", "Dunes", roles.COORDINATOR),
    "admin@exemple.fr": ("Adrien", "Minvielle", roles.ADMINISTRATOR),
}


def make_known() -> dict[str, User]:
    """The four that sign in; those already there keep what was changed."""
    return {email: _make(email, first, last, role, password=PASSWORD) for email, (first, last, role) in KNOWN.items()}


def make_volunteers(now: datetime) -> list[User]:
    """The forty-one of spring 2020: they called, nobody signs in as one of them."""
    found = [
        _make(f"{_plain(first)}.{_plain(last)}@exemple.fr", first, last, roles.VOLUNTEER)
        for first, last in names.VOLUNTEERS
    ]
    User.objects.filter(pk__in=[user.pk for user in found], trained_at=None).update(trained_at=now)
    return found


def _make(email: str, first: str, last: str, role: str, password: str | None = None) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        staff = role in (roles.COORDINATOR, roles.ADMINISTRATOR)
        user = User.objects.create_user(
            email, password, first_name=first, last_name=last, is_demo=True, is_staff=staff,
            is_superuser=role == roles.ADMINISTRATOR,
        )  # fmt: skip
        user.groups.add(Group.objects.get(name=role))
    return user


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().replace(" ", "-")
