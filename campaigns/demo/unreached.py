"""Households that nobody reaches: letters, a caretaker's round half answered, neighbours' messages, posters."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from campaigns import welfare
from campaigns.demo.hours import Ago
from campaigns.models import Campaign, Case, Letter, Poster, WelfareCheck
from campaigns.neighbours import reports
from campaigns.welfare import caretakers, letters, without_number
from solidarites.models import User
from tenants.models import Residence

Origin = WelfareCheck.Origin


def seed(campaign: Campaign, by: User, ago: Ago) -> None:
    """One residence whose caretaker knocks; the others send letters and messages."""
    fresh = (
        Case.objects.filter(
            campaign=campaign, status=Case.Status.OPEN, tier=Case.Tier.FIRST, claimed_by=None, language=""
        )
        .exclude(household__residence=None)
        .order_by("-rank", "pk")
    )
    _late(fresh, by, ago)
    residence = _round(fresh, by, ago)
    _messages(fresh.exclude(household__residence=residence), residence, by, ago)
    _without_number(campaign, by, ago)
    everywhere = Residence.objects.filter(households__cases__campaign=campaign).distinct()
    Poster.objects.bulk_create(
        [Poster(residence_id=one.pk, made_at=ago()) for one in everywhere], ignore_conflicts=True
    )


def _late(fresh: QuerySet[Case], by: User, ago: Ago) -> None:
    """The letter and the neighbour brought nothing, and the next step is overdue."""
    case = fresh.filter(has_number=True)[0]
    check = welfare.open_check(case=case, origin=Origin.EXHAUSTED, level="U2", now=ago(hours=102))
    welfare.take(check=check, owner=by, by=by)
    for kind, result, back in (
        ("letter", "Lettre déposée, sans réponse.", 99),
        ("neighbour", "La voisine n'a vu personne depuis trois jours.", 76),
    ):
        welfare.add_step(check=check, kind=kind, result=result, by=by, now=ago(hours=back))


def _round(fresh: QuerySet[Case], by: User, ago: Ago) -> Residence | None:
    """Three doors: one seen well, one absent, one not yet knocked at."""
    here = fresh.filter(has_number=True).order_by().values("household__residence").annotate(count=Count("pk"))
    largest = here.order_by("-count", "household__residence").first()
    if largest is None:
        return None
    residence = Residence.objects.get(pk=largest["household__residence"])
    checks = [
        welfare.open_check(case=case, origin=Origin.EXHAUSTED, level="U2", now=ago(hours=9))
        for case in fresh.filter(has_number=True, household__residence=residence).select_related("household")[:3]
    ]
    made = caretakers.start(residence=residence, checks=checks, by=by, now=ago(hours=8))
    answers = (caretakers.Answer.WELL, caretakers.Answer.ABSENT)
    for visit, answer in zip(caretakers.doors_of(made), answers, strict=False):
        caretakers.answer(made=made, visit_id=visit.pk, answer=answer, now=ago(hours=3))
    return residence


def _messages(fresh: QuerySet[Case], residence: Residence | None, by: User, ago: Ago) -> None:
    """One to be matched, from a typed address; one from a poster; one already a check."""
    typed, known = fresh.filter(has_number=True).select_related("household")[:2]
    reports.receive(
        worries=["not_seen", "mail"],
        place=f"{typed.household.street}, {typed.household.city}",
        who="La dame du deuxième",
        text="Ses volets n'ont pas bougé depuis mardi, et je ne l'entends plus.",
        reporter_name="Mme Roux",
        reporter_phone="+33536499001",
        now=ago(minutes=50),
    )
    reports.receive(
        worries=["alone", "weather"],
        residence=residence,
        who="Monsieur du rez-de-chaussée",
        text="Il dit qu'il n'allume plus le chauffage.",
        now=ago(hours=5),
    )
    matched = reports.receive(
        worries=["health"],
        place=f"{known.household.street}, {known.household.city}",
        text="Elle m'a paru très fatiguée, elle ne descend plus.",
        now=ago(hours=20),
    )
    reports.match(report=matched, case_id=known.pk, level="U1", by=by, now=ago(hours=19))


def _without_number(campaign: Campaign, by: User, ago: Ago) -> None:
    """Letters for some, the agency asked for others, one without a number anywhere, one who answered."""
    waiting = letters.to_write_to(without_number.waiting(Case.objects.filter(campaign=campaign)))
    cases = list(waiting)
    if len(cases) < 6:
        return
    letters.make(cases=cases[:4], kind=Letter.Kind.WITHOUT_NUMBER, by=by, now=ago(days=4))
    without_number.ask(cases=cases[3:6], by=by, now=ago(days=3))
    without_number.not_found(case_id=cases[5].pk, by=by, now=ago(days=1))
    without_number.give_news(case_id=cases[0].pk, how=Case.CloseReason.REPLIED, well=True, by=by, now=ago(days=1))
