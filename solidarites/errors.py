"""French pages for what goes wrong: 400, 403, 404, 413, 500, 503, a refused form, and maintenance.

Those from 500 on must appear when nothing else works: they use neither the database nor the session.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.decorators.csrf import requires_csrf_token

from solidarites import trouble
from solidarites.roles import public

log = logging.getLogger(__name__)

# Served when even the templates cannot be read.
LAST_RESORT = (
    '<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>Erreur · Solidarités</title></head><body>'
    "<h1>Une erreur est survenue</h1><p>Rechargez la page dans quelques minutes. Ce qui était enregistré est gardé.</p>"
    "</body></html>"
)


@public
@requires_csrf_token
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    return _standalone("400.html", 400)


@public
@requires_csrf_token
def too_large(request: HttpRequest) -> HttpResponse:
    """A form or a file larger than the page takes: nothing of it was read."""
    return _standalone("413.html", 413)


@public
@requires_csrf_token
def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "403.html", status=403)


@public
@requires_csrf_token
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "404.html", status=404)


@public
@requires_csrf_token
def too_many_requests(request: HttpRequest) -> HttpResponse:
    """allauth's limits on sign-in and passwords, each of a minute (settings.ACCOUNT_RATE_LIMITS)."""
    response = render(request, "429.html", status=429)
    response["Retry-After"] = "60"
    return response


@public
@requires_csrf_token
def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls it while it handles the exception: a full disk or a database that is away is no fault of ours."""
    if kind := trouble.kind_of(sys.exc_info()[1]):
        return unavailable(request, kind)
    return _standalone("500.html", 500)


def unavailable(request: HttpRequest, kind: str) -> HttpResponse:
    """Nothing was recorded; what was typed stays in the page, under a button that sends it again."""
    typed = trouble.typed_in(request)
    context = {
        "kind": kind,
        "typed": typed,
        "again": request.get_full_path(),
        "writing": request.method == "POST",
        "csrf_token": get_token(request) if typed is not None else "",
    }
    response = _standalone("503.html", 503, context)
    response["Retry-After"] = "120"
    response["Cache-Control"] = "private, no-store"
    return response


@public
@requires_csrf_token
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose page is too old, or sent from another site: nothing was recorded."""
    return render(request, "403_csrf.html", status=403)


def maintenance(request: HttpRequest) -> HttpResponse:
    response = _standalone("maintenance.html", 503)
    response["Retry-After"] = "600"
    response["Cache-Control"] = "no-store"
    return response


def _standalone(template: str, status: int, context: dict[str, Any] | None = None) -> HttpResponse:
    """Render without the request: no session, no user, no database."""
    page: str
    try:
        page = render_to_string(template, {**(context or {}), "site_name": "Solidarités"})
    except Exception:
        log.exception("the page of error %s could not be rendered", status)
        page = LAST_RESORT
    return HttpResponse(page, status=status)
