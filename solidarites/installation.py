"""What an installation must have to serve, looked at from its own machine (manage.py check_install).

Each thing is « bon », « à voir » (it serves, somebody should know) or « non » (it does not serve, or not safely), with
what to do about it. Nothing is changed, and nothing about anybody is said.
"""

from __future__ import annotations

import json
import os
import smtplib
import socket
import ssl
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.urls import reverse

from solidarites import checks, health, privacy, state

GOOD, LOOK, NO = "bon", "à voir", "non"
OLDEST_POSTGRESQL = 14
# Seconds. Codes of the second factor change every thirty, and half a minute late is still taken.
CLOCK_LOOK, CLOCK_NO = 5, 30
SECRET_LENGTH = 32
TIMEOUT = 10
# Of nobody (RFC 5737): an application that takes it for the visitor's believes whatever a visitor writes.
NOBODY = "203.0.113.7"


@dataclass(frozen=True)
class Finding:
    name: str
    verdict: str
    text: str


def findings(*, now: Callable[[], datetime], mail_to: str = "") -> Iterator[Finding]:
    """One after the other, as they are found; what needs the database is left out when it does not answer."""
    yield from _keys()
    yield _rights()
    answers = yield from _database()
    if answers:
        yield _privacy_key()
    yield _mail(mail_to)
    yield _somebody_is_told()
    yield from _site(now)
    report = health.report(now())
    for part in report.parts:
        if part.name != "database":
            verdict = GOOD if part.ok else NO if part.vital else LOOK
            yield Finding(part.label, verdict, _with_remedy(part))
    if answers:
        yield from _clock_of_the_database(now)


# Keys and files ---------------------------------------------------------------------------------------------
def _keys() -> Iterator[Finding]:
    if checks.demonstration_secrets():
        yield Finding("clés", NO, checks.SECRETS)
    elif len(settings.SECRET_KEY) < SECRET_LENGTH:
        yield Finding("SECRET_KEY", NO, f"trop courte : {SECRET_LENGTH} signes au moins, tirés au hasard.")
    else:
        yield Finding("SECRET_KEY", GOOD, "présente, propre à cette installation.")
    if settings.DEBUG:
        yield Finding("DEBUG", NO, "une page d'erreur montrerait des données : ôtez DEBUG de .env.")


def _privacy_key() -> Finding:
    name, used = "PRIVACY_KEY", privacy.fingerprint()
    try:
        expected = privacy.known()
        fits = expected == used if expected else privacy.recognises()
    except DatabaseError:
        return Finding(name, NO, "la base n'est pas à jour : lancez « make install ».")
    if not fits:
        return Finding(name, NO, privacy.problem(expected))
    if not expected:
        return Finding(name, LOOK, f"empreinte {used}, que la base notera au premier démarrage.")
    return Finding(name, GOOD, f"empreinte {used}, celle de cette base. Est-elle au coffre, hors de cette machine ?")


def _rights() -> Finding:
    name, folder = "droits de VAR_DIR", Path(settings.VAR_DIR)
    try:
        owner = folder.stat().st_uid
        if os.geteuid() != owner:
            text = (
                f"{folder} n'appartient pas au compte qui lance cette commande : lancez-la avec celui de l'application."
            )
            return Finding(name, NO, text)
        wrong = sum(1 for path in folder.rglob("*") if path.lstat().st_uid != owner)
        opened = folder.stat().st_mode & 0o077
    except OSError as error:
        return Finding(name, NO, f"{folder} ne se lit pas ({os.strerror(error.errno or 0)}).")
    if wrong:
        return Finding(name, NO, f"{wrong} fichiers sont d'un autre compte : chown -R au compte de l'application.")
    if opened:
        return Finding(name, NO, f"{folder} est lisible par d'autres comptes : chmod 700 {folder}.")
    return Finding(name, GOOD, f"{folder}, au seul compte de l'application.")


# The database and the clock ------------------------------------------------------------------------------------
def _database() -> Generator[Finding, None, bool]:
    """Gives back whether it answers."""
    name = "base de données"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        number = ".".join(str(part) for part in connection.get_database_version())
    except DatabaseError as error:
        yield Finding(name, NO, f"ne répond pas ({type(error).__name__}) : DATABASE_URL, et le service de la base.")
        return False
    kind = "PostgreSQL" if connection.vendor == "postgresql" else "SQLite"
    if connection.vendor == "postgresql" and connection.get_database_version()[0] < OLDEST_POSTGRESQL:
        yield Finding(name, NO, f"{kind} {number} : il faut la version {OLDEST_POSTGRESQL} au moins.")
    else:
        yield Finding(name, GOOD, f"{kind} {number}.")
    yield _migrations()
    return True


