"""« À confirmer » : what waits for a coordinator before somebody is called, and households that part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import followups
from campaigns.common import confirming
from campaigns.common.views.pages import page_of
from campaigns.models import Case, FollowUpPlan, Parting
from solidarites import journal
from solidarites.requests import SignedInRequest
from solidarites.roles import COORDINATOR, role_required
from tenants import households
from tenants.models import Confirmation, Tenant

PER_PAGE = 20
_KIND = Confirmation.Kind
# What is asked, what « yes » and « no » do.
WORDS: dict[str, tuple[str, str, str]] = {
    _KIND.DEAD_THEN_PRESENT: (
        "La fiche dit décédé, la dernière liste dit présent. Vérifiez auprès de l'agence.",
        "Cette personne vit bien là",
        "La fiche a raison",
    ),
    _KIND.RETURNED: (
        "Un appel a appris ce départ, la dernière liste dit présent. Vérifiez auprès de l'agence.",
        "Cette personne vit bien là",
        "La fiche a raison",
    ),
    _KIND.DO_NOT_CALL: (
        "La liste demande de ne pas l'appeler. Personne n'appelle avant votre décision.",
        "Ne plus jamais l'appeler",
        "L'appeler",
    ),
    _KIND.OPPOSITION_NUMBER: (
        "Son numéro est aussi celui d'une personne qui ne veut plus être appelée. Il n'est pas composé.",
        "Ne pas composer ce numéro",
        "Composer ce numéro",
    ),
    _KIND.OPPOSITION_BIRTH: (
        "Mêmes noms qu'une personne qui ne veut plus être appelée, mais le jour de naissance n'est pas connu.",
        "C'est elle : ne plus l'appeler",
        "C'est quelqu'un d'autre",
    ),
    _KIND.OPPOSED_MEMBER: (
        "Une personne de ce foyer ne veut plus être appelée, les autres n'ont rien demandé.",
        "N'appeler personne ici",
        "Appeler les autres",
    ),
    _KIND.BIRTH_OWNER: (
        "La date de naissance est celle de l'une ou de l'autre personne du foyer.",
        "C'est vérifié",
        "Laisser ainsi",
    ),
    _KIND.AGE_IN_DOUBT: ("Son âge est douteux.", "C'est vérifié", "Laisser ainsi"),
}


@dataclass(frozen=True)
class Line:
    """A thing to confirm, with its words and its deadline."""

    row: Confirmation
    people: list[Tenant]
    until: date
    late: bool
    case: Case | None

    @property
    def text(self) -> str:
        return WORDS[self.row.kind][0]

    @property
    def yes(self) -> str:
        return WORDS[self.row.kind][1]

    @property
    def no(self) -> str:
        return WORDS[self.row.kind][2]


@role_required(COORDINATOR)
@require_GET
def confirm_list(request: SignedInRequest) -> HttpResponse:
    """The oldest first; a parting, which has its own page, above."""
    waiting = confirming.confirmations_of(request.user).select_related("household__landlord", "tenant")
    page = page_of(request, waiting.order_by("created_at", "pk"), PER_PAGE)
    lines = _lines(list(page.object_list))
    partings = [(row, _people(row.stays_id), _people(row.leaves_id)) for row in confirming.partings_of(request.user)]
    homes = {line.row.household_id for line in lines} | {row.stays_id for row, _, _ in partings}
    if homes:
        journal.record("confirmations.read", by=request.user, households=sorted(homes))
    context = {"page_obj": page, "lines": lines, "partings": partings}
    return render(request, "cases/confirm_list.html", context)


def _lines(rows: list[Confirmation]) -> list[Line]:
    homes = [row.household_id for row in rows]
    people: dict[int, list[Tenant]] = {}
    for tenant in Tenant.objects.filter(household__in=homes):
        people.setdefault(tenant.household_id, []).append(tenant)
    cases = {case.household_id: case for case in Case.objects.alive().filter(household__in=homes)}
    today = timezone.localdate()
    found = []
    for row in rows:
        until = confirming.deadline(row.created_at)
        who = [row.tenant] if row.tenant is not None else people.get(row.household_id, [])
        found.append(Line(row, who, until, until < today, cases.get(row.household_id)))
    return found


@role_required(COORDINATOR)
@require_POST
def confirm_decide(request: SignedInRequest, confirmation_id: int) -> HttpResponse:
    row = get_object_or_404(confirming.confirmations_of(request.user, decided=True), pk=confirmation_id)
    choice = request.POST.get("choice", "")
    if choice not in ("yes", "no"):
        messages.error(request, "Choisissez l'une des deux réponses.")
    elif households.settle_confirmation(confirmation=row, agreed=choice == "yes", by=request.user, now=timezone.now()):
        messages.success(request, "C'est noté. La prochaine liste ne posera plus la question.")
    else:
        messages.info(request, "Quelqu'un a déjà décidé.")
    return redirect("coordinator:confirm_list")


def _people(household_id: int) -> QuerySet[Tenant]:
    return Tenant.objects.filter(household=household_id, status=Tenant.Status.PRESENT)


@role_required(COORDINATOR)
@require_http_methods(["GET", "POST"])
def parting(request: SignedInRequest, parting_id: int) -> HttpResponse:
    """Both addresses, the people, the plan; with whom it goes on is chosen here."""
    row = get_object_or_404(confirming.partings_of(request.user, decided=True), pk=parting_id)
    error = ""
    if request.method == "POST":
        try:
            followups.decide_with_whom(
                parting_id=row.pk, choice=request.POST.get("choice", ""), by=request.user, now=timezone.now()
            )
        except followups.FollowUpError as refused:
            error = refused.message
        else:
            messages.success(request, "C'est noté. L'autre foyer sera appelé comme tous ceux de la campagne.")
            return redirect("coordinator:confirm_list")
    journal.record("parting.read", row, by=request.user, household_id=row.stays_id)
    plans = FollowUpPlan.objects.running().filter(household=row.stays_id).select_related("volunteer")
    context = {
        "row": row,
        "sides": [
            ("À l'adresse d'avant", row.stays, _people(row.stays_id)),
            ("À la nouvelle adresse", row.leaves, _people(row.leaves_id)),
        ],
        "plans": plans,
        "case": Case.objects.alive().filter(household=row.stays_id).first(),
        "error": error,
        "until": confirming.deadline(row.created_at),
        "choices": Parting.Choice.choices,
    }
    return render(request, "cases/parting.html", context, status=422 if error else 200)
