"""The accounts of the demonstration."""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from campaigns.demo import names
from solidarites import accounts, roles
from solidarites.models import Invitation, User

PASSWORD = "solidarites-demo"  # noqa: S105 - said on the screen: a real installation refuses such accounts
KNOWN = {
    "benevole@exemple.fr": ("Bénédicte", "Volant", roles.VOLUNTEER),
    "benevole2@exemple.fr": ("Basile", "Lenoir", roles.VOLUNTEER),
    "coordination@exemple.fr": ("Corinne", "Dunes", roles.COORDINATOR),
    "admin@exemple.fr": ("Adrien", "Minvielle", roles.ADMINISTRATOR),
}


# One of the forty-one, who has left since.
LEFT = 11
# Who was asked lately, and has not come yet.
INVITED = (("Maud", "Larrieu"), ("Jonathan", "Peyrelongue"), ("Aïcha", "Benali"))
# Days and hours at which people joined after the call for volunteers: most at once, some after the weekend.
JOINED = ((0, 14), (0, 16), (1, 9), (1, 11), (0, 15), (4, 9), (1, 10), (4, 14), (0, 17), (1, 16), (4, 11))


def make_known() -> dict[str, User]:
    """The four that sign in; those already there keep what was changed. One password, made once: it is public."""
    known = set(User.objects.filter(email__in=KNOWN).values_list("email", flat=True))
    password = make_password(PASSWORD) if len(known) < len(KNOWN) else ""
    return {email: _make(email, first, last, role, password) for email, (first, last, role) in KNOWN.items()}


def make_volunteers(called: datetime, by: User) -> list[User]:
    """The forty-one of spring 2020: they joined in the days after the call. Nobody knows their passwords."""
    wanted = [(f"{_plain(first)}.{_plain(last)}@exemple.fr", first, last) for first, last in names.VOLUNTEERS]
    found = {user.email: user for user in User.objects.filter(email__in=[email for email, *_ in wanted])}
    password = make_password(secrets.token_urlsafe())
    for number, (email, first, last) in enumerate(wanted):
        if email in found:
            continue
        days, hour = JOINED[number % len(JOINED)]
        joined = (called + timedelta(days=days)).replace(hour=hour, minute=number * 17 % 60)
        found[email] = _make(email, first, last, roles.VOLUNTEER, password, joined)
        Invitation.objects.create(
            user=found[email],
            token_hash=accounts.hash_of(secrets.token_urlsafe()),
            invited_by=by,
            created_at=called,
            expires_at=called + timedelta(days=accounts.INVITATION_DAYS),
            accepted_at=joined,
        )
    return [found[email] for email, *_ in wanted]


def came_last(users: Iterable[User], moments: Iterator[datetime]) -> None:
    """When each signed in last."""
    for user, moment in zip(users, moments, strict=False):
        User.objects.filter(pk=user.pk).update(last_login=moment)


def invite_some(by: User, now: datetime) -> None:
    """Invited these last days, not come yet; and somebody who has left the team."""
    for number, (first, last) in enumerate(INVITED):
        address = accounts.Address(f"{_plain(first)}.{_plain(last)}@exemple.fr", first, last)
        at = now - timedelta(days=2 * number, hours=5)
        accounts.invite(addresses=[address], role=roles.VOLUNTEER, by=by, now=at)
        User.objects.filter(email=address.email).update(is_demo=True, date_joined=at)
    first, last = names.VOLUNTEERS[LEFT]
    gone = User.objects.get(email=f"{_plain(first)}.{_plain(last)}@exemple.fr")
    accounts.deactivate(user=gone, by=by, now=now)


def _make(email: str, first: str, last: str, role: str, password: str, joined: datetime | None = None) -> User:
    """``password`` is kept as it comes: encoded."""
    user = User.objects.filter(email=email).first()
    if user is None:
        staff = role in (roles.COORDINATOR, roles.ADMINISTRATOR)
        user = User.objects.create(
            email=email, password=password, first_name=first, last_name=last, is_demo=True, is_staff=staff,
            is_superuser=role == roles.ADMINISTRATOR, trained_at=joined and joined + timedelta(minutes=50),
            **({"date_joined": joined} if joined else {}),
        )  # fmt: skip
        user.groups.add(Group.objects.get(name=role))
    return user


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().replace(" ", "-")
