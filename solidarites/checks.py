"""What an installation refuses to start with: the demonstration's secrets or accounts, another PRIVACY_KEY."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, ProgrammingError, connection

from solidarites import privacy
from solidarites.models import Installation, User

SECRETS = (
    "SECRET_KEY ou PRIVACY_KEY est le secret public de la démonstration. Donnez à cette installation ses propres "
    "secrets, ou lancez la démonstration avec SOLIDARITES_DEMO=1."
)
ACCOUNTS = (
    "Cette base contient des comptes de démonstration, dont le mot de passe est public. Prenez une base neuve pour "
    "l'installation réelle, ou lancez la démonstration avec SOLIDARITES_DEMO=1."
)
DEMONSTRATION_NOT_PREPARED = "La base de la démonstration n'est pas préparée : lancez « make demo »."
# What nobody guesses, however often they ask.
SHORTEST_TOKEN = 20
NOT_PREPARED = "La base n'est pas préparée pour cette version : lancez « make install », puis redémarrez."


def demonstration_secrets() -> bool:
    return not settings.DEMO and settings.DEMO_SECRET in (settings.SECRET_KEY, settings.PRIVACY_KEY)


@register()
def check_secrets(**kwargs: Any) -> list[CheckMessage]:
    return [Error(SECRETS, id="solidarites.E001")] if demonstration_secrets() else []


@register()
def check_proxies(**kwargs: Any) -> list[CheckMessage]:
    wrong = [text for text in settings.TRUSTED_PROXIES if not _is_network(text)]
    message = f"TRUSTED_PROXIES : « {', '.join(wrong)} » n'est ni une adresse ni un réseau (exemple : 10.0.0.0/24)."
    return [Error(message, id="solidarites.E002")] if wrong else []


@register()
def check_monitoring(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.HEALTH_TOKEN and len(settings.HEALTH_TOKEN) < SHORTEST_TOKEN:
        text = f"HEALTH_TOKEN est trop court : {SHORTEST_TOKEN} signes au moins, tirés au hasard."
        found.append(Error(text, id="solidarites.E003"))
    if settings.LOG_FORMAT not in ("line", "json"):
        found.append(Error("LOG_FORMAT vaut « line » ou « json ».", id="solidarites.E004"))
    return found


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True


def refuse_demonstration_leftovers() -> None:
    """Called by whatever serves real people (web, worker, beat) before it starts.

    Raises ImproperlyConfigured with demonstration secrets, or when demonstration accounts are in the database.
    """
    if settings.DEMO:
        return
    if demonstration_secrets():
        raise ImproperlyConfigured(SECRETS)
    if User.objects.filter(is_demo=True).exists():
        raise ImproperlyConfigured(ACCOUNTS)


def refuse_other_key() -> None:
    """Called beside it: another PRIVACY_KEY than the one this database was used with serves nobody.

    The first start on a database writes the fingerprint. Raises ImproperlyConfigured, in one line that says what to
    do; also when the database was never prepared, or not for this version.
    """
    if settings.DEMO:
        if _never_prepared():
            raise ImproperlyConfigured(DEMONSTRATION_NOT_PREPARED)
        return
    try:
        problem = privacy.check()
    except (OperationalError, ProgrammingError) as error:
        if _never_prepared():
            raise ImproperlyConfigured(NOT_PREPARED) from error
        raise
    if problem:
        raise ImproperlyConfigured(problem)


def _never_prepared() -> bool:
    return Installation._meta.db_table not in connection.introspection.table_names()
