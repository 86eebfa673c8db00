"""Which cases a coordinator sees: those of the agencies given to them, all when none is given."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from campaigns.models import Case, CoordinatorScope
from solidarites.models import User
from solidarites.roles import ADMINISTRATOR, COORDINATOR


def agency_ids(user: User) -> list[int] | None:
    """The agencies of a coordinator's scope; None when it is everything."""
    if user.has_role(ADMINISTRATOR) and not user.has_role(COORDINATOR):
        return None
    return (
        list(
            CoordinatorScope.agencies.through.objects.filter(coordinatorscope__user=user).values_list(
                "agency_id", flat=True
            )
        )
        or None
    )


def visible_cases(user: User, cases: QuerySet[Case] | None = None) -> QuerySet[Case]:
    """The cases this coordinator or administrator may see."""
    cases = Case.objects.all() if cases is None else cases
    ids = agency_ids(user)
    return cases if ids is None else cases.filter(agency_id__in=ids)


def coordinators_of(case: Case | None) -> QuerySet[User]:
    """The active coordinators who see ``case`` (all of them without a case)."""
    people = User.objects.filter(is_active=True, groups__name=COORDINATOR)
    if case is not None:
        limited = CoordinatorScope.objects.filter(agencies__isnull=False).exclude(agencies=case.agency_id)
        people = people.exclude(coordinator_scope__in=limited)
    return people.distinct()


def administrators() -> QuerySet[User]:
    return User.objects.filter(is_active=True, groups__name=ADMINISTRATOR).distinct()


def unfollowed_cases() -> QuerySet[Case]:
    """The cases of sectors that no coordinator follows: none as soon as one coordinator follows everything."""
    people = coordinators_of(None)
    if people.filter(Q(coordinator_scope=None) | Q(coordinator_scope__agencies=None)).exists():
        return Case.objects.none()
    followed = CoordinatorScope.agencies.through.objects.filter(coordinatorscope__user__in=people.order_by())
    return Case.objects.exclude(agency__in=followed.values("agency"))
