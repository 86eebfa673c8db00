"""Absences, interruptions, reviews, sharing out, the calendar and one's own agenda, on screen and by e-mail."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail as outbox
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from campaigns import followups, tasks
from campaigns.followups import feed as feeds
from campaigns.followups import reminders
from campaigns.followups.tests.test_follow_ups_views import make_plan
from campaigns.followups.tests.test_followups import OFFICE, PARIS, TUESDAY, at, plan_for
from campaigns.models import CalendarFeed, Campaign, CampaignVolunteer, Case, DueCall, FollowUpPlan, Partner, Referral
from solidarites import mail
from solidarites.models import OutgoingMail
from tests import factories
from tests.strict import count_queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def lea(client_of: Any, volunteer: Any) -> Any:
    return client_of(volunteer)


@pytest.fixture
def office(volunteer: Any, volunteer2: Any) -> Campaign:
    return factories.make_campaign(volunteers=[volunteer, volunteer2], now=TUESDAY, hours=OFFICE)


@pytest.fixture
def plan(case: Case, volunteer: Any) -> FollowUpPlan:
    return make_plan(case, volunteer)


def text(response: Any) -> str:
    return response.content.decode().replace("\xa0", " ")


def day(offset: int) -> str:
    return (timezone.localdate() + timedelta(days=offset)).isoformat()


# One's own absences --------------------------------------------------------------------------------------


def test_a_volunteer_notes_an_absence_and_reads_what_it_moves(lea: Any, volunteer: Any, plan: FollowUpPlan) -> None:
    answer = lea.post("/appels/absences/", {"first_day": day(2), "last_day": day(5)}, follow=True)
    assert "1 appel est à réattribuer" in text(answer)
    absence = volunteer.absences.get()
    assert absence.entered_by == volunteer
    lea.post(f"/appels/absences/{absence.pk}/lever/")
    assert not volunteer.absences.exists()


@pytest.mark.parametrize("wrong", [("", ""), ("hier", ""), (day(3), day(1)), (day(-9), day(-8))])
def test_days_that_do_not_fit_are_said_and_kept_as_typed(lea: Any, volunteer: Any, wrong: tuple[str, str]) -> None:
    answer = lea.post("/appels/absences/", {"first_day": wrong[0], "last_day": wrong[1]})
    assert answer.context["form"].errors
    assert answer.context["form"]["first_day"].value() == wrong[0]
    assert not volunteer.absences.exists()


def test_nobody_lifts_the_absence_of_another(lea: Any, volunteer2: Any) -> None:
    absence = volunteer2.absences.create(first_day=timezone.localdate())
    assert lea.post(f"/appels/absences/{absence.pk}/lever/").status_code == 404
    assert lea.get(f"/appels/absences/{absence.pk}/lever/").status_code == 405
    assert volunteer2.absences.exists()


# The agenda ------------------------------------------------------------------------------------------------


def test_the_agenda_says_when_and_nothing_else(
    lea: Any, client: Any, office: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    plan = plan_for(office, volunteer, followups.Rhythm("weekly", [3], at(15, 15).time(), volunteer.pk, volunteer2.pk))
    household = plan.household
    assert "Créer mon lien" in text(lea.get("/appels/agenda/"))
    shown = text(lea.post("/appels/agenda/renouveler/", follow=True))
    link = reverse("agenda", args=[feeds.token_of(CalendarFeed.objects.get())])
    assert link in shown
    with time_machine.travel(TUESDAY, tick=False):
        answer = client.get(link)
        again = client.get(link)
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store, private", "noindex, nofollow")
    calls = Calendar.from_ical(answer.content).walk("VEVENT")
    assert [one.decoded("dtstart") for one in calls][:2] == [at(15, 15), at(22, 15)]
    assert {str(one["summary"]) for one in calls} == {"Appel de suivi"}
    assert [one["uid"] for one in calls] == [one["uid"] for one in Calendar.from_ical(again.content).walk("VEVENT")]
    said = answer.content.decode()
    person = household.tenants.get()
    for secret in (person.last_name, person.first_name, household.city, household.street, volunteer.email):
        assert secret not in said
    followups.add_absence(
        user=volunteer, first_day=date(2026, 1, 14), last_day=date(2026, 1, 20), by=volunteer, now=TUESDAY
    )
    with time_machine.travel(TUESDAY, tick=False):
        first = Calendar.from_ical(client.get(link).content).walk("VEVENT")[0]
    assert first.decoded("dtstart") == at(22, 15)


NAME = re.compile(rb"[A-Z][A-Z0-9-]*(;[A-Z-]+=[^:;]+)*:")


@pytest.mark.parametrize("calls", [0, 3])
def test_the_agenda_follows_the_letter_of_its_format(office: Campaign, volunteer: Any, calls: int) -> None:
    """RFC 5545: ends of lines, their length, what each component must have, and a component at least."""
    for hour in (10, 11, 15)[:calls]:
        plan_for(office, volunteer, followups.Rhythm("weekly", [3], at(15, hour).time(), volunteer.pk))
    body = feeds.agenda(volunteer, TUESDAY)
    lines = body.split(b"\r\n")
    assert lines.pop() == b""
    assert b"\n" not in b"".join(lines)
    for line in lines:
        assert len(line) <= 75
        assert NAME.match(line) or line.startswith(b" "), line
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert [line for line in lines if line.startswith((b"VERSION", b"PRODID"))] == [
        b"VERSION:2.0",
        b"PRODID:-//Solidarites//Suivis//FR",
    ]
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT4H" in lines
    assert b"X-PUBLISHED-TTL:PT4H" in lines
    read = Calendar.from_ical(body)
    assert not read.errors
    assert read.subcomponents, "an agenda without a component is none"
    events = read.walk("VEVENT")
    assert bool(events) == bool(calls)
    assert len({str(one["uid"]) for one in events}) == len(events)
    for one in events:
        assert not one.errors
        assert one.decoded("dtend") - one.decoded("dtstart") == timedelta(minutes=30)
        for name in ("dtstamp", "dtstart", "dtend"):
            assert one[name].to_ical().endswith(b"Z"), "in UTC, whatever the agenda's own zone"


def test_every_link_that_opens_nothing_gets_the_same_answer(lea: Any, client: Any, volunteer: Any) -> None:
    old = feeds.token_of(feeds.renew(user=volunteer, now=TUESDAY))
    new = feeds.token_of(feeds.renew(user=volunteer, now=TUESDAY))
    assert client.get(f"/agenda/{new}.ics").status_code == 200
    lea.post("/appels/agenda/retirer/")
    lea.post("/appels/agenda/retirer/")
    forged = f"{CalendarFeed(key='x').key}.{'a' * 43}"
    answers = [client.get(f"/agenda/{token}.ics") for token in (old, new, forged, "x", "é" * 30, new[:-1])]
    assert {(one.status_code, one.content, tuple(sorted(one.headers.items()))) for one in answers} == {
        (404, answers[0].content, tuple(sorted(answers[0].headers.items())))
    }


def test_somebody_who_left_has_no_agenda_any_more(client: Any, volunteer: Any) -> None:
    token = feeds.token_of(feeds.renew(user=volunteer, now=TUESDAY))
    volunteer.is_active = False
    volunteer.save()
    assert client.get(f"/agenda/{token}.ics").status_code == 404
    assert client.post(f"/agenda/{token}.ics").status_code == 405


# E-mails ------------------------------------------------------------------------------------------------------


def test_the_evening_before_each_volunteer_is_told_the_hours_once(
    office: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    rhythm = followups.Rhythm("weekly", [3], at(15, 15).time(), volunteer.pk, volunteer2.pk)
    plan_for(office, volunteer, rhythm)
    plan_for(office, volunteer, followups.Rhythm("weekly", [3], at(15, 10).time(), volunteer.pk))
    plan = plan_for(office, volunteer, rhythm)
    evening = at(14, 18, 5)
    assert reminders.remind(now=at(14, 17, 55)) == 0
    assert reminders.remind(now=evening) == 1
    assert reminders.remind(now=evening + timedelta(hours=1)) == 0
    row = OutgoingMail.objects.get()
    assert (row.to, row.context["hours"]) == (volunteer.email, ["10 h", "15 h", "15 h"])
    built = mail.build(row)
    person = plan.household.tenants.get()
    for part in (built.subject, built.body, built.alternatives[0][0]):
        assert person.last_name not in part
    assert "jeudi 15 janvier" in built.body
    assert "/appels/" in built.body


def test_who_is_away_is_not_told_and_who_replaces_is(office: Campaign, volunteer: Any, volunteer2: Any) -> None:
    plan_for(office, volunteer, followups.Rhythm("weekly", [3], at(15, 15).time(), volunteer.pk, volunteer2.pk))
    followups.add_absence(
        user=volunteer, first_day=date(2026, 1, 15), last_day=date(2026, 1, 15), by=volunteer, now=TUESDAY
    )
    reminders.remind(now=at(14, 19))
    assert [row.to for row in OutgoingMail.objects.all()] == [volunteer2.email]


def test_on_monday_the_week_is_summed_up_once(office: Campaign, volunteer: Any, volunteer2: Any) -> None:
    rhythm = followups.Rhythm("twice_a_week", [1, 3], at(15, 15).time(), volunteer.pk)
    plan_for(office, volunteer, rhythm)
    plan_for(office, volunteer2, followups.Rhythm("weekly", [2], at(15, 10).time(), volunteer2.pk))
    followups.add_absence(
        user=volunteer2, first_day=date(2026, 1, 19), last_day=date(2026, 1, 19), by=volunteer2, now=TUESDAY
    )
    assert reminders.remind(now=at(19, 6, 30)) == 0
    assert reminders.remind(now=at(19, 8)) == 1
    assert reminders.remind(now=at(19, 9)) == 0
    row = OutgoingMail.objects.get()
    assert (row.to, row.context["count"]) == (volunteer.email, 2)
    body = mail.build(row).body
    assert "mardi 20 janvier : 15 h" in body.replace("\xa0", " ")
    assert reminders.remind(now=at(19, 13)) == 0


def hours_told(user: Any, template: str = "follow_up_given") -> list[list[str]]:
    rows = OutgoingMail.objects.filter(template=template, to=user.email).order_by("pk")
    return [row.context["hours"] for row in rows]


def test_who_replaces_somebody_away_since_this_morning_is_told_once(
    office: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    for hour in (10, 15):
        rhythm = followups.Rhythm("weekly", [3], at(15, hour).time(), volunteer.pk, volunteer2.pk)
        plan_for(office, volunteer, rhythm)
    plan_for(office, volunteer2, followups.Rhythm("weekly", [3], at(15, 15).time(), volunteer2.pk))
    assert reminders.remind(now=at(14, 18, 5)) == 2
    assert reminders.remind(now=at(15, 7, 5)) == 0, "everybody knows"
    day = date(2026, 1, 15)
    followups.add_absence(user=volunteer, first_day=day, last_day=day, by=volunteer, now=at(15, 8))
    # A second call at the same hour is one more.
    assert [reminders.remind(now=at(15, 8, minute)) for minute in (10, 20)] == [1, 0]
    assert hours_told(volunteer2) == [["10 h", "15 h"]]
    followups.open_due_calls(now=at(15, 10))
    assert reminders.remind(now=at(15, 10, 10)) == 0
    assert hours_told(volunteer) == []


def test_who_is_given_a_call_that_waits_is_told_at_once(
    office: Campaign, volunteer: Any, volunteer2: Any, coordinator: Any
) -> None:
    plan = plan_for(office, volunteer, followups.Rhythm("weekly", [3], at(15, 10).time(), volunteer.pk, volunteer2.pk))
    reminders.remind(now=at(14, 18, 5))
    followups.open_due_calls(now=at(15, 10))
    day = date(2026, 1, 15)
    followups.add_absence(user=volunteer, first_day=day, last_day=day, by=volunteer, now=at(15, 10, 5))
    followups.hand_over_opened(now=at(15, 10, 6))
    assert hours_told(volunteer2) == [["10 h"]]
    row = OutgoingMail.objects.get(template="follow_up_given")
    built = mail.build(row)
    assert built.subject == "Un appel de suivi vous est confié"
    assert "aujourd'hui" in built.body
    assert plan.household.tenants.get().last_name not in built.body
    # Who takes it herself needs no e-mail.
    CampaignVolunteer.objects.create(campaign=office, user=coordinator)
    followups.give_to(plan_id=plan.pk, user_id=coordinator.pk, by=coordinator, now=at(15, 10, 10))
    assert hours_told(coordinator) == []


def test_overseas_both_hours_are_said(office: Campaign, volunteer: Any) -> None:
    plan_for(office, volunteer, followups.Rhythm("weekly", [3], at(15, 11).time(), volunteer.pk), region="974")
    reminders.remind(now=at(14, 19))
    assert OutgoingMail.objects.get().context["hours"] == ["8 h (11 h chez la personne)"]


def test_the_messages_leave(office: Campaign, volunteer: Any) -> None:
    plan_for(office, volunteer)
    with time_machine.travel(at(14, 18, 5), tick=False):
        assert tasks.remind_follow_ups() == 1
        mail.send_one(OutgoingMail.objects.get().pk, timezone.now())
    assert [one.subject for one in outbox.outbox] == ["Vos appels de suivi de demain"]


# The coordinator -----------------------------------------------------------------------------------------------


def test_a_plan_is_started_by_hand_with_the_tenant_s_yes(nadia: Any, case: Case, volunteer: Any) -> None:
    url = f"/dossiers/{case.pk}/suivi/"
    typed = {"cadence": "weekly", "weekdays": ["2"], "time": "10:30", "volunteer": volunteer.pk, "backup": ""}
    assert "agreed" in nadia.post(url, typed).context["form"].errors
    wrong = nadia.post(url, {**typed, "agreed": "on", "ends_on": day(-1)})
    assert "ends_on" in wrong.context["form"].errors
    assert wrong.context["form"]["time"].value() == "10:30"
    nadia.post(url, {**typed, "agreed": "on", "ends_on": day(60), "review_on": day(30)})
    plan = FollowUpPlan.objects.get()
    assert (plan.volunteer, plan.ends_on.isoformat(), plan.review_on.isoformat()) == (volunteer, day(60), day(30))
    assert nadia.get(url)["Location"] == f"/suivis/{plan.pk}/"
    assert f"/suivis/{plan.pk}/dates/" in text(nadia.get(f"/suivis/{plan.pk}/"))
    assert nadia.get("/dossiers/999999/suivi/").status_code == 404


def test_every_date_has_its_page(nadia: Any, plan: FollowUpPlan) -> None:
    shown = nadia.get(f"/suivis/{plan.pk}/dates/")
    assert 50 <= sum(len(lines) for _, lines in shown.context["months"]) <= 53


def test_an_interruption_is_noted_said_and_lifted(nadia: Any, plan: FollowUpPlan) -> None:
    url = f"/suivis/{plan.pk}/interrompre/"
    assert nadia.post(url, {}).context["exception_form"].errors
    wrong = nadia.post(url, {"first_day": day(5), "last_day": day(1), "reason": "hospital"})
    assert "last_day" in wrong.context["exception_form"].errors
    answer = nadia.post(url, {"first_day": day(1), "last_day": day(9), "reason": "hospital"}, follow=True)
    assert "Hospitalisation, du" in text(answer)
    row = plan.exceptions.get()
    other = make_plan(factories.make_case(plan.case.campaign), None)
    assert nadia.post(f"/suivis/{other.pk}/reprendre/{row.pk}/").status_code == 404
    nadia.post(f"/suivis/{plan.pk}/reprendre/{row.pk}/")
    assert not plan.exceptions.exists()


def test_the_review_offers_four_ways_on(nadia: Any, plan: FollowUpPlan) -> None:
    url = f"/suivis/{plan.pk}/bilan/"
    FollowUpPlan.objects.update(review_on=timezone.localdate())
    assert "Le bilan de ce suivi est à faire" in text(nadia.get(f"/suivis/{plan.pk}/"))
    assert "Choisissez la suite" in text(nadia.post(url, {}))
    nadia.post(url, {"suite": "continuer"})
    plan.refresh_from_db()
    assert plan.review_on.isoformat() == day(42)
    assert nadia.post(url, {"suite": "espacer"}).context["space_form"].errors
    assert nadia.post(url, {"suite": "espacer", "cadence": "48h"}).context["space_form"].errors
    nadia.post(url, {"suite": "espacer", "cadence": "monthly"})
    plan.refresh_from_db()
    assert plan.cadence == "monthly"
    partner = Partner.objects.create(kind=Partner.Kind.ASSOCIATION, name="Voisins", email="v@exemple.fr")
    hand = {"suite": "confier", "tenant": plan.household.tenants.get().pk, "partner": partner.pk, "calls": "go_on"}
    assert "agreed" in nadia.post(url, hand).context["hand_form"].errors
    assert nadia.post(url, {**hand, "agreed": "on"})["Location"] == f"/signalements/{Referral.objects.get().pk}/"
    plan.refresh_from_db()
    assert (plan.status, plan.review_on.isoformat()) == ("active", day(14))
    assert nadia.post(url, {"suite": "terminer"}).context["end_form"].errors
    nadia.post(url, {"suite": "terminer", "reason": "tenant"})
    assert nadia.get(url)["Location"] == f"/suivis/{plan.pk}/"


def test_a_plan_of_somebody_away_is_given_to_another_for_the_time(
    nadia: Any, plan: FollowUpPlan, volunteer: Any, volunteer2: Any
) -> None:
    volunteer.absences.create(first_day=timezone.localdate())
    shown = nadia.get("/suivis/?etat=reassign")
    assert list(shown.context["page_obj"]) == [plan]
    url = f"/suivis/{plan.pk}/attribuer/"
    assert "Choisissez une personne" in text(nadia.post(url, {}, follow=True))
    nadia.post(url, {"user": volunteer2.pk, "next": "/suivis/?etat=reassign"})
    plan.refresh_from_db()
    assert (plan.volunteer, plan.backup) == (volunteer, volunteer2)
    assert not list(nadia.get("/suivis/?etat=reassign").context["page_obj"])


def test_sharing_out_shows_the_load_before_anything_moves(
    nadia: Any, campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    plans = [make_plan(factories.make_case(campaign), volunteer) for _ in range(3)]
    membership = campaign.memberships.get(user=volunteer)
    url = f"/campagnes/{campaign.slug}/benevoles/{membership.pk}/suivis/"
    shown = nadia.get(url)
    assert [(one.user, one.before, one.after) for one in shown.context["balance"]] == [(volunteer2, 0.0, 3.0)]
    chosen = {f"plan_{plans[0].pk}": volunteer2.pk}
    again = nadia.post(url, {**chosen, "recount": "1"})
    assert [one.after for one in again.context["balance"]] == [1.0]
    assert FollowUpPlan.objects.filter(volunteer=volunteer).count() == 3
    wrong = nadia.post(url, {f"plan_{plans[0].pk}": 999999, "confirm": "1"})
    assert wrong.context["form"].errors
    said = text(nadia.post(url, {**chosen, "confirm": "1"}, follow=True))
    assert "1 suivi change de bénévole" in said
    assert FollowUpPlan.objects.filter(volunteer=volunteer).count() == 2
    assert nadia.get(f"/campagnes/{campaign.slug}/suivis/repartir/").context["rows"] == []


def test_the_calendar_shows_what_was_what_waits_and_what_comes(
    nadia: Any, campaign: Campaign, volunteer: Any, volunteer2: Any
) -> None:
    now = datetime(2026, 1, 14, 12, tzinfo=PARIS)
    with time_machine.travel(now, tick=False):
        plan = make_plan(factories.make_case(campaign), volunteer, next_due_at=at(15, 10), weekdays=[3])
        other = make_plan(factories.make_case(campaign), None, next_due_at=at(16, 10), weekdays=[4])
        DueCall.objects.create(
            plan=plan, case=plan.case, due_at=at(13, 10), grace_until=at(13, 12), state="called", volunteer=volunteer
        )

        def states(query: str) -> dict[int, list[str]]:
            days = nadia.get(f"/suivis/semaine/{query}").context["days"]
            return {one["day"].day: [row["word"] for row in one["rows"]] for one in days if one["rows"]}

        assert states("") == {13: ["Fait"], 15: ["Prévu"], 16: ["À réattribuer"]}
        assert states(f"?benevole={volunteer.pk}") == {13: ["Fait"], 15: ["Prévu"]}
        assert states("?jour=2026-01-16") == {16: ["À réattribuer"]}
        assert states("?semaine=2026-01-21") == {22: ["Prévu"], 23: ["À réattribuer"]}
        assert states("?semaine=hier&benevole=x&jour=9999-99-99") == states("")
        with count_queries() as few:
            nadia.get("/suivis/semaine/")
        for _ in range(20):
            make_plan(factories.make_case(campaign), volunteer2, next_due_at=at(16, 11), weekdays=[4])
        with count_queries() as many:
            nadia.get("/suivis/semaine/")
        assert len(many) <= len(few) + 1
    assert other.pk


# The call screen -----------------------------------------------------------------------------------------------


def test_the_tenant_is_told_who_calls_next_week(lea: Any, campaign: Campaign, volunteer: Any, volunteer2: Any) -> None:
    now = timezone.now()
    case = factories.make_case(campaign, next_call_kind="follow_up", next_call_for=volunteer, tier=2, now=now)
    plan = make_plan(case, volunteer, backup=volunteer2, next_due_at=now + timedelta(days=7))
    FollowUpPlan.objects.filter(pk=plan.pk).update(weekdays=[(now + timedelta(days=7)).weekday()])
    lea.post(f"/appels/{case.pk}/prendre/")
    assert "qui vous appellera" not in text(lea.get(f"/appels/{case.pk}/"))
    volunteer.absences.create(first_day=timezone.localdate() + timedelta(days=1))
    assert "est Paul qui vous appellera" in text(lea.get(f"/appels/{case.pk}/"))
