"""Write scripts: a draft is changed part by part, then published, and a published version never changes again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from django.utils import timezone

from campaigns.models import Campaign, Crisis, Script
from campaigns.scripts import document
from campaigns.scripts.checks import errors
from campaigns.scripts.reading import ScriptError
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused

DEFAULTS = Path(__file__).parents[1] / "data" / "scripts"
# The field of a campaign that each sort of call reads.
CAMPAIGN_FIELDS = {
    Script.Kind.FIRST: "script",
    Script.Kind.FOLLOW_UP: "follow_up_script",
    Script.Kind.WELFARE: "welfare_script",
}
ALREADY_PUBLISHED = "Cette version est publiée : elle ne change plus. Préparez une nouvelle version."


class StaleError(Refused):
    """Somebody else changed the same part meanwhile; the message is French, and nothing was written."""

    def __init__(self, script: Script) -> None:
        name = script.changed_by.get_short_name() if script.changed_by else "Quelqu'un d'autre"
        super().__init__(f"{name} a modifié cette partie depuis que vous l'avez ouverte. Votre texte est gardé.")


def general(rows: QuerySet[Script]) -> QuerySet[Script]:
    """Those of every crisis: a script whose key is that of a crisis is a person's choice."""
    return rows.exclude(key__in=Crisis.values)


# Make ------------------------------------------------------------------------------------------------


