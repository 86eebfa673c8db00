"""Case 71: two coordinators, each with an agency, and a household that neither follows is the affair of both."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from campaigns import alerts, referrals, welfare
from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url
from campaigns.figures import dashboards
from campaigns.models import Alert, Case, CoordinatorScope, Referral, WelfareCheck
from campaigns.referrals.tests.referral_cast import make_partner, make_referral
from campaigns.welfare.tests.welfare_cast import open_check
from solidarites import roles
from solidarites.models import OutgoingMail, User
from tests.factories import make_agency, make_case, make_household, make_user
from tests.pages import press


@pytest.fixture
def others(coordinator: Any, agency: Any, agency2: Any) -> list[Any]:
    """Nadia follows Bordeaux, Zoé follows Langon."""
    zoe = make_user("zoe@exemple.fr", "Zoé", "Ailleurs", roles.COORDINATOR)
    for person, followed in ((coordinator, agency), (zoe, agency2)):
        CoordinatorScope.objects.create(user=person).agencies.add(followed)
    return [coordinator, zoe]


@pytest.fixture(params=["no agency", "an agency that nobody follows"])
def left(request: Any, others: list[Any], landlord: Any, volunteer: Any, client_of: Any) -> Case:
    """« Ne peut pas converser », pressed by a volunteer: a coordinator decides."""
    agency = None if request.param == "no agency" else make_agency(landlord, "Agence de Pau")
    case = make_case(running_campaign(volunteer), make_household(landlord, agency=agency))
    given = hold(case, volunteer)
    typed = {"submission": str(given.call.submission), "outcome": "unable"}
    assert client_of(volunteer).post(url("record", case.pk), typed).status_code == 302
    case.refresh_from_db()
    assert (case.status, case.hold_reason) == (Case.Status.ON_HOLD, Case.Hold.UNABLE)
    return case


def test_both_find_it_in_the_list_and_open_it(left: Case, others: list[Any], client_of: Any) -> None:
    family = left.household.tenants.get().last_name
    for person in others:
        client = client_of(person)
        for address in ("/dossiers/", "/dossiers/?attente=unable", f"/dossiers/?q={left.pk}", f"/dossiers/?q={family}"):
            assert f"/dossiers/{left.pk}/" in text(client.get(address)), address
        assert "À décider" in text(client.get(f"/dossiers/{left.pk}/"))


def test_both_count_it(left: Case, others: list[Any]) -> None:
    filters = dashboards.Filters(left.campaign)
    for person in others:
        found = dashboards.dashboard(filters=filters, by=person, now=timezone.now())
        assert (found.queue["enrolled"], found.queue["blocked"]) == (1, 1)
        cache.clear()


def test_both_see_its_referral_on_the_desk_the_board_the_page_and_in_the_admin(
    left: Case, others: list[Any], client_of: Any
) -> None:
    referral = make_referral(others[0], timezone.now(), case=left, partner=make_partner())
    assert referral.state == Referral.State.DRAFT
    for person in others:
        client = client_of(person)
        for address in ("/signalements/", "/signalements/tableau/", f"/signalements/{referral.pk}/"):
            assert referral.reference in text(client.get(address)), address
        assert referral.reference in text(client.get("/admin/campaigns/referral/"))
        assert list(referrals.visible(person)) == [referral]
        assert client.get("/signalements/export.xlsx").status_code == 200


def test_a_late_check_tells_both_and_its_alert_leads_to_it(left: Case, others: list[Any], client_of: Any) -> None:
    check = open_check(left, others[0], timezone.now() - timedelta(days=5))
    assert welfare.watch_overdue(now=timezone.now()) == 1
    alert = Alert.objects.get(kind=Alert.Kind.WELFARE_OVERDUE)
    mails = OutgoingMail.objects.filter(template="welfare_overdue")
    assert {mail.to for mail in mails} == {person.email for person in others}
    for person in others:
        client = client_of(person)
        page = text(client.get(f"/alertes/{alert.pk}/"))
        for address in (f"/dossiers/{left.pk}/", f"/veilles/{check.pk}/"):
            assert f'href="{address}"' in page
            assert client.get(address).status_code == 200
        assert f"/veilles/{check.pk}/" in text(client.get("/veilles/"))


def test_once_its_agency_is_given_to_somebody_it_is_theirs_alone(left: Case, others: list[Any], client_of: Any) -> None:
    """What has no agency goes on being everybody's, whoever comes."""
    ana = make_user("ana@exemple.fr", "Ana", "Ruiz", roles.COORDINATOR)
    if left.agency is not None:
        CoordinatorScope.objects.create(user=ana).agencies.add(left.agency)
    check = open_check(left, ana, timezone.now())
    status = 200 if left.agency is None else 404
    for person in others:
        assert client_of(person).get(f"/dossiers/{left.pk}/").status_code == status
        assert client_of(person).get(f"/veilles/{check.pk}/").status_code == status
    assert client_of(ana).get(f"/dossiers/{left.pk}/").status_code == 200
    told = {person.pk for person in alerts.audience(left, timezone.now())}
    assert told == ({ana.pk, *(person.pk for person in others)} if left.agency is None else {ana.pk})
    assert WelfareCheck.objects.get().owner in (ana, None)


def test_an_administrator_opens_what_an_alert_leads_to(left: Case, administrator: Any, client_of: Any) -> None:
    """They see everything, and are told when nobody coordinates; what only a coordinator may press is not there."""
    User.objects.filter(groups__name=roles.COORDINATOR).update(is_active=False)
    now = timezone.now()
    referral = make_referral(administrator, now, case=left, partner=make_partner())
    check = open_check(left, administrator, now - timedelta(days=5))
    welfare.watch_overdue(now=now)
    alert = Alert.objects.get(kind=Alert.Kind.WELFARE_OVERDUE)
    assert [mail.to for mail in OutgoingMail.objects.filter(template="welfare_overdue")] == [administrator.email]
    hugues = client_of(administrator)
    for address in (
        f"/alertes/{alert.pk}/",
        f"/dossiers/{left.pk}/",
        f"/signalements/{referral.pk}/",
        f"/veilles/{check.pk}/",
    ):
        page = hugues.get(address)
        assert page.status_code == 200, address
        for link in set(re.findall(r'href="(/[^"#?]*)', page.content.decode())) - {"/deconnexion/"}:
            # The page's own look is a file: it is no address of the product.
            if not link.startswith(settings.STATIC_URL):
                assert hugues.get(link).status_code in (200, 302, 404), f"{address} leads to {link}"
        for form in set(re.findall(r'action="(/[^"]*)"', page.content.decode())):
            assert hugues.get(form).status_code != 403, f"{address} offers {form}"
    press(hugues, hugues.get(f"/alertes/{alert.pk}/"), "Je m'en occupe")
    alerts.release_left(now=now)
    alert.refresh_from_db()
    assert alert.taken_by == administrator
    press(hugues, hugues.get(f"/alertes/{alert.pk}/"), "Résoudre l'alerte", solution="Une coordination est nommée.")
    alert.refresh_from_db()
    assert alert.solved_at is not None
