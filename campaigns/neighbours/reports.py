"""A neighbour's report: received from anybody, answered alike whoever lives there, matched by a coordinator.

Nothing on the public page tells whether a household exists. What was written serves the check it opens, goes with the
household's case, and is erased 30 days after it was set aside, 90 days after it came at the latest.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns import alerts, welfare
from campaigns.common import scope
from campaigns.models import Alert, Campaign, Case, NeighbourReport, WelfareCheck
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from campaigns.setup import enrolment
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused
from solidarites.searching import fold
from tenants.households import with_living_tenant
from tenants.models import Household, Residence, Tenant

State = NeighbourReport.State
Worry = NeighbourReport.Worry
KEPT_ONCE_HANDLED = timedelta(days=30)
KEPT_AT_MOST = timedelta(days=90)
# The same words again within this time are a second press of the button.
TWICE = timedelta(minutes=10)
PROPOSED = 8
# Words that every address has, and every sentence.
_COMMON = {
    "DE", "DES", "DU", "LA", "LE", "LES", "AU", "AUX", "RUE", "AVENUE", "AV", "PLACE", "ALLEE", "BAT", "BATIMENT",
    "ETAGE", "PORTE", "APT", "MME", "MONSIEUR", "MADAME", "ET", "EN", "SUR", "SOUS", "UN", "UNE", "JE", "ON", "ELLE",
    "IL", "NE", "PAS", "PLUS", "SA", "SES", "SON", "QUE", "QUI", "CHEZ", "DEPUIS", "DAME", "VOISIN", "VOISINE",
    "RESIDENCE",
}  # fmt: skip


class NeighbourError(Refused):
    """The act does not fit the report."""


@dataclass(frozen=True)
class Proposal:
    """A household that may be the one, and the words that it shares with the report; its case in a running campaign."""

    household: Household
    why: str
    case: Case | None = None


# Receiving ------------------------------------------------------------------------------------------------


def is_open() -> bool:
    """Whether somebody is there to read: a campaign is running."""
    return Campaign.objects.filter(status__in=(Campaign.Status.OPEN, Campaign.Status.PAUSED)).exists()


def level_of(worries: Iterable[str]) -> str:
    """U0 for a danger now, U1 for somebody not seen or who looks unwell, U2 otherwise."""
    chosen = set(worries)
    if Worry.DANGER in chosen:
        return Level.U0
    return Level.U1 if chosen & {Worry.NOT_SEEN, Worry.HEALTH} else Level.U2


@transaction.atomic
def receive(
    *,
    now: datetime,
    worries: Sequence[str],
    residence: Residence | None = None,
    place: str = "",
    who: str = "",
    text: str = "",
    reporter_name: str = "",
    reporter_phone: str = "",
) -> NeighbourReport:
    """Keep what a neighbour wrote, and raise its alert: no case yet, so every coordinator sees it.

    Level: see ``level_of``; U0 and U1 leave by e-mail at once, without a word of the report. The same words pressed
    twice are one report.
    """
    said = {
        "residence": residence,
        "place": place.strip()[:200],
        "who": who.strip()[:120],
        "worries": [code for code in Worry.values if code in set(worries)],
        "text": text.strip()[:TEXT],
        "reporter_phone": reporter_phone[:20],
    }
    for other in NeighbourReport.objects.filter(state=State.NEW, received_at__gt=now - TWICE):
        if all(getattr(other, name) == value for name, value in said.items()):
            return other
    report = NeighbourReport.objects.create(
        **said, reporter_name=reporter_name.strip()[:80], level=level_of(worries), received_at=now
    )
    alerts.raise_alert(report=report, kind=Alert.Kind.NEIGHBOUR, level=report.level, now=now)
    journal.record("neighbour.received", report, actor="public", level=report.level)
    return report


# Whose door is it? ------------------------------------------------------------------------------------------


_RUNNING = (Campaign.Status.OPEN, Campaign.Status.PAUSED)


def _searchable(by: User) -> QuerySet[Case]:
    running = Case.objects.filter(campaign__status__in=_RUNNING).exclude(status=Case.Status.PREPARED)
    return scope.visible_cases(by, running)


def _outside(by: User) -> QuerySet[Household]:
    """The households of the coordinator's scope that no running campaign has: too young, left out of its sectors."""
    inside = Case.objects.filter(household=OuterRef("pk"), campaign__status__in=_RUNNING)
    return with_living_tenant(Household.objects.filter(~Exists(inside))).filter(scope.in_sight(by))


