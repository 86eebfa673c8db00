"""What becomes of a caller's work when their account is closed (``solidarites.departures``).

Nothing that was promised to a household is lost: it keeps its hour, and goes to whoever is there.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from campaigns import alerts, followups, queue
from campaigns.followups import feed
from campaigns.models import (
    Alert,
    CalendarFeed,
    Call,
    Campaign,
    CampaignVolunteer,
    Case,
    CaseMessage,
    FollowUpPlan,
    WelfareCheck,
)
from solidarites import roles
from solidarites.departures import Fate
from solidarites.models import User

_OVER = (Campaign.Status.CLOSED, Campaign.Status.PURGED)


def foresee(user: User, by: User, now: datetime) -> list[Fate]:
    """In sentences, for whoever is about to close the account; links that ``by`` may open."""
    found = [*_calls(user, by, now), *_plans(user, by), *_coordination(user, by)]
    messages = CaseMessage.objects.filter(by=user, case__status__in=Case.ALIVE).count()
    if messages:
        taken = f"{messages} messages pris" if messages > 1 else "1 message pris"
        found.append(
            Fate(f"{taken} pour un foyer\u00a0: la personne qui appellera {'les' if messages > 1 else 'le'} lira.")
        )
    if CalendarFeed.objects.filter(user=user).exists():
        found.append(
            Fate("Le lien de son agenda ne s'ouvre plus. Après une réactivation, il faudra en faire un autre.")
        )
    return found


def _link(by: User, name: str, *args: object) -> str:
    url = reverse(name, args=args)
    return url if roles.may_open(by, url) else ""


def _calls(user: User, by: User, now: datetime) -> list[Fate]:
    found = []
    if Case.objects.filter(claimed_by=user, claimed_until__gt=now).exists():
        found.append(Fate("Le foyer que cette personne appelle en ce moment revient tout de suite dans la file."))
    begun = Call.objects.filter(Call.WITH_WORDS, state=Call.State.DRAFT, volunteer=user).count()
    begun += Call.objects.filter(state=Call.State.PENDING, volunteer=user).count()
    if begun:
        words = f"{begun} appels commencés et non enregistrés" if begun > 1 else "1 appel commencé et non enregistré"
        found.append(
            Fate(
                f"{words}\u00a0: ce qui est écrit attend la coordination, qui décide.",
                _link(by, "coordinator:pending_list"),
                "Appels à trancher",
            )
        )
    promised = _promised(user).count()
    if promised:
        words = f"{promised} rappels promis" if promised > 1 else "1 rappel promis"
        found.append(
            Fate(f"{words}\u00a0: à la même heure, mais proposé{'s' if promised > 1 else ''} à toute l'équipe.")
        )
    return found


def _promised(user: User) -> QuerySet[Case]:
    return Case.objects.alive().filter(next_call_for=user).exclude(next_call_kind=Case.Kind.FOLLOW_UP)


def _plans(user: User, by: User) -> list[Fate]:
    """One sentence a campaign: each has its own page where plans change hands."""
    running = FollowUpPlan.objects.active()
    replaced = Count("pk", filter=Q(backup__is_active=True) & ~Q(backup=user))
    rows = list(
        running.filter(volunteer=user)
        .values("case__campaign", "case__campaign__slug", "case__campaign__name")
        .annotate(all=Count("pk"), replaced=replaced)
        .order_by("case__campaign")
    )
    members = dict(
        CampaignVolunteer.objects.filter(user=user, campaign__in=[row["case__campaign"] for row in rows]).values_list(
            "campaign", "pk"
        )
    )
    found = []
    for row in rows:
        count, member = row["all"], members.get(row["case__campaign"])
        words = f"{count} suivis" if count > 1 else "1 suivi"
        found.append(
            Fate(
                f"{words} de la campagne «\u00a0{row['case__campaign__name']}\u00a0» "
                f"{'sont' if count > 1 else 'est'} à confier à quelqu'un d'autre. {_meanwhile(count, row['replaced'])}",
                _link(by, "coordinator:volunteer_share", row["case__campaign__slug"], member) if member else "",
                "Répartir ces suivis",
            )
        )
    backed = running.filter(backup=user).exclude(volunteer=user).count()
    if backed:
        words = f"{backed} suivis n'auront" if backed > 1 else "1 suivi n'aura"
        found.append(
            Fate(f"{words} plus de remplaçant(e) en cas d'absence.", _link(by, "coordinator:follow_up_list"), "Suivis")
        )
    return found


def _meanwhile(count: int, replaced: int) -> str:
    if replaced == count:
        return "D'ici là, c'est la personne remplaçante qui appelle."
    if replaced:
        return (
            f"D'ici là, la personne remplaçante appelle pour {replaced} d'entre eux\u00a0; "
            "les autres sont proposés à toute l'équipe."
        )
    return "D'ici là, les appels sont proposés à toute l'équipe à l'heure convenue."


def _coordination(user: User, by: User) -> list[Fate]:
    found = []
    taken = Alert.objects.unsolved().filter(taken_by=user).count()
    if taken:
        words = f"{taken} alertes prises attendent" if taken > 1 else "1 alerte prise attend"
        found.append(Fate(f"{words} de nouveau quelqu'un.", _link(by, "coordinator:alert_list"), "Alertes"))
    owned = WelfareCheck.objects.open().filter(owner=user).count()
    if owned:
        words = f"{owned} veilles restent" if owned > 1 else "1 veille reste"
        found.append(
            Fate(
                f"{words} à son nom jusqu'à ce que la coordination confie cette charge. En retard, une veille "
                "revient à toute la coordination.",
                _link(by, "coordinator:welfare_list"),
                "Veilles",
            )
        )
    return found


def settle(user: User, by: User, now: datetime) -> None:
    """Give back at once what this person held; the minute's tasks would, later.

    Drafts go to the coordination by their own task (``calls.keep_unfinished``), plans to « À réattribuer ».
    """
    for case_id in Case.objects.filter(claimed_by=user).values_list("pk", flat=True):
        queue.release(case_id=case_id, by=by, now=now)
    promised = list(_promised(user).select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    Case.objects.filter(pk__in=promised, next_call_for=user).update(next_call_for=None, anyone_from=None)
    followups.hand_over_opened(now=now, user_ids=[user.pk])
    alerts.release_left(now=now)
    feed.revoke(user=user, by=by)
