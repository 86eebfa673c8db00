"""Editions of the questions: a draft is changed piece by piece, then published, and stays as it was read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet

from campaigns.models import Crisis, FaqEdition
from campaigns.public import document
from solidarites import journal
from solidarites.models import User
from tenants.models import Landlord

Status = FaqEdition.Status
ALREADY_PUBLISHED = "Cette édition est publiée\u00a0: elle ne change plus. Préparez la suivante."


class EditionError(ValueError):
    """The act does not fit the edition; the message is French."""


class StaleError(EditionError):
    """Somebody else changed the same draft meanwhile; nothing was written."""

    def __init__(self) -> None:
        super().__init__("Cette édition a changé depuis que vous l'avez ouverte. Rien n'est perdu\u00a0: relisez.")


# Which one is read ---------------------------------------------------------------------------------------


def published(crisis: str, landlord: Landlord | None) -> FaqEdition | None:
    """What tenants of this landlord read: its own edition when it has one, else that of everybody."""
    rows = FaqEdition.objects.filter(crisis=crisis, status=Status.PUBLISHED).select_related("landlord")
    own = rows.filter(landlord=landlord).order_by("-number").first() if landlord else None
    return own or rows.filter(landlord=None).order_by("-number").first()


def family(edition: FaqEdition) -> QuerySet[FaqEdition]:
    """The editions of one crisis and one landlord (or of everybody), the newest first."""
    rows = FaqEdition.objects.filter(crisis=edition.crisis, landlord=edition.landlord)
    return rows.defer("content").select_related("published_by").order_by("-number")


# Make ----------------------------------------------------------------------------------------------------


@transaction.atomic
def prepare(*, crisis: str, landlord: Landlord | None, by: User, now: datetime) -> FaqEdition:
    """The draft of the next edition: a copy of what is read today; the draft already there when there is one.

    A landlord's first draft begins as the edition of everybody. Raises EditionError for an unknown crisis.
    """
    if crisis not in Crisis.values:
        raise EditionError("Choisissez une crise de la liste.")
    mine = FaqEdition.objects.filter(crisis=crisis, landlord=landlord)
    if draft := mine.filter(status=Status.DRAFT).first():
        return draft
    source = published(crisis, landlord)
    number = (mine.aggregate(last=Max("number"))["last"] or 0) + 1
    try:
        with transaction.atomic():
            draft = FaqEdition.objects.create(
                crisis=crisis,
                landlord=landlord,
                number=number,
                content=source.content if source else {"themes": []},
                created_at=now,
                changed_at=now,
                changed_by=by,
            )
    except IntegrityError:
        # Two at once: the other one made it.
        return mine.get(status=Status.DRAFT)
    journal.record("faq.prepared", draft, by=by, crisis=crisis)
    return draft


@transaction.atomic
def forget(*, edition_id: int, by: User) -> None:
    """Give a draft up; what is published stays. Raises EditionError once published."""
    draft = _draft(edition_id)
    journal.record("faq.forgotten", draft, by=by, crisis=draft.crisis)
    draft.delete()


# Change --------------------------------------------------------------------------------------------------


def _draft(edition_id: int) -> FaqEdition:
    """The draft, for the time of the transaction. Raises FaqEdition.DoesNotExist, or EditionError once published."""
    edition = FaqEdition.objects.select_for_update(of=("self",)).get(pk=edition_id)
    if edition.is_published:
        raise EditionError(ALREADY_PUBLISHED)
    return edition


def _change(
    edition_id: int, by: User, now: datetime, change: Callable[[document.Document], document.Document]
) -> FaqEdition:
    edition = _draft(edition_id)
    edition.content = change(edition.content)
    edition.changed_at, edition.changed_by = now, by
    edition.save(update_fields=["content", "changed_at", "changed_by"])
    journal.record("faq.changed", edition, by=by, crisis=edition.crisis)
    return edition


@transaction.atomic
def save_theme(*, edition_id: int, key: str, title: str, by: User, now: datetime) -> FaqEdition:
    """Change the title of a theme, or add one at the end (``key`` empty).

    Raises EditionError once published, when the theme is gone, or beyond twenty themes.
    """

    def change(content: document.Document) -> document.Document:
        if key and document.theme_of(content, key) is None:
            raise EditionError("Ce thème n'est plus dans l'édition.")
        if not key and len(document.themes(content)) >= document.MOST_THEMES:
            raise EditionError(f"Une édition a {document.MOST_THEMES} thèmes au plus.")
        return document.with_theme(content, key, title)

    return _change(edition_id, by, now, change)


@transaction.atomic
def save_question(
    *, edition_id: int, key: str, theme: str, question: str, answer: str, seen: str, by: User, now: datetime
) -> FaqEdition:
    """Write one question and its answer, in a theme; new when ``key`` is empty.

    ``seen`` is the fingerprint of the question that the page showed. Raises StaleError when it is another now or is
    gone, EditionError once published, when the theme is gone, or beyond a hundred questions.
    """

    def change(content: document.Document) -> document.Document:
        if document.theme_of(content, theme) is None:
            raise EditionError("Ce thème n'est plus dans l'édition. Choisissez-en un autre.")
        if key and seen_of(content, key) != seen:
            raise StaleError()
        if not key and document.count(content) >= document.MOST_QUESTIONS:
            raise EditionError(f"Une édition a {document.MOST_QUESTIONS} questions au plus.")
        return document.with_question(content, key, theme, question, answer)

    return _change(edition_id, by, now, change)


def seen_of(content: document.Document, key: str) -> str:
    """The fingerprint of what the page of a question shows; empty when the question is gone."""
    found = document.question_of(content, key)
    return document.fingerprint([found[0]["key"], found[1]]) if found else ""


@transaction.atomic
def remove(*, edition_id: int, key: str, by: User, now: datetime) -> FaqEdition:
    """Take out a question, or a theme with its questions. Raises EditionError once published, or when it is gone."""

    def change(content: document.Document) -> document.Document:
        if key not in set(document.keys(content)):
            raise EditionError("Ce passage n'est plus dans l'édition.")
        return document.without(content, key)

    return _change(edition_id, by, now, change)


@transaction.atomic
def move(*, edition_id: int, key: str, step: int, by: User, now: datetime) -> FaqEdition:
    """A theme, or a question in its theme, one place up (-1) or down (1). Raises EditionError as ``remove`` does."""

    def change(content: document.Document) -> document.Document:
        if key not in set(document.keys(content)):
            raise EditionError("Ce passage n'est plus dans l'édition.")
        return document.moved(content, key, step)

    return _change(edition_id, by, now, change)


@transaction.atomic
def publish(*, edition_id: int, seen: str, by: User | None, now: datetime) -> FaqEdition:
    """Show a draft to everybody, dated; the edition before it stays readable, and nothing changes it any more.

    ``seen`` is the fingerprint of what was read before confirming. Raises EditionError with what is missing, or once
    published; StaleError when somebody changed the draft meanwhile.
    """
    edition = _draft(edition_id)
    if document.fingerprint(edition.content) != seen:
        raise StaleError()
    if problems := document.problems(edition.content):
        raise EditionError(" ".join(problems))
    edition.status, edition.published_at, edition.published_by = Status.PUBLISHED, now, by
    edition.save(update_fields=["status", "published_at", "published_by"])
    journal.record("faq.published", edition, by=by, crisis=edition.crisis, number=edition.number)
    return edition
