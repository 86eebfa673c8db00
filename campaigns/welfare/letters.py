"""Letters to households: without a number, after a call, or that nobody reaches; one or a whole residence in one PDF.

Making a letter is what is recorded: the household's letter of that day, and a step of its welfare check. Who prints
it puts it in an envelope; it says nothing of the worry, and nothing that a thief could use.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.urls import reverse

from campaigns import welfare
from campaigns.common import documents
from campaigns.common.calendar import MONTHS, WEEKDAYS, clock_label
from campaigns.models import Call, Campaign, Case, Letter, LetterWording, WelfareCheck, WelfareStep
from campaigns.referrals.sending import spoken_number
from solidarites import journal
from solidarites.models import User
from solidarites.refused import Refused
from tenants import communes
from tenants.models import Landlord, Residence, Tenant

# In one PDF; a larger residence is made in several.
MOST = 300
# A household gets no second letter by post within this, unless somebody asks for it.
AGAIN_AFTER = timedelta(days=14)
# A notice is left at the door of each visit.
POSTED = (Letter.Kind.MISSED, Letter.Kind.WITHOUT_NUMBER, Letter.Kind.AFTER_CALL)
SOMEBODY = "Une personne de notre équipe"
ALL_WRITTEN = f"Une lettre de moins de {AGAIN_AFTER.days} jours est déjà faite pour chacun de ces foyers."
STEP_RESULTS = {
    Letter.Kind.MISSED: "Lettre «\u00a0nous avons cherché à vous joindre\u00a0» produite.",
    Letter.Kind.NOTICE: "Avis de passage produit.",
    Letter.Kind.WITHOUT_NUMBER: "Lettre de demande de rappel produite.",
    Letter.Kind.AFTER_CALL: "Lettre après un appel produite.",
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
    # The landlord's own: a paragraph, and the lines of its signature.
    words: str
    signature: list[str]
    # After a call alone: who called, when, and whether somebody living there spoke with them.
    caller: str = ""
    called_on: str = ""
    reached: bool = False


def to_write_to(cases: QuerySet[Case]) -> QuerySet[Case]:
    """These cases with all that a letter reads, in the order of a postman's round."""
    return (
        cases.select_related("campaign", "household__landlord__letter_wording", "household__residence")
        .prefetch_related("household__tenants")
        .order_by("household__residence__name", "household__city", "household__street", "household__building", "pk")
    )