def _migrations() -> Finding:
    name = "version de la base"
    try:
        call_command("migrate", check_unapplied=True, verbosity=0, stdout=StringIO())
    except SystemExit:
        return Finding(name, NO, "la base n'est pas à jour pour ce code : lancez « make install », puis redémarrez.")
    except DatabaseError:
        return Finding(name, NO, "la base n'est pas préparée : lancez « make install », puis redémarrez.")
    return Finding(name, GOOD, "à jour pour ce code.")


def _clock_of_the_database(now: Callable[[], datetime]) -> Iterator[Finding]:
    if connection.vendor != "postgresql":
        return  # a file has no clock
    with connection.cursor() as cursor:
        before = now()
        cursor.execute("SELECT clock_timestamp()")
        there = cursor.fetchone()[0]
        here = before + (now() - before) / 2
    yield _clock("horloge, et celle de la base", here, there)


def _clock(name: str, here: datetime, there: datetime) -> Finding:
    apart = abs((here - there).total_seconds())
    if apart < CLOCK_LOOK:
        return Finding(name, GOOD, "à la même heure.")
    text = (
        f"{apart:.0f} secondes d'écart : réglez les deux machines sur un serveur de temps (systemd-timesyncd, chrony)."
    )
    return Finding(name, NO if apart >= CLOCK_NO else LOOK, text)


# Mail and errors -------------------------------------------------------------------------------------------------
def _mail(to: str) -> Finding:
    name = "courrier"
    if not settings.HAS_MAIL_SERVER:
        text = "aucun serveur (EMAIL_URL) : aucun message ne part, les liens d'invitation se copient à l'écran."
        return Finding(name, LOOK, text)
    try:
        with get_connection() as server:
            if to:
                message = EmailMessage(
                    subject="Essai d'envoi de Solidarités",
                    body="Ce message a été demandé par « manage.py check_install ». Il n'appelle pas de réponse.\n",
                    to=[to],
                    connection=server,
                    headers={"Auto-Submitted": "auto-generated"},
                )
                message.send()
    except (OSError, smtplib.SMTPException, ValueError) as error:
        code = f" {error.smtp_code}" if isinstance(error, smtplib.SMTPResponseException) else ""
        return Finding(name, NO, f"le serveur refuse ({type(error).__name__}{code}) : EMAIL_URL, DEFAULT_FROM_EMAIL.")
    if "localhost" in settings.DEFAULT_FROM_EMAIL:
        return Finding(name, LOOK, "DEFAULT_FROM_EMAIL n'est pas donné : un partenaire ne pourrait pas répondre.")
    if to:
        return Finding(name, GOOD, "le message d'essai est parti : regardez s'il arrive.")
    return Finding(name, GOOD, "le serveur répond ; --mail-to ADRESSE envoie un message.")


def _somebody_is_told() -> Finding:
    name = "erreurs de l'application"
    if settings.ADMINS or settings.SENTRY_DSN:
        ways = [way for way, given in (("ADMINS", settings.ADMINS), ("SENTRY_DSN", settings.SENTRY_DSN)) if given]
        return Finding(name, GOOD, f"dites à {' et '.join(ways)}, sans aucune donnée.")
    return Finding(name, LOOK, "elles n'arrivent à personne, sauf dans les journaux : ADMINS, ou SENTRY_DSN.")


