"""The secrets of the second factor, encrypted in the database, and what happens when one can be read no more.

That comes of a PRIVACY_KEY lost for good and replaced (``privacy_key --accept-new``), or of a damaged row: the code
is refused with the sentence below, and an administrator removes the factor (accounts.remove_second_factor, or
``manage.py new_second_factor`` for who is alone).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator

from solidarites import journal, secrets_at_rest
from solidarites.models import User

PURPOSE = "second factor"
UNREADABLE = (
    "Vos codes ne peuvent plus être vérifiés : l’installation ne sait plus lire votre double authentification. "
    "Demandez à une personne de l’administration de la retirer ; vous en installerez une nouvelle à la connexion "
    "suivante. Si vous êtes seul(e) à administrer, la personne qui tient la machine lance "
    "« python manage.py new_second_factor » avec votre adresse e-mail."
)


def encrypt(text: str) -> str:
    return secrets_at_rest.encrypt_text(text, purpose=PURPOSE)


def decrypt(text: str) -> str:
    """Raises secrets_at_rest.Unreadable."""
    return secrets_at_rest.decrypt_text(text, purpose=PURPOSE)


def _secrets_of(factor: Authenticator) -> Iterator[str]:
    for name in ("secret", "seed"):
        if name in factor.data:
            yield factor.data[name]
    yield from factor.data.get("migrated_codes") or []


def is_readable(factor: Authenticator) -> bool:
    try:
        for text in _secrets_of(factor):
            decrypt(text)
    except secrets_at_rest.Unreadable:
        return False
    return True


def recognised() -> bool | None:
    """Whether the key in use reads any of those that are encrypted; None when there are none."""
    known = None
    for factor in Authenticator.objects.order_by("-pk").iterator(chunk_size=50):
        if is_readable(factor):
            return True
        if any(map(secrets_at_rest.is_encrypted, _secrets_of(factor))):
            known = False
    return known


def locked_out() -> int:
    """How many people have a second factor that the key in use cannot read."""
    return len({factor.user_id for factor in Authenticator.objects.iterator() if not is_readable(factor)})


def that_takes(user: Any, code: str) -> Authenticator | None:
    """Among those of ``user`` that can still be read, the one that ``code`` opens."""
    for factor in Authenticator.objects.filter(user=user).order_by("pk"):
        if is_readable(factor) and factor.wrap().validate_code(code):
            return factor
    return None


def note_unreadable(user: User) -> None:
    journal.record("account.second_factor_unreadable", user, actor="system")
