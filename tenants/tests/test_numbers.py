"""Numbers written by hand."""

from __future__ import annotations

import pytest

from campaigns.models import Case
from tenants import households, numbers
from tenants.models import PhoneNumber
from tests.factories import make_case, make_household

pytestmark = pytest.mark.django_db


@pytest.fixture
def silent():
    """A household without a number."""
    return make_household(phone=None)


def add(household, number, now, by, **fields):
    return numbers.add_number(household=household, number=number, now=now, by=by, **fields)


def test_a_number_added_by_hand_puts_the_case_into_the_queue(silent, campaign, coordinator, now):
    case = make_case(campaign, silent, has_number=False, next_call_at=None)
    phone = add(silent, "05 36 49 12 34", now, coordinator, label=" fille ", third_party=True)
    case.refresh_from_db()
    assert (phone.e164, phone.label, phone.third_party, phone.rank) == ("+33536491234", "fille", True, 0)
    assert (case.has_number, case.status, case.next_call_at) == (True, Case.Status.OPEN, now)


def test_it_is_dialled_after_the_numbers_already_there(household, coordinator, now):
    assert add(household, "06 39 98 12 34", now, coordinator).rank == 1


def test_an_overseas_number_is_read_where_the_household_lives(coordinator, now):
    household = make_household(phone=None, department="987", postal_code="98714")
    assert add(household, "40 45 12 34", now, coordinator).e164 == "+68940451234"


@pytest.mark.parametrize("typed", ["", "12", "0899123456", "0600000000", "bonjour", "0" * 500, "05 36 49 12\x00"])
def test_what_nobody_can_call_is_refused(silent, coordinator, now, typed):
    with pytest.raises(numbers.NumberError):
        add(silent, typed, now, coordinator)
    assert not silent.phones.exists()


def test_a_number_already_there_is_refused_and_a_wrong_one_is_tried_again(household, coordinator, now):
    phone = household.phones.get()
    with pytest.raises(numbers.NumberError, match="déjà enregistré"):
        add(household, phone.e164, now, coordinator)
    households.mark_number(phone=phone, validity=PhoneNumber.Validity.WRONG, now=now)
    assert add(household, phone.e164, now, coordinator).pk == phone.pk
    assert household.phones.get().usable


def test_an_opposition_holds_by_household_and_by_number(household, silent, coordinator, now):
    number = household.phones.get().e164
    households.record_opposition(household=household, now=now)
    for target, typed in ((household, "05 36 49 12 34"), (silent, number)):
        with pytest.raises(numbers.NumberError, match="ne plus être appelée"):
            add(target, typed, now, coordinator)
