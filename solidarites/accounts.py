"""Accounts: invitations, roles, who is deactivated, the first administrator.

An invitation is a link. Its token is derived from the row and the installation's secret, never stored: the
database holds its hash alone, a message or a screen makes it again when it is needed, and sending the
invitation again makes the link before it worthless.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, ProtectedError
from django.urls import reverse
from django.utils.crypto import salted_hmac

from solidarites import departures, journal, mail, notices, roles
from solidarites.models import Invitation, User

INVITATION_DAYS = 14
# A link for somebody who has an account opens it to whoever holds it.
PASSWORD_LINK_DAYS = 1
MOST_ADDRESSES = 200
LANGUAGES = {
    "de": "allemand",
    "en": "anglais",
    "ar": "arabe",
    "eu": "basque",
    "zh": "chinois",
    "es": "espagnol",
    "it": "italien",
    "oc": "occitan",
    "pl": "polonais",
    "pt": "portugais",
    "ro": "roumain",
    "ru": "russe",
    "tr": "turc",
    "uk": "ukrainien",
    "vi": "vietnamien",
}


class AccountRefused(Exception):
    """The change is not possible; the message, in French, says why to the person who asked."""


@dataclass(frozen=True)
class Address:
    email: str
    first_name: str = ""
    last_name: str = ""


@dataclass
class Invited:
    """What came of inviting several people."""

    invitations: list[Invitation] = field(default_factory=list)
    given: list[User] = field(default_factory=list)  # had an account: they simply got the role
    deactivated: list[User] = field(default_factory=list)  # nothing was changed for them


# Addresses pasted by a person -------------------------------------------------------------------------
ANGLED = re.compile(r"^(?P<name>.*?)[<(\[]\s*(?:mailto:)?(?P<email>[^<>()\[\]]+?)\s*[>)\]]\W*$")


def parse_addresses(text: str) -> tuple[list[Address], list[str]]:
    """Read addresses whatever separates them, with or without names; give also the pieces that are none.

    « Léa Roux <lea@exemple.fr> », « Roux, Léa <lea@exemple.fr> », « Léa Roux lea@exemple.fr » and bare
    addresses are understood; an address given twice counts once.
    """
    found: dict[str, Address] = {}
    refused: list[str] = []
    for line in re.split(r"[\n\r;\t|]+", text.replace("\u00a0", " ")):
        pieces = [piece.strip() for piece in line.split(",")]
        index = 0
        while index < len(pieces):
            piece = pieces[index]
            # « Roux, Léa <lea@exemple.fr> »: the comma stands inside the name.
            if piece and "@" not in piece and index + 1 < len(pieces) and "<" in pieces[index + 1]:
                given, _, rest = pieces[index + 1].partition("<")
                pieces[index + 1] = f"{given.strip()} {piece} <{rest}"
                piece = ""
            index += 1
            for email, name in _split(piece):
                address = _address(email, name)
                if address is None:
                    refused.append(f"{name} {email}".strip()[:120])
                else:
                    found.setdefault(address.email, address)
    return list(found.values()), refused


def _split(piece: str) -> list[tuple[str, str]]:
    """The (address, name) pairs of one piece."""
    if not piece:
        return []
    if match := ANGLED.match(piece):
        return [(match["email"], match["name"])]
    words = piece.split()
    addresses = [word for word in words if "@" in word]
    if len(addresses) == 1:
        return [(addresses[0], " ".join(word for word in words if word != addresses[0]))]
    return [(word, "") for word in words] if addresses else [(piece, "")]


def _address(email: str, name: str) -> Address | None:
    email = email.strip("\"' <>()[].:").removeprefix("mailto:").lower()
    first_name, _, last_name = name.strip("\"' <>()[].,:-").partition(" ")
    try:
        validate_email(email)
    except ValidationError:
        return None
    if len(email) > 254:
        return None
    return Address(email, first_name.strip()[:150], last_name.strip()[:150])


# Who may do what to whom --------------------------------------------------------------------------------
def roles_to_give(by: User) -> tuple[str, ...]:
    """Coordinators invite volunteers; administrators give any role."""
    if by.has_role(roles.ADMINISTRATOR):
        return roles.ROLES
    return (roles.VOLUNTEER,) if by.has_role(roles.COORDINATOR) else ()


def may_manage(by: User, user: User) -> bool:
    """Administrators manage every account, coordinators those of people who only call."""
    if by.has_role(roles.ADMINISTRATOR):
        return True
    return by.has_role(roles.COORDINATOR) and not user.is_superuser and set(user.role_names) == {roles.VOLUNTEER}


def _check_may_manage(by: User, user: User) -> None:
    if not may_manage(by, user):
        raise AccountRefused("Seule l'administration peut modifier ce compte.")


def _one_at_a_time() -> None:
    """Two administrators who close each other's account at once leave one: the second waits, then looks."""
    administrators = User.objects.filter(groups__name=roles.ADMINISTRATOR).values("pk")
    list(User.objects.select_for_update().filter(pk__in=administrators).order_by("pk").values_list("pk"))


