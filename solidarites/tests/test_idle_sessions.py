"""Sessions end when nobody is there: 30 minutes for those who see many people, 4 hours for volunteers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from solidarites.tasks import forget_old_rows

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 13, 9, 0).astimezone()


def is_signed_in(client, **headers):
    return client.get("/compte/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("who", "minutes", "still_there"),
    [
        ("volunteer", 239, True),
        ("volunteer", 241, False),
        ("coordinator", 29, True),
        ("coordinator", 31, False),
        ("administrator", 31, False),
    ],
)
def test_a_session_ends_after_its_idle_time(client_of, request, who, minutes, still_there):
    with time_machine.travel(START, tick=False) as clock:
        client = client_of(request.getfixturevalue(who))
        assert is_signed_in(client)
        clock.shift(timedelta(minutes=minutes))
        assert is_signed_in(client) is still_there


def test_each_page_opened_starts_the_time_again(client_of, coordinator):
    with time_machine.travel(START, tick=False) as clock:
        client = client_of(coordinator)
        for _ in range(5):
            assert is_signed_in(client)
            clock.shift(timedelta(minutes=20))
        assert is_signed_in(client)


def test_background_requests_do_not_keep_a_session_open(client_of, coordinator):
    with time_machine.travel(START, tick=False) as clock:
        client = client_of(coordinator)
        assert is_signed_in(client)
        for _ in range(3):
            clock.shift(timedelta(minutes=10))
            assert is_signed_in(client, **{"X-Background": "1"})
        clock.shift(timedelta(minutes=2))
        assert not is_signed_in(client)


def test_the_sign_in_page_says_why(client_of, coordinator):
    with time_machine.travel(START, tick=False) as clock:
        client = client_of(coordinator)
        client.get("/compte/")
        clock.shift(timedelta(hours=1))
        page = client.get("/compte/", follow=True).content.decode()
    assert "Votre session a pris fin" in page
    assert "Votre session a pris fin" not in client.__class__().get("/connexion/").content.decode()


# What scripts ask for: each by the headers that it sends.
POLLED = {"HX-Request": "true", "X-Background": "1", "HX-Current-URL": "http://testserver/alertes/?secteur=3"}
FETCHED = {"X-Requested-With": "fetch"}
BANNER = {"X-Background": "1"}


@pytest.mark.parametrize(
    ("route", "method", "headers", "back"),
    [
        ("coordinator:alert_list", "get", POLLED, "/alertes/%3Fsecteur%3D3"),
        ("coordinator:dashboard", "get", {"HX-Request": "true"}, "/"),
        ("coordinator:alert_banner", "get", BANNER, "/"),
        ("caller:heartbeat", "post", {**FETCHED, **BANNER}, "/"),
        ("caller:save", "post", FETCHED, "/"),
        ("caller:alert", "post", FETCHED, "/"),
    ],
)
def test_a_script_is_told_that_the_session_is_over_and_is_given_no_page(client, route, method, headers, back):
    address = reverse(route, args=[1] if route.startswith("caller:") else [])
    answer = getattr(client, method)(address, headers=headers)
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer["HX-Redirect"] == f"/connexion/?next={back}"


def test_no_script_is_sent_to_another_site(client):
    elsewhere = {"HX-Request": "true", "HX-Current-URL": "https://ailleurs.example/alertes/"}
    assert client.get(reverse("coordinator:alert_list"), headers=elsewhere)["HX-Redirect"] == "/connexion/?next=/"


def test_a_person_is_shown_the_sign_in_page_and_comes_back(client):
    assert client.get("/alertes/?secteur=3")["Location"] == "/connexion/?next=/alertes/%3Fsecteur%3D3"
    # What was sent by a form is no page to come back to.
    assert client.post("/personnes/1/roles/")["Location"] == "/connexion/?next=/"


def test_a_poll_of_an_idle_session_ends_it_and_says_so(client_of, coordinator):
    with time_machine.travel(START, tick=False) as clock:
        client = client_of(coordinator)
        assert is_signed_in(client)
        clock.shift(timedelta(minutes=31))
        assert client.get(reverse("coordinator:alert_list"), headers=POLLED).status_code == 401
        assert "Votre session a pris fin" in client.get("/connexion/").content.decode()


def test_the_session_is_written_once_a_minute_at_most(client_of, volunteer, count_queries):
    with time_machine.travel(START, tick=False) as clock:
        client = client_of(volunteer)
        client.get("/compte/")
        clock.shift(timedelta(seconds=30))
        with count_queries() as queries:
            client.get("/compte/")
        assert not [q for q in queries.captured_queries if q["sql"].startswith("UPDATE")]
        clock.shift(timedelta(seconds=40))
        with count_queries() as queries:
            client.get("/compte/")
        assert [q for q in queries.captured_queries if "django_session" in q["sql"] and q["sql"].startswith("UPDATE")]


def test_a_deactivated_account_is_out_at_the_next_page(client_of, volunteer):
    client = client_of(volunteer)
    assert is_signed_in(client)
    volunteer.is_active = False
    volunteer.save(update_fields=["is_active"])
    assert not is_signed_in(client)


def test_a_strangers_page_starts_no_session(client, db):
    client.get("/connexion/")
    assert not Session.objects.exists()


def test_what_a_person_is_shown_is_kept_by_no_cache(client_of, volunteer):
    assert "no-store" in client_of(volunteer).get("/compte/")["Cache-Control"]


def test_sessions_that_have_ended_leave_at_night(client_of, volunteer):
    client_of(volunteer)
    kept = Session.objects.get()
    Session.objects.create(session_key="finie", session_data="", expire_date=timezone.now() - timedelta(seconds=1))
    forget_old_rows()
    assert [row.session_key for row in Session.objects.all()] == [kept.session_key]
