"""What the pages open to everybody share: answers that tell nothing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def too_many(request: HttpRequest) -> HttpResponse:
    """The same words for whoever comes too often."""
    response = render(request, "public/too_many.html", status=429)
    response["Retry-After"] = "600"
    return response
