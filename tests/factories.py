"""Few factories, of invented people: everything has a believable default, tests name what matters to them."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.utils import timezone

from campaigns import calls
from campaigns.models import Call, Campaign, CampaignVolunteer, Case, CoordinatorScope
from solidarites import roles
from solidarites.models import User
from tenants.models import Agency, Household, Landlord, PhoneNumber, Tenant
from tests import strict

PASSWORD = "un-mot-de-passe-de-test"
FAMILIES = ["Martin", "Dupouy", "Lafitte", "Etcheverry", "Castaing", "Darrieux", "Lacoste", "Sarrazin", "Bordenave"]
WOMEN = ["Jeanne", "Simone", "Yvette", "Paulette", "Huguette", "Odette", "Ginette"]
MEN = ["Marcel", "Raymond", "Lucien", "Roger", "Fernand"]
_number = itertools.count(1)


def start_again() -> None:
    """Names, streets and numbers follow from the rank of what a test makes, never from the tests before it."""
    global _number
    _number = itertools.count(1)


def make_user(email: str, first_name: str, last_name: str, *role_names: str, **fields: Any) -> User:
    user = User.objects.create_user(email, PASSWORD, first_name=first_name, last_name=last_name, **fields)
    user.groups.add(*Group.objects.filter(name__in=role_names))
    return user


def make_switchboard(email: str, first_name: str, last_name: str) -> User:
    user = make_user(email, first_name, last_name)
    app, codename = roles.SWITCHBOARD_PERMISSION.split(".")
    user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


def make_landlord(code: str = "gironde-habitat", name: str = "Gironde Habitat Social", **fields: Any) -> Landlord:
    fields = {"spoken_name": name, "callback_number": "+33199001234", **fields}
    return Landlord.objects.get_or_create(code=code, defaults={"name": name, **fields})[0]


def make_agency(landlord: Landlord, name: str = "Agence de Bordeaux") -> Agency:
    return Agency.objects.get_or_create(landlord=landlord, name=name)[0]


def fiction_number(index: int) -> str:
    """A number of the range that ARCEP keeps for fiction in the south-west: nobody answers it."""
    return f"+3353649{index % 10000:04d}"


def make_household(
    landlord: Landlord | None = None,
    *,
    last_name: str = "",
    first_name: str = "",
    civility: str = "",
    birth_date: date | None = date(1941, 5, 8),
    phone: str | None = "",
    people: int = 1,
    **fields: Any,
) -> Household:
    """A front door in Bordeaux with one tenant aged 70+ (or ``people``) and one number; ``phone=None`` for none."""
    index = next(_number)
    landlord = landlord or make_landlord()
    household = Household.objects.create(
        landlord=landlord,
        **{
            "reference": f"L{index:05d}",
            "street": f"{index} rue Sainte-Catherine",
            "postal_code": "33000",
            "city": "Bordeaux",
            "insee_code": "33063",
            "department": "33",
            "living_alone": people == 1,
            **fields,
        },
    )
    family = last_name or FAMILIES[index % len(FAMILIES)]
    for rank in range(people):
        woman = (rank + index) % 2 == 0 if rank or not civility else civility == "Mme"
        names = WOMEN if woman else MEN
        given = first_name if first_name and rank == 0 else names[(index + rank) % len(names)]
        Tenant.objects.create(
            household=household,
            landlord=landlord,
            reference=f"T{index:05d}-{rank}",
            civility=civility if civility and rank == 0 else ("Mme" if woman else "M."),
            last_name=family,
            first_name=given,
            birth_date=birth_date,
            birth_precision=Tenant.Precision.DAY if birth_date else Tenant.Precision.UNKNOWN,
        )
        strict.PERSONAL.update({given, family})
    if phone is not None:
        e164 = phone or fiction_number(index)
        PhoneNumber.objects.create(household=household, e164=e164)
        strict.PERSONAL.add(e164)
    return household


def make_campaign(
    *,
    volunteers: list[User] | None = None,
    status: str = Campaign.Status.OPEN,
    now: datetime | None = None,
    **fields: Any,
) -> Campaign:
    """An open campaign with all that opening asks for, calling at every hour of every day unless ``hours`` is given."""
    index = next(_number)
    now = now or timezone.now()
    today = now.date()
    always = {str(day): [["00:00", "23:59"]] for day in range(7)}
    campaign = Campaign.objects.create(
        status=status,
        **{
            "name": f"Grand froid {index}",
            "slug": f"grand-froid-{index}",
            "purpose": "Prendre des nouvelles des locataires âgés pendant le grand froid.",
            "legal_basis": "Mission d'intérêt public",
            "data_protection_contact": "dpo@exemple.fr",
            "impact_assessment": "AIPD-2026-01",
            "starts_on": today - timedelta(days=7),
            "ends_on": today + timedelta(days=60),
            "opened_at": now - timedelta(days=7),
            "callback_number": "+33199001234",
            "on_call_number": "+33199005678",
            "hours": always,
            **fields,
        },
    )
    for volunteer in volunteers or []:
        CampaignVolunteer.objects.create(campaign=campaign, user=volunteer)
    return campaign


def make_case(
    campaign: Campaign, household: Household | None = None, *, now: datetime | None = None, **fields: Any
) -> Case:
    """A household of the campaign, ready for its first call."""
    household = household or make_household()
    now = now or timezone.now()
    state: dict[str, Any] = {"next_call_at": now - timedelta(days=1)}
    over: dict[str, Any] = {}
    if fields.get("status") == Case.Status.CLOSED:
        over = {"next_call_at": None, "closed_at": fields.get("closed_at") or now}
    elif fields.get("status") == Case.Status.ON_HOLD:
        state = {"next_call_at": None, "hold_reason": Case.Hold.COORDINATOR}
    return Case.objects.create(
        campaign=campaign,
        household=household,
        agency=household.agency,
        **{"enrolled_at": now - timedelta(days=2), **state, **fields, **over},
    )


def closed(now: datetime | None = None) -> dict[str, Any]:
    """What a closed case has, for an update."""
    return {"status": Case.Status.CLOSED, "closed_at": now or timezone.now(), "next_call_at": None}


def limit_to(coordinator: User, agency: Agency) -> None:
    """This coordinator follows one agency, and somebody else everything: what nobody follows would be everybody's.

    So would be what has no agency: those who are there get one.
    """
    CoordinatorScope.objects.get_or_create(user=coordinator)[0].agencies.add(agency)
    elsewhere = make_agency(agency.landlord, "Agence d'à côté")
    Household.objects.filter(agency=None).update(agency=elsewhere)
    Case.objects.filter(agency=None).update(agency=elsewhere)
    if not User.objects.filter(email="partout@exemple.fr").exists():
        make_user("partout@exemple.fr", "Zoé", "Partout", roles.COORDINATOR)


def record_call(*, case_id: int, by: Any, submission: Any, now: datetime, household: Any = None, **form: Any) -> Call:
    """``calls.record_call`` with its form said flat: outcome, answers, comment, callback_at, follow_up…"""
    return calls.record_call(
        case_id=case_id, by=by, submission=submission, now=now, household=household, entry=entry(**form)
    )


def entry(outcome: str, answers: Any = None, comment: str = "", consents: Any = None, **form: Any) -> calls.Entry:
    """The form of a call: what goes with the outcome is set apart, as the page does it."""
    details = {name: form.pop(name) for name in ("callback_at", "tenant_id", "language", "follow_up") if name in form}
    return calls.Entry(
        outcome=outcome,
        answers=answers or {},
        comment=comment,
        details=calls.Details(**details, consents=dict(consents or {})),
        **form,
    )