# What the site answers -------------------------------------------------------------------------------------------
class _StayHere(HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _site(now: Callable[[], datetime]) -> Iterator[Finding]:
    """The application is asked from outside, through the proxy, what it believes of who asks."""
    name = "adresse du site"
    try:
        try:
            found = _asked(ssl.create_default_context())
            if settings.HTTPS:
                yield Finding("certificat", GOOD, "reconnu par cette machine.")
        except URLError as error:
            if not isinstance(error.reason, ssl.SSLCertVerificationError):
                raise
            yield Finding(
                "certificat", LOOK, "non reconnu par cette machine : signé par elle-même, expiré, ou incomplet."
            )
            unchecked = ssl.create_default_context()
            unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
            found = _asked(unchecked)
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, (socket.gaierror, TimeoutError)):
            # Some networks do not lead back to a machine by its public name.
            text = f"{settings.SITE_URL} ne se joint pas de cette machine : essayez d'un autre poste."
            yield Finding(name, LOOK, text)
            return
        text = f"{settings.SITE_URL} ne répond pas d'ici ({type(reason).__name__}) : le nom, nginx, le service web."
        yield Finding(name, NO, text)
        return
    status, date, said = found
    if status in (301, 302, 307, 308):
        text = (
            "la page renvoie sans fin ailleurs : le mandataire doit envoyer X-Forwarded-Proto, et SITE_URL être exact."
        )
        yield Finding(name, NO, text)
        return
    if "seen" not in said:
        if status == 503 and not said:
            yield Finding(name, NO, "en maintenance, ou le service web ne répond pas au mandataire (503).")
        elif said:
            text = "répond, mais ne reconnaît pas cette commande : une autre installation, ou Authorization est ôté."
            yield Finding(name, LOOK, text)
        else:
            yield Finding(name, NO, f"répond {status} : SITE_URL, ALLOWED_HOSTS, et ce qui est devant.")
    else:
        yield Finding(name, GOOD, f"{settings.SITE_URL} mène à cette installation.")
        yield from _proxy(said["seen"])
    if date is not None:
        yield _clock("horloge, et celle du site", now(), date)


def _asked(context: ssl.SSLContext) -> tuple[int, datetime | None, dict[str, Any]]:
    """Status, clock and words of the state page. Raises OSError (URLError) or HTTPException."""
    headers = {
        "Authorization": f"Bearer {state.new_pass()}",
        "Accept": "application/json",
        "X-Forwarded-For": NOBODY,
    }
    request = Request(settings.SITE_URL.rstrip("/") + reverse("health"), headers=headers)  # noqa: S310
    try:
        # Straight to it: a proxy of the office may be set for what leaves this machine.
        opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context), _StayHere())
        answer: Any = opener.open(request, timeout=TIMEOUT)
    except HTTPError as error:
        answer = error
    with answer:
        text, date = answer.read(100_000), answer.headers.get("Date")
    try:
        said = json.loads(text)
    except ValueError:
        said = {}
    try:
        moment = parsedate_to_datetime(date) if date else None
    except ValueError:
        moment = None
    return answer.status, moment, said if isinstance(said, dict) else {}


def _proxy(seen: dict[str, Any]) -> Iterator[Finding]:
    name = "en-têtes du mandataire"
    wrong = []
    if seen["https"] != settings.HTTPS:
        wrong.append((NO, "l'application ne se croit pas en https : X-Forwarded-Proto et BEHIND_PROXY."))
    if urlsplit(f"//{seen['host']}").hostname != urlsplit(settings.SITE_URL).hostname:
        wrong.append((LOOK, "l'application ne reçoit pas le nom du site : le mandataire doit transmettre Host."))
    if seen["address"] == NOBODY:
        wrong.append((NO, "un visiteur choisit son adresse : le mandataire doit remplacer X-Forwarded-For."))
    elif settings.BEHIND_PROXY and not seen["proxy_declared"]:
        text = "le mandataire n'est pas déclaré, tous ses visiteurs comptent pour un seul : TRUSTED_PROXIES."
        wrong.append((LOOK, text))
    elif settings.BEHIND_PROXY and not seen["forwarded"]:
        wrong.append((LOOK, "le mandataire n'envoie pas X-Forwarded-For : tous ses visiteurs comptent pour un seul."))
    for verdict, text in wrong:
        yield Finding(name, verdict, text)
    if not wrong:
        scheme = "https" if seen["https"] else "http"
        yield Finding(name, GOOD, f"l'application voit {scheme}, le nom du site et l'adresse du visiteur.")


# The parts of the machine ------------------------------------------------------------------------------------------
REMEDIES = {
    "disk": "libérez de la place, ou agrandissez le disque de VAR_DIR.",
    "broker": "démarrez Redis (CELERY_BROKER_URL).",
    "beat": "démarrez solidarites-beat ; il donne un signe de vie toutes les 30 secondes.",
    "worker": "démarrez solidarites-worker ; il donne un signe de vie toutes les 30 secondes.",
    "tasks": "le journal du worker dit l'erreur.",
    "mail": "les e-mails de l'administration Django disent l'erreur du serveur.",
    "backup": "« make backup », et le service de sauvegarde de la nuit.",
}


def _with_remedy(part: health.Part) -> str:
    return f"{part.detail or 'fonctionne'}." if part.ok else f"{part.detail} : {REMEDIES[part.name]}"
