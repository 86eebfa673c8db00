"""What the pages open to everybody share: limits, by address and in all, and answers that tell nothing."""

from __future__ import annotations

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def within(name: str, most: int, seconds: int) -> bool:
    """Count one more under ``name``; False past ``most`` in ``seconds``."""
    cache.add(name, 0, seconds)
    try:
        return bool(cache.incr(name) <= most)
    except ValueError:  # the window ended between the two lines
        return True


def too_many(request: HttpRequest) -> HttpResponse:
    """The same words for whoever comes too often."""
    response = render(request, "public/too_many.html", status=429)
    response["Retry-After"] = "600"
    return response