def _check_not_last_administrator(user: User) -> None:
    others = User.objects.filter(groups__name=roles.ADMINISTRATOR, is_active=True).exclude(pk=user.pk)
    if user.has_role(roles.ADMINISTRATOR) and not others.exists():
        raise AccountRefused(
            "C'est le seul compte d'administration actif : donnez d'abord ce rôle à une autre personne."
        )


# Invitations ----------------------------------------------------------------------------------------------
def token_of(invitation: Invitation) -> str:
    seed = f"{invitation.user_id}:{invitation.created_at.timestamp():.6f}"
    return salted_hmac("solidarites.invitation", seed, algorithm="sha256").hexdigest()


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def link_of(invitation: Invitation) -> str:
    return settings.SITE_URL + reverse("people:invitation", args=[token_of(invitation)])


def has_joined(user: User) -> bool:
    """Whether this person ever chose a password."""
    return bool(user.has_usable_password())


@transaction.atomic
def invite(*, addresses: list[Address], role: str, by: User, now: datetime) -> Invited:
    """Invite people to a role: an account without password, a link by e-mail, one journal row.

    Existing accounts get the role (with a new link when they never joined and ``by`` may manage them: the link of
    somebody invited to more is no coordinator's); deactivated ones are left as they are and reported. Those invited
    from the demonstration bear its mark. Raises AccountRefused when ``by`` may not give ``role``.
    """
    if role not in roles_to_give(by):
        raise AccountRefused("Vous ne pouvez pas inviter à ce rôle.")
    result = Invited()
    group = Group.objects.get(name=role)
    for address in addresses[:MOST_ADDRESSES]:
        user = User.objects.filter(email__iexact=address.email).first()
        may_open = user is None or not user.role_names or may_manage(by, user)
        if user is None:
            user, _ = User.objects.get_or_create(
                email=address.email,
                defaults={
                    "first_name": address.first_name,
                    "last_name": address.last_name,
                    "password": make_password(None),
                    "is_demo": settings.DEMO,
                },
            )
        if not user.is_active:
            result.deactivated.append(user)
            continue
        user.groups.add(group)
        if has_joined(user) or not may_open:
            result.given.append(user)
        else:
            result.invitations.append(_issue(user, by, now))
    ids = [user.pk for user in result.given] + [one.user_id for one in result.invitations]
    journal.record("account.invited", by=by, role=role, users=ids)
    return result


def _issue(user: User, by: User | None, now: datetime) -> Invitation:
    """A new link; the one before it stops working."""
    days = PASSWORD_LINK_DAYS if has_joined(user) else INVITATION_DAYS
    invitation = Invitation(user=user, created_at=now)
    invitation, _ = Invitation.objects.update_or_create(
        user=user,
        defaults={
            "token_hash": hash_of(token_of(invitation)),
            "invited_by": by,
            "created_at": now,
            "expires_at": now + timedelta(days=days),
            "accepted_at": None,
        },
    )
    _cancel_mail(invitation)
    mail.queue_mail(
        key=f"invitation:{invitation.pk}:{now.timestamp():.6f}",
        about=invitation,
        to=user.email,
        template="invitation",
        context={"invitation_id": invitation.pk, "days": days, "joined": has_joined(user)},
        now=now,
    )
    return invitation


def _cancel_mail(invitation: Invitation) -> None:
    mail.cancel(invitation, "invitation")


@transaction.atomic
def send_again(*, user: User, by: User, now: datetime) -> Invitation:
    """A new invitation for somebody who has not joined yet.

    Raises AccountRefused for a deactivated account, for one that ``by`` may not manage, and for somebody who has
    joined: a link would open their account to whoever holds it (``give_link``).
    """
    _check_may_manage(by, user)
    _check_active(user)
    if has_joined(user):
        raise AccountRefused(
            "Cette personne a déjà rejoint l'équipe\u00a0: seule l'administration peut lui donner un lien."
        )
    invitation = _issue(user, by, now)
    journal.record("account.link_sent", user, by=by)
    return invitation


