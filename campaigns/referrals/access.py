"""The partner's link: an unguessable token, a one-time code sent to the partner's own address, a short session.

The link alone reveals nothing: whoever opens it (a mail scanner, a finder) gets the same page for every token,
valid or not. A code: six digits, ten minutes, five tries, few an hour; it is computed, never kept.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum
from django.utils.crypto import constant_time_compare, salted_hmac

from campaigns.models import Partner, PartnerCode, Referral
from campaigns.referrals.states import WITH_PARTNER, Actor, State, note_event, record
from solidarites import mail

CODE_LASTS = timedelta(minutes=10)
TRIES = 5
CODES_APART = timedelta(seconds=45)
CODES_AN_HOUR = 5
# Wrong codes of a day, whatever the number of codes asked for: past it the link waits.
WRONG_A_DAY = 20
SESSION_LASTS = timedelta(hours=1)
# Characters of the link's proof: 128 bits.
PROOF = 32
# What a partner may still read; an answered referral stays readable until a coordinator closes it.
READABLE = (State.APPROVED, *WITH_PARTNER, State.ANSWERED)


def token_of(referral: Referral) -> str:
    """What the link of this referral holds: its random seed, and a proof made with the installation's key.

    The database keeps the seed alone: whoever reads a copy of it can make no link. Empty when the link is shut.
    """
    return referral.token + _proof(referral.token) if referral.token else ""


def _proof(seed: str) -> str:
    return salted_hmac("campaigns.partner_link", seed, algorithm="sha256").hexdigest()[:PROOF]


def path_of(referral_id: int, sending: int) -> str:
    """The link's path for a message that leaves now, about this sending.

    Errors: Referral.DoesNotExist when that link is shut (withdrawn, declined, taken back, sent to another partner).
    """
    alive = Referral.objects.filter(pk=referral_id, sending=sending, state__in=READABLE).exclude(token="")
    return f"/p/{token_of(alive.get())}/"


def find(token: str, now: datetime) -> Referral | None:
    """The referral of a live link, or None: unknown, expired, withdrawn, declined and closed look the same.

    A row is looked for whatever the proof says, so that every token costs the same.
    """
    seed, proof = token[:-PROOF], token[-PROOF:]
    genuine = bool(seed) and constant_time_compare(_proof(seed), proof)
    return (
        Referral.objects.filter(token=seed if genuine else "-", token_until__gt=now, state__in=READABLE)
        .select_related("case__household__landlord", "case__campaign", "partner", "tenant", "mail", "agreement_by")
        .first()
    )


def code_of(row: PartnerCode) -> str:
    """The six digits of this row, made with the installation's key when its message leaves and when one is tried."""
    seed = f"{row.referral_id}:{row.nonce}"
    made = salted_hmac("campaigns.partner_code", seed, algorithm="sha256").hexdigest()
    return f"{int(made, 16) % 1_000_000:06d}"


@transaction.atomic
def send_code(*, referral: Referral, now: datetime) -> bool:
    """Send a fresh code to the partner's address; an older one no longer works.

    False, and nothing leaves, when one has just left, too many were asked for in the hour, or too many wrong ones
    were tried in the day. The caller says the same words either way.
    """
    # One row to wait on: two requests at once count each other.
    referral = (
        Referral.objects.select_for_update(of=("self",))
        .select_related("partner", "case__household")
        .get(pk=referral.pk)
    )
    if referral.partner is None:
        return False
    recent = PartnerCode.objects.filter(referral=referral)
    last = recent.order_by("-created_at").values_list("created_at", flat=True).first()
    if last is not None and last > now - CODES_APART:
        return False
    if recent.filter(created_at__gt=now - timedelta(hours=1)).count() >= CODES_AN_HOUR:
        return False
    wrong = recent.filter(created_at__gt=now - timedelta(days=1)).aggregate(wrong=Sum("tries"))["wrong"] or 0
    if wrong >= WRONG_A_DAY:
        return False
    recent.filter(used_at=None, expires_at__gt=now).update(expires_at=now)
    row = PartnerCode.objects.create(
        referral=referral, nonce=secrets.token_urlsafe(24), expires_at=now + CODE_LASTS, created_at=now
    )
    mail.queue_mail(
        key=f"referral:{referral.pk}:code:{row.pk}",
        about=referral,
        to=referral.partner.addresses,
        template="referral_code",
        context={
            "reference": referral.reference,
            "code_id": row.pk,
            "minutes": int(CODE_LASTS.total_seconds() // 60),
        },
        now=now,
        # Somebody is waiting for it before a page, and it lasts ten minutes.
        urgent=True,
    )
    record("referral.code_sent", referral, by=None, actor=Actor.PARTNER)
    return True


@transaction.atomic
def check_code(*, referral: Referral | None, code: str, now: datetime) -> bool:
    """Whether ``code`` is the one that was sent; each call counts as a try, and a code serves once.

    Without a referral (a dead link) a code is looked for all the same: both cost one query.
    """
    mine = PartnerCode.objects.filter(referral_id=referral.pk if referral else 0, used_at=None, expires_at__gt=now)
    row = mine.order_by("-created_at").first()
    if row is None or referral is None:
        return False
    # The try is counted before the comparison, so that tries at the same moment are all counted.
    if not PartnerCode.objects.filter(pk=row.pk, used_at=None, tries__lt=TRIES).update(tries=F("tries") + 1):
        return False
    digits = "".join(char for char in code if char.isdigit())[:12]
    if not constant_time_compare(digits, code_of(row)):
        record("referral.code_wrong", referral, by=None, actor=Actor.PARTNER)
        return False
    # A right code is no wrong try.
    if not PartnerCode.objects.filter(pk=row.pk, used_at=None).update(used_at=now, tries=F("tries") - 1):
        return False
    note_event(referral, "code_used", actor=Actor.PARTNER, by=None, now=now)
    record("referral.code_used", referral, by=None, actor=Actor.PARTNER)
    return True


# The session that a code opens --------------------------------------------------------------------------


def badge_of(partner: Partner) -> str:
    """What the session keeps of the partner's addresses: changing one of them ends the session."""
    address = f"{partner.pk}:{','.join(partner.addresses)}"
    return salted_hmac("campaigns.partner_session", address, algorithm="sha256").hexdigest()[:24]


def open_session(partner: Partner, now: datetime) -> dict[str, str | int]:
    return {"partner": partner.pk, "badge": badge_of(partner), "until": int((now + SESSION_LASTS).timestamp())}


def may_read(session: object, referral: Referral, now: datetime) -> bool:
    """Whether this session was opened by a code sent to the referral's partner, less than an hour ago."""
    if not isinstance(session, dict) or referral.partner is None:
        return False
    return (
        session.get("partner") == referral.partner_id
        and int(session.get("until", 0)) > now.timestamp()
        and constant_time_compare(str(session.get("badge", "")), badge_of(referral.partner))
    )


def others_of(referral: Referral, now: datetime) -> list[Referral]:
    """The partner's other live referrals: one code opens them all."""
    return list(
        Referral.objects.filter(partner=referral.partner, state__in=READABLE, token_until__gt=now)
        .exclude(pk=referral.pk)
        .exclude(token="")
        .order_by("level", "sent_at")[:50]
    )
