"""Whose database this is: the demonstration asks before it writes anything, and empties no other than its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection, models

from solidarites.models import User


class RealBase(ImproperlyConfigured):
    """The database holds people who are not the demonstration's; the message says what to do, in French."""


def refuse_a_real_base() -> None:
    """Raise RealBase when the database holds an account or a household that is not the demonstration's.

    An account is its own when it bears its mark (``is_demo``: made by the seeding, or invited from one of its pages).
    Households come from lists alone: they are its own when every list of their landlord was brought by one of its
    accounts. What bears no mark is taken for real: a demonstration is made again in a minute, a landlord's list is not.

    Reads only, and asks only what every version of the tables can answer: it comes before the migrations.
    """
    with _left_as_it_is():
        found = "des comptes" if _holds_other_accounts() else "des foyers" if _holds_other_households() else ""
    if found:
        raise RealBase(_refusal(found))


@contextmanager
def _left_as_it_is() -> Iterator[None]:
    """Read a file of SQLite without changing one byte of it, nor leaving another beside it.

    An ordinary connection sets the file's mode as it comes and, as it goes, folds into it what its journal still holds.
    """
    data = connection.settings_dict
    file = Path(data["NAME"])
    # One that is open already has done what it does; a file that is not there yet has nobody in it.
    if connection.vendor != "sqlite" or connection.connection is not None or not file.exists():
        yield
        return
    before = data["NAME"], data["OPTIONS"]
    in_use = Path(f"{file}-wal").exists()
    data["NAME"] = f"file:{quote(str(file))}?mode=ro" + ("" if in_use else "&immutable=1")
    data["OPTIONS"] = {}
    try:
        yield
    finally:
        connection.close()
        data["NAME"], data["OPTIONS"] = before


def _there(*kinds: type[models.Model]) -> bool:
    return {kind._meta.db_table for kind in kinds} <= set(connection.introspection.table_names())


def _holds_other_accounts() -> bool:
    return _there(User) and User.objects.filter(is_demo=False).exists()


def _holds_other_households() -> bool:
    # Asked of Django: settings are read, and this is asked, before the project's models are there.
    landlords, households, lists = (apps.get_model("tenants", name) for name in ("Landlord", "Household", "ListImport"))
    if not _there(User, landlords, households, lists):
        return False
    brought = lists.objects.order_by().values_list("landlord", "uploaded_by__is_demo").distinct()
    ours = {landlord for landlord, by_us in brought if by_us}
    others = {landlord for landlord, by_us in brought if not by_us}
    return households.objects.exclude(landlord__in=ours - others).exists()


def _refusal(what: str) -> str:
    data = connection.settings_dict
    if connection.vendor == "sqlite" and Path(data["NAME"]).parent == settings.VAR_DIR:
        way_out = f"Si ce n'en est pas une, renommez le dossier {settings.VAR_DIR}, puis recommencez."
    else:
        way_out = f"Retirez {settings.DATABASE_SETTING}, ou donnez à la démonstration une base vide."
    return (
        f"Cette base contient {what} qui ne viennent pas de la démonstration, comme ceux d'une installation "
        f"réelle\u00a0: rien n'a été écrit ni effacé. {way_out} Une installation réelle démarre sans SOLIDARITES_DEMO."
    )


def forget() -> bool:
    """Empty the demonstration's database; no file is touched.

    Raises RealBase before anything is erased. False when there was no database yet.
    """
    refuse_a_real_base()
    if not _there(User):
        return False
    call_command("flush", interactive=False, verbosity=0)
    if connection.vendor == "sqlite":
        # A list tried there may be of real people: deleted rows stay readable in the file until it is rewritten.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")
    return True


def count_anew() -> None:
    """PostgreSQL plans its reads by what it counted last: a base filled in one transaction was counted empty."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