@transaction.atomic
def give_link(*, user: User, by: User, now: datetime) -> Invitation:
    """A link of one day for somebody who has joined and lost the password; they are told when they next sign in.

    Administrators only, and not for oneself. Raises AccountRefused otherwise, for a deactivated account, and for
    somebody who has not joined yet (``send_again``).
    """
    if not by.has_role(roles.ADMINISTRATOR):
        raise AccountRefused("Seule l'administration peut donner un lien à une personne qui a déjà rejoint l'équipe.")
    if user.pk == by.pk:
        raise AccountRefused("Pour vous-même, changez de mot de passe dans «\u00a0Mon compte\u00a0».")
    _check_active(user)
    if not has_joined(user):
        raise AccountRefused("Cette personne n'a pas encore rejoint l'équipe\u00a0: renvoyez-lui son invitation.")
    invitation = _issue(user, by, now)
    notices.tell(user=user, kind="link_given", now=now)
    journal.record("account.link_given", user, by=by)
    return invitation


def _check_active(user: User) -> None:
    if not user.is_active:
        raise AccountRefused("Ce compte est désactivé : réactivez-le d'abord.")


@transaction.atomic
def remind_invitation(*, user: User, now: datetime) -> None:
    """Somebody who never joined says to have forgotten the password: the invitation goes again, if there is one."""
    invitation = Invitation.objects.filter(user=user).first()
    if invitation is not None and user.is_active:
        _issue(user, invitation.invited_by, now)
        journal.record("account.link_asked", user, actor="public")


@transaction.atomic
def withdraw(*, user: User, by: User) -> None:
    """Take an invitation back: the link stops working and the account, never used, is removed.

    Raises AccountRefused when the person has joined meanwhile (deactivate the account instead).
    """
    _check_may_manage(by, user)
    user = User.objects.select_for_update().get(pk=user.pk)
    if has_joined(user):
        raise AccountRefused("Cette personne a déjà rejoint l'équipe : désactivez plutôt son compte.")
    for invitation in Invitation.objects.filter(user=user):
        _cancel_mail(invitation)
        invitation.delete()
    journal.record("account.withdrawn", user, by=by)
    try:
        with transaction.atomic():
            user.delete()
    except ProtectedError:
        # Already named somewhere (a plan, a list): the account stays, closed.
        User.objects.filter(pk=user.pk).update(is_active=False)


def find_invitation(token: str, now: datetime) -> Invitation | None:
    """The invitation this link opens, as long as it does."""
    open_ones = Invitation.objects.select_related("user", "invited_by").filter(
        accepted_at=None, expires_at__gt=now, user__is_active=True
    )
    return open_ones.filter(token_hash=hash_of(token)).first()


@transaction.atomic
def accept(*, invitation: Invitation, first_name: str, last_name: str, password: str, now: datetime) -> User:
    """Names and a password; the link has then served. Raises AccountRefused when it had already."""
    taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, token_hash=invitation.token_hash)
    if not taken.update(accepted_at=now):
        raise AccountRefused("Ce lien a déjà servi. Connectez-vous avec votre mot de passe.")
    user = User.objects.get(pk=invitation.user_id)
    joined = has_joined(user)
    user.first_name, user.last_name = first_name, last_name
    user.set_password(password)
    user.save(update_fields=["first_name", "last_name", "password"])
    if joined:
        notices.tell(user=user, kind="link_used", now=now)
        journal.record("account.password_reset", user, by=user)
    else:
        journal.record("account.joined", user, by=user)
    return user


# Accounts --------------------------------------------------------------------------------------------------
def refusal_to_deactivate(*, user: User, by: User) -> str:
    """Why ``by`` may not close this account; empty when they may."""
    try:
        _check_deactivation(user, by)
    except AccountRefused as refusal:
        return str(refusal)
    return ""


def _check_deactivation(user: User, by: User) -> None:
    _check_may_manage(by, user)
    if user.pk == by.pk:
        raise AccountRefused("Vous ne pouvez pas désactiver votre propre compte.")
    _check_not_last_administrator(user)


@transaction.atomic
def deactivate(*, user: User, by: User, now: datetime) -> None:
    """Close an account. Its sessions and links end for good, on every device; what it recorded stays.

    What was this person's to do goes to others (``departures``). Nothing happens to an account already closed.
    Raises AccountRefused for oneself, for the last administrator, and for an account ``by`` may not manage.
    """
    _one_at_a_time()
    _check_deactivation(user, by)
    closed = User.objects.filter(pk=user.pk, is_active=True)
    if not closed.update(is_active=False, sessions_ended=F("sessions_ended") + 1):
        return
    for invitation in Invitation.objects.filter(user=user, accepted_at=None):
        _cancel_mail(invitation)
        Invitation.objects.filter(pk=invitation.pk, expires_at__gt=now).update(expires_at=now)
    journal.record("account.deactivated", user, by=by)
    departures.settle(user=User.objects.get(pk=user.pk), by=by, now=now)


