"""The coordinator's calendar of follow-ups: a week, day by day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from campaigns.calls.views.labels import typography
from campaigns.common import scope
from campaigns.common.calendar import WEEKDAYS, calendar_of, clock_label, holiday_name
from campaigns.common.views.pages import campaign_filter, narrowed, note_read, with_people
from campaigns.followups import week
from campaigns.followups.words import day_words, short_day
from campaigns.models import CampaignVolunteer, Case
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required

# Beyond, a day says how many more; its own page shows them all.
A_DAY = 25
LOOKS = {
    "called": ("ok", "check-circle", "Fait"),
    "missed": ("attention", "calendar-x", "Manqué"),
    "skipped": ("muted", "skip-forward", "Annulé"),
    "late": ("attention", "exclamation-triangle-fill", "En retard"),
    "paused": ("muted", "pause-circle", "Attend la reprise"),
    "opened": ("primary", "telephone", "À faire"),
    "planned": ("info", "calendar-event", "Prévu"),
    "orphan": ("attention", "person-x", "À réattribuer"),
    "silent": ("muted", "pause-circle", "Interrompu"),
}


@role_required(COORDINATOR)
@require_GET
def follow_up_week(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    today = timezone.localdate(now)
    one_day = _day(request.GET.get("jour", ""))
    chosen = one_day or _day(request.GET.get("semaine", "")) or today
    first = one_day or week.monday_of(chosen)
    person = _person(request)
    cases = narrowed(request, scope.visible_cases(request.user)).order_by()
    days = week.week_of(cases, first, now, volunteer_id=person.pk if person else None, days=1 if one_day else 7)
    step = timedelta(days=1 if one_day else 7)
    context = {
        "days": _shown(days, today, whole=bool(one_day)),
        "one_day": one_day,
        "first": first,
        "last": first + step - timedelta(days=1),
        "before": (first - step).isoformat(),
        "after": (first + step).isoformat(),
        "today": today,
        "is_now": first <= today < first + step,
        "person": person,
        "people": _people(),
        "now": now,
        **campaign_filter(request),
    }
    note_read(request, "follow_ups.listed", [row["case"].pk for one in context["days"] for row in one["rows"]])
    return render(request, "followups/follow_up_week.html", context)


def _day(text: str) -> date | None:
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date() if len(text) == 10 else None  # noqa: DTZ007 - a day
    except ValueError:
        return None
    return found if found is not None and 2000 <= found.year <= 2100 else None


def _people() -> list[User]:
    members = CampaignVolunteer.objects.filter(active=True, user__is_active=True).values("user")
    return list(User.objects.filter(pk__in=members).order_by("last_name", "first_name", "pk"))


def _person(request: SignedInRequest) -> User | None:
    text = request.GET.get("benevole", "")
    return User.objects.filter(pk=int(text)).first() if text.isascii() and text.isdigit() and len(text) < 10 else None


def _shown(days: list[week.Day], today: date, *, whole: bool) -> list[dict[str, object]]:
    kept = {one.day: one.entries if whole else one.entries[:A_DAY] for one in days}
    cases = {
        case.pk: case
        for case in Case.objects.filter(pk__in={entry.case.pk for rows in kept.values() for entry in rows})
        .select_related("campaign", "household")
        .prefetch_related(with_people())
    }
    names = {
        user.pk: user.display_name
        for user in User.objects.filter(
            pk__in={entry.volunteer_id for rows in kept.values() for entry in rows if entry.volunteer_id}
        )
    }
    return [
        {
            "day": one.day,
            "name": day_words(one.day) if whole else _in_week(one.day),
            "today": one.day == today,
            "holiday": holiday_name(one.day),
            "count": len(one.entries),
            "more": len(one.entries) - len(kept[one.day]),
            "rows": [_row(entry, cases[entry.case.pk], names) for entry in kept[one.day]],
        }
        for one in days
    ]


def _in_week(day: date) -> str:
    """« lundi 6 »: the month stands above the week."""
    return f"{WEEKDAYS[day.weekday()]} {short_day(day).partition(' ')[0]}"


def _row(entry: week.Entry, case: Case, names: dict[int, str]) -> dict[str, object]:
    local = calendar_of(case.campaign, case.region).local(entry.at)
    kind, icon, word = LOOKS[entry.state]
    return {
        "at": typography(clock_label(local)),
        "iso": entry.at.isoformat(),
        "case": case,
        "plan_id": entry.plan_id,
        "kind": kind,
        "icon": icon,
        "word": word,
        "who": names.get(entry.volunteer_id or 0, ""),
        "note": entry.note,
    }
