"""After hard calls: who would like to talk, and moments shared without names."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from campaigns import alerts
from campaigns.common import scope
from campaigns.models import Alert, Call, Campaign, Case, Cause, Debrief, SharedMoment
from campaigns.models.levels import Level
from campaigns.models.limits import TEXT
from campaigns.texts import warned
from solidarites import journal, mail
from solidarites.models import User
from solidarites.refused import Refused

TEXT_LIMIT = TEXT
# Nobody wrote to them for as long: an alert.
UNHEARD_AFTER = timedelta(hours=24)
RUNNING = (Campaign.Status.OPEN, Campaign.Status.PAUSED)
NAME = "Cela ressemble au nom d'une personne\u00a0: racontez sans nommer."
_NAMED = re.compile(r"\b(?:M\.|Mme|Mlle|Mr|[Mm]onsieur|[Mm]adame|[Mm]ademoiselle)\s+(?:[A-ZÉÈÀÂÎÔÇ][\w'’-]+)")


class DebriefError(Refused):
    """The act is not possible."""


# « Cet appel m'a touché(e) » --------------------------------------------------------------------------


@transaction.atomic
def ask(*, call: Call, by: User, now: datetime) -> Debrief:
    """Note that this call touched its volunteer, and tell the coordinators of its sector, once.

    ``call`` belongs to ``by`` (its state does not matter: a draft may be flagged as it is recorded). The e-mail says
    that somebody would like to talk: no name, no household.
    """
    found, created = Debrief.objects.get_or_create(call=call, defaults={"asked_at": now})
    if not created:
        return found
    if not call.touched_me:
        call.touched_me = True
        Call.objects.filter(pk=call.pk).update(touched_me=True)
    # Nobody but the coordination is to know: the journal says that it happened, not to whom.
    journal.record("debrief.asked", found, actor="volunteer", campaign_id=call.case.campaign_id)
    for person in scope.coordinators_of(call.case).exclude(pk=by.pk):
        mail.queue_mail(
            key=f"debrief:{found.pk}:asked:{person.pk}",
            about=found,
            to=person.email,
            template="debrief",
            context={"debrief_id": found.pk},
            now=now,
        )
    return found


def visible(by: User) -> QuerySet[Debrief]:
    """Those of the sectors this coordinator sees; never one's own call."""
    cases = scope.visible_cases(by, Case.objects.exclude(campaign__status=Campaign.Status.PURGED))
    return of_cases(cases, by).select_related("call__volunteer", "call__case__campaign", "contacted_by")


def of_cases(cases: QuerySet[Case], by: User) -> QuerySet[Debrief]:
    """Those of the calls of these cases; never one's own call."""
    return Debrief.objects.filter(call__case__in=cases.order_by().values("pk")).exclude(call__volunteer=by)


@transaction.atomic
def contacted(*, debrief: Debrief, on: date, by: User, now: datetime) -> Debrief:
    """« Pris contact le … »: an alert that nobody took becomes this person's.

    Raises DebriefError for a day to come, one before the call, or once it is closed.
    """
    zone = debrief.call.case.campaign.tz
    if on > now.astimezone(zone).date():
        raise DebriefError("Ce jour n'est pas encore venu.")
    if on < debrief.asked_at.astimezone(zone).date():
        raise DebriefError("Ce jour est avant l'appel.")
    if not Debrief.objects.filter(pk=debrief.pk, closed_at=None).update(contacted_on=on, contacted_by=by):
        raise DebriefError("Cette demande est déjà close.")
    debrief.contacted_on, debrief.contacted_by = on, by
    for alert in _alerts(debrief).filter(taken_by=None):
        alerts.take(alert=alert, by=by, now=now)
    journal.record("debrief.contacted", debrief, by=by, campaign_id=debrief.call.case.campaign_id)
    return debrief


@transaction.atomic
def close(*, debrief: Debrief, by: User, now: datetime) -> bool:
    """The talk took place, or the person no longer wishes it; its alert is solved with it. Idempotent."""
    if not Debrief.objects.filter(pk=debrief.pk, closed_at=None).update(closed_at=now):
        return False
    debrief.closed_at = now
    for alert in _alerts(debrief):
        alerts.solve(alert=alert, solution="La demande est close.", by=by, now=now)
    journal.record("debrief.closed", debrief, by=by, campaign_id=debrief.call.case.campaign_id)
    return True


def _alerts(debrief: Debrief) -> QuerySet[Alert]:
    return Alert.objects.unsolved().filter(kind=Alert.Kind.UNHEARD, debrief=debrief)


def watch_unheard(*, now: datetime) -> int:
    """Raise one alert (U1) for each request that nobody answered in a day; how many. Safe twice at once.

    It hangs on the case of the call, for the coordinators of that sector: neither it nor its e-mail says who asked.
    """
    told = Alert.objects.filter(kind=Alert.Kind.UNHEARD, debrief=OuterRef("pk"))
    alone = Debrief.objects.filter(~Exists(told), closed_at=None, contacted_on=None, asked_at__lte=now - UNHEARD_AFTER)
    causes: list[tuple[Case, Cause]] = [(one.call.case, {"debrief": one}) for one in alone.select_related("call__case")]
    return alerts.raise_all(causes=causes, kind=Alert.Kind.UNHEARD, level=Level.U1, now=now)


# Shared moments -------------------------------------------------------------------------------------------


def moment_warnings(text: str) -> list[str]:
    """What to look at again before sharing: what no comment should hold, and what looks like a name."""
    return [*([NAME] if _NAMED.search(text) else []), *warned.warnings([text])]


@transaction.atomic
def share_moment(*, campaign: Campaign, text: str, by: User, now: datetime) -> SharedMoment:
    """Leave a few words to the team.

    Raises DebriefError when empty, too long, or when ``by`` does not call in this campaign (any more).
    """
    text = text.replace("\x00", "").strip()
    if not text:
        raise DebriefError("Écrivez quelques mots.")
    if len(text) > TEXT_LIMIT:
        raise DebriefError(f"{TEXT_LIMIT} caractères au plus.")
    if campaign.status not in RUNNING or not campaign.memberships.filter(user=by, active=True).exists():
        raise DebriefError("Vous ne faites plus partie des bénévoles de cette campagne.")
    moment = SharedMoment.objects.create(campaign=campaign, author=by, text=text, at=now)
    journal.record("moment.shared", moment, by=by, campaign_id=campaign.pk)
    return moment


@transaction.atomic
def remove_moment(*, moment: SharedMoment, by: User, now: datetime) -> None:
    """Erased for everybody: by its author or by the coordination (the caller checked which)."""
    journal.record("moment.removed", moment, by=by, campaign_id=moment.campaign_id)
    moment.delete()


def moments_between(campaign: Campaign, first: date, last: date) -> QuerySet[SharedMoment]:
    """Those of these days, both included, by the campaign's clock; the oldest first, as a story is read."""
    start = datetime.combine(first, time.min, campaign.tz)
    end = datetime.combine(last + timedelta(days=1), time.min, campaign.tz)
    return SharedMoment.objects.filter(campaign=campaign, at__gte=start, at__lt=end).order_by("at", "pk")


def moments_for(by: User) -> QuerySet[SharedMoment]:
    """Those of the campaigns this volunteer calls in, the latest first."""
    mine = Campaign.objects.filter(memberships__user=by, memberships__active=True, status__in=RUNNING)
    return SharedMoment.objects.filter(campaign__in=mine.values("pk")).select_related("campaign")
