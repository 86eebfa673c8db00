"""The caller's screens, by the test client: what a browser without scripts would do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import scripts
from campaigns.models import Call, Campaign, Case, FollowUpPlan, Referral
from solidarites.models import JournalEntry
from tests.factories import make_case, make_household


@pytest.fixture
def shipped(db):
    return {script.kind: script for script in scripts.load_defaults(now=timezone.now())}


@pytest.fixture
def campaign(make_campaign, volunteer, volunteer2, shipped):
    return make_campaign(
        volunteers=[volunteer, volunteer2], script=shipped["first"], follow_up_script=shipped["follow_up"]
    )


@pytest.fixture
def held(case, volunteer):
    from campaigns import queue

    given = queue.claim_next(campaign=case.campaign, by=volunteer, now=timezone.now())
    assert given.case == case
    return given


@pytest.fixture
def lea(client_of, volunteer):
    return client_of(volunteer)


def url(name, *args):
    return reverse(f"caller:{name}", args=args)


def well(tenant_id, **more):
    """The answers of somebody who is well; the default script's required questions."""
    person = tenant_id
    return {
        "q-accueil": "oui",
        "q-information": "oui",
        f"q-sante-{person}": "bien",
        "q-courses": "moi",
        f"q-solitude-{person}": "rarement",
        "q-suivi": "non",
        **more,
    }


def test_next_gives_a_household_and_opens_its_page(lea, case):
    response = lea.post(url("next", case.campaign_id))
    assert response["Location"] == url("call", case.pk)
    page = lea.get(response["Location"]).content.decode()
    assert "Mme Jeanne MARTIN" in page
    assert case.household.tenants.get().age_band_on(timezone.now().date()) in page
    assert "Gironde" in page
    assert "1941" not in page


def test_home(lea, case):
    page = lea.get(url("home")).content.decode()
    assert "Appeler le prochain foyer" in page


def test_a_call_is_recorded(lea, held):
    tenant = held.case.household.tenants.get()
    response = lea.post(
        url("record", held.case.pk),
        {"submission": str(held.call.submission), **well(tenant.pk), "comment": "Tout va bien."},
    )
    assert response.status_code == 302, response.content.decode()
    call = Call.objects.get(case=held.case)
    assert call.state == "recorded" and call.outcome == "completed"
    page = lea.get(response["Location"]).content.decode()
    assert "Dossier clos" in page
