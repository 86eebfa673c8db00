"""E-mails to volunteers: the evening before, and each Monday. Hours and a link, nothing about anybody.

One row of the queue of mails a person and a day (its key is unique): however often the task runs, one message leaves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from campaigns.common.calendar import calendar_of, clock_label
from campaigns.followups.absences import absent_on, presence_of
from campaigns.followups.dates import coming
from campaigns.followups.words import day_words
from campaigns.models import Campaign, FollowUpPlan
from solidarites import mail
from solidarites.models import OutgoingMail, User

EVENING = time(18)
MORNING = time(7)
# A summary that could not leave by noon says nothing that the evening's reminder will not say better.
NOON = time(12)


def remind(*, now: datetime) -> int:
    """Queue what is due at this hour of this day: the evening's reminders, the Monday's summaries, and what has
    changed hands since. How many."""
    local = now.astimezone(timezone.get_default_timezone())
    if local.time() >= EVENING:
        return remind_tomorrow(today=local.date(), now=now)
    if local.time() < MORNING:
        return 0
    summed_up = sum_up_week(today=local.date(), now=now) if local.weekday() == 0 and local.time() < NOON else 0
    return summed_up + tell_given(today=local.date(), now=now)


def remind_tomorrow(*, today: date, now: datetime) -> int:
    """To each volunteer who calls tomorrow, the hours. Somebody who is away then calls nobody and is not told."""
    tomorrow = today + timedelta(days=1)
    hours = _hours(tomorrow, tomorrow, now)
    return _queue(
        "follow_up_tomorrow",
        tomorrow,
        {user_id: {"day": day_words(tomorrow), "hours": days[tomorrow]} for user_id, days in hours.items()},
        now,
    )


def sum_up_week(*, today: date, now: datetime) -> int:
    """On Monday, the hours of the week, day by day; not to those who are away that day."""
    hours = _hours(today, today + timedelta(days=6), now)
    away = absent_on(hours, today)
    contexts = {}
    for user_id, days in hours.items():
        if user_id in away:
            continue
        week = [{"day": day_words(day), "hours": days[day]} for day in sorted(days)]
        contexts[user_id] = {"week": week, "count": sum(len(one) for one in days.values())}
    return _queue("follow_up_week", today, contexts, now)


def tell_given(*, today: date, now: datetime) -> int:
    """The calls still to come today of which nobody told this person: somebody is away since the evening before."""
    told = _told_of(today)
    sent = 0
    for user_id, days in _hours(today, today, now).items():
        known = told.get(user_id, Counter())
        new = Counter(days[today]) - known
        if not new:
            continue
        hours = [hour for hour in dict.fromkeys(days[today]) for _ in range(new[hour])]
        # How many were told before is in the key: each change of the day is told once.
        context = {user_id: {"day": "aujourd'hui", "hours": hours}}
        sent += _queue("follow_up_given", today, context, now, suffix=f":{known.total()}")
    return sent


def _told_of(today: date) -> dict[int | None, Counter[str]]:
    """The hours of today that each person read in an e-mail: the evening before or on Monday, then those that came."""
    found: dict[int | None, Counter[str]] = {}
    added: dict[int | None, Counter[str]] = {}
    rows = OutgoingMail.objects.filter(
        mail.about(User), template__in=["follow_up_tomorrow", "follow_up_week", "follow_up_given"], day=today
    )
    for user_id, template, context in rows.values_list("object_id", "template", "context"):
        if template == "follow_up_given":
            added[user_id] = added.get(user_id, Counter()) + Counter(context["hours"])
            continue
        hours = context.get("hours") or [
            hour for one in context.get("week", ()) if one["day"] == day_words(today) for hour in one["hours"]
        ]
        # The evening and the Monday tell of the same calls.
        found[user_id] = found.get(user_id, Counter()) | Counter[str](hours)
    return {pk: found.get(pk, Counter()) + added.get(pk, Counter()) for pk in found.keys() | added.keys()}


def _hours(first: date, last: date, now: datetime) -> dict[int, dict[date, list[str]]]:
    """{volunteer: {day: hours}} of the calls to come between two days, as the volunteer's own clock shows them."""
    zone = timezone.get_default_timezone()
    end = datetime.combine(last + timedelta(days=1), time.min, zone)
    start = max(datetime.combine(first, time.min, zone), now)
    plans = (
        FollowUpPlan.objects.active()
        .filter(next_due_at__lt=end, case__campaign__status=Campaign.Status.OPEN)
        .select_related("case__campaign")
    )
    campaigns = set(plans.order_by().values_list("case__campaign_id", flat=True).distinct())
    presence = presence_of(campaigns, (now - timedelta(days=1)).date())
    found: dict[int, dict[date, list[tuple[datetime, str]]]] = {}
    for plan in plans.prefetch_related("exceptions").order_by("pk").iterator(chunk_size=1000):
        calendar = calendar_of(plan.case.campaign, plan.case.region)
        for one in coming(plan, until=end):
            caller = presence.caller(plan, one.day)
            if one.exception is not None or one.at < start or caller is None:
                continue
            ours = one.at.astimezone(zone)
            found.setdefault(caller, {}).setdefault(ours.date(), []).append(
                (one.at, _clock(ours, calendar.local(one.at)))
            )
    return {
        user_id: {day: [words for _, words in sorted(calls)] for day, calls in days.items()}
        for user_id, days in found.items()
    }


def _clock(ours: datetime, theirs: datetime) -> str:
    """« 10 h », « 8 h (10 h chez la personne) » where clocks differ."""
    if ours.utcoffset() == theirs.utcoffset():
        return clock_label(ours)
    return f"{clock_label(ours)} ({clock_label(theirs)} chez la personne)"


def _queue(
    template: str, day: date, contexts: Mapping[int, Mapping[str, object]], now: datetime, suffix: str = ""
) -> int:
    people = User.objects.filter(pk__in=contexts, is_active=True)
    keys = {person.pk: f"{template}:{person.pk}:{day.isoformat()}{suffix}" for person in people}
    known = _known(keys.values())
    sent = 0
    for person in people:
        if keys[person.pk] in known:
            continue
        with transaction.atomic():
            mail.queue_mail(
                key=keys[person.pk],
                about=person,
                day=day,
                to=person.email,
                template=template,
                context=dict(contexts[person.pk]),
                now=now,
            )
        sent += 1
    return sent


def _known(keys: Iterable[str]) -> set[str]:
    return set(OutgoingMail.objects.filter(key__in=list(keys)).values_list("key", flat=True))
