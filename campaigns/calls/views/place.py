"""A case as its volunteer may open it, whose it is now, and the alerts raised in its call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import Q

from campaigns import alerts, calls, scripts
from campaigns.alerts import dangers
from campaigns.calls.forms import Typed
from campaigns.calls.views.labels import past_label, typography
from campaigns.common.calendar import Calendar, calendar_of, clock_label
from campaigns.models import Alert, Call, Campaign, Case, CaseMessage
from solidarites.models import User
from tenants.models import Tenant

# A draft whose claim went elsewhere may still be opened and recorded this long after its last word.
DRAFT_OPENS = timedelta(hours=24)
# What is still possible in a call that can no longer be recorded by itself.
GO_ON = "Votre texte est gardé\u00a0: terminez et enregistrez, la coordination décide."


@dataclass
class Place:
    """A case this volunteer may open: held, or with a draft that is still fresh."""

    case: Case
    draft: Call
    history: list[Call]
    by: User
    now: datetime
    content: scripts.Content | None
    people: list[Tenant]
    # Another volunteer's text about this household, which waits for the coordination.
    waiting: Call | None = None

    @cached_property
    def messages(self) -> list[CaseMessage]:
        """What the household asked to pass on since it was last called, the newest first."""
        since = self.history[0].recorded_at if self.history and self.history[0].recorded_at else None
        latest = CaseMessage.objects.filter(case=self.case).select_related("by")[:2]
        return [message for message in latest if since is None or message.at > since]

    @cached_property
    def unsolved(self) -> list[Alert]:
        """The alerts of this household that nobody has settled, the oldest first."""
        return list(Alert.objects.unsolved().filter(case=self.case).select_related("taken_by").order_by("raised_at"))

    def danger(self, reading: scripts.Reading) -> dangers.Danger:
        return dangers.danger_of(self.draft, reading, self.now, self.unsolved)

    @property
    def keys(self) -> list[str]:
        return [str(tenant.pk) for tenant in self.people]

    @property
    def calendar(self) -> Calendar:
        return calendar_of(self.case.campaign, self.case.region)

    @property
    def here(self) -> ZoneInfo:
        """The volunteer's own clock, by which they read what they did themselves."""
        return self.case.campaign.tz

    def read(self, typed: Typed) -> scripts.Reading:
        if self.content is None:
            return scripts.Reading()
        return self.content.read(self.content.clean(typed.answers, self.keys), self.keys)


def place_of(*, case_id: int, by: User, now: datetime) -> Place | None:
    """The case as this volunteer may see it; None when it is not (or no more) theirs to see."""
    theirs = Q(state__in=[Call.State.RECORDED, Call.State.PENDING]) | Q(state=Call.State.DRAFT, volunteer=by)
    seen = Call.objects.filter(theirs, case=case_id).select_related("volunteer")
    rows = list(seen.order_by("-started_at", "-pk")[:12])
    mine = [call for call in rows if call.is_unfinished and call.volunteer_id == by.pk]
    draft = next((call for call in mine if call.state == Call.State.DRAFT), next(iter(mine), None))
    if draft is None:
        return None
    case = calls.with_household(case_id)
    if case.claimed_by_id != by.pk and now - (draft.saved_at or draft.started_at) > DRAFT_OPENS:
        return None
    history = [call for call in rows if call.state == Call.State.RECORDED]
    draft.case = case
    _, content = calls.script_of(case, draft)
    waiting = next((call for call in rows if call.state == Call.State.PENDING and call.volunteer_id != by.pk), None)
    return Place(case, draft, history, by, now, content, calls.people_of(case, since=draft.started_at), waiting)


