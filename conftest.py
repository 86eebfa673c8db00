"""The fixed cast and the tools of every test.

Léa and Paul call, Nadia coordinates, Hugues administers, Odile answers at the switchboard. Every test
client runs what waits for the commit and refuses a page that breaks a house rule (tests/strict.py).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as django_settings
from django.db.backends.signals import connection_created
from django.dispatch import receiver
from django.test.utils import teardown_databases
from hypothesis import settings as hypothesis_settings

from tests import migrated, smtp, strict
from tests.strict import StrictClient

PARIS = ZoneInfo("Europe/Paris")


def pytest_configure(config: pytest.Config) -> None:
    # Playwright's own loop runs in the thread of the test; Django's guard is about something else.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    # The same examples every time, and no clock: a run tells of the code, never of its luck or of the machine.
    hypothesis_settings.register_profile("house", derandomize=True, deadline=None)
    hypothesis_settings.load_profile("house")


@receiver(connection_created)
def no_order_but_the_one_asked_for(connection: Any, **kwargs: Any) -> None:
    """Rows whose order nobody asked for come the other way round: what relies on it fails here, not one day there.

    SQLite's own pragma. PostgreSQL has none: there such rows come as the disk has them, each update moves them.
    """
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA reverse_unordered_selects = ON")


# What no database changes -----------------------------------------------------------------------------
OPTION = "--only-what-meets-services"
# A test may meet the database, the broker or the cache without a fixture: by a process that it starts, by settings.
SERVICES = re.compile(r"subprocess|psycopg2|sqlite3|celery|kombu|redis|django\.db\b|DATABASE|BROKER|CACHE")
LEFT_OUT = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(OPTION, action="store_true", help="leave out the tests that ask for no database and no service")


def meets_services(item: pytest.Item, cache: dict[Path, bool]) -> bool:
    """It asks for a database, or stands in a file that says the name of what answers differently elsewhere."""
    if item.get_closest_marker("django_db") or {"db", "transactional_db"} & set(getattr(item, "fixturenames", ())):
        return True
    if item.path not in cache:
        cache[item.path] = bool(SERVICES.search(item.path.read_text()))
    return cache[item.path]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption(OPTION):
        known: dict[Path, bool] = {}
        left = [item for item in items if not meets_services(item, known)]
        config.stash[LEFT_OUT] = len(left)
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if meets_services(item, known)]
    # Real processes before screens: the longest tests are under way while there is something else to do.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_sessionfinish(session: pytest.Session) -> None:
    # A worker tells the one that speaks.
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if left := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"{left} tests ask for no database and no service: left to the other run")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """The tests' database, which one process has migrated for all of them."""
    with django_db_blocker.unblock():
        made = migrated.set_up()
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session", autouse=True)
def strict_templates() -> Iterator[None]:
    undo = strict.install_strict_templates()
    yield
    undo()


