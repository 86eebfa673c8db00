"""PRIVACY_KEY is known by its fingerprint: another key does not start, and says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import timezone

from solidarites import checks, privacy, running
from solidarites.models import Installation, JournalEntry
from tenants.households import record_opposition
from tenants.models import Opposition
from tests.factories import make_household

OURS, OTHER = "la clé de toujours", "une autre clé"


@pytest.fixture
def ours(db, settings):
    settings.PRIVACY_KEY = OURS


def test_the_first_start_writes_the_fingerprint_and_never_the_key(ours):
    assert privacy.known() == ""
    checks.refuse_other_key()
    checks.refuse_other_key()
    assert privacy.known() == privacy.fingerprint(OURS) != privacy.fingerprint(OTHER)
    assert OURS not in str(Installation.objects.values())


def test_another_key_does_not_start_and_the_line_says_what_to_do(ours, settings):
    checks.refuse_other_key()
    settings.PRIVACY_KEY = OTHER
    with pytest.raises(ImproperlyConfigured) as refused:
        checks.refuse_other_key()
    said = str(refused.value)
    assert "\n" not in said
    assert OURS not in said
    assert OTHER not in said
    for words in ("PRIVACY_KEY", privacy.fingerprint(OURS), "coffre", "--accept-new", "apostrophes", "Les deux clés"):
        assert words in said
    settings.PRIVACY_KEY = OURS
    checks.refuse_other_key()


def test_worker_and_beat_leave_with_that_line(ours, settings, tmp_path):
    from solidarites.celery import start_beat, start_worker

    settings.VAR_DIR = tmp_path
    checks.refuse_other_key()
    settings.PRIVACY_KEY = OTHER
    for start in (start_worker, start_beat):
        with pytest.raises(SystemExit, match="PRIVACY_KEY"):
            start()


def test_an_upgrade_under_another_key_is_noticed_by_the_oppositions_themselves(ours, settings):
    """Before the fingerprint was kept: what is held must be recognised."""
    for _ in range(3):
        record_opposition(household=make_household(), now=timezone.now())
    settings.PRIVACY_KEY = OTHER
    with pytest.raises(ImproperlyConfigured, match="PRIVACY_KEY"):
        checks.refuse_other_key()
    assert privacy.known() == "", "a wrong key is not written"
    settings.PRIVACY_KEY = OURS
    checks.refuse_other_key()
    assert privacy.known() == privacy.fingerprint(OURS)


def test_a_database_that_was_not_prepared_says_so(spare):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE solidarites_installation")
    with pytest.raises(ImproperlyConfigured, match="make install"):
        checks.refuse_other_key()


def command(**options):
    out = StringIO()
    call_command("privacy_key", stdout=out, **options)
    return out.getvalue()


def test_a_key_lost_for_good_is_replaced_on_purpose_and_says_what_is_lost(ours, settings):
    checks.refuse_other_key()
    gone, here = make_household(), make_household()
    for household in (gone, here):
        record_opposition(household=household, now=timezone.now())
    hashes_of_gone = Opposition.objects.count() // 2
    gone.delete()
    settings.PRIVACY_KEY = OTHER
    with pytest.raises(CommandError, match="PRIVACY_KEY"):
        command()
    said = command(accept_new=True)
    assert f"ne seront plus reconnues\u00a0: {hashes_of_gone}." in said
    assert "nouvelle clé\u00a0: 1." in said
    checks.refuse_other_key()
    assert JournalEntry.objects.get(action="installation.privacy_key_replaced").detail == {"lost": hashes_of_gone}
    from tenants.households import known_by

    assert Opposition.objects.filter(digest__in=known_by(here)).exists(), "those still here are protected again"
    assert "C’est la clé de cette base" in command(accept_new=True)
    assert JournalEntry.objects.filter(action="installation.privacy_key_replaced").count() == 1


@pytest.mark.parametrize(
    "line",
    [
        "PRIVACY_KEY=abc           # de même ; ne change plus jamais",
        "PRIVACY_KEY='abc           # de même ; ne change plus jamais'",
    ],
)
def test_a_key_that_swallowed_its_comment_stays_that_key(tmp_path, line):
    """The line once documented: what was read goes on being read, and stays the same between apostrophes."""
    (tmp_path / ".env").write_text(f"{line}\n")
    script = (
        "import environ; environ.Env.read_env(r'%s');"
        "import django; django.setup();"
        "from django.conf import settings; print(settings.PRIVACY_KEY)"
    ) % (tmp_path / ".env")
    told = subprocess.run(
        [sys.executable, "-c", script],
        cwd=django_settings.BASE_DIR,
        env={
            **{name: value for name, value in os.environ.items() if name not in ("PRIVACY_KEY", "SOLIDARITES_DEMO")},
            "DJANGO_SETTINGS_MODULE": "solidarites.settings",
            "VAR_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout == "abc           # de même ; ne change plus jamais\n"


def test_a_key_with_its_comment_is_told_how_to_be_written(ours, settings):
    settings.PRIVACY_KEY = "abc   # de même"
    said = command()
    assert "PRIVACY_KEY='…   # …'" in said
    assert "de même" not in said


def test_nothing_starts_during_a_restore_nor_after_one_that_was_cut(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    with running.alone(), pytest.raises(ImproperlyConfigured, match="restauration est en cours"):
        running.announce(running.WEB)
    running.unfinished().write_text("{}")
    with pytest.raises(ImproperlyConfigured, match="pas allée au bout"):
        running.announce(running.WEB)
    running.unfinished().unlink()
    running.announce(running.WEB)
    with pytest.raises(running.StillRunning, match=r"\(web\)"), running.alone():
        pass
    running._held.pop().close()
    with running.alone():
        pass
