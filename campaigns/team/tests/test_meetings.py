"""Meetings by video: alone or repeated, moved, cancelled; who comes; the file for an agenda."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone
from icalendar import Calendar

from campaigns.models import Campaign, CampaignVolunteer, Meeting, MeetingAnswer
from campaigns.team import agenda, meetings
from solidarites.models import JournalEntry

# Sunday 25 October 2026 is the last day of summer time.
NOW = datetime(2026, 10, 12, 9, tzinfo=UTC)
FIRST = datetime(2026, 10, 14, 16, tzinfo=UTC)


def plan(campaign, by, **fields):
    given = {"starts_at": FIRST, "link": "https://visio.exemple.fr/equipe", "words": "Souffler.", "now": NOW}
    return meetings.plan(campaign=campaign, by=by, **(given | fields))


def change(meeting, by, **fields):
    given = {"starts_at": meeting.starts_at, "minutes": 45, "link": meeting.link, "words": "", "following": False}
    return meetings.change(meeting=meeting, by=by, now=NOW, **(given | fields))


def clocks(rows, zone):
    return [f"{row.starts_at.astimezone(zone):%d/%m %H:%M}" for row in rows]


@pytest.fixture
def weekly(campaign, coordinator):
    return plan(campaign, coordinator, weeks=1, until=date(2026, 11, 4))


# Announcing -----------------------------------------------------------------------------------------------
def test_volunteers_see_the_next_meetings_of_their_campaigns_alone(campaign, make_campaign, volunteer, coordinator):
    now = timezone.now()
    (later,) = plan(campaign, coordinator, starts_at=now + timedelta(days=3), now=now)
    (soon,) = plan(campaign, coordinator, starts_at=now + timedelta(days=1), now=now)
    plan(make_campaign(), coordinator, starts_at=now + timedelta(days=1), now=now)
    assert list(meetings.of_volunteer(volunteer, now)) == [soon, later]
    assert list(meetings.of_volunteer(volunteer, soon.starts_at + timedelta(minutes=30))) == [soon, later]
    assert list(meetings.of_volunteer(volunteer, soon.starts_at + timedelta(hours=3))) == [later]
    CampaignVolunteer.objects.filter(user=volunteer).update(active=False)
    assert not meetings.of_volunteer(volunteer, now).exists()


def test_a_meeting_is_to_come_behind_a_safe_link_in_a_campaign_that_lives(campaign, coordinator):
    with pytest.raises(meetings.MeetingError, match="déjà passé"):
        plan(campaign, coordinator, starts_at=NOW - timedelta(minutes=1))
    for link in ("http://visio.exemple.fr", "javascript:alert(1)"):
        with pytest.raises(meetings.MeetingError, match="https"):
            plan(campaign, coordinator, link=link)
    campaign.status = Campaign.Status.CLOSED
    with pytest.raises(meetings.MeetingError, match="terminée"):
        plan(campaign, coordinator)


def test_one_act_makes_the_dates_at_the_same_hour_in_summer_and_winter(campaign, weekly):
    assert clocks(weekly, campaign.tz) == ["14/10 18:00", "21/10 18:00", "28/10 18:00", "04/11 18:00"]
    assert len({row.series for row in weekly}) == 1
    assert JournalEntry.objects.filter(action="meeting.planned").count() == 1


def test_every_two_weeks_until_the_campaign_ends_when_nothing_else_is_said(campaign, coordinator):
    campaign.ends_on = date(2026, 11, 12)
    rows = plan(campaign, coordinator, weeks=2)
    assert clocks(rows, campaign.tz) == ["14/10 18:00", "28/10 18:00", "11/11 18:00"]


@pytest.mark.parametrize(
    ("until", "said"),
    [(None, "Dites jusqu'à quand"), (date(2026, 10, 13), "avant la première"), (date(2028, 1, 1), "53 dates au plus")],
)
def test_dates_without_an_end_or_too_many_are_refused(campaign, coordinator, until, said):
    campaign.ends_on = None
    with pytest.raises(meetings.MeetingError, match=said):
        plan(campaign, coordinator, weeks=1, until=until)
    assert not Meeting.objects.exists()


# Moving and cancelling ------------------------------------------------------------------------------------
def test_one_date_moves_alone_and_who_answered_is_asked_again(campaign, weekly, coordinator, volunteer):
    for row in weekly[:2]:
        meetings.answer(meeting=row, comes=True, by=volunteer, now=NOW)
    change(weekly[1], coordinator, starts_at=weekly[1].starts_at + timedelta(days=1))
    rows = list(Meeting.objects.all())
    assert clocks(rows, campaign.tz) == ["14/10 18:00", "22/10 18:00", "28/10 18:00", "04/11 18:00"]
    assert [answer.meeting_id for answer in MeetingAnswer.objects.all()] == [weekly[0].pk]
    assert [row.sequence for row in rows] == [0, 1, 0, 0]


def test_those_that_follow_move_by_as_many_days_to_the_same_hour(campaign, weekly, coordinator):
    at = datetime(2026, 10, 22, 19, 30, tzinfo=campaign.tz)
    assert len(change(weekly[1], coordinator, starts_at=at, following=True)) == 3
    assert clocks(Meeting.objects.all(), campaign.tz) == ["14/10 18:00", "22/10 19:30", "29/10 19:30", "05/11 19:30"]


def test_other_words_alone_ask_nobody_again(weekly, coordinator, volunteer):
    meetings.answer(meeting=weekly[0], comes=True, by=volunteer, now=NOW)
    change(weekly[0], coordinator, words="Avec la psychologue.", minutes=90, following=True)
    assert set(Meeting.objects.values_list("words", "minutes")) == {("Avec la psychologue.", 90)}
    assert MeetingAnswer.objects.exists()


def test_one_date_or_all_those_that_follow_are_cancelled_once(weekly, coordinator):
    assert meetings.cancel(meeting=weekly[2], by=coordinator, now=NOW) == [weekly[2]]
    with pytest.raises(meetings.MeetingError, match="déjà annulé"):
        meetings.cancel(meeting=weekly[2], by=coordinator, now=NOW)
    with pytest.raises(meetings.MeetingError, match="déjà annulé"):
        change(weekly[2], coordinator)
    assert meetings.cancel(meeting=weekly[1], following=True, by=coordinator, now=NOW) == [weekly[1], weekly[3]]
    assert list(Meeting.objects.filter(cancelled_at=None)) == [weekly[0]]


def test_what_is_over_changes_no_more(weekly, coordinator, volunteer):
    after = weekly[0].ends_at
    with pytest.raises(meetings.MeetingError, match="terminé"):
        meetings.cancel(meeting=weekly[0], by=coordinator, now=after)
    with pytest.raises(meetings.MeetingError, match="terminé"):
        meetings.answer(meeting=weekly[0], comes=True, by=volunteer, now=after)
    with pytest.raises(meetings.MeetingError, match="déjà passé"):
        change(weekly[0], coordinator, starts_at=NOW)


# Who comes ------------------------------------------------------------------------------------------------
def test_the_last_word_counts_and_who_left_the_team_no_more(weekly, volunteer, volunteer2):
    for person, comes in ((volunteer, False), (volunteer2, True), (volunteer, True)):
        meetings.answer(meeting=weekly[0], comes=comes, by=person, now=NOW)

    def coming():
        return meetings.coming(meetings.with_answers(Meeting.objects.filter(pk=weekly[0].pk)).get().answers.all())

    assert set(coming()) == {volunteer, volunteer2}
    CampaignVolunteer.objects.filter(user=volunteer2).update(active=False)
    assert coming() == [volunteer]
    with pytest.raises(meetings.MeetingError, match="plus partie"):
        meetings.answer(meeting=weekly[0], comes=True, by=volunteer2, now=NOW)


def test_nobody_says_they_come_to_what_is_cancelled(weekly, coordinator, volunteer):
    (gone,) = meetings.cancel(meeting=weekly[0], by=coordinator, now=NOW)
    with pytest.raises(meetings.MeetingError, match="annulé"):
        meetings.answer(meeting=gone, comes=True, by=volunteer, now=NOW)


# The agenda -----------------------------------------------------------------------------------------------
def test_the_file_names_a_date_alike_after_it_moved_and_says_it_cancelled(weekly, coordinator):
    def events(rows):
        return list(Calendar.from_ical(agenda.written(rows, NOW)).walk("VEVENT"))

    before = events(weekly)
    assert [(one["sequence"], one["status"]) for one in before] == [(0, "CONFIRMED")] * 4
    assert before[0].decoded("dtend") - before[0].decoded("dtstart") == timedelta(minutes=45)
    change(weekly[1], coordinator, starts_at=weekly[1].starts_at + timedelta(days=1))
    meetings.cancel(meeting=weekly[1], by=coordinator, now=NOW)
    after = events(list(Meeting.objects.all()))
    assert [one["uid"] for one in after] == [one["uid"] for one in before]
    assert (after[1]["sequence"], after[1]["status"]) == (2, "CANCELLED")
    alone = Calendar.from_ical(agenda.written([Meeting.objects.get(pk=weekly[1].pk)], NOW))
    assert alone["method"] == "CANCEL"
