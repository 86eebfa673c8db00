"""PRIVACY_KEY, and what the database remembers of it: a fingerprint, so that another key is noticed before it serves.

Oppositions are kept as hashes under this key alone: with another one, people who asked never to be called again are
called. Second factors are encrypted under a key derived from it (``factors``): with another one, nobody of the team
signs in. The fingerprint is written by the first web, worker or beat that starts (``checks``), never by a command: a
terminal may not have the environment of the services.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from solidarites import journal
from solidarites.models import Installation

LABEL = b"solidarites: fingerprint of PRIVACY_KEY"
# Enough to tell two keys apart, useless to guess one.
LENGTH = 16
# Applications that hold hashes say whether the key in use recognises them; None when they cannot tell.
_proofs: list[Callable[[], bool | None]] = []


def fingerprint(key: str | None = None) -> str:
    """« 3f2a-91c0-77de-0b54 », of ``key`` or of the one in use."""
    given = settings.PRIVACY_KEY if key is None else key
    text = hmac.new(given.encode(), LABEL, hashlib.sha256).hexdigest()[:LENGTH]
    return "-".join(text[at : at + 4] for at in range(0, LENGTH, 4))


def known() -> str:
    """The fingerprint this database was used with; empty when nothing has started on it yet."""
    return Installation.objects.values_list("privacy_key", flat=True).first() or ""


def prove_by(proof: Callable[[], bool | None]) -> None:
    if proof not in _proofs:
        _proofs.append(proof)


def recognises() -> bool:
    """False when the key in use is proved to be another one than that of the hashes in the database."""
    return all(proof() is not False for proof in _proofs)


def of_this_base() -> str:
    """The fingerprint that a backup carries: before the first start, of the key in use unless it is proved wrong."""
    return known() or (fingerprint() if recognises() else "")


def where() -> str:
    """Where the key in use was read, in the words of the documentation."""
    if os.environ.get("PRIVACY_KEY"):
        return "l’environnement ou .env"
    return str(settings.VAR_DIR / "privacy_key.txt")


def problem(expected: str, *, given: str | None = None) -> str:
    """The one line that says that this key is another one, and what to do."""
    used = given or fingerprint()
    return (
        f"PRIVACY_KEY n’est pas celle de cette base (empreinte attendue\u00a0: {expected or 'inconnue'}, "
        f"lue dans {where()}\u00a0: {used}). "
        "Avec elle, les personnes qui ont demandé à ne plus être appelées ne seraient plus reconnues, et les codes "
        "de la double authentification ne seraient plus lus. "
        "Remettez la clé gardée au coffre, dans .env ou dans VAR_DIR/privacy_key.txt ; si l’ancienne ligne de .env "
        "portait un commentaire après la clé, il en fait partie : écrivez PRIVACY_KEY='la clé et son commentaire', "
        "tels quels, entre apostrophes. Clé perdue pour de bon : « python manage.py privacy_key --accept-new » dit ce "
        "qui est perdu. Voir docs/installer.md, « Les deux clés »."
    )


def check() -> str:
    """Nothing when the key in use may serve this database, else why not. The first key that serves it is written."""
    expected = known()
    if expected:
        return "" if hmac.compare_digest(expected, fingerprint()) else problem(expected)
    if not recognises():
        return problem("")
    # Two processes that start at once write the same row.
    Installation.objects.get_or_create(pk=1, defaults={"privacy_key": fingerprint()})
    return ""


@transaction.atomic
def accept(*, now: datetime, by: Any = None, lost: int = 0) -> None:
    """The key in use becomes that of this database, whatever it was; ``lost`` counts the hashes it cannot read."""
    Installation.objects.update_or_create(pk=1, defaults={"privacy_key": fingerprint(), "since": now})
    journal.record("installation.privacy_key_replaced", by=by, lost=lost)
