"""What must be read again and says too much in clear: encrypted under a key of its own, derived from PRIVACY_KEY.

A copy of the database alone (a backup, a disk) opens nothing. Each purpose has its key: what was written for one is
never read for another. The key of the installation is known by its fingerprint (``privacy``), so it changes on purpose
alone; what was written under the one before can then be read no more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

LABEL = "solidarites: secrets at rest: "
# Tells what is encrypted from what was kept in clear before.
MARK = "f1:"


class Unreadable(Exception):
    """Not written under this key for this purpose, or damaged since."""


def _cipher(purpose: str) -> Fernet:
    key = hmac.new(settings.PRIVACY_KEY.encode(), (LABEL + purpose).encode(), hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def encrypt(data: bytes, *, purpose: str) -> bytes:
    return _cipher(purpose).encrypt(data)


def decrypt(data: bytes, *, purpose: str) -> bytes:
    """Raises Unreadable; never anything else, whatever ``data`` is."""
    try:
        return _cipher(purpose).decrypt(data)
    except InvalidToken as error:
        raise Unreadable(purpose) from error


def encrypt_text(text: str, *, purpose: str) -> str:
    return MARK + encrypt(text.encode(), purpose=purpose).decode()


def decrypt_text(text: str, *, purpose: str) -> str:
    """Raises Unreadable, also for a text in clear: whoever can write in the database chooses no secret."""
    if not is_encrypted(text):
        raise Unreadable(purpose)
    return decrypt(text.removeprefix(MARK).encode(), purpose=purpose).decode()


def is_encrypted(text: object) -> bool:
    return isinstance(text, str) and text.startswith(MARK)