def proposals(*, report: NeighbourReport, by: User, words: str = "") -> list[Proposal]:
    """The households of the coordinator's scope that share the rarest words with the report, or with ``words``.

    A word counts the more the fewer households have it: a name, a street number, a residence. With the code of a
    poster, that residence alone is looked at, unless the coordinator types something else.
    """
    cases = _searchable(by)
    inside = Household.objects.filter(pk__in=cases.order_by().values("household"))
    best = _best(report, words, inside)
    found = cases.filter(household__in=best).select_related("household__residence", "campaign", "agency")
    by_household: dict[int, Case] = {}
    # One household may have a closed case in one campaign and an open one in another: the open one.
    for case in found.order_by("-status", "pk").prefetch_related("household__tenants"):
        by_household.setdefault(case.household_id, case)
    likeliest = [by_household[pk] for pk in best if pk in by_household]
    return [Proposal(case.household, best[case.household_id], case) for case in likeliest]


def proposals_outside(*, report: NeighbourReport, by: User, words: str = "") -> list[Proposal]:
    """The same, among the households that no running campaign has: one of them may be enrolled for this."""
    best = _best(report, words, _outside(by))
    rows = Household.objects.filter(pk__in=best).select_related("residence", "agency").prefetch_related("tenants")
    found = {household.pk: household for household in rows}
    return [Proposal(found[pk], best[pk]) for pk in best]


def _best(report: NeighbourReport, words: str, households: QuerySet[Household]) -> dict[int, str]:
    """{household: the words in common}, the likeliest first."""
    typed = _words(words or f"{report.place} {report.who} {report.text}")
    if report.residence_id and not words:
        households = households.filter(residence=report.residence_id)
    rows = households.values_list("pk", "street", "building", "door", "postal_code", "city", "residence__name")
    owned = {row[0]: _words(" ".join(filter(None, row[1:]))) for row in rows.order_by().iterator()}
    if typed:
        for household, names in _names(households).items():
            owned.get(household, set()).update(names)
    seen = Counter(word for one in owned.values() for word in one & typed)
    total = len(owned) + 1
    scores = {pk: sum(math.log(total / seen[word]) for word in one & typed) for pk, one in owned.items() if one & typed}
    best = sorted(scores, key=lambda pk: (-scores[pk], pk))[:PROPOSED]
    if not best and report.residence_id and not words:
        best = sorted(owned)[:PROPOSED]
    return {pk: ", ".join(sorted(owned[pk] & typed, key=lambda word: seen[word])[:4]).lower() for pk in best}


# « 3e étage », « 3 ème », « étage 3 », « au 3e »; « 12E rue des Lilas » is a street number.
_FLOOR = re.compile(
    r"\bETAGE(?: ?:| N ?°)? ?(\d+)\b|\b(\d+) ?(?:(?:ERE?|I?EME|NDE?)\b(?: ETAGE)?|[ED°]? ?ETAGES?)\b|\bAU (\d+)E\b"
)


def _words(text: str) -> set[str]:
    """Names and numbers, folded; a floor is a word of its own, « 3E », and no street number."""
    folded = fold(text)
    floors = {"".join(groups) + "E" for groups in _FLOOR.findall(folded)}
    return (floors | set(re.findall(r"[A-Z]{2,}|\d+", _FLOOR.sub(" ", folded)))) - _COMMON


def _names(households: QuerySet[Household]) -> dict[int, set[str]]:
    names: dict[int, set[str]] = {}
    present = Tenant.objects.filter(
        household__in=households.order_by().values("pk"), status=Tenant.Status.PRESENT
    ).values_list("household", "last_name")
    for household, last_name in present.iterator():
        names.setdefault(household, set()).update(_words(last_name))
    return names


# Deciding -----------------------------------------------------------------------------------------------------


