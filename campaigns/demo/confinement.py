"""« Confinement, printemps 2020 »: the story of a landlord's solidarity cell, lived day by day.

2,320 households with a number, all reached in thirteen working days by forty-one people, nearly 2,700 calls, 18 people
referred, 68 regular calls. Who answers when is drawn; how many calls may still go unanswered is counted before each of
them, so that the totals come out whatever is drawn.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import chain, count, takewhile

from django.db import transaction

from campaigns import followups, referrals, scripts
from campaigns.common.calendar import Calendar, calendar_of
from campaigns.demo import base, conversations, institutions, places, remarks
from campaigns.demo.calling import REACHING, Caller, Said
from campaigns.demo.lists import Wanted
from campaigns.demo.post import send_waiting
from campaigns.models import Campaign, Case, Crisis, Letter, Partner, Referral
from campaigns.models.followup import FollowUpPlan
from campaigns.setup import enrolment, lifecycle
from campaigns.welfare import letters, without_number
from solidarites.models import User
from tenants.models import Agency, Landlord

SLUG = "confinement-2020"
FIRST_DAY, LAST_DAY = date(2020, 3, 17), date(2020, 4, 2)
HOUSEHOLDS = Wanted(with_number=2320, without_number=87, younger=60)
CALLS = 2700
PLANS = 68
# Who takes the eighteen in charge: {kind: how many people}.
REFERRED = {Partner.Kind.CCAS: 6, Partner.Kind.TOWN_HALL: 5, Partner.Kind.ASSOCIATION: 4, Partner.Kind.ARI: 3}
SMALL_NEEDS = 45
# First calls of each working day: a slow start, then the pace, then the last ones.
PACE = (130, 175, 205, 215, 220, 225, 225, 220, 210, 195, 160, 100, 40)
# The share of calls that nobody answers, by hour.
SILENCE = {10: 0.10, 11: 0.085, 14: 0.16, 15: 0.13, 16: 0.11, 17: 0.09}
# What the partner answers, how often, and what the household says of it when called back.
IN_PLACE, KNOWN, NO_MORE = "help_in_place", "already_followed", "refused"
RESULTS = {IN_PLACE: 14, KNOWN: 2, NO_MORE: 1}
ANSWERS = {
    IN_PLACE: (
        "Portage de repas en place.", "Courses livrées deux fois par semaine.", "Visite faite, aide mise en place.",
    ),
    KNOWN: ("Déjà suivie par notre service : la tournée passera un jour de plus.",),
    NO_MORE: ("Préfère finalement s'arranger avec sa voisine. Nous restons joignables.",),
}  # fmt: skip
HEARD = {
    IN_PLACE: "L'aide est en place, merci.",
    KNOWN: "Le service est passé comme promis.",
    NO_MORE: "S'arrange avec sa voisine, tout va bien.",
}
# The psychological cell, for those whose spirits are very low.
ARI_ANSWERS = ("Une psychologue l'appelle chaque semaine.", "Premier entretien fait, un second est fixé.")
# Who has no number is written to: the first days, then the rest of them.
LETTERS = {date(2020, 3, 18): 50, date(2020, 3, 23): 50}
CALLS_A_TRANSACTION = 100


def create(landlord: Landlord, volunteers: Sequence[User], by: User) -> Campaign:
    """The campaign as a coordinator would fill it in, opened on 17 March 2020."""
    opened = datetime(2020, 3, 16, 16, 0, tzinfo=Campaign().tz)
    loaded = {script.kind: script for script in scripts.load_defaults(now=opened)}
    campaign = lifecycle.create_campaign(
        campaign=Campaign(
            name="Confinement, printemps 2020",
            slug=SLUG,
            crisis=Crisis.EPIDEMIC,
            purpose="Prendre des nouvelles de tous les locataires de plus de 70 ans pendant le confinement, et trouver "
            "de l'aide à qui en a besoin. Exemple de la démonstration : toutes les personnes sont inventées.",
            legal_basis="Mission d'intérêt public",
            data_protection_contact="dpd@exemple.fr",
            impact_assessment="AIPD 2020-03",
            starts_on=FIRST_DAY,
            ends_on=date(2020, 5, 11),
            callback_number="+33536490036",
            on_call_number="+33536490015",
            script=loaded["first"],
            follow_up_script=loaded["follow_up"],
            welfare_script=loaded["welfare"],
        ),
        related={"landlords": [landlord], "agencies": _agencies(landlord)},
        by=by,
        now=opened - timedelta(days=3),
    )
    lifecycle.add_volunteers(campaign=campaign, users=volunteers, by=by, now=opened - timedelta(days=1))
    lifecycle.open_campaign(campaign=campaign, by=by, now=datetime(2020, 3, 17, 9, 0, tzinfo=campaign.tz))
    enrolment.enrol(campaign=campaign, now=opened, by=by)
    return campaign


def _agencies(landlord: Landlord) -> list[Agency]:
    return list(Agency.objects.filter(landlord=landlord, name__in=[agency.name for agency in places.SPRING]))


@dataclass(order=True)
class Slot:
    """A volunteer takes a call at this moment."""

    at: datetime
    number: int
    by: User = field(compare=False)


class Spring:
    """The thirteen days."""

    def __init__(
        self,
        campaign: Campaign,
        volunteers: Sequence[User],
        coordinator: User,
        rng: random.Random,
        say: Callable[[str], None],
    ) -> None:
        self.campaign, self.volunteers, self.coordinator, self.rng, self.say = (
            campaign,
            volunteers,
            coordinator,
            rng,
            say,
        )
        self.calendar: Calendar = calendar_of(campaign)
        self.caller = Caller(campaign, rng, remarks.SPRING, every=400)
        self.days = [day for day in _days(FIRST_DAY, LAST_DAY) if self.calendar.is_working_day(day)]
        self.end = self.calendar.at(LAST_DAY, time(17, 50))
        self.unreached = set(Case.objects.filter(campaign=campaign, has_number=True).values_list("pk", flat=True))
        # Of those who need help, whose spirits are very low.
        self.low: set[int] = set()
        self.results: dict[int, str] = {}
        self.lonely, self.needy, self.with_small_need = self._choose()
        self.slots: list[Slot] = []
        self.numbers = count()
        # Calls that the future already holds: of a series before the end, callbacks, after a referral.
        self.promises: Counter[tuple[str, int]] = Counter()
        self.plans_to_come = PLANS
        self.tries: dict[int, int] = {}
        self.acts: list[tuple[datetime, int, Callable[[datetime], None]]] = []

    def _choose(self) -> tuple[set[int], set[int], set[int]]:
        """Who will be lonely, who will need help and from which kind of partner, who will miss some small thing."""
        rows = list(
            Case.objects.filter(campaign=self.campaign, has_number=True)
            .order_by("pk")
            .values_list("pk", "household__insee_code", "household__living_alone")
        )
        self.rng.shuffle(rows)
        towns = {
            Partner.Kind.CCAS: set(institutions.CCAS),
            Partner.Kind.TOWN_HALL: set(institutions.TOWN_HALLS),
        }
        needy: set[int] = set()
        for kind, wanted in REFERRED.items():
            elsewhere = set().union(*towns.values())
            anywhere = kind == Partner.Kind.ARI
            fits = [
                pk
                for pk, code, _ in rows
                if (code in towns[kind] if kind in towns else anywhere or code not in elsewhere)
            ]
            chosen = [pk for pk in fits if pk not in needy][:wanted]
            needy.update(chosen)
            if anywhere:
                self.low.update(chosen)
        alone = [pk for pk, _, living_alone in rows if living_alone and pk not in needy]
        lonely = set(alone[:PLANS])
        rest = [pk for pk, _, _ in rows if pk not in needy and pk not in lonely]
        return lonely, needy, set(rest[:SMALL_NEEDS])

    # The days ------------------------------------------------------------------------------------------

    def _write(self, most: int, now: datetime) -> None:
        """Letters to those without a number who have none yet."""
        waiting = without_number.waiting(Case.objects.filter(campaign=self.campaign))
        cases = list(letters.to_write_to(without_number.in_state(waiting, without_number.NOTHING))[:most])
        if cases:
            letters.make(cases=cases, kind=Letter.Kind.WITHOUT_NUMBER, by=self.coordinator, now=now)

    def live(self) -> None:
        for day, most in LETTERS.items():
            self._later(self.calendar.at(day, time(14, 35)), partial(self._write, most))
        for index, day in enumerate(self.days):
            base.count_anew()
            self._plan_day(index, day)
            while self.slots:
                with transaction.atomic():
                    for _ in range(CALLS_A_TRANSACTION):
                        if not self.slots:
                            break
                        slot = heapq.heappop(self.slots)
                        self._do_acts(slot.at)
                        self._call(slot, index)
            with transaction.atomic():
                self._finish_day(index, day)
            self.say(f"{day:%d/%m/%Y} : {self.caller.calls} appels")
        with transaction.atomic():
            self._do_acts(self.end + timedelta(days=12))
            remarks.settle(self.campaign, remarks.SPRING, self.coordinator, self.end + timedelta(days=1))

    def _plan_day(self, index: int, day: date) -> None:
        """Moments of the day for the new households and for those whose retry falls due."""
        today = self.calendar.windows(day)
        start, end = today[0][0], today[-1][1]
        due = Case.objects.filter(
            campaign=self.campaign, status=Case.Status.OPEN, tier__in=[1, 3, 4], next_call_at__lt=end
        ).count()
        wanted = PACE[index] + due
        if index == len(self.days) - 1:
            first = Case.objects.filter(campaign=self.campaign, tier=Case.Tier.FIRST, has_number=True, status="open")
            wanted = first.count() + due
            end = self.calendar.at(day, time(16, 15))
        # Everybody has a day off; nobody ranks anybody: the draw is even.
        present = self.rng.sample(list(self.volunteers), k=34) if index else list(self.volunteers)
        for _ in range(wanted):
            self._push(self._moment(start, end, today), self.rng.choice(present))

    def _finish_day(self, index: int, day: date) -> None:
        """Before the end of the day, what was promised for it; on the last one, everybody."""
        at = self.calendar.at(day, time(17, 51))
        tiers = [Case.Tier.CALLBACK, Case.Tier.FOLLOW_UP, Case.Tier.PUT_FIRST]
        if index == len(self.days) - 1:
            tiers += [Case.Tier.RETRY, Case.Tier.FIRST]
        while True:
            self._do_acts(at)
            waiting = Case.objects.filter(campaign=self.campaign, status=Case.Status.OPEN, has_number=True)
            case = waiting.filter(tier__in=tiers, next_call_at__lte=at).order_by("tier", "pk").first()
            if case is None:
                return
            free = [user for user in self.volunteers if user.pk != case.not_for_id]
            by = next((user for user in free if user.pk == case.next_call_for_id), None) or self.rng.choice(free)
            self._call(Slot(at, next(self.numbers), by), len(self.days))
            at += timedelta(seconds=4)

    def _moment(self, start: datetime, end: datetime, windows: list[tuple[datetime, datetime]]) -> datetime:
        while True:
            at = start + (end - start) * self.rng.random()
            at = at.replace(second=self.rng.randrange(60), microsecond=0)
            if any(low <= at < high - timedelta(minutes=16) for low, high in windows):
                return at

    def _push(self, at: datetime, by: User) -> None:
        heapq.heappush(self.slots, Slot(at, next(self.numbers), by))

    def _later(self, at: datetime, act: Callable[[datetime], None]) -> None:
        heapq.heappush(self.acts, (at, next(self.numbers), act))

    def _do_acts(self, now: datetime) -> None:
        while self.acts and self.acts[0][0] <= now:
            at, _, act = heapq.heappop(self.acts)
            act(at)

    # A call ---------------------------------------------------------------------------------------------

    def _call(self, slot: Slot, index: int) -> None:
        given = self.caller.take(slot.by, slot.at)
        case = given.case
        if case is None:
            return
        what = self._what(case, slot, index)
        kind = case.next_call_kind
        call = self.caller.record(given, slot.by, slot.at, what)
        self._note(case, kind, what, slot, call.recorded_at or slot.at)

    def _slack(self) -> int:
        """How many more calls may bring nobody, were everybody else reached at once."""
        to_come = round(self.plans_to_come * 1.4)
        return CALLS - self.caller.calls - len(self.unreached) - self.promises.total() - to_come

    def _what(self, case: Case, slot: Slot, index: int) -> Said:
        rng, caller = self.rng, self.caller
        if case.next_call_kind == Case.Kind.FOLLOW_UP:
            return caller.series()
        if case.next_call_kind == Case.Kind.CALL_BACK_AFTER_REFERRAL:
            return caller.conversation(conversations.well(rng), HEARD[self.results.get(case.pk, IN_PLACE)])
        if case.pk in self.unreached:
            missed = self._missed(case, slot, index)
            if missed is not None:
                return missed
        return self._reached(case, slot, index)

    def _missed(self, case: Case, slot: Slot, index: int) -> Said | None:
        """Nobody, or the line is busy: as long as the retry still falls within the campaign."""
        slack = self._slack()
        if slack <= 0:
            return None
        left = len(self.days) - 1 - index
        if left < 0:
            return None
        tries = self.tries.get(case.pk, 0)
        hour = self.calendar.local(slot.at).hour
        if left <= 2:
            # The last days use up what is left: a busy line is called again half an hour later.
            latest = self.calendar.at(self.days[index], time(16, 0))
            share = min(0.6, 1.3 * slack / max(1, len(self.unreached)))
            before_noon = self.calendar.local(slot.at).time() < time(11, 15)
            calm = before_noon or time(14) <= self.calendar.local(slot.at).time()
            if tries < 2 and slot.at < latest and calm and self.rng.random() < share:
                return Said("busy")
            return None
        if tries and self.rng.random() > 0.5:
            return None
        if case.last_outcome == "" and self.rng.random() < 0.006 and self._has_two_numbers(case):
            return Said(self.rng.choice(("wrong_number", "disconnected")))
        # 1, 3 then 6 working days, and a day more when the slots of that day were tried.
        needs_days = {0: 3, 1: 5, 2: 8}.get(tries)
        if needs_days is None or needs_days > left:
            return None
        if self.rng.random() < SILENCE.get(hour, 0.1):
            return self.caller.nobody()
        if self.rng.random() < 0.012 and self.calendar.is_open(slot.at + timedelta(minutes=45)):
            return Said("busy")
        return None

    def _has_two_numbers(self, case: Case) -> bool:
        return len(self.caller.phones[case.household_id]) > 1

    def _reached(self, case: Case, slot: Slot, index: int) -> Said:
        caller, rng = self.caller, self.rng
        if case.pk in self.lonely:
            backup = rng.choice([user for user in self.volunteers if user != slot.by])
            answer, rhythm = conversations.rhythm(rng, slot.by.pk, backup.pk)
            return caller.lonely(slot.by, rhythm, answer)
        if case.pk in self.low:
            return caller.low()
        if case.pk in self.needy:
            return caller.needy()
        if case.pk in self.with_small_need:
            return caller.small_need()
        if case.next_call_kind == Case.Kind.CALLBACK or case.pk not in self.unreached:
            return caller.plain()
        draw = rng.random()
        if draw < 0.010 and index < len(self.days) - 3 and self._slack() > 6:
            at = self._opening(slot.at + timedelta(hours=rng.choice((2, 3, 20, 24, 26))))
            return Said("callback", {"accueil": "plus_tard"}, callback_at=at)
        if draw < 0.016 and index < 4 and self._slack() > 6:
            return Said("soft_refusal", {"accueil": "vexe"})
        if draw < 0.040:
            return Said("refused_campaign", {"accueil": "non"})
        if draw < 0.044:
            return Said("opt_out", {"accueil": "oui", "information": "plus_jamais"})
        return caller.plain()

    def _opening(self, at: datetime) -> datetime:
        """That moment on the quarter of an hour, or the next one at which the campaign calls."""
        at = self.calendar.next_opening(at)
        return at.replace(minute=at.minute - at.minute % 15, second=0, microsecond=0)

    # What follows ----------------------------------------------------------------------------------------

    def _note(self, case: Case, kind: str, what: Said, slot: Slot, at: datetime) -> None:
        known = case.pk in self.unreached
        if what.outcome in REACHING:
            self.unreached.discard(case.pk)
        elif known:
            self.tries[case.pk] = self.tries.get(case.pk, 0) + 1
        self._keep_promise(kind, case.pk)
        if what.outcome in ("callback", "soft_refusal"):
            self.promises["again", case.pk] = 1
        if what.callback_at is not None:
            self._push(what.callback_at + timedelta(minutes=self.rng.randint(0, 9)), slot.by)
        if what.outcome == "busy":
            self._push(at + timedelta(minutes=31), slot.by)
        if what.outcome in ("wrong_number", "disconnected"):
            self._push(at + timedelta(minutes=1), slot.by)
        if what.follow_up is not None:
            self.plans_to_come -= 1
            self._expect_series(case)
        if case.pk in self.needy and known and what.outcome == "completed":
            self._refer(case, at)

    def _keep_promise(self, kind: str, pk: int) -> None:
        sort = {Case.Kind.FOLLOW_UP: "series", Case.Kind.CALL_BACK_AFTER_REFERRAL: "referral"}.get(
            Case.Kind(kind), "again"
        )
        if self.promises[sort, pk] > 0:
            self.promises[sort, pk] -= 1

    def _expect_series(self, case: Case) -> None:
        plan = FollowUpPlan.objects.select_related("case__campaign").get(case_id=case.pk)
        assert plan.next_due_at is not None  # noqa: S101 - it just started
        later = followups.series(plan, self.calendar, plan.next_due_at)
        moments = list(takewhile(lambda moment: moment < self.end, chain([plan.next_due_at], later)))
        self.promises["series", case.pk] = len(moments)
        volunteer = next(user for user in self.volunteers if user.pk == plan.volunteer_id)
        for moment in moments:
            self._later(moment, self._open_due_calls)
            self._push(moment + timedelta(minutes=self.rng.randint(1, 20)), volunteer)

    def _open_due_calls(self, now: datetime) -> None:
        followups.open_due_calls(now=now)

    def _refer(self, case: Case, at: datetime) -> None:
        """The coordinator reads the sheet, the partner answers, the tenant is called back, and it closes."""
        for pk in Referral.objects.filter(case=case, state=Referral.State.DRAFT).values_list("pk", flat=True):
            self._in_hours(at + timedelta(hours=self.rng.uniform(1, 5)), partial(self._send, pk))

    def _in_hours(self, at: datetime, act: Callable[[datetime], None]) -> None:
        """Offices, like volunteers, work by day."""
        self._later(self.calendar.next_opening(at), act)

    def _send(self, pk: int, now: datetime) -> None:
        referrals.approve(referral=read(pk), by=self.coordinator, now=now)
        send_waiting(now + timedelta(minutes=1))
        self._in_hours(now + timedelta(hours=self.rng.uniform(2, 20)), partial(self._take_charge, pk))

    def _take_charge(self, pk: int, now: datetime) -> None:
        if self.rng.random() < 0.5:
            referrals.acknowledge(referral=read(pk), by=None, now=now)
            now += timedelta(minutes=40)
        referrals.opened(referral=read(pk), now=now - timedelta(minutes=12))
        referrals.take_charge(referral=read(pk), by=None, now=now)
        self._in_hours(now + timedelta(hours=self.rng.uniform(20, 90)), partial(self._answer, pk))

    def _answer(self, pk: int, now: datetime) -> None:
        referral = read(pk)
        result = IN_PLACE
        if referral.case_id in self.low:
            text = self.rng.choice(ARI_ANSWERS)
        else:
            result = self.rng.choices(list(RESULTS), list(RESULTS.values()))[0]
            text = self.rng.choice(ANSWERS[result])
        self.results[referral.case_id] = result
        referrals.answer(referral=referral, result=result, text=text, by=None, now=now)
        if now < self.end - timedelta(days=1):
            self.promises["referral", referral.case_id] = 1
        self._in_hours(now + timedelta(days=2), partial(self._close, pk))

    def _close(self, pk: int, now: datetime) -> None:
        referral = read(pk)
        self.promises["referral", referral.case_id] = 0
        if referrals.call_back.last_call_back(referral) is None:
            referrals.note_call_back(referral=referral, at=now, by=self.coordinator, now=now)
        referrals.close(referral=referral, reason=referral.answer_result, by=self.coordinator, now=now)


def read(pk: int) -> Referral:
    return Referral.objects.select_related(
        "case__campaign", "case__household__landlord", "partner", "mail", "tenant"
    ).get(pk=pk)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=index) for index in range((last - first).days + 1)]


def check(campaign: Campaign) -> None:
    """The story must be told as it was: better no demonstration than a false one."""
    reached = Case.objects.filter(campaign=campaign, reached_at__isnull=False).count()
    if reached != HOUSEHOLDS.with_number:
        raise RuntimeError(f"{reached} households reached, {HOUSEHOLDS.with_number} expected")
