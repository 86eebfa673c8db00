"""What ships with the product: a first edition of the questions for each crisis, and the numbers, none checked yet."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction

from campaigns.models import Crisis, FaqEdition, UsefulNumber
from campaigns.public import document, editions

DATA = Path(__file__).parents[1] / "data"


@cache
def _file(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text(encoding="utf-8"))


def shipped(crisis: str) -> document.Document:
    """The first edition for a crisis: what is said of it, then what is said in all of them."""
    content: document.Document = {"themes": []}
    for raw in (*_file(f"questions/{crisis}.yaml")["themes"], *_file("questions/commun.yaml")["themes"]):
        content = document.with_theme(content, "", raw["title"])
        key = document.themes(content)[-1]["key"]
        for one in raw["questions"]:
            content = document.with_question(content, "", key, one["question"], one["answer"].strip())
    return content


@transaction.atomic
def load_defaults(*, now: datetime) -> list[FaqEdition]:
    """Publish the first edition of a crisis that has none, and add the numbers that are missing.

    What coordinators wrote or switched off stays as it is. Run as often as wanted.
    """
    for rank, raw in enumerate(_file("numbers.yaml")["numbers"]):
        UsefulNumber.objects.get_or_create(key=raw["key"], defaults={**raw, "rank": rank * 10})
    loaded = []
    for crisis in Crisis.values:
        edition, created = FaqEdition.objects.get_or_create(
            crisis=crisis, landlord=None, number=1, defaults={"content": shipped(crisis), "created_at": now}
        )
        if created:
            seen = document.fingerprint(edition.content)
            edition = editions.publish(edition_id=edition.pk, seen=seen, by=None, now=now)
        loaded.append(edition)
    return loaded