@transaction.atomic
def match(*, report: NeighbourReport, case_id: int, level: str, by: User, now: datetime) -> WelfareCheck:
    """This is the household: a welfare check opens on it, theirs, and the report's alert is settled.

    A check already open takes the report in, and its level when that is more urgent. Raises NeighbourError when the
    report was handled meanwhile or the household is not in the coordinator's sight, WelfareError when no check may
    open on it.
    """
    if not _searchable(by).filter(pk=case_id).exists():
        raise NeighbourError("Ce foyer n'est pas dans une de vos campagnes en cours.")
    _settle(report, by, now, state=State.MATCHED)
    check = welfare.open_by_hand(case_id=case_id, level=level, origin=WelfareCheck.Origin.NEIGHBOUR, by=by, now=now)
    NeighbourReport.objects.filter(pk=report.pk).update(check_row=check)
    report.check_row = check
    journal.of_case("neighbour.matched", check.case, report, by=by, check=check.pk)
    # The alert now concerns this household, and goes with its case.
    Alert.objects.filter(report=report).update(case=check.case_id, campaign=check.case.campaign_id)
    _settle_alert(report, f"Veille ouverte, dossier n° {case_id}.", by, now)
    return check


def campaigns_to_join() -> list[Campaign]:
    """The running campaigns that may take a household in, the latest first."""
    return list(Campaign.objects.filter(status__in=_RUNNING).order_by("-opened_at", "-pk"))


@transaction.atomic
def match_outside(
    *, report: NeighbourReport, household_id: int, campaign_id: int, level: str, by: User, now: datetime
) -> WelfareCheck:
    """This is the household, and no running campaign has it: it joins one, held by its check, and is matched.

    Raises NeighbourError when it is not in the coordinator's sight, asked never to be called, joined another campaign,
    or when the report was handled meanwhile; EnrolmentError when the campaign is over.
    """
    household = _outside(by).filter(pk=household_id).first()
    campaign = Campaign.objects.filter(pk=campaign_id, status__in=_RUNNING).first()
    if household is None or campaign is None:
        raise NeighbourError("Ce foyer n'est pas dans vos secteurs, ou vient de rejoindre une campagne.")
    if household.opposed_at is not None:
        raise NeighbourError(
            "Ce foyer a demandé de ne plus être appelé. Prévenez la mairie ou les secours, puis classez ce message."
        )
    enrolment.enrol_households(campaign=campaign, household_ids=[household_id], now=now, by=by)
    case = Case.objects.filter(campaign=campaign, household=household_id).first()
    if case is None:
        raise NeighbourError("Ce foyer est déjà suivi dans une autre campagne.")
    return match(report=report, case_id=case.pk, level=level, by=by, now=now)


@transaction.atomic
def dismiss(*, report: NeighbourReport, dismissal: str, by: User, now: datetime) -> None:
    """Nothing follows, and why. Raises NeighbourError for an unknown reason, or when it was handled meanwhile."""
    if dismissal not in NeighbourReport.Dismissal.values:
        raise NeighbourError("Choisissez la raison.")
    _settle(report, by, now, state=State.DISMISSED, dismissal=dismissal)
    journal.record("neighbour.dismissed", report, by=by, reason=dismissal)
    _settle_alert(report, f"Sans suite\u00a0: {NeighbourReport.Dismissal(dismissal).label}.", by, now)


def _settle(report: NeighbourReport, by: User, now: datetime, **fields: str) -> None:
    changed = NeighbourReport.objects.filter(pk=report.pk, state=State.NEW).update(
        handled_by=by, handled_at=now, **fields
    )
    if not changed:
        raise NeighbourError("Quelqu'un a déjà traité ce message.")
    report.refresh_from_db()


def _settle_alert(report: NeighbourReport, solution: str, by: User, now: datetime) -> None:
    for alert in Alert.objects.unsolved().filter(report=report):
        with suppress(alerts.AlertError):
            alerts.solve(alert=alert, solution=solution, by=by, now=now)


# Forgetting -----------------------------------------------------------------------------------------------------


@transaction.atomic
def forget(*, now: datetime) -> int:
    """Erase what was set aside 30 days ago, and anything unmatched after 90; how many. What was matched goes with its
    household's case.

    The alert of one that nobody handled goes with it, and stays in the journal.
    """
    old = NeighbourReport.objects.filter(check_row=None).filter(
        Q(handled_at__lte=now - KEPT_ONCE_HANDLED) | Q(received_at__lte=now - KEPT_AT_MOST)
    )
    return old.delete()[1].get("campaigns.NeighbourReport", 0)
