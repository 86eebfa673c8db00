"""« Ne plus jamais appeler », said by one of two: the other is left to a coordinator."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from campaigns.calls.tests.caller_cast import hold
from campaigns.models import Call, Case
from tenants.models import Confirmation, Tenant
from tests.factories import make_campaign, make_case, make_household, record_call

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(volunteer: Any) -> Case:
    return make_case(make_campaign(volunteers=[volunteer]), make_household(people=2))


def oppose(case: Case, by: Any, **form: Any) -> None:
    hold(case, by)
    call = Call.objects.get(case=case, volunteer=by)
    record_call(case_id=case.pk, by=by, submission=call.submission, now=timezone.now(), outcome="opt_out", **form)
    case.refresh_from_db()
    case.household.refresh_from_db()


def test_for_one_of_them_the_case_waits_and_the_other_is_not_opposed(case: Case, volunteer: Any) -> None:
    first, second = case.household.tenants.all()
    oppose(case, volunteer, tenant_id=first.pk)
    assert (case.status, case.hold_reason, case.household.opposed_at) == ("on_hold", "to_confirm", None)
    assert list(Tenant.objects.filter(opposed_at__isnull=False)) == [first]
    assert Confirmation.objects.waiting().get().kind == "opposed_member"


def test_for_nobody_in_particular_it_is_the_whole_households(case: Case, volunteer: Any) -> None:
    oppose(case, volunteer)
    assert (case.status, case.closed_reason) == ("closed", "opt_out")
    assert case.household.opposed_at is not None
    assert not Tenant.objects.filter(opposed_at=None).exists()
