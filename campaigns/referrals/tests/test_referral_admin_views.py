"""Referrals and partners in the Django admin: searched, listed, sent by the same rules; nothing to bypass them."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Partner, Referral
from campaigns.referrals.tests.referral_cast import make_partner, make_referral
from solidarites.models import JournalEntry, OutgoingMail
from tests.factories import limit_to, make_case

pytestmark = pytest.mark.django_db

State = Referral.State
LIST = reverse("admin:campaigns_referral_changelist")


@pytest.fixture
def now():
    return timezone.now()


def text(response):
    return response.content.decode().replace("\u00a0", " ")


def choose(client, action, *chosen, **data):
    return client.post(LIST, {"action": action, "_selected_action": [one.pk for one in chosen], **data}, follow=True)


@pytest.fixture(params=["coordinator", "administrator"])
def client_in(request, client_of):
    return client_of(request.getfixturevalue(request.param))


def test_referrals_are_listed_filtered_and_found_by_reference(client_in, coordinator, now):
    one = make_referral(coordinator, now, state=State.SENT)
    two = make_referral(coordinator, now, partner=one.partner)
    page = text(client_in.get(LIST))
    assert one.reference in page
    assert two.reference in page
    assert two.reference not in text(client_in.get(LIST, {"q": one.reference}))
    assert one.reference not in text(client_in.get(LIST, {"state__exact": "draft"}))
    for value in ("late", "open", "over", "bogus"):
        assert client_in.get(LIST, {"delai": value}).status_code == 200


def test_a_referral_shows_its_timeline_and_nothing_to_change(client_in, coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    url = reverse("admin:campaigns_referral_change", args=[referral.pk])
    page = text(client_in.get(url))
    assert "E-mail envoyé au partenaire" in page
    assert 'name="_save"' not in page
    assert JournalEntry.objects.filter(action="referral.read", object_id=referral.pk).exists()
    assert client_in.post(url, {"state": "closed"}).status_code == 403
    assert client_in.get(reverse("admin:campaigns_referral_add")).status_code == 403
    assert client_in.get(reverse("admin:campaigns_referral_delete", args=[referral.pk])).status_code == 403
    assert Referral.objects.get().state == State.SENT


def test_sending_asks_first_then_goes_through_the_rule(client_in, coordinator, now):
    ready = make_referral(coordinator, now)
    unready = make_referral(coordinator, now, agreement="")
    page = text(choose(client_in, "send_to_partner", ready, unready))
    assert "Indiquez l'accord du locataire" in page.replace("&#x27;", "'")
    assert not OutgoingMail.objects.exists()
    choose(client_in, "send_to_partner", ready, unready, confirm="oui")
    ready.refresh_from_db()
    unready.refresh_from_db()
    assert (ready.state, unready.state) == (State.APPROVED, State.DRAFT)
    assert OutgoingMail.objects.filter(template="referral_sent").count() == 1
    choose(client_in, "send_to_partner", ready, confirm="oui")
    assert OutgoingMail.objects.count() == 1


def test_one_person_cannot_approve_twice_without_agreement(client_in, coordinator, now):
    referral = make_referral(coordinator, now, agreement="no", no_agreement_reason="Ne s'alimente plus.")
    page = text(choose(client_in, "send_to_partner", referral, confirm="oui"))
    assert "deuxième personne" in page
    choose(client_in, "send_to_partner", referral, confirm="oui")
    assert Referral.objects.get().state == State.DRAFT
    assert not OutgoingMail.objects.exists()


def test_reminding_asks_first_then_sends_once(client_in, coordinator, now):
    referral = make_referral(coordinator, now, state=State.SENT)
    assert "Relancer par e-mail" in text(choose(client_in, "remind_partner", referral))
    choose(client_in, "remind_partner", referral, confirm="oui")
    choose(client_in, "remind_partner", referral, confirm="oui")
    assert OutgoingMail.objects.filter(template="referral_reminder").count() == 1


def test_a_coordinator_of_another_agency_sees_nothing(client_of, coordinator, now, agency, agency2, make_household):
    from tests.factories import make_campaign

    case = make_case(make_campaign(now=now), make_household(agency=agency2), now=now)
    referral = make_referral(coordinator, now, case=case)
    limit_to(coordinator, agency)
    client = client_of(coordinator)
    assert referral.reference not in text(client.get(LIST))
    choose(client, "send_to_partner", referral, confirm="oui")
    assert Referral.objects.get().state == State.DRAFT


def test_partners_are_kept_in_the_admin_too(client_in):
    data = {"kind": "ccas", "name": "CCAS", "email": "ccas@exemple.fr", "communes": "33000 Bordeaux", "active": "on"}
    assert client_in.post(reverse("admin:campaigns_partner_add"), data).status_code == 302
    partner = Partner.objects.get()
    assert partner.communes == ["33063"]
    assert JournalEntry.objects.filter(action="partner.created").count() == 1
    url = reverse("admin:campaigns_partner_change", args=[partner.pk])
    assert "33063 Bordeaux" in text(client_in.get(url))
    assert "introuvable" in text(client_in.post(url, data | {"communes": "Nulle-Part"}))
    assert "CCAS" in text(client_in.get(reverse("admin:campaigns_partner_changelist"), {"q": "cca"}))


def test_volunteers_do_not_enter(client_of, volunteer, coordinator, now):
    make_referral(coordinator, now)
    make_partner()
    client = client_of(volunteer)
    for url in (LIST, reverse("admin:campaigns_partner_changelist")):
        assert client.get(url).status_code in (302, 403)


def test_the_list_costs_the_same_for_one_and_for_many(client_of, coordinator, now, campaign, count_queries):
    client = client_of(coordinator)
    make_referral(coordinator, now)
    client.get(LIST)
    with count_queries() as one:
        client.get(LIST)
    for _ in range(6):
        make_referral(coordinator, now, case=make_case(campaign, now=now))
    with count_queries() as many:
        client.get(LIST)
    assert len(one) == len(many)
