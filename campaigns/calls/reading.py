"""Reading what the call page needs: people, words, numbers, script, moments to call back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from campaigns import scripts
from campaigns.common.calendar import NeverOpenError, calendar_of
from campaigns.models import Call, Case
from campaigns.models.limits import TEXT
from solidarites.models import User
from solidarites.refused import Refused
from tenants.households import usable_phones
from tenants.models import Household, PhoneNumber, Tenant

COMMENT_LIMIT = TEXT
# A callback further away than this is a new campaign's work.
CALLBACK_HORIZON = timedelta(days=60)
# Between these one may propose to ring somebody, whatever the campaign allows.
CIVIL_HOURS = (time(9), time(21))
# Where the list does not say: whoever reads hears which of the two it is.
EITHER = "Madame ou Monsieur"


class CallError(Refused):
    """The form cannot be recorded as it is: the field, a French message, and for a callback the nearest proposals."""

    def __init__(self, field: str, message: str, proposals: Sequence[datetime] = ()) -> None:
        super().__init__(message, field)
        self.proposals = list(proposals)


def with_household(case_id: int, *, lock: bool = False, household: Household | None = None) -> Case:
    """The case with its campaign, household, landlord, people and numbers: three queries; its row locked if asked.

    One query when the ``household`` was read so in the same request. Raises Case.DoesNotExist.
    """
    cases = Case.objects.select_related("campaign")
    if household is None:
        cases = cases.select_related("household__landlord", "household__agency", "household__residence")
        cases = cases.prefetch_related("household__tenants", "household__phones")
    if lock:
        cases = cases.select_for_update(of=("self",))
    case = cases.get(pk=case_id)
    if household is not None:
        if case.household_id != household.pk:  # merged into another record meanwhile
            return with_household(case_id, lock=lock)
        case.household = household
    return case


def people_of(case: Case, since: datetime | None = None) -> list[Tenant]:
    """Those who answer for themselves: present and of the campaign's age; the eldest first.

    When nobody's age is known to suffice (enrolled by hand), everybody present. ``since``: when the call began; who was
    noted dead or gone meanwhile goes on being heard in it.
    """
    present = [
        tenant
        for tenant in case.household.tenants.all()
        if tenant.status == Tenant.Status.PRESENT or (since and tenant.status_at and tenant.status_at >= since)
    ]
    day = case.campaign.starts_on or case.enrolled_at.date()
    old = [tenant for tenant in present if (tenant.age_on(day) or 0) >= case.campaign.minimum_age]
    return sorted(old or present, key=lambda tenant: (tenant.birth_date is None, tenant.birth_date, tenant.pk))


def script_of(case: Case, call: Call | None = None) -> tuple[int | None, scripts.Content | None]:
    """The script of this call: the version it began with, else the one a call that begins now would follow."""
    script_id = call.script_id if call is not None and call.script_id else scripts.script_for(case)
    return (script_id, scripts.content_of(script_id)) if script_id else (None, None)


def placeholders(case: Case, by: User) -> dict[str, str]:
    """What replaces {civilite}, {nom}… in the words to speak."""
    people = people_of(case)
    landlord = case.household.landlord
    first = people[0] if people else None
    civilities = {"M.": "Monsieur", "Mme": "Madame", "Mlle": "Madame"}
    return {
        "civilite": civilities.get(first.civility, first.civility or EITHER) if first else "",
        "nom": first.last_name.title() if first else "",
        "prenom_appelant": by.get_short_name(),
        "bailleur": landlord.spoken_name or landlord.name,
        "numero_rappel": case.campaign.callback_number or landlord.callback_number,
        "phrase_verification": case.verification_phrase,
    }


def phone_to_dial(case: Case, dialled: Sequence[int | None] = ()) -> PhoneNumber | None:
    """The tenants' own numbers first, and among them one that was not tried yet."""
    phones = usable_phones(case.household)
    own = [phone for phone in phones if not phone.third_party]
    for phone in own:
        if phone.pk not in dialled:
            return phone
    return next(iter(own or phones), None)


def callback_presets(case: Case, now: datetime) -> list[datetime]:
    """Four moments within opening hours: in an hour, then the coming slots of today and of the next two days.

    A campaign may call at any hour; nobody is offered a call at midnight.
    """
    calendar = calendar_of(case.campaign, case.region)
    found: list[datetime] = []
    try:
        today = calendar.local(now).date()
        tomorrow = calendar.next_working_day(today + timedelta(days=1))
        after = calendar.next_working_day(tomorrow + timedelta(days=1))
        soon = now.replace(second=0, microsecond=0) + timedelta(hours=1)
        found.append(calendar.next_opening(soon + timedelta(minutes=-soon.minute % 15)))
        for day in (today, tomorrow, after):
            wake = calendar.at(day, CIVIL_HOURS[0])
            starts = [max(start, wake) if wake < end else start for start, end in calendar.slot_windows(day).values()]
            found += [start for start in starts if start > now + timedelta(hours=2)]
    except NeverOpenError:
        pass
    civil = [at for at in found if CIVIL_HOURS[0] <= calendar.local(at).time() < CIVIL_HOURS[1]]
    return sorted(set(civil or found))[:4]


def check_callback(case: Case, at: datetime | None, now: datetime) -> datetime:
    """A future moment within opening hours and sixty days. Raises CallError with the nearest proposals.

    Nothing is promised to a household that opposed, or where nobody is left: a coordinator decides first.
    """
    if case.household.opposed_at:
        raise CallError(
            "callback_at",
            "Ce foyer a demandé de ne plus être appelé. Notez ce que la personne souhaite dans le commentaire : la "
            "coordination peut lever l'opposition.",
        )
    if not any(tenant.status == Tenant.Status.PRESENT for tenant in case.household.tenants.all()):
        raise CallError(
            "callback_at",
            "Plus personne n'est noté à cette adresse. Notez qui appelle et ce qui est demandé dans le commentaire : "
            "la coordination décide.",
        )
    proposals = callback_presets(case, now)
    if at is None:
        raise CallError("callback_at", "Choisissez le jour et l'heure du rappel.", proposals)
    calendar = calendar_of(case.campaign, case.region)
    if at <= now:
        raise CallError("callback_at", "Ce moment est déjà passé. Choisissez un moment à venir.", proposals)
    if at > now + CALLBACK_HORIZON:
        raise CallError("callback_at", "Choisissez un moment dans les deux mois.", proposals)
    if not calendar.is_open(at):
        raise CallError("callback_at", "La campagne n'appelle pas à ce moment-là. Voici les plus proches.", proposals)
    return at
