"""So many times in a window, and again once it has ended."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.core.cache.backends.locmem import LocMemCache

from solidarites import limits
from solidarites.limits import Limit

START = datetime(2026, 1, 13, 9, 0).astimezone()
TWICE = Limit(2, 60)


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as moved:
        yield moved


def test_so_many_times_then_no_more_until_the_window_ends(clock):
    assert [limits.within("a", TWICE) for _ in range(4)] == [True, True, False, False]
    clock.shift(timedelta(seconds=59))
    assert not limits.within("a", TWICE)
    clock.shift(timedelta(seconds=2))
    assert limits.within("a", TWICE)


def test_each_name_is_counted_apart(clock):
    assert all(limits.within(name, Limit(1, 60)) for name in "abc")


def test_looking_counts_nothing(clock):
    limits.within("a", TWICE)
    assert not any(limits.is_full("a", TWICE) for _ in range(5))
    limits.within("a", TWICE)
    assert limits.is_full("a", TWICE)


def test_the_wait_is_what_is_left_of_the_window(clock):
    assert limits.seconds_left("a") <= 0
    limits.within("a", TWICE)
    clock.shift(timedelta(seconds=20))
    limits.within("a", TWICE)
    assert limits.seconds_left("a") == 40


def test_one_is_taken_back_and_all_are_forgotten(clock):
    for _ in range(2):
        limits.within("a", TWICE)
    limits.take_back("a")
    assert limits.within("a", TWICE)
    limits.forget("a", "never")
    assert not limits.is_full("a", TWICE)
    assert limits.seconds_left("a") <= 0
    limits.take_back("a")
    assert limits.within("a", TWICE)


def test_a_window_that_ends_between_two_lines_stops_nobody(clock, monkeypatch):
    def gone(*args):
        raise ValueError

    monkeypatch.setattr(LocMemCache, "incr", gone)
    assert limits.within("a", Limit(1, 60))
