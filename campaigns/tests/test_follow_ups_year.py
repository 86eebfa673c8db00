"""A year of follow-ups: the clock travels, the real tasks run, and a calculation apart says what should have been.

The short form crosses a leap day, a change of hour and Easter in eight weeks; ``make soak`` lives 500 plans for a year.
"""

from __future__ import annotations

import random
import time as clock
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone

from campaigns import calls, followups, lifecycle, queue, tasks, welfare
from campaigns.followups import review as reviews
from campaigns.models import Absence, Alert, Campaign, Case, DueCall, FollowUpPlan, WelfareCheck
from campaigns.tests import year_oracle as oracle
from solidarites.models import User
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}
HOURS = [time(10), time(11, 15), time(14), time(14, 45), time(15, 30), time(17)]
CADENCES = ["48h", "twice_a_week", *["weekly"] * 6, *["fortnightly"] * 7, *["monthly"] * 5]
REGIONS = [""] * 16 + ["67", "974", "974", "975"]
WIDER = {"twice_a_week": "weekly", "weekly": "fortnightly", "fortnightly": "monthly"}
# Beat ticks every minute; here at the hours at which something may fall due, and a few between.
TICKS = {time(6), time(9), time(19)}


@dataclass
class Life:
    """One campaign, its plans, and everything that happens to them, drawn in advance."""

    rng: random.Random
    start: date
    days: int
    hours: list[time] = field(default_factory=lambda: HOURS)
    heat: tuple[date, date] | None = None
    stop: tuple[datetime, datetime] | None = None
    specs: dict[int, oracle.Spec] = field(default_factory=dict)
    away: dict[int, list[tuple[date, date]]] = field(default_factory=dict)
    mornings: dict[date, list[Any]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)

    @property
    def last(self) -> date:
        return self.start + timedelta(days=self.days)

    def day(self, low: float, high: float) -> date:
        return self.start + timedelta(days=self.rng.randrange(int(self.days * low), max(int(self.days * high), 1)))

    def at(self, day: date, act: Any) -> None:
        self.mornings.setdefault(day, []).append(act)

    # Before the first day ------------------------------------------------------------------------------

    def people(self, volunteers: int, plans: int) -> None:
        now = datetime.combine(self.start, time(8), PARIS)
        team = [
            factories.make_user(f"b{number}@exemple.fr", "Béné", f"Vole {number}", "volunteer")
            for number in range(volunteers)
        ]
        self.coordinator = factories.make_user("co@exemple.fr", "Co", "Ordo")
        self.campaign = factories.make_campaign(volunteers=team, now=now, hours=OFFICE, ends_on=None)
        self.team = {user.pk: user for user in team}
        for user in team:
            self.absences(user)
        for _ in range(plans):
            self.plan(now)

    def absences(self, user: User) -> None:
        for _ in range(max(self.days // 90, 1)):
            first = self.day(0.05, 0.95)
            last = first + timedelta(days=self.rng.randrange(1, 15))
            self.away.setdefault(user.pk, []).append((first, last))

            def enter(now: datetime, first: date = first, last: date = last) -> None:
                followups.add_absence(user=user, first_day=first, last_day=last, by=user, now=now)

            self.at(max(first - timedelta(days=self.rng.choice([0, 1, 6])), self.start + timedelta(days=1)), enter)

    def plan(self, now: datetime) -> None:
        rng = self.rng
        region, cadence = rng.choice(REGIONS), rng.choice(CADENCES)
        wanted = {"48h": 0, "twice_a_week": 2}.get(cadence, 1)
        volunteer, backup = rng.sample(list(self.team), 2)
        spec = oracle.Spec(
            cadence,
            sorted(rng.sample(range(5), wanted)),
            rng.choice(self.hours),
            region,
            self.start + timedelta(days=2 if cadence == "48h" else 1),
        )
        fate = rng.random()
        if fate < 0.1:
            spec.ends_on = self.day(0.3, 0.9)
        case = factories.make_case(self.campaign, region=region, next_call_kind=Case.Kind.FOLLOW_UP, tier=2, now=now)
        Case.objects.filter(pk=case.pk).update(next_call_at=None)
        wish = followups.Wish(
            cadence,
            spec.weekdays,
            spec.time,
            volunteer,
            backup if rng.random() < 0.7 else None,
            ends_on=spec.ends_on,
            # Reviews come when they are drawn.
            review_on=self.last,
        )
        plan = followups.create_plan(case=case, wish=wish, by=self.coordinator, now=now)
        self.specs[plan.pk] = spec
        if 0.1 <= fate < 0.2:
            self.ends(plan, spec)
        elif 0.2 <= fate < 0.35 and cadence in WIDER:
            self.spaced(plan, spec)
        elif 0.35 <= fate < 0.55:
            self.interrupted(plan, spec)

    def ends(self, plan: FollowUpPlan, spec: oracle.Spec) -> None:
        spec.ended_on = self.day(0.2, 0.95)
        self.at(
            spec.ended_on,
            lambda now: followups.end_plan(plan_id=plan.pk, reason="no_need", by=self.coordinator, now=now),
        )

    def spaced(self, plan: FollowUpPlan, spec: oracle.Spec) -> None:
        morning, wider = self.day(0.15, 0.4), WIDER[spec.cadence]
        spec.spaced = (morning, wider, spec.weekdays[:1])
        self.at(morning, lambda now: reviews.review(plan_id=plan.pk, cadence=wider, by=self.coordinator, now=now))

    def interrupted(self, plan: FollowUpPlan, spec: oracle.Spec) -> None:
        first = self.day(0.2, 0.8)
        last = first + timedelta(days=self.rng.randrange(2, 25))
        spec.exceptions.append((first, last))
        self.at(
            first - timedelta(days=self.rng.randrange(0, 4)),
            lambda now: followups.add_exception(
                plan_id=plan.pk, first_day=first, last_day=last, reason="hospital", by=self.coordinator, now=now
            ),
        )

    # Day after day ---------------------------------------------------------------------------------------

    def live(self) -> None:
        if self.heat is not None:
            morning, until = self.heat
            self.at(
                morning,
                lambda now: lifecycle.set_heat_wave(campaign=self.campaign, until=until, by=self.coordinator, now=now),
            )
        with time_machine.travel(datetime.combine(self.start, time(9), PARIS), tick=False) as traveller:
            for number in range(1, self.days + 1):
                day = self.start + timedelta(days=number)
                # From before the first hour in La Réunion to after the last in Saint-Pierre-et-Miquelon.
                now = datetime.combine(day, time(5), PARIS).astimezone(UTC)
                traveller.move_to(now)
                for act in self.mornings.get(day, ()):
                    act(now)
                tasks.settle_follow_ups()
                for now in self.moments(day):
                    traveller.move_to(now)
                    self.tick(now)

    def moments(self, day: date) -> list[datetime]:
        """The hours of each zone, in our own order; nobody calls on weekends, but the machine does not know."""
        if day.weekday() > 4:
            return [datetime.combine(day, time(12), PARIS).astimezone(UTC)]
        ours = {datetime.combine(day, one, PARIS) for one in TICKS}
        theirs = {datetime.combine(day, one, ZoneInfo(zone)) for one in self.hours for zone in oracle.ZONES.values()}
        return sorted(one.astimezone(UTC) for one in ours | theirs)

    def tick(self, now: datetime) -> None:
        if self.stop is not None and self.stop[0] <= now < self.stop[1]:
            return
        if tasks.open_due_calls():
            opened = DueCall.objects.filter(opened_at=now).select_related("plan", "case")
            for due in opened:
                self.look(due, now)
            tasks.open_due_calls()  # twice by mistake: nothing more
            assert opened.count() == len(opened)
        tasks.watch_missed_calls()
        waiting = DueCall.objects.filter(
            state=DueCall.State.OPENED, case__status=Case.Status.OPEN, case__next_call_at__lte=now
        )
        for due in waiting.select_related("case"):
            self.answer(due, now)
        if now.astimezone(PARIS).time() == time(9):
            tasks.release_stale_claims()
            for check in WelfareCheck.objects.filter(closed_at=None, opened_at__lt=now - timedelta(days=2)):
                welfare.close_check(check=check, result="well", by=self.coordinator, now=now)
                self.did["checks"] += 1

    def look(self, due: DueCall, now: datetime) -> None:
        """Opened at its hour, for whoever is there that day."""
        self.did["opened"] += 1
        late = self.stop is not None and self.stop[0] <= due.due_at < self.stop[1]
        if due.opened_at != due.due_at and not late:
            self.wrong.append(f"due {due.due_at} opened {due.opened_at}")
        today = now.astimezone(ZoneInfo(oracle.ZONES[due.case.region])).date()
        wanted = (due.plan.volunteer_id, due.plan.backup_id)
        there = next((pk for pk in wanted if pk and not self.is_away(pk, today)), None)
        if due.state == DueCall.State.OPENED and due.volunteer_id != there:
            self.wrong.append(f"due {due.due_at} for {due.volunteer_id}, not {there}")

    def is_away(self, user_id: int, day: date) -> bool:
        return any(first <= day <= last for first, last in self.away.get(user_id, ()))

    def answer(self, due: DueCall, now: datetime) -> None:
        """Most answer; some do not; some calls nobody makes, or somebody else a day later."""
        fate = random.Random(f"{due.plan_id}-{due.due_at}").random()
        if fate > 0.95:
            return self.did.update(["never made"])
        if fate > 0.9 and now < due.due_at + timedelta(hours=20):
            return None
        silent = fate < 0.08 and due.unanswered < (1 if fate < 0.05 else 2 if fate < 0.07 else 9)
        by = self.team.get(due.volunteer_id or 0)
        if by is None or due.case.next_call_for_id != by.pk:
            by = self.somebody(due, now)
        if by is None:
            return None
        given = queue.claim_one(case_id=due.case_id, by=by, now=now)
        assert given.call is not None
        outcome = "no_answer" if silent else "completed"
        calls.record_call(case_id=due.case_id, by=by, submission=given.call.submission, outcome=outcome, now=now)
        return self.did.update([outcome])

    def somebody(self, due: DueCall, now: datetime) -> User | None:
        """Whoever asks for the next call: the queue offers this one to everybody once its grace has passed."""
        by = self.team[min(self.team)]
        case = Case.objects.get(pk=due.case_id)
        if case.anyone_from is not None and case.anyone_from > now:
            return None
        Case.objects.filter(pk=due.case_id).update(next_call_for=by)
        return by

    # At the end ------------------------------------------------------------------------------------------

    def verdict(self) -> int:
        assert not self.wrong, self.wrong[:10]
        found: dict[int, list[datetime]] = {plan_id: [] for plan_id in self.specs}
        for plan_id, due_at in DueCall.objects.order_by("due_at").values_list("plan_id", "due_at"):
            found[plan_id].append(due_at)
        total = 0
        for plan_id, spec in self.specs.items():
            wanted = oracle.expected(spec, self.last, self.heat)
            assert found[plan_id] == wanted, (
                plan_id,
                spec,
                "missing",
                sorted(set(wanted) - set(found[plan_id]))[:5],
                "too many",
                sorted(set(found[plan_id]) - set(wanted))[:5],
            )
            total += len(wanted)
        assert DueCall.objects.count() == total == self.did["opened"]
        opened = DueCall.objects.filter(state=DueCall.State.OPENED)
        assert opened.values("case__household").distinct().count() == opened.count()
        assert not opened.filter(plan__status=FollowUpPlan.Status.ENDED).exists()
        over = FollowUpPlan.objects.filter(ends_on__lt=self.last - timedelta(days=7))
        assert not over.exclude(status=FollowUpPlan.Status.ENDED).exists()
        # What nobody made was said.
        assert Alert.objects.filter(kind=Alert.Kind.MISSED_FOLLOW_UP).exists()
        return total


@pytest.mark.django_db
def test_eight_weeks_across_a_leap_day_a_change_of_hour_and_easter() -> None:
    life = Life(random.Random(2020), date(2028, 2, 28), 56, hours=[time(10), time(14, 45), time(17)])
    life.heat = (date(2028, 4, 4), date(2028, 4, 14))
    life.people(5, 40)
    life.live()
    assert life.verdict() > 150
    assert {"completed", "no_answer", "never made"} <= set(life.did)
    assert Absence.objects.exists()


@pytest.mark.soak
@pytest.mark.django_db
def test_five_hundred_plans_for_a_year(record_property: Any) -> None:
    began = clock.perf_counter()
    life = Life(random.Random(68), date(2027, 9, 6), 366)
    life.heat = (date(2028, 6, 20), date(2028, 7, 18))
    # The machine is off from a Tuesday noon to a Thursday morning.
    life.stop = (datetime(2027, 11, 23, 12, tzinfo=PARIS), datetime(2027, 11, 25, 9, tzinfo=PARIS))
    life.people(24, 500)
    life.live()
    total = life.verdict()
    seconds = clock.perf_counter() - began
    print(f"\n{total} due calls of 500 plans in a year, {dict(life.did)}, {seconds:.0f} s")
    assert Campaign.objects.get().heat_wave_until is None
    assert timezone.now().year
