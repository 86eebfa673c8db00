"""« Grand froid »: a campaign of this week, in mid-course at the moment of seeding.

Twelve days of calls up to an hour ago, then what waits today: retries, callbacks and follow-ups due, some overdue, an
urgent alert, a sheet in every state, welfare checks, a call recorded twice.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction

from campaigns import alerts, followups, queue, referrals, scripts, welfare
from campaigns.common.calendar import Calendar, calendar_of, holiday_name
from campaigns.demo import base, conversations, hours, remarks, unreached
from campaigns.demo.calling import Caller, Said
from campaigns.demo.confinement import read
from campaigns.demo.lists import Wanted
from campaigns.demo.post import send_waiting
from campaigns.followups import Rhythm
from campaigns.models import (
    Alert,
    Call,
    Campaign,
    CampaignVolunteer,
    Case,
    DueCall,
    FollowUpPlan,
    Referral,
)
from campaigns.setup import enrolment, lifecycle
from solidarites.models import User
from tenants.models import Agency, Landlord

SLUG = "grand-froid"
DAYS = 12
HOUSEHOLDS = Wanted(with_number=386, without_number=14, younger=30, age_unknown=3, language="portugais", speaking=4)
OUTSIDE = Wanted(with_number=58, without_number=4, younger=10)
EVERY_HOUR = {str(day): [["00:00", "23:59"]] for day in range(7)}
CALLS_A_DAY = 13
# As people call; the demonstration itself can be tried at any hour.
FIRST_HOUR, LAST_HOUR = time(9, 30), time(17)
State = Referral.State
Scene = Callable[[Case, User, datetime], Said]


def create(
    landlord: Landlord, agencies: Sequence[Agency], volunteers: Sequence[User], by: User, now: datetime
) -> Campaign:
    """The campaign as a coordinator would fill it in, open for twelve days."""
    opened = now - timedelta(days=DAYS)
    loaded = {script.kind: script for script in scripts.load_defaults(now=opened)}
    campaign = lifecycle.create_campaign(
        campaign=Campaign(
            name="Grand froid",
            slug=SLUG,
            purpose="Prendre des nouvelles des locataires de plus de 70 ans pendant la vague de froid, et trouver de "
            "l'aide à qui en a besoin. Démonstration : pour que chacun puisse l'essayer, elle est ouverte à "
            "toute heure, jours fériés compris ; une vraie campagne appelle par exemple de 10 h à 12 h et "
            "de 14 h à 18 h.",
            legal_basis="Mission d'intérêt public",
            data_protection_contact="dpd@exemple.fr",
            impact_assessment="AIPD grand froid",
            starts_on=opened.astimezone(Campaign().tz).date(),
            ends_on=(now + timedelta(days=45)).date(),
            callback_number="+33536490036",
            on_call_number="+33536490015",
            allow_hidden_number=True,
            hours=EVERY_HOUR,
            script=loaded["first"],
            follow_up_script=loaded["follow_up"],
            welfare_script=loaded["welfare"],
        ),
        related={"landlords": [landlord], "agencies": agencies},
        by=by,
        now=opened - timedelta(days=2),
    )
    lifecycle.add_volunteers(campaign=campaign, users=volunteers, by=by, now=opened - timedelta(days=1))
    lifecycle.open_campaign(campaign=campaign, by=by, now=opened)
    enrolment.enrol(campaign=campaign, now=opened, by=by)
    return campaign


def teach(campaign: Campaign, speaker: User, by: User, now: datetime) -> None:
    """One of the team speaks Portuguese."""
    membership = CampaignVolunteer.objects.get(campaign=campaign, user=speaker)
    lifecycle.set_sectors(membership=membership, agencies=[], languages=["pt"], by=by, now=now)
    speaker.refresh_from_db()


class Winter:
    """The twelve days, and this very moment."""

    def __init__(
        self, campaign: Campaign, people: dict[str, User], volunteers: Sequence[User], rng: random.Random, now: datetime
    ) -> None:
        self.campaign, self.rng, self.now = campaign, rng, now
        self.calendar: Calendar = calendar_of(campaign)
        self.ago = hours.ago_from(now, campaign.tz)
        self.caller = Caller(campaign, rng, remarks.WINTER, every=24)
        self.one, self.two = people["benevole@exemple.fr"], people["benevole2@exemple.fr"]
        self.coordinator = people["coordination@exemple.fr"]
        # The only one who speaks Portuguese, away since last week.
        self.speaker, *self.others = volunteers
        self.team = [self.one, self.two, *self.others]
        self.days = self._days()
        self.tries: dict[int, int] = {}
        self.never = set(
            Case.objects.filter(campaign=campaign, has_number=True).order_by("rank").values_list("pk", flat=True)[:3]
        )
        self.scenes: deque[Scene] = deque()

    def _days(self) -> list[date]:
        today = self.calendar.local(self.now).date()
        days = [today - timedelta(days=back) for back in range(DAYS - 1, 0, -1)]
        return [day for day in days if day.weekday() != hours.SUNDAY and not holiday_name(day)]

    # The days before ---------------------------------------------------------------------------------

    def live(self) -> None:
        for index, day in enumerate(self.days):
            base.count_anew()
            left = len(self.days) - index  # 1: the last day before today
            with transaction.atomic():
                self._scenes_of(left)
                self._first_sheet(left, self.calendar.at(day, time(9, 5)))
                if day == self._speaker_day():
                    self._overdue_series(day)
                self._calls(self.calendar.at(day, FIRST_HOUR), self.calendar.at(day, LAST_HOUR), CALLS_A_DAY)
                if left <= 2:
                    self._appointments(left, self.calendar.at(day, LAST_HOUR))
        with transaction.atomic():
            self._today()

    def _calls(self, start: datetime, end: datetime, number: int) -> None:
        """Calls at any moment between the two, and those of the series at their hour."""
        tz, rng = self.calendar.tz, self.rng
        moments = [(hours.draw(start, end, tz, rng), rng.choice(self.team)) for _ in range(number)]
        present = {user.pk: user for user in self.team}
        plans = FollowUpPlan.objects.filter(
            case__campaign=self.campaign, next_due_at__gte=start, next_due_at__lt=end, volunteer__in=present
        )
        for plan in plans:
            assert plan.next_due_at is not None  # noqa: S101 - the query asked for it
            assert plan.volunteer_id is not None  # noqa: S101 - and for this
            moments.append((plan.next_due_at + timedelta(minutes=self.rng.randint(2, 15)), present[plan.volunteer_id]))
        for at, by in sorted(moments, key=lambda moment: moment[0]):
            self._tick(at)
            self._call(by, at)

    def _tick(self, at: datetime) -> None:
        """What beat does meanwhile."""
        followups.open_due_calls(now=at)
        followups.watch_missed(now=at)

    def _call(self, by: User, at: datetime, what: Said | None = None) -> Case | None:
        given = self.caller.take(by, at)
        if given.case is None:
            return None
        case = given.case
        self.caller.record(given, by, at, what or self._what(case, by, at))
        return case

    def _call_new(self, by: User, at: datetime, what: Said) -> Case | None:
        """That call, to a household that was never reached; what is due before it is called first."""
        for number in range(8):
            moment = at + timedelta(minutes=2 * number)
            given = self.caller.take(by, moment)
            if given.case is None:
                return None
            case = given.case
            fits = case.next_call_kind == Case.Kind.FIRST and case.pk not in self.never
            self.caller.record(given, by, moment, what if fits else self._what(case, by, moment))
            if fits:
                return case
        return None

    def _open(self, at: datetime) -> datetime:
        """That moment, or the next one at which the campaign calls (a public holiday, the last minute of a day)."""
        at = at.replace(second=0, microsecond=0)
        return at if self.calendar.is_open(at) else self.calendar.next_opening(at)

    def _agreed(self, at: datetime) -> datetime:
        """The same at the quarter of an hour before: nobody agrees on 10 h 29."""
        return self._open(at - timedelta(minutes=at.minute % 15))

    def _what(self, case: Case, by: User, at: datetime) -> Said:
        caller, rng = self.caller, self.rng
        if case.pk in self.never:
            return Said(rng.choice(("no_answer", "no_answer", "voicemail_none")))
        if case.next_call_kind == Case.Kind.FOLLOW_UP:
            return caller.series()
        if case.next_call_kind in (Case.Kind.CALLBACK, Case.Kind.CALL_BACK_AFTER_REFERRAL):
            return caller.plain()
        if case.next_call_kind == Case.Kind.FIRST and self.scenes:
            return self.scenes.popleft()(case, by, at)
        if rng.random() < 0.30:
            return caller.nobody()
        return caller.plain()

    # Scenes: what a first call brings on a given day ---------------------------------------------------

    def _scenes_of(self, left: int) -> None:
        scenes: list[Scene] = [self._lonely]
        if left >= 2:
            scenes.append(self._needy)
        by_day: dict[int, list[Scene]] = {
            9: [_outcome("refused_campaign", {"accueil": "non"}), _outcome("deceased", person=True, touched=True)],
            8: [self._needy],
            7: [_outcome("unable"), _outcome("opt_out", {"accueil": "oui", "information": "plus_jamais"})],
            6: [_outcome("language", language="ar"), _outcome("disconnected")],
            5: [_outcome("hospitalised", person=True), _outcome("wrong_number"), self._needy],
            4: [_outcome("care_home", person=True), _outcome("soft_refusal", {"accueil": "vexe"})],
            2: [self._lonely, self._small_need],
        }
        self.scenes.extend([*scenes, *by_day.get(left, [])])

    def _lonely(self, case: Case, by: User, at: datetime) -> Said:
        answer, rhythm = conversations.rhythm(self.rng, by.pk, self.rng.choice(self.others).pk)
        return self.caller.lonely(by, rhythm, answer)

    def _needy(self, case: Case, by: User, at: datetime) -> Said:
        return self.caller.needy()

    def _small_need(self, case: Case, by: User, at: datetime) -> Said:
        return self.caller.small_need()

    # Overdue follow-ups ---------------------------------------------------------------------------------

    def _speaker_day(self) -> date:
        """A week ago: the weekly calls agreed then fall due once before today."""
        today = self.calendar.local(self.now).date()
        return min(self.days, key=lambda day: abs((today - day).days - 8) + ((today - day).days > 8))

    def _overdue_series(self, day: date) -> None:
        """Three plans of the one who speaks Portuguese, then away: their calls of 1, 2 and 5 days ago still wait."""
        cases = Case.objects.filter(campaign=self.campaign, has_number=True, language="pt").order_by("pk")
        ids = list(cases.values_list("pk", flat=True)[:3])
        self.never -= set(ids)
        start = self.calendar.at(day, time(9, 30))
        queue.put_first(case_ids=ids, by=self.coordinator, now=start)
        for number, back in enumerate((20, 44, 116)):
            due = self.calendar.local(self.ago(hours=back))
            rhythm = Rhythm("weekly", (due.weekday(),), time(due.hour, due.minute - due.minute % 15), self.speaker.pk)
            self._call(self.speaker, start + timedelta(minutes=20 * number), self.caller.lonely(self.speaker, rhythm))
        followups.add_absence(
            user=self.speaker,
            first_day=day + timedelta(days=1),
            last_day=None,
            by=self.coordinator,
            now=start + timedelta(hours=2),
        )

    # What today waits for ---------------------------------------------------------------------------------

    def _appointments(self, left: int, evening: datetime) -> None:
        """Agreed on the evenings before: callbacks and follow-ups of today, for those who try the demonstration."""
        now, say_later = self.now, {"accueil": "plus_tard"}
        if left == 2:
            for user, minutes in ((self.one, -30), (self.one, 100), (self.two, 55)):
                due = self.calendar.local(self._agreed(now + timedelta(minutes=minutes)))
                rhythm = Rhythm(
                    "weekly", (due.weekday(),), due.time().replace(second=0, microsecond=0), user.pk, self.others[1].pk
                )
                self._call_new(user, evening, self.caller.lonely(user, rhythm))
                evening += timedelta(minutes=20)
            return
        for user, minutes in (
            (self.one, -12),
            (self.one, 95),
            (self.two, 40),
            (self.others[2], -50),
            (self.others[3], 1500),
        ):
            at = self._agreed(now + timedelta(minutes=minutes))
            self._call_new(user, evening, Said("callback", say_later, callback_at=at))
            evening += timedelta(minutes=12)
        for user in (self.one, self.two, *self.others[:6]):
            self._call_new(user, evening, self.caller.nobody())
            evening += timedelta(minutes=4)

    def _today(self) -> None:
        now = self.now
        today = self.calendar.local(now).date()
        start = self.calendar.at(today, FIRST_HOUR)
        last = min(now - timedelta(minutes=75), self.calendar.at(today, time(18)))
        if start < last and today.weekday() != hours.SUNDAY and not holiday_name(today):
            self._calls(start, last, 4)
            self._call(self.one, last)
        self._sheets()
        unreached.seed(self.campaign, self.coordinator, self.ago)
        self._twice()
        self._urgent()
        remarks.settle(
            self.campaign, remarks.WINTER, self.coordinator, self.ago(hours=20),
            remarks.WINTER_SETTLED,
        )  # fmt: skip
        remarks.take_message(self.campaign, self.others[7], self.ago(minutes=35))
        self._tick(now)
        send_waiting(now)
        welfare.watch_overdue(now=now)
        send_waiting(now)
        self._tidy_alerts()

    def _first_sheet(self, left: int, at: datetime) -> None:
        """The first person in need: sent, taken charge of, answered, called back by a volunteer, closed."""
        referral = Referral.objects.filter(case__campaign=self.campaign).order_by("pk").first()
        steps = {State.DRAFT: 9, State.SENT: 7, State.IN_PROGRESS: 5, State.ANSWERED: 2}
        if referral is None or left > steps.get(State(referral.state), 0):
            return
        referral = read(referral.pk)
        match referral.state:
            case State.DRAFT:
                self._send(referral, at)
            case State.SENT:
                self._read(referral, at)
                referrals.take_charge(referral=referral, by=None, now=at)
            case State.IN_PROGRESS:
                text = "Portage de repas en place."
                referrals.answer(referral=referral, result="help_in_place", text=text, by=None, now=at)
            case State.ANSWERED:
                if referrals.call_back.last_call_back(referral) is None:
                    referrals.note_call_back(referral=referral, at=at, by=self.coordinator, now=at)
                referrals.close(referral=referral, reason="help_in_place", by=self.coordinator, now=at)

    def _drafts(self, wanted: int) -> Iterator[int]:
        """The sheets to be read, the oldest first; where holidays left too few, the coordinator writes some more."""
        drafts = Referral.objects.filter(case__campaign=self.campaign, state=State.DRAFT, partner__isnull=False)
        ids = list(drafts.order_by("created_at", "pk").values_list("pk", flat=True))
        reached = Case.objects.filter(campaign=self.campaign, last_outcome="completed", referrals=None, plans=None)
        for case in reached.select_related("household", "campaign").order_by("pk")[: max(0, wanted - len(ids))]:
            at = self.now - timedelta(days=9)
            referral = referrals.draft_by_hand(
                case=case,
                tenant=case.household.tenants.first(),
                categories=["repas"],
                level="U2",
                facts="Ses repas deviennent difficiles à préparer.",
                by=self.coordinator,
                now=at,
            )
            referrals.edit(
                referral=referral,
                agreement="yes",
                agreement_how="coordinator",
                agreement_at=at,
                by=self.coordinator,
                now=at,
            )
            ids.append(referral.pk)
        return iter(ids)

    def _send(self, referral: Referral, at: datetime, *, refused: bool = False) -> None:
        send_waiting(at)
        referrals.approve(referral=referral, by=self.coordinator, now=at)
        send_waiting(at + timedelta(minutes=1), refused=refused)

    def _read(self, referral: Referral, at: datetime) -> None:
        """The partner opened its page a few minutes before it answered."""
        referrals.opened(referral=referral, now=at - timedelta(minutes=7))

    def _sheets(self) -> None:
        """One sheet at least in every state; the partner who has kept silent for days is being reminded."""
        now, day = self.now, timedelta(days=1)
        ids = self._drafts(10)

        def sent(back: float) -> Referral:
            pk = next(ids)
            self._send(read(pk), self._office(now - back * day))
            return read(pk)

        for _ in range(4):
            self._first_sheet(1, self._office(now - day))
        sent(8)
        declined = sent(6)
        self._read(declined, self._office(now - 2 * day))
        referrals.decline(
            referral=declined, reason="Le service n'existe plus.", by=None, now=self._office(now - 2 * day)
        )
        waiting = sent(6)
        self._read(waiting, self._office(now - 5 * day))
        referrals.take_charge(referral=waiting, by=None, now=self._office(now - 5 * day))
        answered = sent(5)
        self._read(answered, self._office(now - 4 * day))
        referrals.take_charge(referral=answered, by=None, now=self._office(now - 4 * day))
        referrals.answer(
            referral=read(answered.pk), result="help_in_place", text="Courses livrées le mardi.", by=None,
            now=self.ago(minutes=70),
        )  # fmt: skip
        acknowledged = sent(2)
        self._read(acknowledged, self.ago(hours=20))
        referrals.acknowledge(referral=acknowledged, by=None, now=self.ago(hours=20))
        sent(0.2)
        withdrawn = read(next(ids))
        referrals.withdraw(
            referral=withdrawn,
            reason="Sa fille s'en occupe.",
            by=self.coordinator,
            now=self.ago(hours=30),
        )
        self._send(read(next(ids)), self.ago(minutes=50), refused=True)
        self._register(now - 3 * day)

    def _register(self, at: datetime) -> None:
        """Somebody wishes to be on the commune's register: the request is written, sent, acknowledged."""
        reached = Case.objects.filter(campaign=self.campaign, last_outcome="completed", referrals=None)
        case = reached.select_related("household", "campaign").order_by("pk").first()
        if case is None:
            return
        at = self._office(at)
        referral = referrals.draft_by_hand(
            case=case,
            tenant=case.household.tenants.first(),
            categories=["registre"],
            level="U3",
            facts="Souhaite être au registre communal, pour être appelée en cas de forte chaleur ou de grand froid.",
            by=self.coordinator,
            now=at,
        )
        agreed = {"agreement": "yes", "agreement_how": "coordinator", "agreement_at": at}
        referrals.edit(referral=referral, by=self.coordinator, now=at, **agreed)
        self._send(referral, at + timedelta(minutes=5))
        referral, later = read(referral.pk), at + timedelta(hours=20)
        self._read(referral, later)
        referrals.acknowledge(referral=referral, by=None, now=later)

    def _office(self, at: datetime) -> datetime:
        """The same day at eleven: offices do not work at night."""
        return min(self.calendar.at(self.calendar.local(at).date(), time(11)), self.now - timedelta(minutes=90))

    def _twice(self) -> None:
        """A form left open for more than an hour: somebody else called meanwhile, a coordinator decides."""
        first, second = self.others[4], self.others[5]
        at = hours.at_work(self.now - timedelta(hours=4), self.calendar.tz, time(16, 30))
        late = self.caller.take(first, at)
        if late.case is None:
            return
        queue.release_stale(now=at + timedelta(minutes=61))
        given = queue.claim_one(case_id=late.case.pk, by=second, now=at + timedelta(minutes=70), incoming=True)
        self.caller.record(given, second, at + timedelta(minutes=70), self.caller.plain())
        self.caller.record(late, first, at + timedelta(minutes=80), self.caller.plain())

    def _urgent(self) -> None:
        """Twenty minutes ago: help is needed at once."""
        at, by = self.now - timedelta(minutes=22), self.others[6]
        fresh = Case.objects.filter(campaign=self.campaign, tier=Case.Tier.FIRST, status="open", has_number=True)
        case = fresh.filter(language="", claimed_by=None).order_by("rank")[5]
        # The household rang back the number of the poster.
        given = queue.claim_one(case_id=case.pk, by=by, now=at, incoming=True)
        said = conversations.well(self.rng) | {"sante": "moyen", "urgence": "oui"}
        what = self.caller.conversation(said, "A fait une chute ce matin ; une voisine est là.", touched=True)
        what.minutes, what.direction = 3, Call.Direction.INCOMING
        self.caller.record(given, by, at, what)

    def _tidy_alerts(self) -> None:
        """What was settled meanwhile is solved, and somebody has taken one of those that wait."""
        waiting = Alert.objects.unsolved().filter(campaign=self.campaign, kind=Alert.Kind.MISSED_FOLLOW_UP)
        open_cases = DueCall.objects.opened().values("case")
        for alert in waiting.exclude(case__in=open_cases):
            alerts.solve(alert=alert, solution="L'appel a été fait plus tard.", by=self.coordinator, now=self.now)
        oldest = waiting.order_by("raised_at").first()
        if oldest is not None:
            alerts.take(alert=oldest, by=self.coordinator, now=self.now)


def _outcome(outcome: str, said: dict[str, str] | None = None, **more: Any) -> Scene:
    return lambda case, by, at: Said(outcome, said or {}, **more)


def check(campaign: Campaign) -> None:
    """What the demonstration promises to show is there."""
    states = set(Referral.objects.filter(case__campaign=campaign).values_list("state", flat=True))
    missing = set(State.values) - states
    if missing:
        raise RuntimeError(f"no referral in {sorted(missing)}")
    if not Referral.objects.filter(case__campaign=campaign, kind=Referral.Kind.REGISTER).exists():
        raise RuntimeError("no request for the commune's register")
