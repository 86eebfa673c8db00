"""Role × URL: every route of the product, for everybody, by itself.

A view says who may open it (``view.roles``); here every route is asked for by everybody, with and without
data. Also held on every GET: it writes nothing but the journal.
"""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from solidarites.models import JournalEntry
from tests.house.routes import Route, our_routes, walk
from tests.house.world import World
from tests.strict import StrictClient

PEOPLE = ("anonymous", "nobody", "volunteer", "coordinator", "administrator", "switchboard")
# Libraries' routes that stand outside: who may open them is theirs, and tested below or in solidarites/tests.
LIBRARIES = ("account_", "mfa_", "admin:")
WRITES = re.compile(r'^\s*(INSERT INTO|UPDATE|DELETE FROM)\s+"(\w+)"', re.IGNORECASE)
# The journal of reads, and the session that remembers the last activity.
MAY_BE_WRITTEN = {"solidarites_journalentry", "django_session"}

ROUTES = our_routes()


def test_every_route_says_who_may_open_it():
    mute = [route.name for route in ROUTES if not route.roles]
    assert not mute, f"mark with @role_required or @public: {mute}"
    strange = [route.name for route in walk() if not route.is_ours and not route.name.startswith(LIBRARIES)]
    assert not strange, f"a library's route that nobody looks at: {strange}"


def test_route_names_are_unique():
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def browser_of(world: World, who: str) -> StrictClient:
    client = StrictClient()
    if (user := world.people[who]) is not None:
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def open_page(world: World, route: Route, who: str, method: str, client: StrictClient | None = None):
    url = reverse(route.name, kwargs=world.arguments(route.name, route.arguments))
    return getattr(client or browser_of(world, who), method)(url)


def verdict(route: Route, who: str, response) -> str:
    """What is wrong with this answer, or nothing."""
    status = response.status_code
    allowed = who in route.roles or "public" in route.roles
    if status >= 500:
        return f"{status}"
    if allowed:
        sent_away = status == 302 and response["Location"].startswith(reverse("account_login")) and who != "anonymous"
        # An empty form may name nothing that exists.
        lost = status == 404 and (route.arguments or response.request["REQUEST_METHOD"] == "GET")
        return f"{status} instead of the page" if status == 403 or lost or sent_away else ""
    if status == 405:
        return ""  # another method: nothing was shown
    if who == "anonymous":
        signs_in = status == 302 and response["Location"].startswith(reverse("account_login"))
        return "" if signs_in else f"{status} instead of the sign-in page"
    return "" if status == 403 else f"{status} instead of a refusal"


def written(queries: CaptureQueriesContext) -> set[str]:
    tables = {match.group(2) for query in queries.captured_queries if (match := WRITES.match(query["sql"] or ""))}
    return tables - MAY_BE_WRITTEN


@pytest.fixture(autouse=True)
def shipped_scripts(db):
    call_command("load_default_script", verbosity=0)


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_each_route_opens_for_its_roles_alone(route, method):
    world = World()
    wrong = []
    for who in PEOPLE:
        # Each person finds the world as it was made.
        with transaction.atomic():
            client = browser_of(world, who)
            with CaptureQueriesContext(connection) as queries:
                response = open_page(world, route, who, method, client)
            if problem := verdict(route, who, response):
                wrong.append(f"{who}: {problem}")
            if method == "get" and (tables := written(queries)):
                wrong.append(f"{who}: a GET writes in {sorted(tables)}")
            transaction.set_rollback(True)
    assert not wrong, f"{method.upper()} {route.name} — " + " · ".join(wrong)


@pytest.mark.django_db
def test_a_refusal_is_journaled():
    world = World()
    route = next(route for route in ROUTES if not {"public", "nobody"} & set(route.roles) and not route.arguments)
    open_page(world, route, "nobody", "get")
    assert JournalEntry.objects.filter(action="access.refused", user=world.people["nobody"]).exists()


# The Django admin: administrators, and coordinators for referrals and partners ----------------------------
COORDINATORS_ADMIN = ("campaigns_referral", "campaigns_partner")
ADMIN_LISTS = [route for route in walk() if route.name.startswith("admin:") and route.name.endswith("_changelist")]


@pytest.mark.django_db
@pytest.mark.parametrize("route", ADMIN_LISTS, ids=lambda route: route.name)
def test_the_admin_opens_for_administrators_and_lets_coordinators_at_referrals_and_partners(route):
    world = World()
    for who in PEOPLE:
        status = open_page(world, route, who, "get").status_code
        allowed = who == "administrator" or (
            who == "coordinator" and route.name.removeprefix("admin:").startswith(COORDINATORS_ADMIN)
        )
        assert (status == 200) if allowed else (status in (302, 403)), f"{who} {route.name}: {status}"


@pytest.mark.django_db
def test_the_admins_first_page_is_closed_to_volunteers():
    world = World()
    route = next(route for route in walk() if route.name == "admin:index")
    assert open_page(world, route, "volunteer", "get").status_code in (302, 403)
    assert open_page(world, route, "administrator", "get").status_code == 200
