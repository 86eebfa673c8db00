"""« Bons gestes »: one sheet a crisis, read on a screen, read aloud in a call, or printed on one page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.urls import reverse

from campaigns.common import documents
from campaigns.common.typography import typography
from campaigns.models import Crisis

DATA = Path(__file__).parents[1] / "data" / "gestures"


@dataclass(frozen=True)
class Part:
    title: str
    points: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    crisis: str
    title: str
    lead: str
    parts: tuple[Part, ...]
    # When to call for help: set apart, on the screen as on paper.
    danger: Part


@cache
def sheet(crisis: str) -> Sheet:
    """The sheet of a crisis. Read once: its file does not change. Raises KeyError for another word."""
    if crisis not in Crisis.values:
        raise KeyError(crisis)
    raw = yaml.safe_load((DATA / f"{crisis}.yaml").read_text(encoding="utf-8"))
    return Sheet(
        crisis, typography(raw["title"]), typography(raw["lead"]), tuple(map(_part, raw["parts"])), _part(raw["danger"])
    )


def _part(raw: dict[str, Any]) -> Part:
    return Part(typography(raw["title"]), tuple(typography(point) for point in raw["points"]))


def sheets() -> list[Sheet]:
    return [sheet(crisis) for crisis in Crisis.values]


@cache
def _pdf(crisis: str, address: str, demo: bool) -> bytes:
    return documents.pdf("gestures", {**asdict(sheet(crisis)), "address": address})


def pdf(crisis: str) -> bytes:
    """The sheet on one page. Made once a process: anybody may ask for it, as often as they like."""
    return _pdf(crisis, documents.written(reverse("public:numbers")), settings.DEMO)