def notice_of(place: Place) -> Notice | None:
    """Whose the case is now, in words without blame."""
    case, now, tz = place.case, place.now, place.here
    if not case.campaign.is_running:
        return Notice("warning", f"La campagne a été close pendant votre appel. {GO_ON}", "closed")
    if case.household.opposed_at:
        text = (
            "Ce foyer a demandé de ne plus être appelé : aucun appel ne sera prévu. Si la personne souhaite de "
            "nouveau nos appels, notez-le dans le commentaire : la coordination peut lever l'opposition."
        )
        return Notice("warning", text, "opposed")
    if not any(one.status == Tenant.Status.PRESENT for one in case.household.tenants.all()):
        text = "Plus personne n'est noté à cette adresse. Notez qui appelle et pourquoi : la coordination décide."
        return Notice("warning", text, "nobody")
    if case.claimed_by_id == place.by.pk:
        if case.campaign.status == Campaign.Status.PAUSED:
            return Notice("info", "La campagne est en pause. Vous pouvez terminer et enregistrer cet appel.", "paused")
        return _meanwhile(place)
    if case.claimed_by_id is not None and case.claimed_by is not None:
        at = typography(clock_label(case.claimed_at.astimezone(tz))) if case.claimed_at else ""
        name = case.claimed_by.get_short_name()
        return Notice("warning", f"Ce dossier a été repris par {name} à {at}. Votre texte est gardé.", "taken")
    newer = next(
        (call for call in place.history if (call.recorded_at or call.started_at) > place.draft.started_at), None
    )
    if newer is not None:
        name = newer.volunteer.get_short_name() if newer.volunteer else "Quelqu'un d'autre"
        when = past_label(newer.recorded_at or newer.started_at, now, tz)
        return Notice("warning", f"{name} a enregistré un appel à ce foyer {when}. Votre texte est gardé.", "taken")
    if case.status == Case.Status.CLOSED:
        return Notice("warning", f"Ce dossier a été clos pendant votre appel. {GO_ON}", "closed")
    return Notice(
        "info",
        "Le délai d'une heure est passé. Personne n'a repris ce dossier : vous pouvez encore enregistrer.",
        "free",
    )


def _meanwhile(place: Place) -> Notice | None:
    """What happened to this household while its holder calls: a message taken, another volunteer's text."""
    if place.messages and place.messages[0].at > place.draft.started_at:
        message = place.messages[0]
        who = message.by.get_short_name() if message.by else "Quelqu'un"
        return Notice("info", f"Ce foyer a rappelé, {who} a pris un message : « {message.text} »", "message")
    if place.waiting is not None and (place.waiting.recorded_at or place.now) > place.draft.started_at:
        other = place.waiting.volunteer
        who = other.get_short_name() if other else "Quelqu'un d'autre"
        text = f"{who} avait aussi appelé ce foyer : la coordination décidera. Continuez, votre appel compte."
        return Notice("info", text, "waiting")
    return None


@dataclass(frozen=True)
class Notice:
    """What the person must know about the state of the case: kind is a Bootstrap alert's."""

    kind: str
    text: str
    code: str = ""


@dataclass(frozen=True)
class AlertView:
    """The alerts raised in this call that nobody has solved: since when, and who was told."""

    at: str
    told: str
    taken_by: str
    # Whom to dial: of this alert and of the other vital ones of this call.
    numbers: str = ""


def alert_of(draft: Call, place: Place) -> AlertView | None:
    raised = next((alert for alert in place.unsolved if dangers.raised_in(draft, alert)), None)
    return describe_alert(raised, place) if raised is not None else None


def describe_alert(alert: Alert, place: Place) -> AlertView:
    people = [person.display_name for person in alerts.audience(place.case, place.now)]
    told = ""
    if people:
        told = people[0] if len(people) == 1 else ", ".join(people[:-1]) + " et " + people[-1]
    taken = alert.taken_by.display_name if alert.taken_by else ""
    mine = [one for one in dangers.vital(place.unsolved) if dangers.raised_in(place.draft, one)]
    numbers = " ".join(dangers.numbers_of(mine, place.content))
    return AlertView(typography(clock_label(alert.raised_at.astimezone(place.here))), told, taken, numbers)


@dataclass(frozen=True)
class EarlierDanger:
    """A vital alert of this household that does not come from this call, and that nobody has settled."""

    text: str
    numbers: str


def earlier_danger(place: Place) -> EarlierDanger | None:
    known = dangers.unsettled_in(place.case.household_id)
    found = [one for one in known if not dangers.raised_in(place.draft, one)]
    if not found:
        return None
    when = past_label(found[-1].raised_at, place.now, place.here)
    return EarlierDanger(
        f"Danger signalé {when}, pas encore réglé.", " ".join(dangers.numbers_of(found, place.content))
    )
