"""Households without a number: letters, the search of a number by the agency, a visit or a reply that closes them.

They are enrolled, counted apart and never in the queue; a number found anywhere puts them there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from campaigns import welfare
from campaigns.common import documents
from campaigns.models import Case, Letter, NumberSearch, WelfareCheck
from campaigns.models.levels import Level
from campaigns.welfare import letters
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused
from tenants import events, numbers

# How the household gave news: the reason its case is closed with.
NEWS = (Case.CloseReason.VISITED, Case.CloseReason.REPLIED)
# A campaign in preparation may already write, and have numbers looked for.
LISTED = (Case.Status.OPEN, Case.Status.PREPARED)
NOTHING, LETTER, ASKED, NOT_FOUND = "nothing", "letter", "asked", "not_found"


class WithoutNumberError(Refused):
    """The act does not fit the case."""


def waiting(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Of these cases, those that nobody can call for want of a number, with what was done about each."""
    letters = Letter.objects.filter(case=OuterRef("pk")).order_by("-made_at")
    searches = NumberSearch.objects.filter(case=OuterRef("pk")).order_by("-asked_at")
    return cases.filter(status__in=LISTED, has_number=False).annotate(
        written_at=Subquery(letters.values("made_at")[:1]),
        asked_at=Subquery(searches.values("asked_at")[:1]),
        answered_at=Subquery(searches.values("answered_at")[:1]),
    )


def in_state(cases: QuerySet[Case], state: str) -> QuerySet[Case]:
    """``cases`` from ``waiting``: nothing done, letter made, number asked for, not found by the agency."""
    asked = Exists(NumberSearch.objects.filter(case=OuterRef("pk"), answered_at=None))
    refused = Exists(NumberSearch.objects.filter(case=OuterRef("pk"), answered_at__isnull=False))
    written = Exists(Letter.objects.filter(case=OuterRef("pk")))
    states = {
        NOTHING: ~Q(asked) & ~Q(refused) & ~Q(written),
        LETTER: Q(written),
        ASKED: Q(asked),
        NOT_FOUND: Q(refused) & ~Q(asked),
    }
    return cases.filter(states[state]) if state in states else cases


def _locked(case_id: int) -> Case:
    case = Case.objects.select_for_update(of=("self",)).select_related("campaign", "household").get(pk=case_id)
    if case.status not in LISTED or case.has_number:
        raise WithoutNumberError("Ce foyer n'est plus sur la liste des foyers sans numéro.")
    return case


def ask(*, cases: Sequence[Case], by: User, now: datetime) -> bytes:
    """Ask the agency for the numbers of these households (from ``letters.to_write_to``): the list it fills in.

    Names, dwellings and an empty box each, as a PDF. A search opens for each household that has none under way. One
    journal row. Raises WithoutNumberError when there is nothing to ask for.
    """
    if not cases:
        raise WithoutNumberError("Aucun numéro n'est à demander.")
    landlord = cases[0].household.landlord
    rows = [
        {"people": letters.names_of(case), "dwelling": case.household.address_lines, "reference": str(case.pk)}
        for case in cases
    ]
    made = documents.pdf(
        "search",
        {
            "sender": landlord.spoken_name or landlord.name,
            "campaign": cases[0].campaign.name,
            "day": letters.written_day(now.astimezone(cases[0].campaign.tz).date()),
            "rows": rows,
        },
    )
    _note_asked(cases, by, now)
    return made


@transaction.atomic
def _note_asked(cases: Sequence[Case], by: User, now: datetime) -> None:
    under_way = NumberSearch.objects.filter(case__in=cases, answered_at=None).order_by()
    known = set(under_way.values_list("case", flat=True))
    fresh = [case.pk for case in cases if case.pk not in known]
    NumberSearch.objects.bulk_create(
        [NumberSearch(case_id=pk, asked_at=now, asked_by=by) for pk in fresh], ignore_conflicts=True
    )
    journal.record(
        "numbers.asked",
        by=by,
        campaign_id=cases[0].campaign_id,
        cases=[case.pk for case in cases],
        fresh=len(fresh),
    )


@transaction.atomic
def found(*, case_id: int, number: str, by: User, now: datetime, label: str = "", third_party: bool = False) -> None:
    """The number came (from the agency, a neighbour, a letter): it is added, and the household joins the queue.

    Raises numbers.NumberError for a number that cannot be kept, WithoutNumberError when there is one meanwhile.
    """
    case = _locked(case_id)
    numbers.add_number(household=case.household, number=number, label=label, third_party=third_party, now=now, by=by)


@transaction.atomic
def not_found(*, case_id: int, by: User, now: datetime) -> None:
    """The agency has no number either: letters and visits remain. Raises WithoutNumberError when nobody was asked."""
    case = _locked(case_id)
    search = NumberSearch.objects.filter(case=case, answered_at=None).first()
    if search is None or not _answer(NumberSearch.objects.filter(pk=search.pk), found=False, by=by, now=now):
        raise WithoutNumberError("Le numéro de ce foyer n'a pas été demandé à l'agence.")
    journal.of_case("number.not_found", case, search, by=by)


def _answer(searches: QuerySet[NumberSearch], *, found: bool, by: User | None, now: datetime) -> int:
    return searches.filter(answered_at=None).update(answered_at=now, answered_by=by, found=found)


def numbers_changed(event: events.NumbersChanged) -> None:
    """However a number came, nobody looks for it any more. Subscribed after the enrolment's own."""
    _answer(
        NumberSearch.objects.filter(case__household__in=event.household_ids, case__has_number=True),
        found=True,
        by=event.by,
        now=event.now,
    )


@transaction.atomic
def give_news(*, case_id: int, how: str, well: bool, by: User, now: datetime) -> WelfareCheck | None:
    """A visit or a reply brought news: the case closes, or a check of level U1 opens for who needs help.

    Returns the check, if any. Raises WithoutNumberError when the household is no longer without a number, or while a
    follow-up plan runs.
    """
    if how not in NEWS:
        raise WithoutNumberError("Dites comment vous avez eu des nouvelles.")
    case = _locked(case_id)
    _answer(NumberSearch.objects.filter(case=case), found=False, by=by, now=now)
    check = None
    if well:
        if case.plans.running().exists():
            raise WithoutNumberError("Un suivi est en cours\u00a0: terminez-le d'abord.")
        case.set_closed(how, now)
        case.save_moved()
    else:
        check = welfare.open_by_hand(case_id=case.pk, level=Level.U1, by=by, now=now)
    journal.of_case("case.news", case, by=by, how=how, well=well)
    return check
