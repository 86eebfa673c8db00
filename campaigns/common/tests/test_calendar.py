"""Opening hours, slots, holidays, zones and the hour changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.common import calendar, retries
from campaigns.models import Campaign
from campaigns.models.campaign import default_hours

PARIS = ZoneInfo("Europe/Paris")
OFFICE = calendar.calendar_of(Campaign(hours=default_hours(), zone="Europe/Paris"))


def paris(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=PARIS)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (paris(2026, 1, 13, 9, 59), False),
        (paris(2026, 1, 13, 10, 0), True),
        (paris(2026, 1, 13, 12, 0), False),
        (paris(2026, 1, 13, 17, 59), True),
        (paris(2026, 1, 13, 18, 0), False),
        (paris(2026, 1, 17, 10, 0), False),  # a Saturday
        (paris(2026, 5, 1, 10, 0), False),  # a public holiday
    ],
)
def test_hours_start_included_and_end_excluded(at: datetime, is_open: bool) -> None:
    assert OFFICE.is_open(at) is is_open


def test_the_next_opening_jumps_over_the_weekend_and_a_holiday() -> None:
    assert OFFICE.next_opening(paris(2026, 1, 13, 11, 0)) == paris(2026, 1, 13, 11, 0)
    assert OFFICE.next_opening(paris(2026, 1, 16, 18, 0)) == paris(2026, 1, 19, 10, 0)
    assert OFFICE.next_opening(paris(2026, 4, 30, 18, 0)) == paris(2026, 5, 4, 10, 0)


def test_a_campaign_that_never_opens_says_so() -> None:
    with pytest.raises(calendar.NeverOpenError):
        calendar.calendar_of(Campaign(hours={}, zone="Europe/Paris")).next_opening(paris(2026, 1, 13, 10, 0))


@pytest.mark.parametrize(
    ("day", "region", "holiday"),
    [
        (date(2026, 4, 3), "", False),
        (date(2026, 4, 3), "67", True),  # Good Friday in Alsace
        (date(2026, 12, 26), "57", True),  # Saint Stephen's day in Moselle
        (date(2026, 12, 20), "974", True),  # abolition of slavery in Réunion
        (date(2026, 5, 22), "972", True),  # … in Martinique
        (date(2026, 7, 14), "", True),
    ],
)
def test_public_holidays_are_the_department_s(day: date, region: str, holiday: bool) -> None:
    assert bool(calendar.holiday_name(day, region)) is holiday


def test_a_household_overseas_lives_by_its_own_clock() -> None:
    reunion = calendar.calendar_of(Campaign(hours=default_hours(), zone="Europe/Paris"), "974")
    assert reunion.is_open(paris(2026, 1, 13, 11, 30))  # 14:30 there
    assert not reunion.is_open(paris(2026, 1, 13, 10, 0))  # 13:00 there
    assert calendar.region_of("33") == ""
    assert calendar.region_of("974") == "974"


def test_slots_are_cut_by_the_opening_hours() -> None:
    slots = OFFICE.slot_windows(date(2026, 1, 13))
    assert {slot: [moment.astimezone(PARIS).hour for moment in span] for slot, span in slots.items()} == {
        "morning": [10, 11],
        "midday": [11, 12],
        "afternoon": [14, 17],
        "evening": [17, 18],
    }


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [(date(2026, 3, 27), 9), (date(2026, 3, 30), 8), (date(2026, 10, 23), 8), (date(2026, 10, 26), 9)],
)
def test_ten_o_clock_stays_ten_o_clock_through_the_hour_changes(day: date, utc_hour: int) -> None:
    assert OFFICE.at(day, time(10)).astimezone(UTC).hour == utc_hour


@pytest.mark.parametrize("now", [paris(2026, 3, 27, 10, 0), paris(2026, 10, 23, 10, 0)])
def test_a_retry_across_an_hour_change_lands_at_the_intended_local_time(now: datetime) -> None:
    at = retries.next_attempt(OFFICE, attempts=1, slots_tried=["morning", "midday"], now=now, gaps=[1, 3, 6], cap=4)
    assert at is not None
    local = at.astimezone(PARIS)
    assert (local.weekday(), local.hour) == (0, 14)


def test_what_moments_are_called() -> None:
    now = paris(2026, 1, 13, 10, 0)
    names = [
        (paris(2026, 1, 13, 14, 30), "aujourd'hui à 14 h 30"),
        (paris(2026, 1, 14, 9, 0), "demain à 9 h"),
        (paris(2026, 1, 16, 10, 0), "vendredi à 10 h"),
        (paris(2026, 1, 20, 10, 0), "mardi 20 janvier à 10 h"),
        (paris(2026, 2, 1, 10, 5), "dimanche 1er février à 10 h 05"),
        (paris(2027, 1, 4, 10, 0), "lundi 4 janvier 2027 à 10 h"),
    ]
    for at, name in names:
        assert calendar.moment_label(at, now, PARIS) == name


week = st.fixed_dictionaries(
    {
        str(day): st.sampled_from(
            [
                [],
                [["10:00", "12:00"]],
                [["10:00", "12:00"], ["14:00", "18:00"]],
                [["08:00", "20:00"]],
                [["17:00", "19:30"]],
            ]
        )
        for day in range(7)
    }
).filter(lambda hours: any(hours.values()))
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31)).map(lambda naive: naive.replace(tzinfo=UTC))


@given(
    hours=week, now=moments, attempts=st.integers(1, 4), tried=st.lists(st.sampled_from(calendar.SLOTS), unique=True)
)
def test_an_attempt_is_always_on_a_later_day_within_hours_and_in_a_new_slot_when_there_is_one(
    hours: dict[str, Any], now: datetime, attempts: int, tried: list[str]
) -> None:
    calling = calendar.calendar_of(Campaign(hours=hours, zone="Europe/Paris"))
    at = retries.next_attempt(calling, attempts=attempts, slots_tried=tried, now=now, gaps=[1, 3, 6], cap=4)
    if attempts == 4:
        assert at is None
        return
    assert at is not None
    assert calling.is_open(at)
    today = calling.local(now).date()
    assert calling.local(at).date() >= calling.add_working_days(today, [1, 3, 6][attempts - 1])
    day = calling.local(at).date()
    if calling.slot_of(at) in tried:
        assert not set(calling.slot_windows(day)) - set(tried)