@transaction.atomic
def reactivate(*, user: User, by: User) -> None:
    """Open a closed account again, with the roles it had; a sign-in begun before it was closed leads nowhere.

    Raises AccountRefused when ``by`` may not manage it.
    """
    _check_may_manage(by, user)
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True, sessions_ended=F("sessions_ended") + 1):
        journal.record("account.reactivated", user, by=by)


@transaction.atomic
def set_roles(*, user: User, names: list[str], switchboard: bool, by: User) -> None:
    """Give exactly these roles, and the right to confirm calls or not.

    Administrators only; raises AccountRefused when no administrator would be left.
    """
    if not by.has_role(roles.ADMINISTRATOR):
        raise AccountRefused("Seule l'administration peut changer les rôles.")
    if roles.ADMINISTRATOR not in names:
        _one_at_a_time()
        _check_not_last_administrator(user)
    user.groups.set(Group.objects.filter(name__in=names))
    app, codename = roles.SWITCHBOARD_PERMISSION.split(".")
    permission = Permission.objects.get(content_type__app_label=app, codename=codename)
    (user.user_permissions.add if switchboard else user.user_permissions.remove)(permission)
    journal.record("account.roles", user, by=by, roles=",".join(sorted(names)), switchboard=switchboard)


@transaction.atomic
def remove_second_factor(*, user: User, by: User, now: datetime) -> None:
    """For somebody who lost the phone and the recovery codes: their sessions end, the next sign-in asks to set it up.

    Administrators only, and never one's own (that has its own page, which asks for a code). Its owner is told.
    """
    if not by.has_role(roles.ADMINISTRATOR) or user.pk == by.pk:
        raise AccountRefused("Seule une autre personne de l'administration peut retirer cette double authentification.")
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user=user)
    notices.tell(user=user, kind="factor_removed", now=now)
    journal.record("account.second_factor_removed", user, by=by)


@transaction.atomic
def forget_second_factor(*, user: User, now: datetime) -> None:
    """The same from the machine itself (``manage.py new_second_factor``), where no other administrator can do it.

    Whoever may run a command there reads the database anyway; the password is still asked for, and the row stays.
    """
    Authenticator.objects.filter(user=user).delete()
    end_sessions(user=user)
    notices.tell(user=user, kind="factor_removed", now=now)
    journal.record("account.second_factor_removed", user, actor="command")


@transaction.atomic
def give_password(*, user: User, password: str, now: datetime) -> None:
    """From the machine itself (``manage.py new_password``); checked by the caller. Its owner is told, sessions end."""
    user.set_password(password)
    user.save(update_fields=["password"])
    end_sessions(user=user)
    notices.tell(user=user, kind="password", now=now)
    journal.record("account.password_changed", user, actor="command")


def end_sessions(*, user: User) -> None:
    """Every session of this account ends, inside the transaction (and under the journal row) of who asks for it."""
    User.objects.filter(pk=user.pk).update(sessions_ended=F("sessions_ended") + 1)


@transaction.atomic
def update_profile(
    *, user: User, first_name: str, last_name: str, languages: list[str], hide_number: bool, keyboard_shortcuts: bool
) -> None:
    """What a person says of herself: names, languages spoken on the phone, habits of the calling page."""
    user.first_name, user.last_name, user.languages = first_name, last_name, languages
    user.hide_number, user.keyboard_shortcuts = hide_number, keyboard_shortcuts
    user.save(update_fields=["first_name", "last_name", "languages", "hide_number", "keyboard_shortcuts"])
    journal.record("account.profile", user, by=user)


@transaction.atomic
def set_habit(*, user: User, name: str, value: bool) -> None:
    """One habit of the calling page, changed from there: ``hide_number`` or ``keyboard_shortcuts``."""
    if name not in ("hide_number", "keyboard_shortcuts"):
        raise ValueError(name)
    setattr(user, name, value)
    user.save(update_fields=[name])
    journal.record("account.profile", user, by=user)


@transaction.atomic
def make_first_administrator(*, email: str, first_name: str, last_name: str, password: str) -> User | None:
    """The account an installation starts with; nothing when an administrator exists already."""
    if User.objects.filter(groups__name=roles.ADMINISTRATOR, is_active=True).exists():
        return None
    user = User.objects.create_superuser(email, password, first_name=first_name, last_name=last_name)
    journal.record("account.first_administrator", user, by=user)
    return user
