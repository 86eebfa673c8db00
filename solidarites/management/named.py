"""The account that a command is about."""

from __future__ import annotations

from django.core.management.base import CommandError

from solidarites.models import User


def account_named(email: str) -> User:
    """The account with this address, however its letters are written. Raises CommandError when there is none."""
    user = User.objects.filter(email__iexact=email.strip()).first()
    if user is None:
        raise CommandError("Aucun compte n'a cette adresse.")
    return user
