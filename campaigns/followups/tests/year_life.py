"""Follow-up plans living through the days: the clock travels, the real tasks run, people do what people do.

All that will happen is drawn beforehand; the life keeps its own notes of who calls and what was answered.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from django.db import connection
from django.db.models import Count

from campaigns import followups, queue, tasks, welfare
from campaigns.followups import handover
from campaigns.followups import review as reviews
from campaigns.followups.tests import year_oracle as oracle
from campaigns.models import Campaign, CampaignVolunteer, Case, DueCall, FollowUpPlan, WelfareCheck
from campaigns.setup import lifecycle
from solidarites.models import User
from tenants import households
from tests import factories

PARIS = ZoneInfo("Europe/Paris")
OFFICE = {str(day): [["10:00", "12:00"], ["14:00", "18:00"]] for day in range(5)}
HOURS = [time(10), time(11, 15), time(14), time(14, 45), time(15, 30), time(17)]
CADENCES = ["48h", "twice_a_week", *["weekly"] * 6, *["fortnightly"] * 7, *["monthly"] * 5]
REGIONS = ["", "", "67", "974", "", "", "975", "", "976", "987", "", "988"]
WIDER = {"twice_a_week": "weekly", "weekly": "fortnightly", "fortnightly": "monthly"}
# Beat ticks every minute; here at the hours at which something may fall due, and a few between.
TICKS = {time(6), time(9), time(19)}
# What people enter: in the middle of the night in Bordeaux, of the afternoon in Nouméa or, the day before, in Tahiti.
MORNING = time(5, 20)
Act = Callable[[datetime], Any]


@dataclass
class Life:
    """One campaign, its plans, and everything that happens to them."""

    rng: random.Random
    start: date
    days: int
    hours: list[time] = field(default_factory=lambda: HOURS)
    # From this morning to that day; the second one is called off on its last day.
    heat: tuple[date, date] | None = None
    false_heat: tuple[date, date] | None = None
    stop: tuple[datetime, datetime] | None = None
    specs: dict[int, oracle.Spec] = field(default_factory=dict)
    heats: list[oracle.Heat] = field(default_factory=list)
    number: dict[int, int] = field(default_factory=dict)
    who: dict[int, tuple[int | None, int | None]] = field(default_factory=dict)
    refuses: dict[int, datetime] = field(default_factory=dict)
    away: dict[int, list[tuple[datetime, date, date]]] = field(default_factory=dict)
    acts: dict[datetime, list[Act]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)
    answered: dict[int, datetime] = field(default_factory=dict)
    given_up: set[int] = field(default_factory=set)
    unmade: set[int] = field(default_factory=set)
    cancelled: set[int] = field(default_factory=set)

    @property
    def last(self) -> date:
        return self.start + timedelta(days=self.days)

    @property
    def began(self) -> datetime:
        return datetime.combine(self.start, time(8), PARIS)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.last, time(22), PARIS)

    def day(self, low: float, high: float) -> date:
        """Some day; nobody enters anything while the machine is off."""
        drawn = self.start + timedelta(days=max(self.rng.randrange(int(self.days * low), int(self.days * high)), 1))
        off = self.stop is not None and self.stop[0].date() <= drawn <= self.stop[1].date()
        return drawn + timedelta(days=3) if off else drawn

    def at(self, day: date, act: Act) -> datetime:
        moment = datetime.combine(day, MORNING, PARIS)
        self.acts.setdefault(moment, []).append(act)
        return moment

    # Before the first day ------------------------------------------------------------------------------

    def people(self, volunteers: int, plans: int) -> None:
        now = self.began
        team = [
            factories.make_user(f"b{number}@exemple.fr", "Béné", f"Vole {number}", "volunteer")
            for number in range(volunteers)
        ]
        self.coordinator = factories.make_user("co@exemple.fr", "Co", "Ordo")
        self.campaign = factories.make_campaign(volunteers=team, now=now, hours=OFFICE, ends_on=None)
        self.team = {user.pk: user for user in team}
        for user in team:
            self.absences(user)
        for number in range(plans):
            self.plan(number)
        self.leaves(team[-1])
        if self.heat is not None:
            self.heat_wave(*self.heat)
        if self.false_heat is not None:
            self.heat_wave(*self.false_heat)
            self.heat_wave(self.false_heat[1], None)

    def absences(self, user: User) -> None:
        for _ in range(max(self.days // 90, 1)):
            first = self.day(0.05, 0.95)
            last = first + timedelta(days=self.rng.randrange(1, 15))

            def enter(now: datetime, first: date = first, last: date = last) -> None:
                followups.add_absence(user=user, first_day=first, last_day=last, by=user, now=now)

            told = max(first - timedelta(days=self.rng.choice([0, 1, 6])), self.start + timedelta(days=1))
            self.away.setdefault(user.pk, []).append((self.at(told, enter), first, last))

    def heat_wave(self, morning: date, until: date | None) -> None:
        def switch(now: datetime) -> None:
            campaign = Campaign.objects.get()
            lifecycle.set_heat_wave(campaign=campaign, until=until, by=self.coordinator, now=now)

        self.heats.append(oracle.Heat(self.at(morning, switch), until))

    def leaves(self, user: User) -> None:
        """A volunteer leaves: all plans to others in one action, as it proposes."""

        def hand(now: datetime) -> None:
            plans = list(handover.plans_of(self.campaign, user.pk))
            given = handover.share(self.campaign, plans, leaving_id=user.pk, today=now.date())
            assert set(given) == {plan.pk for plan in plans}
            assert user.pk not in given.values()
            changed, stale = followups.hand_over(
                campaign=self.campaign, given=given, leaving_id=user.pk, by=self.coordinator, now=now
            )
            assert (changed, stale) == (len(plans), 0)
            membership = CampaignVolunteer.objects.get(campaign=self.campaign, user=user)
            assert lifecycle.remove_volunteer(membership=membership, by=self.coordinator, now=now) == 0
            for plan_id, (volunteer, backup) in self.who.items():
                caller = given.get(plan_id, volunteer)
                self.who[plan_id] = caller, None if backup in (caller, user.pk) else backup
            self.did["handed over"] += len(given)

        self.at(self.day(0.45, 0.55), hand)

    def plan(self, number: int) -> None:
        rng, now = self.rng, self.began
        region, cadence = REGIONS[number % len(REGIONS)], rng.choice(CADENCES)
        wanted = {"48h": 0, "twice_a_week": 2}.get(cadence, 1)
        volunteer, backup = rng.sample(list(self.team), 2)
        spec = oracle.Spec(region)
        fate = rng.random()
        rhythm = oracle.Rhythm(
            now,
            cadence,
            sorted(rng.sample(range(5), wanted)),
            rng.choice(self.hours),
            now.astimezone(spec.zone).date() + timedelta(days=2 if cadence == "48h" else 1),
            self.day(0.3, 0.9) if fate < 0.1 else None,
        )
        spec.rhythms.append(rhythm)
        self.who[0] = volunteer, backup if rng.random() < 0.7 else None
        case = factories.make_case(self.campaign, region=region, next_call_kind=Case.Kind.FOLLOW_UP, tier=2, now=now)
        Case.objects.filter(pk=case.pk).update(next_call_at=None)
        plan = followups.create_plan(case=case, rhythm=self.rhythm(0, rhythm), by=self.coordinator, now=now)
        self.specs[plan.pk], self.number[plan.pk], self.who[plan.pk] = spec, number, self.who.pop(0)
        if 0.1 <= fate < 0.3:
            self.ends(plan, spec)
        elif 0.3 <= fate < 0.4 and cadence in WIDER:
            self.reviewed(plan.pk, spec, WIDER[cadence])
        elif 0.4 <= fate < 0.45:
            self.reviewed(plan.pk, spec, cadence)
        elif 0.45 <= fate < 0.5:
            self.handed_to_association(plan.pk, spec)
        elif 0.5 <= fate < 0.65:
            self.changed(plan.pk, spec)
        elif 0.65 <= fate < 0.7:
            self.end_date_later(plan.pk, spec)
        if fate > 0.4 and rng.random() < 0.5:
            self.interrupted(plan.pk, spec)

    def rhythm(self, plan_id: int, rhythm: oracle.Rhythm) -> followups.Rhythm:
        volunteer, backup = self.who[plan_id]
        # Reviews come when they are drawn.
        return followups.Rhythm(
            rhythm.cadence, rhythm.weekdays, rhythm.time, volunteer, backup, rhythm.ends_on, review_on=self.last
        )

    def ends(self, plan: FollowUpPlan, spec: oracle.Spec) -> None:
        """By a coordinator, an opposition, a death or a move; or the tenant says so at the next call."""
        day = self.day(0.2, 0.95)
        tenant = plan.household.tenants.get()
        how = self.rng.randrange(5)
        if how == 4:
            self.refuses[plan.pk] = datetime.combine(day, MORNING, PARIS)
            return

        def stop(now: datetime) -> None:
            if how == 0:
                households.record_opposition(household=plan.household, now=now, by=self.coordinator)
            elif how in (1, 2):
                status = ("deceased", "moved")[how - 1]
                households.close_person(tenant=tenant, status=status, now=now, by=self.coordinator)
            else:
                followups.end_plan(plan_id=plan.pk, reason="no_need", by=self.coordinator, now=now)

        spec.ended_at = self.at(day, stop)

    def reviewed(self, plan_id: int, spec: oracle.Spec, cadence: str) -> None:
        """The same rhythm goes on; another begins anew."""
        morning, rhythm = self.day(0.15, 0.7), spec.rhythms[0]
        moment = self.at(
            morning, lambda now: reviews.review(plan_id=plan_id, cadence=cadence, by=self.coordinator, now=now)
        )
        if cadence != rhythm.cadence:
            tomorrow = moment.astimezone(spec.zone).date() + timedelta(days=1)
            spec.rhythms.append(oracle.Rhythm(moment, cadence, rhythm.weekdays[:1], rhythm.time, tomorrow))

    def handed_to_association(self, plan_id: int, spec: oracle.Spec) -> None:
        stop = self.rng.random() < 0.5

        def hand(now: datetime) -> None:
            reviews.hand_to_association(
                plan_id=plan_id, tenant=None, partner=None, agreed=True, stop=stop, by=self.coordinator, now=now
            )

        moment = self.at(self.day(0.2, 0.8), hand)
        if stop:
            spec.ended_at = moment

    def changed(self, plan_id: int, spec: oracle.Spec) -> None:
        """Another hour, and half of the time other days."""
        before = spec.rhythms[0]
        hour = self.rng.choice([one for one in self.hours if one != before.time])
        days = before.weekdays
        if self.rng.random() < 0.5:
            days = sorted(self.rng.sample(range(5), len(days)))
        moment = self.at(self.day(0.2, 0.8), lambda now: self.change(plan_id, after, now))
        ahead = 2 if before.cadence == "48h" else 1
        after = oracle.Rhythm(
            moment, before.cadence, days, hour, moment.astimezone(spec.zone).date() + timedelta(days=ahead)
        )
        spec.rhythms.append(after)

    def end_date_later(self, plan_id: int, spec: oracle.Spec) -> None:
        """An end date agreed on the way leaves the series."""
        before, day = spec.rhythms[0], self.day(0.2, 0.5)
        moment = self.at(day, lambda now: self.change(plan_id, after, now))
        far = day + timedelta(days=35 + self.rng.randrange(60))
        after = oracle.Rhythm(moment, before.cadence, before.weekdays, before.time, before.starts_on, far)
        spec.rhythms.append(after)

    def change(self, plan_id: int, rhythm: oracle.Rhythm, now: datetime) -> None:
        followups.change_plan(plan_id=plan_id, rhythm=self.rhythm(plan_id, rhythm), by=self.coordinator, now=now)

    def interrupted(self, plan_id: int, spec: oracle.Spec) -> None:
        """« À l'hôpital du … au … », told before or that day; some come home earlier."""
        first = self.day(0.2, 0.8)
        last = first + timedelta(days=self.rng.randrange(2, 25))
        made: list[int] = []

        def enter(now: datetime) -> None:
            if FollowUpPlan.objects.get(pk=plan_id).status == FollowUpPlan.Status.ENDED:
                return
            opened = DueCall.objects.filter(plan=plan_id, state=DueCall.State.OPENED)
            row = followups.add_exception(
                plan_id=plan_id, first_day=first, last_day=last, reason="hospital", by=self.coordinator, now=now
            )
            self.cancelled.update(pk for pk in opened.values_list("pk", flat=True))
            made.append(row.pk)

        def back(now: datetime) -> None:
            if made and FollowUpPlan.objects.get(pk=plan_id).status != FollowUpPlan.Status.ENDED:
                followups.remove_exception(exception_id=made[0], by=self.coordinator, now=now)
                self.did["back early"] += 1

        told = first - timedelta(days=self.rng.randrange(0, 4))
        silence = oracle.Silence(self.at(told, enter), first, last)
        if self.rng.random() < 0.4:
            silence.taken_back = self.at(first + (last - first) // 2 + timedelta(days=1), back)
        spec.silences.append(silence)

    # Day after day ---------------------------------------------------------------------------------------

    def live(self) -> None:
        nights = {datetime.combine(self.start + timedelta(days=n + 1), MORNING, PARIS) for n in range(self.days)}
        assert set(self.acts) <= nights
        with time_machine.travel(self.began, tick=False) as traveller:
            for now in sorted(self.ticks() | nights):
                traveller.move_to(now)
                if now in nights:
                    for act in self.acts.get(now, ()):
                        act(now)
                    tasks.settle_follow_ups()
                    tasks.forget_past_absences()
                    self.sweep(now)
                else:
                    self.tick(now)

    def sweep(self, now: datetime) -> None:
        """Each week what autovacuum does all the time, where there may be none; not inside a test's transaction."""
        if connection.vendor == "postgresql" and not connection.in_atomic_block and now.weekday() == 6:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")

    def ticks(self) -> set[datetime]:
        """The hours of each zone, in our own order; nobody calls on weekends, but the machine does not know."""
        found: set[datetime] = set()
        zones = {ZoneInfo(oracle.ZONES[spec.region]) for spec in self.specs.values()}
        for number in range(-1, self.days + 2):
            day = self.start + timedelta(days=number)
            if day.weekday() > 4:
                found.add(datetime.combine(day, time(12), PARIS))
            else:
                found |= {datetime.combine(day, one, PARIS) for one in TICKS}
                found |= {datetime.combine(day, one, zone) for one in self.hours for zone in zones}
        return {one.astimezone(UTC) for one in found if self.began < one <= self.end}

    def tick(self, now: datetime) -> None:
        if self.stop is not None and self.stop[0] <= now < self.stop[1]:
            return
        if tasks.open_due_calls():
            opened = DueCall.objects.filter(opened_at=now).select_related("plan", "case")
            for due in opened:
                self.look(due, now)
            tasks.open_due_calls()  # twice by mistake: nothing more
            assert opened.count() == len(opened)
            waiting = DueCall.objects.filter(state=DueCall.State.OPENED).values("case__household")
            if waiting.annotate(n=Count("pk")).filter(n__gt=1).exists():
                self.wrong.append(f"two open calls of one household at {now}")
        tasks.watch_missed_calls()
        waiting_now = DueCall.objects.filter(
            state=DueCall.State.OPENED, case__status=Case.Status.OPEN, case__next_call_at__lte=now
        )
        for due in waiting_now.select_related("case"):
            self.answer(due, now)
        if now.astimezone(PARIS).time() == time(9):
            tasks.release_stale_claims()
            for check in WelfareCheck.objects.filter(closed_at=None, opened_at__lt=now - timedelta(days=2)):
                welfare.close_check(check=check, result="well", by=self.coordinator, now=now)
                self.did["checks"] += 1

    def look(self, due: DueCall, now: datetime) -> None:
        """Opened at its hour, for whoever is there that day, at its place in the queue; never of a stopped plan."""
        self.did["opened"] += 1
        spec = self.specs[due.plan_id]
        off = self.stop is not None and self.stop[0] <= due.due_at < self.stop[1]
        self.did["opened late"] += off
        if now != (self.stop[1] if off and self.stop else due.due_at):
            self.wrong.append(f"due {due.due_at} opened {due.opened_at}")
        if spec.ended_at is not None and now > spec.ended_at:
            self.wrong.append(f"due {due.due_at} of a plan that ended {spec.ended_at}")
        today = now.astimezone(spec.zone).date()
        there = next((pk for pk in self.who[due.plan_id] if pk and not self.is_away(pk, today, now)), None)
        if due.volunteer_id != there:
            self.wrong.append(f"due {due.due_at} for {due.volunteer_id}, not {there}")
        if due.state == DueCall.State.SKIPPED:
            # A coordinator already has this household on the desk.
            self.did["on the desk"] += 1
            if not WelfareCheck.objects.filter(case=due.case, closed_at=None).exists():
                self.wrong.append(f"due {due.due_at} never offered")
        elif due.state == DueCall.State.OPENED:
            case = due.case
            place = (case.status, case.tier, case.next_call_kind, case.next_call_at, case.next_call_for_id)
            if place != (Case.Status.OPEN, Case.Tier.FOLLOW_UP, Case.Kind.FOLLOW_UP, due.due_at, there):
                self.wrong.append(f"due {due.due_at} at {place}")
        elif not off:
            self.wrong.append(f"due {due.due_at} opened {due.state}")
        if there is None:
            self.did["to reassign"] += 1
        elif there != self.who[due.plan_id][0]:
            self.did["backup"] += 1

    def is_away(self, user_id: int, day: date, now: datetime) -> bool:
        return any(told <= now and first <= day <= last for told, first, last in self.away.get(user_id, ()))

    def answer(self, due: DueCall, now: datetime) -> None:
        """Most answer; some do not; some calls nobody makes, or somebody else a day later."""
        fate = self.fate(due)
        if fate > 0.95:
            self.unmade.add(due.pk)
            return None
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
        if not silent and self.refuses.get(due.plan_id, now) < now:
            outcome, self.specs[due.plan_id].ended_at = "refused_campaign", now
        factories.record_call(case_id=due.case_id, by=by, submission=given.call.submission, outcome=outcome, now=now)
        if not silent:
            self.answered[due.pk] = now
        elif due.unanswered and WelfareCheck.objects.filter(case=due.case_id, opened_at=now).exists():
            self.given_up.add(due.pk)
        return self.did.update([outcome])

    def fate(self, due: DueCall) -> float:
        return random.Random(f"{self.number[due.plan_id]}-{due.due_at:%Y%m%d%H%M}").random()

    def somebody(self, due: DueCall, now: datetime) -> User | None:
        """Whoever asks for the next call: the queue offers this one to everybody once its grace has passed."""
        by = self.team[min(self.team)]
        case = Case.objects.get(pk=due.case_id)
        if case.anyone_from is not None and case.anyone_from > now:
            return None
        Case.objects.filter(pk=due.case_id).update(next_call_for=by)
        return by
