"""Letters to households that nobody reaches by telephone, one or a whole residence in one PDF.

Making a letter is what is recorded: the household's letter of that day, and a step of its welfare check. Who prints
it puts it in an envelope; it says nothing of the worry, and nothing that a thief could use.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from campaigns import welfare
from campaigns.common import documents
from campaigns.common.calendar import MONTHS, WEEKDAYS, clock_label
from campaigns.models import Campaign, Case, Letter, WelfareCheck, WelfareStep
from campaigns.referrals.sending import spoken_number
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused
from tenants import communes
from tenants.models import Tenant

# In one PDF; a larger residence is made in several.
MOST = 300
STEP_RESULTS = {
    Letter.Kind.MISSED: "Lettre «\u00a0nous avons cherché à vous joindre\u00a0» produite.",
    Letter.Kind.NOTICE: "Avis de passage produit.",
    Letter.Kind.NUMBERLESS: "Lettre de demande de rappel produite.",
}


class LetterError(Refused):
    """No letter can be made."""


@dataclass(frozen=True)
class Content:
    """What one letter says; the sentences themselves are in the template."""

    kind: str
    sender: str
    sender_phone: str
    recipient: list[str]
    place: str
    day: str
    greeting: str
    phrase: str
    hours: str
    # Where the answers to tenants' questions are.
    questions: str
    reference: str


def to_write_to(cases: QuerySet[Case]) -> QuerySet[Case]:
    """These cases with all that a letter reads, in the order of a postman's round."""
    return (
        cases.select_related("campaign", "household__landlord", "household__residence")
        .prefetch_related("household__tenants")
        .order_by("household__residence__name", "household__city", "household__street", "household__building", "pk")
    )


def make(*, cases: Sequence[Case], kind: str, by: User, now: datetime) -> bytes:
    """One PDF with a letter for each of these cases (from ``to_write_to``).

    Each letter is recorded once a day, with a step in the open welfare check of its household; printing the PDF
    again the same day records nothing new. Somebody must live there, at an address. The PDF is made before anything
    is written, so that nobody waits for it. Raises LetterError when there is no such household, or more than fit in
    one PDF.
    """
    able = [case for case in cases if case.household.address_lines and _present(case)]
    if not able:
        raise LetterError("Aucun de ces foyers n'a d'adresse où écrire.")
    if len(able) > MOST:
        raise LetterError(f"Un PDF contient {MOST} lettres au plus\u00a0: choisissez une résidence.")
    contents = [content_of(case, kind, now) for case in able]
    made = documents.pdf("letter", {"letters": [asdict(one) for one in contents], "title": _title(kind, able)})
    _record(able, kind, by, now)
    return made


@transaction.atomic
def _record(cases: Sequence[Case], kind: str, by: User, now: datetime) -> None:
    """The letters of the day that are not there yet, each with its step; a second press waits for the first."""
    locked = Case.objects.select_for_update().filter(pk__in=[case.pk for case in cases]).order_by("pk")
    days = {case.pk: now.astimezone(case.campaign.tz).date() for case in cases}
    days = {pk: days[pk] for pk in locked.values_list("pk", flat=True)}
    known = set(Letter.objects.filter(case__in=days, kind=kind).values_list("case", "day").order_by())
    fresh = [pk for pk, day in days.items() if (pk, day) not in known]
    Letter.objects.bulk_create([Letter(case_id=pk, kind=kind, day=days[pk], made_at=now, made_by=by) for pk in fresh])
    for check in WelfareCheck.objects.open().filter(case__in=fresh).select_related("case"):
        # Closed at this very moment: the letter alone is noted.
        with suppress(welfare.WelfareError):
            welfare.add_step(
                check=check,
                kind=WelfareStep.Kind.LETTER,
                result=STEP_RESULTS[Letter.Kind(kind)],
                by=by,
                now=now,
            )
    journal.record(
        "letters.made",
        by=by,
        campaign_id=cases[0].campaign_id,
        kind=kind,
        cases=list(days),
        fresh=len(fresh),
    )


def content_of(case: Case, kind: str, now: datetime) -> Content:
    household, campaign = case.household, case.campaign
    day = now.astimezone(ZoneInfo(communes.zone_of(household.department))).date()
    people = _present(case)
    return Content(
        kind=kind,
        sender=household.landlord.spoken_name or household.landlord.name,
        sender_phone=callback_number(case),
        recipient=[*(one.full_name for one in people), *household.address_lines],
        place=household.city,
        day=written_day(day),
        greeting=_greeting(people),
        phrase=case.verification_phrase,
        hours=hours_of(campaign),
        questions=documents.written(reverse("public:faq")),
        reference=f"Dossier n° {case.pk}",
    )


def callback_number(case: Case) -> str:
    return spoken_number(case.campaign.callback_number or case.household.landlord.callback_number)


def written_day(day: date) -> str:
    """« mardi 1er décembre 2026 »."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{WEEKDAYS[day.weekday()]} {number} {MONTHS[day.month - 1]} {day.year}"


def hours_of(campaign: Campaign) -> str:
    """« du lundi au vendredi de 10 h à 12 h et de 14 h à 18 h »: when somebody answers."""
    groups: list[list[str]] = []
    for number, weekday in enumerate(WEEKDAYS):
        said = " et ".join(_span(start, end) for start, end in campaign.hours.get(str(number), []))
        if groups and groups[-1][2] == said:
            groups[-1][1] = weekday
        else:
            groups.append([weekday, weekday, said])
    parts = [
        f"{f'le {first}' if first == last else f'du {first} au {last}'} {said}" for first, last, said in groups if said
    ]
    return "tous les jours, à toute heure" if parts == ["du lundi au dimanche à toute heure"] else " ; ".join(parts)


def _span(start: str, end: str) -> str:
    if (start, end) == ("00:00", "23:59"):
        return "à toute heure"
    return f"de {_clock(start)} à {_clock(end)}"


def _clock(text: str) -> str:
    return clock_label(datetime.strptime(text, "%H:%M").time())  # noqa: DTZ007 - an hour of the day, no moment


def _present(case: Case) -> list[Tenant]:
    present = [one for one in case.household.tenants.all() if one.status == Tenant.Status.PRESENT]
    return sorted(present, key=lambda one: (one.birth_date or date.max, one.pk))


def names_of(case: Case) -> str:
    """Who lives there, the eldest first; never somebody who died or left."""
    return ", ".join(one.full_name for one in _present(case))


def _greeting(people: Sequence[Tenant]) -> str:
    words = {"Mme": "Madame", "Mlle": "Madame", "M.": "Monsieur", "M": "Monsieur", "MR": "Monsieur"}
    known = list(dict.fromkeys(words.get(one.civility, "") for one in people))
    return f"{known[0]}," if len(known) == 1 and known[0] else "Madame, Monsieur,"


def _title(kind: str, cases: Sequence[Case]) -> str:
    """The PDF's own title names nobody: it shows in the tab of a browser."""
    label = {
        Letter.Kind.MISSED: "Nous avons cherché à vous joindre",
        Letter.Kind.NOTICE: "Avis de passage",
        Letter.Kind.NUMBERLESS: "Prendre de vos nouvelles",
    }[Letter.Kind(kind)]
    return label if len(cases) == 1 else f"{label} ({len(cases)} lettres)"
