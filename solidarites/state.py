"""What the service says of itself at /sante/: yes or no to anybody, everything to who looks after it.

Known are: the token of monitoring (HEALTH_TOKEN, in the Authorization header: an address is written in logs), a pass
that ``manage.py check_install`` makes for a minute, and coordinators and administrators who have signed in. An unknown
token is answered as nobody's. Three forms: a page, JSON, and the text that Prometheus reads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from solidarites import addresses, health, reports
from solidarites.roles import ADMINISTRATOR, COORDINATOR, public

# Seconds: anybody may ask, and the disk and the broker are asked each time.
LOOKED_UP_EVERY = 10
PASS_SALT, PASS_SECONDS = "solidarites.state.pass", 60
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
JSON, PAGE, TEXT = "application/json", "text/html", "text/plain"


@public
@require_GET
@never_cache
def state(request: HttpRequest) -> HttpResponse:
    """200 when the service does what it should, 503 otherwise. Who is known is told of lesser troubles too."""
    return _answer(request, _report(), known=_is_known(request, signed_in=True))


@public
@require_GET
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, which takes an answer other than 200 for no answer at all."""
    return _text(_report(), known=_is_known(request, signed_in=True))


class StateMiddleware:
    """Without a database no session says who asks: the state is answered before anybody looks for one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD") and request.path.startswith(reverse("health")):
            found = _report()
            if not found.has_database:
                known = _is_known(request, signed_in=False)
                as_text = request.path == reverse("health_metrics")
                response = _text(found, known=known) if as_text else _answer(request, found, known=known)
                add_never_cache_headers(response)
                return response
        return self.get_response(request)


def new_pass() -> str:
    """A token for a minute, of whoever has this installation's SECRET_KEY."""
    return signing.dumps("state", salt=PASS_SALT)


def _report() -> health.Report:
    found: health.Report | None = cache.get("health")
    if found is None:
        found = health.report(timezone.now())
        cache.set("health", found, LOOKED_UP_EVERY)
    return found


def _is_known(request: HttpRequest, *, signed_in: bool) -> bool:
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer" and given:
        token = settings.HEALTH_TOKEN
        return bool(token and constant_time_compare(given.strip(), token)) or _is_pass(given.strip())
    user: Any = request.user if signed_in else None
    return user is not None and user.is_authenticated and (user.has_role(ADMINISTRATOR) or user.has_role(COORDINATOR))


def _is_pass(given: str) -> bool:
    try:
        return bool(signing.loads(given, salt=PASS_SALT, max_age=PASS_SECONDS) == "state")
    except signing.BadSignature:
        return False


def _answer(request: HttpRequest, found: health.Report, *, known: bool) -> HttpResponse:
    ok = found.ok if known else found.serves
    status = 200 if ok else 503
    kind = request.get_preferred_type([JSON, PAGE, TEXT]) or JSON
    if kind == TEXT:
        return _text(found, known=known)
    if kind == PAGE:
        context = {
            "report": found,
            "known": known,
            "saves": found.saves,
            "version": reports.version() if known else "",
        }
        if found.has_database:
            return render(request, "state.html", context, status=status)
        return HttpResponse(render_to_string("state.html", {**context, "site_name": "Solidarités"}), status=status)
    said: dict[str, Any] = {"ok": ok}
    if known:
        said |= {
            "serves": found.serves,
            "version": reports.version(),
            "parts": [
                {"name": p.name, "ok": p.ok, "vital": p.vital, "detail": p.detail, "last": p.since} for p in found.parts
            ],
            "figures": found.figures,
            "seen": _seen(request),
        }
    return JsonResponse(said, status=status, json_dumps_params={"ensure_ascii": False})


def _seen(request: HttpRequest) -> dict[str, Any]:
    """What the proxy in front lets the application believe of who asks (``check_install`` reads it)."""
    return {
        "https": request.is_secure(),
        "host": request.get_host(),
        "address": addresses.client_address(request),
        "forwarded": "X-Forwarded-For" in request.headers,
        "proxy_declared": addresses.through_a_declared_proxy(request),
    }


def _text(found: health.Report, *, known: bool) -> HttpResponse:
    return HttpResponse("\n".join(_lines(found, known)) + "\n", content_type=PROMETHEUS)


def _lines(found: health.Report, known: bool) -> Iterator[str]:
    """Names of ours and numbers alone: nothing to escape."""
    yield from _metric("serves", "1 when the service does what it should", {"": float(found.serves)})
    if not known:
        return
    yield from _metric("info", "version of the product", {f'version="{reports.version()}"': 1})
    yield from _metric(
        "part_ok", "1 when this part works", {f'part="{part.name}"': float(part.ok) for part in found.parts}
    )
    for name, value in found.figures.items():
        yield from _metric(name, name.replace("_", " "), {"": value})


def _metric(name: str, text: str, values: dict[str, float]) -> Iterator[str]:
    yield f"# HELP solidarites_{name} {text}"
    yield f"# TYPE solidarites_{name} gauge"
    for labels, value in values.items():
        yield f"solidarites_{name}{{{labels}}} {value:.15g}" if labels else f"solidarites_{name} {value:.15g}"
