"""Every route of the product, found by walking the resolver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

OURS = ("solidarites", "tenants", "campaigns")


@dataclass(frozen=True)
class Route:
    name: str
    view: Any
    arguments: tuple[str, ...]

    @property
    def module(self) -> str:
        view = self.view
        return getattr(getattr(view, "view_class", view), "__module__", "")

    @property
    def is_ours(self) -> bool:
        # The admin's site is ours, its screens are Django's: they have tests of their own.
        return self.module.split(".")[0] in OURS and not self.name.startswith("admin:")

    @property
    def roles(self) -> tuple[str, ...]:
        return tuple(getattr(self.view, "roles", ()))


def walk(resolver: URLResolver | None = None, prefix: str = "", arguments: tuple[str, ...] = ()) -> Iterator[Route]:
    resolver = resolver or get_resolver()
    for pattern in resolver.url_patterns:
        known = (*arguments, *pattern.pattern.converters, *pattern.pattern.regex.groupindex)
        known = tuple(dict.fromkeys(known))
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from walk(pattern, inner, known)
        elif isinstance(pattern, URLPattern):
            yield Route(f"{prefix}{pattern.name or pattern.pattern}", pattern.callback, known)


def our_routes() -> list[Route]:
    return [route for route in walk() if route.is_ours]