@pytest.fixture(autouse=True)
def quiet_settings(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No second factor unless a test asks for it, a hasher that takes no time, files in a folder of their own."""
    settings.REQUIRE_SECOND_FACTOR = False
    settings.DEMO = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.UPLOADS_DIR = tmp_path_factory.mktemp("uploads")
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": settings.UPLOADS_DIR},
        },
    }


@pytest.fixture(autouse=True)
def clean_slate(quiet_settings: None) -> Iterator[None]:
    """Nothing of one test is left in the memory of the next; the cache emptied is the tests' own, never Redis."""
    from django.core.cache import cache

    from campaigns.scripts import reading
    from tests import factories

    strict.PERSONAL.clear()
    # Who lives where is drawn alike whatever ran before, alone or among all.
    factories.start_again()
    cache.clear()
    # Published versions are read once per process; here ids start again with every test.
    reading.published_content.cache_clear()
    yield
    strict.PERSONAL.clear()


@pytest.fixture
def inbox(settings: Any, db: None) -> Iterator[smtp.Inbox]:
    """A real SMTP server that takes what the product sends."""
    with smtp.smtp_server() as (made, port):
        smtp.use(settings, port)
        yield made


@pytest.fixture
def eager_tasks() -> Iterator[None]:
    """Tasks run where they are asked for, as if a worker were instantaneous."""
    from solidarites.celery import app

    app.loader.import_default_modules()
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    with pytest.MonkeyPatch.context() as patch:
        # Asked for by name, a task does not look at these settings.
        patch.setattr(app, "send_task", lambda name, args=(): app.tasks[name].apply(args))
        yield
    app.conf.task_always_eager = app.conf.task_eager_propagates = False


@pytest.fixture
def spare(transactional_db: None, settings: Any, tmp_path: Any) -> Iterator[str]:
    """A whole installation of the test's own: VAR_DIR and a database that may be broken and replaced; its name."""
    from tests.spare import spare_database

    settings.VAR_DIR, settings.MIGRATION_MODULES = tmp_path / "var", {}
    settings.VAR_DIR.mkdir()
    settings.BACKUP_RECIPIENT = ""
    with spare_database(settings.VAR_DIR) as name:
        yield name


# The cast -----------------------------------------------------------------------------------------
@pytest.fixture
def volunteer(db: None) -> Any:
    from solidarites import roles
    from tests.factories import make_user

    return make_user("lea@exemple.fr", "Léa", "Bonnet", roles.VOLUNTEER)


@pytest.fixture
def volunteer2(db: None) -> Any:
    from solidarites import roles
    from tests.factories import make_user

    return make_user("paul@exemple.fr", "Paul", "Girard", roles.VOLUNTEER)


@pytest.fixture
def coordinator(db: None) -> Any:
    from solidarites import roles
    from tests.factories import make_user

    return make_user("nadia@exemple.fr", "Nadia", "Benali", roles.COORDINATOR)


@pytest.fixture
def administrator(db: None) -> Any:
    from solidarites import roles
    from tests.factories import make_user

    return make_user("hugues@exemple.fr", "Hugues", "Perrin", roles.ADMINISTRATOR, is_staff=True)


@pytest.fixture
def switchboard(db: None) -> Any:
    from tests.factories import make_switchboard

    return make_switchboard("odile@exemple.fr", "Odile", "Renaud")


@pytest.fixture
def landlord(db: None) -> Any:
    from tests.factories import make_landlord

    return make_landlord()


@pytest.fixture
def agency(landlord: Any) -> Any:
    from tests.factories import make_agency

    return make_agency(landlord)


@pytest.fixture
def agency2(landlord: Any) -> Any:
    from tests.factories import make_agency

    return make_agency(landlord, "Agence de Langon")


# Factories, for tests that prefer fixtures to imports -----------------------------------------------
@pytest.fixture
def make_household(db: None) -> Callable[..., Any]:
    from tests import factories

    return factories.make_household


@pytest.fixture
def make_campaign(db: None) -> Callable[..., Any]:
    from tests import factories

    return factories.make_campaign


@pytest.fixture
def make_case(db: None) -> Callable[..., Any]:
    from tests import factories

    return factories.make_case


@pytest.fixture
def household(make_household: Callable[..., Any], landlord: Any) -> Any:
    return make_household(landlord, last_name="Martin", first_name="Jeanne", civility="Mme")


@pytest.fixture
def campaign(make_campaign: Callable[..., Any], volunteer: Any, volunteer2: Any) -> Any:
    return make_campaign(volunteers=[volunteer, volunteer2])


@pytest.fixture
def case(make_case: Callable[..., Any], campaign: Any, household: Any) -> Any:
    return make_case(campaign, household)


# Clients and clocks -----------------------------------------------------------------------------------
@pytest.fixture
def client() -> StrictClient:
    return StrictClient()


@pytest.fixture
def client_of(db: None) -> Callable[[Any], StrictClient]:
    """``client_of(volunteer)``: a browser in which this person is signed in."""

    def signed_in(user: Any) -> StrictClient:
        client = StrictClient()
        client.force_login(user, backend=django_settings.AUTHENTICATION_BACKENDS[0])
        return client

    return signed_in


@pytest.fixture
def now() -> datetime:
    """A Tuesday in January, 10:30 in Paris: a working day inside the usual calling hours."""
    return datetime(2026, 1, 13, 10, 30, tzinfo=PARIS)


@pytest.fixture
def max_queries() -> Any:
    return strict.max_queries


@pytest.fixture
def count_queries() -> Any:
    return strict.count_queries