@cache
def _shipped() -> list[tuple[str, str, document.Document]]:
    """(key, kind, document) of each script that ships with the product. Read once: its files do not change."""
    found = []
    for path in sorted(DEFAULTS.glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found.append((content.pop("key"), content.pop("kind"), content))
    return found


def default_document(kind: str) -> tuple[str, document.Document]:
    """The key and the document that ship with the product for this sort of call. Raises LookupError for another."""
    for key, found, content in _shipped():
        if found == kind and key not in Crisis.values:
            return key, deepcopy(content)
    raise LookupError(kind)


def _free_key(title: str) -> str:
    return document.free_key(title, Script.objects.values_list("key", flat=True), "trame")


@transaction.atomic
def create(*, kind: str, title: str, by: User, now: datetime, content: Mapping[str, Any] | None = None) -> Script:
    """A new script, as a draft: ``content`` when a file brought it, else the opening, the voicemail, the reactions and
    the helplines of the script that ships with the product for this sort of call."""
    if content is None:
        _, shipped = default_document(kind)
        content = {**shipped, "questions": shipped["questions"][:1]}
    made = Script.objects.create(
        key=_free_key(title), kind=kind, title=title, content={**content, "title": title},
        created_at=now, changed_at=now, changed_by=by,
    )  # fmt: skip
    journal.record("script.created", made, by=by)
    return made


@transaction.atomic
def copy(*, script: Script, by: User | None = None, now: datetime | None = None) -> Script:
    """The next version, as a draft made from this one; the draft that is already there when there is one."""
    draft = Script.objects.filter(key=script.key, status=Script.Status.DRAFT).first()
    if draft is not None:
        return draft
    last = Script.objects.filter(key=script.key).aggregate(last=Max("version"))["last"] or 0
    now = now or timezone.now()
    try:
        with transaction.atomic():
            draft = Script.objects.create(
                key=script.key, version=last + 1, kind=script.kind, title=script.title, content=script.content,
                created_at=now, changed_at=now, changed_by=by,
            )  # fmt: skip
    except IntegrityError:
        # Two at once: the other one made it.
        return Script.objects.get(key=script.key, status=Script.Status.DRAFT)
    journal.record("script.copied", draft, by=by, source=script.pk)
    return draft


@transaction.atomic
def duplicate(*, script: Script, by: User, now: datetime) -> Script:
    """Another script that begins as this one: its own name, its own versions."""
    title = f"{script.title[:100]} (copie)"
    made = Script.objects.create(
        key=_free_key(title), kind=script.kind, title=title, content={**script.content, "title": title},
        created_at=now, changed_at=now, changed_by=by,
    )  # fmt: skip
    journal.record("script.duplicated", made, by=by, source=script.pk)
    return made


@transaction.atomic
def delete_draft(*, script_id: int, by: User, seen: str = "") -> None:
    """Forget a draft; published versions stay.

    ``seen`` is the fingerprint of what was there when it was asked. Raises ScriptError when it was published meanwhile,
    StaleError when somebody changed it.
    """
    script = _locked(script_id)
    if seen and document.fingerprint(script.content) != seen:
        raise StaleError(script)
    journal.record("script.deleted", script, by=by, version=script.version)
    script.delete()


# Change -----------------------------------------------------------------------------------------------


def _locked(script_id: int) -> Script:
    """The draft, for the time of the transaction. Raises Script.DoesNotExist, or ScriptError once published."""
    rows = Script.objects.select_for_update(of=("self",)).select_related("changed_by")
    script = rows.get(pk=script_id)
    if script.is_published:
        raise ScriptError([ALREADY_PUBLISHED])
    return script


def _save(script: Script, content: Mapping[str, Any], part: str, by: User, now: datetime) -> Script:
    script.content, script.title = dict(content), str(content.get("title", ""))[:120]
    script.changed_at, script.changed_by = now, by
    script.save(update_fields=["content", "title", "changed_at", "changed_by"])
    journal.record("script.changed", script, by=by, part=part)
    return script


@transaction.atomic
def save_part(*, script_id: int, part: str, value: Mapping[str, Any], seen: str, by: User, now: datetime) -> Script:
    """Write one part of a draft (settings, words, reactions, helplines), whole.

    Raises StaleError when that part is no longer the one seen, ScriptError once published.
    """
    script = _locked(script_id)
    if document.fingerprint(document.part_of(script.content, part)) != seen:
        raise StaleError(script)
    kept = {name: one for name, one in script.content.items() if name not in document.PARTS[part]}
    return _save(script, {**kept, **value}, part, by, now)


@transaction.atomic
def save_question(
    *,
    script_id: int,
    key: str,
    question: Mapping[str, Any],
    seen: str,
    by: User,
    now: datetime,
    after: str = "",
    renamed: Mapping[str, str] | None = None,
    asks: Mapping[str, Iterable[str]] | None = None,
) -> Script:
    """Write one question of a draft, in place of ``key``, or new after another one (``key`` empty).

    ``asks`` says which later questions each answer makes asked. Other questions may have changed meanwhile. Raises
    StaleError when this one is no longer the one seen, or was taken out; ScriptError once published, or when its
    identifier is already another's.
    """
    script = _locked(script_id)
    if document.seen_of(script.content, key) != seen:
        raise StaleError(script)
    others = {raw.get("key") for raw in script.content.get("questions", [])} - {key}
    if question["key"] in others:
        raise ScriptError([f"Une autre question porte déjà l'identifiant « {question['key']} »."])
    content = document.with_question(script.content, question, key=key, after=after, renamed=renamed, asks=asks)
    return _save(script, content, "question", by, now)


def _change(script_id: int, by: User, now: datetime, key: str, new: Callable[[Any], document.Document]) -> Script:
    script = _locked(script_id)
    if document.question_of(script.content, key) is None:
        raise ScriptError(["Cette question n'est plus dans la trame."])
    return _save(script, new(deepcopy(script.content)), "question", by, now)


@transaction.atomic
def move_question(*, script_id: int, key: str, step: int, by: User, now: datetime) -> Script:
    """One place up (-1) or down (1). Raises ScriptError when it is gone, or once published."""
    return _change(script_id, by, now, key, lambda content: document.moved(content, key, step))


@transaction.atomic
def remove_question(*, script_id: int, key: str, by: User, now: datetime) -> Script:
    """Take a question out. Raises ScriptError when it is gone already, or once published."""
    return _change(script_id, by, now, key, lambda content: document.without(content, key))


@transaction.atomic
def duplicate_question(*, script_id: int, key: str, by: User, now: datetime) -> str:
    """A copy just after it; returns the copy's identifier. Raises ScriptError when it is gone, or once published."""
    made: list[str] = []

    def twice(content: document.Document) -> document.Document:
        new, copied = document.duplicated(content, key)
        made.append(copied)
        return new

    _change(script_id, by, now, key, twice)
    return made[0]


# Publish ------------------------------------------------------------------------------------------------


@transaction.atomic
def publish(*, script: Script, now: datetime, by: User | None = None, seen: str = "") -> Script:
    """Freeze a draft: from now on campaigns may use it, and nothing changes it.

    ``seen`` is the fingerprint of what was read before confirming, when a page asks. Raises ScriptError with every
    error found, or when it is published already; StaleError when the draft changed meanwhile.
    """
    draft = _locked(script.pk)
    if seen and document.fingerprint(draft.content) != seen:
        raise StaleError(draft)
    if problems := errors(draft.content, draft.kind):
        raise ScriptError(problems)
    script.status, script.published_at, script.published_by = Script.Status.PUBLISHED, now, by
    script.content, script.title = draft.content, draft.title
    script.save(update_fields=["status", "published_at", "published_by"])
    journal.record("script.published", script, by=by, version=script.version)
    return script


@transaction.atomic
def use_in_campaign(*, script: Script, campaign: Campaign, by: User, now: datetime) -> Campaign:
    """Give a published version to a campaign, for its sort of call. Calls already begun keep theirs.

    Raises ScriptError for a draft, or when the campaign is over.
    """
    if not script.is_published:
        raise ScriptError(["Publiez d'abord cette version."])
    row = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    if not (row.is_running or row.status == Campaign.Status.DRAFT):
        raise ScriptError(["Cette campagne est terminée : elle ne change plus."])
    field = CAMPAIGN_FIELDS[Script.Kind(script.kind)]
    setattr(row, field, script)
    row.save(update_fields=[field])
    journal.record("campaign.script_chosen", row, by=by, campaign_id=row.pk, script=script.pk, kind=script.kind)
    return row


def load_defaults(*, now: datetime) -> list[Script]:
    """Load the scripts shipped with the product as published versions 1; those already there stay as they are."""
    loaded = []
    for key, kind, content in _shipped():
        script, created = Script.objects.get_or_create(
            key=key, version=1, defaults={"kind": kind, "title": content["title"], "content": deepcopy(content)}
        )
        if created:
            publish(script=script, now=now)
        loaded.append(script)
    return loaded