def called(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Of these, those that a volunteer called, and that have not asked to be left alone."""
    return cases.filter(Exists(_calls().filter(case=OuterRef("pk"))), household__opposed_at=None)


def unreached(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Of these, the living ones that were called and have never spoken with anybody: whom to write to by residence."""
    return called(cases).filter(status__in=Case.ALIVE, reached_at=None)


def due(cases: QuerySet[Case], *, kind: str, now: datetime) -> QuerySet[Case]:
    """Of these, those that no letter by post reached within ``AGAIN_AFTER``; printed again the same day, it is one.

    The day is that of each one's campaign: letters are known by it, from Paris to La Réunion.
    """
    if kind not in POSTED:
        return cases
    letters = Letter.objects.filter(case=OuterRef("pk"))
    recent = Q(pk__in=[])
    for zone in cases.order_by().values_list("campaign__zone", flat=True).distinct():
        today = now.astimezone(ZoneInfo(zone)).date()
        written = Exists(letters.filter(kind__in=POSTED, day__gt=today - AGAIN_AFTER))
        recent |= Q(written, ~Exists(letters.filter(kind=kind, day=today)), campaign__zone=zone)
    return cases.exclude(recent)


def chosen(cases: QuerySet[Case], *, kind: str, now: datetime, again: bool = False) -> list[Case]:
    """Whom ``make`` is given of many: those that no recent letter leaves out, or all when it leaves out everybody."""
    able = called(cases) if kind == Letter.Kind.AFTER_CALL else cases
    may = able if again else due(able, kind=kind, now=now)
    return list(to_write_to(may)[: MOST + 1]) or list(to_write_to(cases)[: MOST + 1])


def last_posted(case: Case) -> Letter | None:
    """The last letter that left by post."""
    return Letter.objects.filter(case=case, kind__in=POSTED).order_by("-day", "-pk").first()


def is_recent(letter: Letter | None, today: date) -> bool:
    """Whether another one would come too soon after this one."""
    return letter is not None and letter.day > today - AGAIN_AFTER


def make(*, cases: Sequence[Case], kind: str, by: User, now: datetime, again: bool = False) -> bytes:
    """One PDF with a letter for each of these cases (from ``to_write_to``).

    Each letter is recorded once a day, with a step in the open welfare check of its household; printing the PDF
    again the same day records nothing new. Somebody must live there, at an address; after a call, somebody must have
    called, and the household must not oppose. Whom a letter left for less than ``AGAIN_AFTER`` ago is left out, unless
    ``again``. The PDF is made before anything is written, so that nobody waits for it. Raises LetterError when there is
    no such household, or more than fit in one PDF.
    """
    able = [case for case in cases if case.household.address_lines and _present(case)]
    if not able:
        raise LetterError("Aucun de ces foyers n'a d'adresse où écrire.")
    calls = last_calls(able) if kind == Letter.Kind.AFTER_CALL else {}
    if kind == Letter.Kind.AFTER_CALL:
        able = [case for case in able if case.pk in calls and case.household.opposed_at is None]
        if not able:
            raise LetterError("Cette lettre suit un appel\u00a0: aucun de ces foyers n'a été appelé, ou ne l'accepte.")
    if not again:
        able = _not_too_soon(able, kind, now)
    if len(able) > MOST:
        raise LetterError(f"Un PDF contient {MOST} lettres au plus\u00a0: choisissez une résidence.")
    contents = [content_of(case, kind, now, calls.get(case.pk)) for case in able]
    made = documents.pdf("letter", {"letters": [asdict(one) for one in contents], "title": _title(kind, able)})
    _record(able, kind, by, now)
    return made


def _not_too_soon(cases: list[Case], kind: str, now: datetime) -> list[Case]:
    """Those that may be written to now; LetterError when there is none."""
    chosen = Case.objects.filter(pk__in=[case.pk for case in cases])
    may = set(due(chosen, kind=kind, now=now).values_list("pk", flat=True))
    if not may:
        last = last_posted(cases[0]) if len(cases) == 1 else None
        said = f"Une lettre du {written_day(last.day)} est déjà faite pour ce foyer." if last else ALL_WRITTEN
        raise LetterError(f"{said} Cochez «\u00a0Renvoyer quand même\u00a0» pour en faire une autre.")
    return [case for case in cases if case.pk in may]


def _calls() -> QuerySet[Call]:
    """Calls that somebody made; not those that a household made."""
    return Call.objects.filter(state=Call.State.RECORDED, direction=Call.Direction.OUTGOING)


def last_calls(cases: Sequence[Case]) -> dict[int, Call]:
    """The last call made to each of these cases that has one."""
    rows = _calls().filter(case__in=cases).select_related("volunteer").order_by("started_at", "pk")
    return {call.case_id: call for call in rows.only("case", "outcome", "started_at", "volunteer__first_name")}


def today_of(campaign: Campaign, now: datetime) -> date:
    """The day by which its letters are known."""
    return now.astimezone(campaign.tz).date()


# A landlord's own words -------------------------------------------------------------------------------------


def wording_of(landlord: Landlord) -> LetterWording:
    """Its own words in its letters; empty ones, unsaved, when it has none."""
    found: LetterWording | None = getattr(landlord, "letter_wording", None)
    return found or LetterWording(landlord=landlord)


@transaction.atomic
def word(*, landlord: Landlord, signature: str, words: str, by: User, now: datetime) -> LetterWording:
    """A landlord's own words in its next letters, in the place of those before; one journal row."""
    wording, _ = LetterWording.objects.update_or_create(
        landlord=landlord, defaults={"signature": signature, "words": words, "changed_at": now}
    )
    journal.record("letters.worded", landlord, by=by)
    return wording


def example(*, campaign: Campaign, landlord: Landlord, signature: str, words: str, now: datetime) -> bytes:
    """A letter after a call to nobody, with these words: to be looked at before they are kept."""
    today = written_day(today_of(campaign, now))
    sender = landlord.spoken_name or landlord.name
    content = Content(
        kind=Letter.Kind.AFTER_CALL,
        sender=sender,
        sender_phone=spoken_number(campaign.callback_number or landlord.callback_number),
        recipient=["Exemple", "12 rue des Lilas", "33000 Bordeaux"],
        place="Bordeaux",
        day=today,
        greeting="Madame, Monsieur,",
        phrase="exemple seulement 12",
        hours=hours_of(campaign),
        reference="Exemple",
        questions=documents.written(reverse("public:faq")),
        words=words,
        signature=signature.splitlines() or ["Prénom de qui a appelé", sender],
        caller="Camille",
        called_on=today,
    )
    return documents.pdf("letter", {"letters": [asdict(content)], "title": "Exemple de lettre"})


# By residence -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ResidenceRow:
    """The households of a residence that were called and never spoken with; None: those that have no residence."""

    residence: Residence | None
    households: int
    due: int
    # The day of the last letter to any of them.
    last: date | None


def by_residence(cases: QuerySet[Case], now: datetime) -> list[ResidenceRow]:
    """Whom a letter after a call may be sent to, a row for each residence, those without one last."""
    waiting = unreached(cases).order_by()
    may = due(waiting, kind=Letter.Kind.AFTER_CALL, now=now)
    left = dict(may.values_list("household__residence").annotate(Count("pk")))
    whole = waiting.values_list("household__residence").annotate(
        households=Count("pk", distinct=True), last=Max("letters__day", filter=Q(letters__kind__in=POSTED))
    )
    rows = {residence: (households, left.get(residence, 0), last) for residence, households, last in whole}
    known = Residence.objects.filter(pk__in=[*filter(None, rows)]).select_related("landlord")
    found = [ResidenceRow(one, *rows[one.pk]) for one in known.order_by("landlord__name", "name", "reference")]
    return [*found, ResidenceRow(None, *rows[None])] if None in rows else found


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


def content_of(case: Case, kind: str, now: datetime, call: Call | None = None) -> Content:
    """What the letter says; ``call`` is the one it follows."""
    household, campaign = case.household, case.campaign
    zone = ZoneInfo(communes.zone_of(household.department))
    people = _present(case)
    sender = household.landlord.spoken_name or household.landlord.name
    caller = call.volunteer.first_name if call is not None and call.volunteer is not None else ""
    wording = wording_of(household.landlord)
    signature = wording.signature.splitlines()
    if not signature and call is not None:
        signature = [caller, sender] if caller else [sender]
    return Content(
        kind=kind,
        sender=sender,
        sender_phone=callback_number(case),
        recipient=[*(one.full_name for one in people), *household.address_lines],
        place=household.city,
        day=written_day(now.astimezone(zone).date()),
        greeting=_greeting(people),
        phrase=case.verification_phrase,
        hours=hours_of(campaign),
        reference=f"Dossier n° {case.pk}",
        questions=documents.written(reverse("public:faq")),
        words=wording.words,
        signature=signature,
        caller=caller or SOMEBODY,
        called_on=written_day(call.started_at.astimezone(zone).date()) if call is not None else "",
        reached=call is not None and call.outcome in Call.REACHED,
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
        Letter.Kind.WITHOUT_NUMBER: "Prendre de vos nouvelles",
        Letter.Kind.AFTER_CALL: "Après notre appel",
    }[Letter.Kind(kind)]
    return label if len(cases) == 1 else f"{label} ({len(cases)} lettres)"
