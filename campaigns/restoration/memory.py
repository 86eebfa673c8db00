"""What the base that was there knows and the backup does not; kept in a file until the restore is over.

Each question names only columns that every version has had, and an answer that does not come is none: the base may be
older, newer, half there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from django.db import DatabaseError

from solidarites import privacy
from solidarites.models import OutgoingMail, User
from tenants.hashes import Carried
from tenants.models import Household, Opposition

Found = TypeVar("Found")
LANDLORD = ("code", "name", "spoken_name", "callback_number")


@dataclass
class Memory:
    """``readable`` is False when the base that was there could not say its oppositions.

    ``same`` tells whether both bases are one installation: the numbers of households then mean the same ones.
    """

    readable: bool = False
    same: bool = False
    # Of the key under which its oppositions are written; empty when it did not know.
    fingerprint: str = ""
    oppositions: list[Carried] = field(default_factory=list)
    households: list[int] = field(default_factory=list)
    opposed: list[int] = field(default_factory=list)
    # By Message-ID: state, moment of sending, error.
    mails: dict[str, tuple[str, datetime | None, str]] = field(default_factory=dict)
    # Messages about referrals: Message-ID and reference.
    referrals: dict[str, str] = field(default_factory=dict)
    closed_accounts: list[str] = field(default_factory=list)


def _or(question: Callable[[], Found], otherwise: Found) -> Found:
    try:
        return question()
    except DatabaseError:
        return otherwise


def read(*, fingerprint: str) -> Memory:
    """Ask the base that is there; ``fingerprint`` is that of the backup's key, empty when it says none."""
    oppositions = _or(_oppositions, None)
    if oppositions is None:
        return Memory()
    here = _or(privacy.known, "")
    return Memory(
        readable=True,
        same=not here or not fingerprint or here == fingerprint,
        fingerprint=here,
        oppositions=oppositions,
        households=_or(lambda: list(Household.objects.order_by("pk").values_list("pk", flat=True)), []),
        opposed=_or(lambda: list(Household.objects.filter(opposed_at__isnull=False).values_list("pk", flat=True)), []),
        mails=_or(_mails, {}),
        referrals=_or(_referrals, {}),
        closed_accounts=_or(lambda: list(User.objects.filter(is_active=False).values_list("email", flat=True)), []),
    )


def _oppositions() -> list[Carried]:
    wanted = [f"landlord__{name}" for name in LANDLORD]
    return [
        Carried(landlord=dict(zip(LANDLORD, landlord, strict=True)), digest=digest, created_at=created_at)
        for digest, created_at, *landlord in Opposition.objects.values_list("digest", "created_at", *wanted)
    ]


def _mails() -> dict[str, tuple[str, datetime | None, str]]:
    rows = OutgoingMail.objects.values_list("message_id", "state", "sent_at", "error")
    return {message_id: (state, sent_at, error) for message_id, state, sent_at, error in rows}


def _referrals() -> dict[str, str]:
    rows = OutgoingMail.objects.filter(template="referral_sent", sent_at__isnull=False)
    return {
        message_id: str(context.get("reference", ""))
        for message_id, context in rows.values_list("message_id", "context")
    }


# The file: a restore that is cut off goes on from it ------------------------------------------------------


def keep(memory: Memory, path: Path) -> None:
    written = path.with_suffix(".new")
    written.touch(mode=0o600)
    written.write_text(json.dumps(asdict(memory), default=lambda moment: moment.isoformat()))
    written.replace(path)


def kept(path: Path) -> Memory | None:
    if not path.exists():
        return None
    said: dict[str, Any] = json.loads(path.read_text())
    said["oppositions"] = [
        Carried(**{**one, "created_at": datetime.fromisoformat(one["created_at"])}) for one in said["oppositions"]
    ]
    said["mails"] = {
        name: (state, datetime.fromisoformat(sent) if sent else None, error)
        for name, (state, sent, error) in said["mails"].items()
    }
    return Memory(**said)


def together(first: Memory | None, now: Memory) -> Memory:
    """A restore begun again: what the first one had read holds, the base that is there now adds its oppositions."""
    if first is None:
        return now
    known = {(one.landlord["code"], one.digest) for one in first.oppositions}
    first.oppositions += _new(now.oppositions, known)
    first.readable = first.readable or now.readable
    return first


def _new(found: Iterable[Carried], known: set[tuple[str, str]]) -> list[Carried]:
    return [one for one in found if (one.landlord["code"], one.digest) not in known]
