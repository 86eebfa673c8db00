"""What a coordinator sees: the agencies given to them, everything when none is given, and what nobody follows.

A household without an agency, or of an agency that no coordinator follows, is the affair of the whole coordination.
An active account with the role follows, from its first sign-in; one that is only invited, deactivated, or lost the role
does not. Lists, figures, pages, searches, exports, e-mails and the Django admin all ask this module.
"""

from __future__ import annotations

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import Exists, Q, QuerySet

from campaigns.models import Case
from solidarites.models import User
from solidarites.roles import ADMINISTRATOR, COORDINATOR
from tenants.models import Agency

# Not an empty Q, which an « or » would leave out; the database reads neither.
_NOTHING = Q(pk__in=[])
_EVERYTHING = ~_NOTHING


def in_sight(user: User, agency: str = "agency") -> Q:
    """What this coordinator or administrator sees, by the agency at the end of that path; one query is made."""
    if user.has_role(ADMINISTRATOR) and not user.has_role(COORDINATOR):
        return _EVERYTHING
    follows = _follows()
    if user.pk not in follows:
        return _NOTHING
    mine = follows.pop(user.pk)
    if None in mine:
        return _EVERYTHING
    others = {agency_id for agencies in follows.values() for agency_id in agencies}
    of_nobody = Q(**{f"{agency}__isnull": True})
    if None in others:  # somebody follows every agency
        return Q(**{f"{agency}__in": mine}) | of_nobody
    theirs = Agency.objects.exclude(pk__in=[pk for pk in others - mine if pk is not None])
    return Q(**{f"{agency}__in": theirs}) | of_nobody


def visible_cases(user: User, cases: QuerySet[Case] | None = None) -> QuerySet[Case]:
    """The cases this coordinator or administrator may see."""
    return (Case.objects.all() if cases is None else cases).filter(in_sight(user))


def coordinators() -> QuerySet[User]:
    """Those who can work: invited and not come yet, one answers for nothing."""
    joined = ~(Q(password="") | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX))
    return User.objects.filter(joined, is_active=True, groups__name=COORDINATOR).distinct()


def coordinators_of(case: Case) -> QuerySet[User]:
    """The coordinators who see ``case``: those who follow its agency, all of them when nobody does or it has none."""
    if case.agency_id is None:
        return coordinators()
    followers = _followers(case)
    return coordinators().filter(Q(pk__in=followers.order_by().values("pk")) | ~Exists(followers))


def is_followed(case: Case) -> bool:
    """Whether somebody of the coordination follows the agency of ``case``, or everything."""
    return _followers(case).exists()


def administrators() -> QuerySet[User]:
    return User.objects.filter(is_active=True, groups__name=ADMINISTRATOR).distinct()


def _followers(case: Case) -> QuerySet[User]:
    everything = Q(coordinator_scope__agencies=None)
    return coordinators().filter(everything | Q(coordinator_scope__agencies=case.agency_id))


def _follows() -> dict[int, set[int | None]]:
    """The agencies of each active coordinator; None among them: everything."""
    found: dict[int, set[int | None]] = {}
    for person, agency_id in coordinators().order_by().values_list("pk", "coordinator_scope__agencies"):
        found.setdefault(person, set()).add(agency_id)
    return found
