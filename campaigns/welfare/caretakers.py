"""Caretakers: the doors of a residence to knock at, on paper or behind an expiring link, and what they answer.

They read names and dwellings, nothing else, and never enter. The link is unguessable, lasts three days, can be taken
back, and shows a door only while its check is open; every opening is journaled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from campaigns import alerts, welfare
from campaigns.common import documents
from campaigns.models import Alert, CaretakerRound, CaretakerVisit, WelfareCheck, WelfareStep
from campaigns.models.levels import Level
from campaigns.welfare import letters
from solidarites import journal, mail
from solidarites.models import User
from solidarites.refused import Refused
from tenants.models import Residence

LINK_LASTS = timedelta(hours=72)
Answer = CaretakerVisit.Answer


class CaretakerError(Refused):
    """No round can be made, or no answer taken."""


def residences(checks: QuerySet[WelfareCheck]) -> QuerySet[Residence]:
    """The residences where these checks are, those with the most first (``doors``, ``town``)."""
    open_ones = Q(households__cases__welfare_checks__in=checks.filter(closed_at=None).order_by().values("pk"))
    return (
        Residence.objects.filter(open_ones)
        .annotate(
            doors=Count("households__cases__welfare_checks", filter=open_ones, distinct=True),
            town=Min("households__city"),
        )
        .select_related("agency")
        .order_by("-doors", "name", "reference")
    )


@transaction.atomic
def start(
    *, residence: Residence, checks: Sequence[WelfareCheck], by: User, now: datetime, email: str = ""
) -> CaretakerRound:
    """Ask the caretaker of ``residence`` to knock at the doors of these open checks.

    Each check notes the visit asked for. With ``email``, a link leaves at once: no name, no address in the mail.
    Raises CaretakerError when none of the checks is open and in this residence.
    """
    doors = [check for check in checks if check.closed_at is None and check.case.household.residence_id == residence.pk]
    if not doors:
        raise CaretakerError("Aucune veille n'est ouverte dans cette résidence.")
    made = CaretakerRound(residence=residence, created_by=by, created_at=now, expires_at=now + LINK_LASTS)
    made.token_hash = hash_of(token_of(made))
    made.save()
    CaretakerVisit.objects.bulk_create([CaretakerVisit(round=made, check_row=check) for check in doors])
    how = "lien envoyé" if email else "liste à imprimer ou lien à transmettre"
    for check in doors:
        welfare.add_step(
            check=check,
            kind=WelfareStep.Kind.CARETAKER,
            result=f"Visite demandée au gardien ({how}). En attente de sa réponse.",
            by=by,
            now=now,
        )
    if email:
        mail.queue_mail(
            key=f"caretaker:{made.pk}",
            about=made,
            to=email,
            template="caretaker_round",
            context={"round_id": made.pk},
            now=now,
        )
    journal.record("caretaker.asked", made, by=by, cases=[check.case_id for check in doors], mailed=bool(email))
    return made


def live(now: datetime) -> QuerySet[CaretakerRound]:
    """The rounds whose link still opens: not over, not taken back, a check still open."""
    doors = CaretakerVisit.objects.filter(round=OuterRef("pk"), check_row__closed_at=None)
    return CaretakerRound.objects.filter(Exists(doors), revoked_at=None, expires_at__gt=now)


def token_of(made: CaretakerRound) -> str:
    return salted_hmac("campaigns.caretaker_link", made.seed, algorithm="sha256").hexdigest()


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def link_of(made: CaretakerRound) -> str:
    """Empty when it cannot be made again: sent by release 0.2, or under another SECRET_KEY. Sent, it still opens."""
    token = token_of(made)
    if hash_of(token) != made.token_hash:
        return ""
    return settings.SITE_URL + reverse("public:caretaker", args=[token])


def find(token: str, now: datetime) -> CaretakerRound | None:
    """The round of a live link, or None: unknown, expired, taken back and finished look the same."""
    if not 20 <= len(token) <= 64 or not token.isascii():
        return None
    return live(now).filter(token_hash=hash_of(token)).select_related("residence__landlord").first()


def doors_of(made: CaretakerRound) -> list[CaretakerVisit]:
    """The doors still to knock at, in the order of the stairs, with those who live behind."""
    visits = (
        made.visits.filter(check_row__closed_at=None)
        .select_related("check_row__case__household")
        .prefetch_related("check_row__case__household__tenants")
    )
    return sorted(
        visits,
        key=lambda visit: (
            visit.check_row.case.household.street,
            visit.check_row.case.household.building,
            visit.check_row.case.household.door,
            visit.pk,
        ),
    )


def note_opening(*, made: CaretakerRound, now: datetime) -> None:
    """Every opening of the link leaves its row; nothing else is written."""
    journal.record("caretaker.opened", made, actor="caretaker")


@transaction.atomic
def answer(*, made: CaretakerRound, visit_id: int, answer: str, now: datetime) -> bool:
    """What the caretaker found at one door; a step of its check, and an alert of level U1 for who needs help.

    A later answer takes the place of the first (absent in the morning, seen in the evening); the same one twice is
    noted once, and False is returned. Raises CaretakerError for a door that is not of this round, or no longer open.
    """
    if answer not in Answer.values:
        raise CaretakerError("Choisissez une des trois réponses.")
    visit = (
        CaretakerVisit.objects.select_for_update(of=("self", "check_row"))
        .select_related("check_row__case")
        .filter(pk=visit_id, round=made, check_row__closed_at=None)
        .first()
    )
    if visit is None:
        raise CaretakerError("Cette visite n'est plus demandée.")
    if visit.answer == answer:
        return False
    visit.answer, visit.answered_at = answer, now
    visit.save(update_fields=["answer", "answered_at"])
    check = visit.check_row
    welfare.add_step(
        check=check,
        kind=WelfareStep.Kind.CARETAKER,
        result=f"Réponse du gardien\u00a0: {Answer(answer).label}.",
        by=None,
        now=now,
    )
    if answer == Answer.HELP:
        welfare.raise_level(check=check, level=Level.U1, now=now)
        alerts.raise_alert(visit=visit, kind=Alert.Kind.CARETAKER, level=check.level, case=check.case, now=now)
    return True


@transaction.atomic
def revoke(*, made: CaretakerRound, by: User, now: datetime) -> None:
    """The link opens nothing from now on. Idempotent."""
    if CaretakerRound.objects.filter(pk=made.pk, revoked_at=None).update(revoked_at=now):
        made.revoked_at = now
        journal.record("caretaker.revoked", made, by=by)


def list_pdf(made: CaretakerRound, visits: Sequence[CaretakerVisit], now: datetime) -> bytes:
    """The round on paper: names, dwellings, three boxes each (``visits`` from ``doors_of``)."""
    doors = [
        {
            "people": letters.names_of(visit.check_row.case),
            "dwelling": visit.check_row.case.household.address_lines[:-1] or ["adresse à préciser"],
        }
        for visit in visits
    ]
    landlord = made.residence.landlord
    return documents.pdf(
        "caretaker",
        {
            "residence": str(made.residence),
            "sender": landlord.spoken_name or landlord.name,
            "day": letters.written_day(timezone.localdate(now)),
            "doors": doors,
        },
    )


def forget_empty() -> int:
    """Erase the rounds whose last door was erased with its case."""
    return CaretakerRound.objects.filter(~Exists(CaretakerVisit.objects.filter(round=OuterRef("pk")))).delete()[0]
