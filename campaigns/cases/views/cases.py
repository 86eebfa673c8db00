"""Cases: the list with its filters, and one household's page with every act a coordinator may do."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import prefetch_related_objects
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from campaigns import calls, cases, queue
from campaigns.calls.views.answers import answers_in_words
from campaigns.calls.views.pending import pending_calls
from campaigns.cases.forms import CloseCaseForm, ClosePersonForm, HouseholdForm, LiftOppositionForm, NumberForm
from campaigns.cases.views.filters import CaseFilter
from campaigns.common import scope
from campaigns.common.views.pages import back, note_read, page_of, visible_case, with_people
from campaigns.models import Call, CallRevision, Campaign, Case, Need
from campaigns.queue import ranking
from campaigns.welfare import letters
from campaigns.welfare.forms import OpenCheckForm
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required
from tenants import households, numbers
from tenants.models import PhoneNumber, Tenant

# The filters in sight; the others are folded.
MAIN = ("q", "campagne", "etat", "agence", "commune")


@role_required(COORDINATOR)
@require_GET
def case_list(request: SignedInRequest) -> HttpResponse:
    now = timezone.now()
    visible = scope.visible_cases(request.user, Case.objects.exclude(campaign__status=Campaign.Status.PURGED))
    filters = CaseFilter(request.GET, visible, by=request.user, now=now)
    # An unreadable filter is said at its field, and left out.
    found = filters.qs if filters.is_valid() else visible
    if request.GET.get("etat") == "done":
        found = found.order_by("-closed_at", "-pk")
    else:
        found = found.order_by("tier", "rank", "next_call_at", "pk")
    rows = found.select_related("campaign", "household", "agency", "claimed_by", "next_call_for").prefetch_related(
        with_people()
    )
    page = page_of(request, rows)
    note_read(request, "cases.listed", [case.pk for case in page.object_list])
    context = {
        "page_obj": page,
        "filter": filters,
        "main_fields": [filters.form[name] for name in MAIN if name in filters.form.fields],
        "more_fields": [field for field in filters.form if field.name not in MAIN],
        "now": now,
        "several": filters.campaign is None,
        "filtered": any(value for name, value in request.GET.items() if name != "page"),
        "whole_address": request.get_full_path(),
    }
    return render(request, "cases/case_list.html", context)


# Several at once: what is done, how many of them it was done to, and what is said when it was none.
FIRST = (
    queue.put_first,
    ("1 dossier est mis en tête.", "{} dossiers sont mis en tête."),
    "Ces dossiers ne peuvent pas passer en tête\u00a0: rappels et suivis gardent leur heure.",
)
LAST = (
    ranking.put_last,
    ("1 dossier passe après les autres.", "{} dossiers passent après les autres."),
    "Ces dossiers ne peuvent pas descendre\u00a0: ils sont planifiés, clos ou en cours d'appel.",
)
RELEASED = (
    ranking.release_several,
    ("1 dossier est libéré. Ce qui était saisi est gardé.", "{} dossiers sont libérés. Ce qui était saisi est gardé."),
    "Personne ne tenait ces dossiers.",
)


def _several(request: SignedInRequest, act: tuple[Any, tuple[str, str], str]) -> HttpResponse:
    """Do it to the ticked cases that this coordinator sees, and to no other."""
    rule, (one, more), none = act
    wanted = [int(pk) for pk in request.POST.getlist("case") if pk.isascii() and pk.isdigit() and len(pk) < 19]
    ids = list(scope.visible_cases(request.user).filter(pk__in=wanted[:500]).values_list("pk", flat=True))
    if not ids:
        messages.error(request, "Cochez au moins un dossier.")
    elif changed := rule(case_ids=ids, by=request.user, now=timezone.now()):
        messages.success(request, one if changed == 1 else more.format(changed))
    else:
        messages.info(request, none)
    return back(request, "coordinator:case_list")


@role_required(COORDINATOR)
@require_POST
def cases_first(request: SignedInRequest) -> HttpResponse:
    """Put the ticked cases at the head of the queue."""
    return _several(request, FIRST)


@role_required(COORDINATOR)
@require_POST
def cases_last(request: SignedInRequest) -> HttpResponse:
    """Put the ticked cases behind the others of their rank."""
    return _several(request, LAST)


@role_required(COORDINATOR)
@require_POST
def cases_release(request: SignedInRequest) -> HttpResponse:
    """Take the ticked cases back from the volunteers who hold them."""
    return _several(request, RELEASED)


# One case -----------------------------------------------------------------------------------------------


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def case(request: SignedInRequest, case_id: int) -> HttpResponse:
    return _page(request, _whole(request, case_id))


def _whole(request: SignedInRequest, case_id: int) -> Case:
    return visible_case(
        request, case_id, "household__landlord", "household__residence", "agency", "claimed_by", "next_call_for"
    )


def _page(request: SignedInRequest, case: Case, **forms: Any) -> HttpResponse:
    note_read(request, "case.read", [case.pk], case.campaign_id)
    now = timezone.now()
    household = case.household
    prefetch_related_objects([case], with_people())
    people = list(household.tenants.all())
    day = case.campaign.starts_on or timezone.localdate(case.enrolled_at)
    history = _history(case)
    needs = list(case.needs.select_related("tenant").order_by("state", "level", "pk"))
    last_letter = letters.last_posted(case)
    checks = list(case.welfare_checks.select_related("owner").order_by("-opened_at"))
    context = {
        "case": case,
        "household": household,
        "people": [(person, person.age_on(day)) for person in people],
        "present": [person for person in people if person.status == Tenant.Status.PRESENT],
        "opposed": any(person.opposed_at for person in people),
        "opposable": [one for one in people if one.status == Tenant.Status.PRESENT and one.opposed_at is None],
        "phones": list(household.phones.all()),
        "now": now,
        "held": case.claimed_until is not None and case.claimed_until > now,
        "history": [one for one in history if one[0].state != Call.State.PENDING],
        "pending": pending_calls([case.pk]) if any(call.state == Call.State.PENDING for call, _, _ in history) else [],
        "messages_taken": case.messages.select_related("by")[:5],
        "plan": case.plans.running().select_related("volunteer").first(),
        "needs": needs,
        "open_needs": [need for need in needs if need.state == Need.State.OPEN],
        "referrals": case.referrals.select_related("partner").order_by("-created_at"),
        "checks": checks,
        "open_check": next((check for check in checks if check.closed_at is None), None),
        "alerts": case.alerts.select_related("taken_by").order_by("-raised_at")[:10],
        "passes": case.passes.select_related("user").order_by("-day")[:5],
        "other_cases": household.cases.exclude(pk=case.pk).select_related("campaign").order_by("-enrolled_at"),
        "may_first": case.status == Case.Status.OPEN and case.tier in (Case.Tier.RETRY, Case.Tier.FIRST),
        "may_last": ranking.may_go_last(case, now),
        "running": case.campaign.is_running,
        "was_called": any(
            call.state == Call.State.RECORDED and call.direction == Call.Direction.OUTGOING for call, *_ in history
        ),
        "last_letter": last_letter,
        "recent": last_letter if letters.is_recent(last_letter, letters.today_of(case.campaign, now)) else None,
        "check_form": OpenCheckForm(),
        "close_form": CloseCaseForm(),
        "lift_form": LiftOppositionForm(),
        "number_form": NumberForm(),
        "household_form": HouseholdForm(
            initial={"language": household.language, "fragile": household.fragile, "notes": household.notes}
        ),
        "person_form": ClosePersonForm(case=case),
        **forms,
    }
    return render(request, "cases/case_detail.html", context)


def _history(case: Case) -> list[tuple[Call, list[tuple[str, str, str]], CallRevision | None]]:
    """The calls, the newest first, with their answers in words and their last correction.

    A correction may ask for an outcome that only a coordinator may draw.
    """
    found = list(
        case.calls.exclude(state=Call.State.DRAFT)
        .select_related("volunteer", "phone", "script")
        .prefetch_related("revisions")
        .order_by("-started_at")[:50]
    )
    for call in found:
        call.case = case
    return [(call, answers_in_words(call), next(reversed(call.revisions.all()), None)) for call in found]


def _act(request: SignedInRequest, target: int, done: str, rule: Any, /, **kwargs: Any) -> HttpResponse:
    """Call one rule, say what was done or why not, and come back to the case."""
    try:
        rule(**kwargs)
    except (cases.CaseError, calls.CallError, queue.QueueError) as error:
        messages.error(request, error.message)
    else:
        messages.success(request, done)
    return redirect("coordinator:case", target)


@role_required(COORDINATOR)
@require_POST
def case_first(request: SignedInRequest, case_id: int) -> HttpResponse:
    visible_case(request, case_id)
    if queue.put_first(case_ids=[case_id], by=request.user, now=timezone.now()):
        messages.success(request, "Le dossier est en tête de la file.")
    else:
        messages.error(request, "Ce dossier ne peut pas passer en tête\u00a0: rappels et suivis gardent leur heure.")
    return redirect("coordinator:case", case_id)


@role_required(COORDINATOR)
@require_POST
def case_last(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Behind the others of its rank."""
    visible_case(request, case_id)
    if ranking.put_last(case_ids=[case_id], by=request.user, now=timezone.now()):
        messages.success(request, "Le dossier passe après les autres.")
    else:
        messages.error(request, "Ce dossier ne peut pas descendre\u00a0: il est planifié, clos ou en cours d'appel.")
    return redirect("coordinator:case", case_id)


@role_required(COORDINATOR)
@require_POST
def case_ask(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Ask for a call now; a closed case opens again."""
    visible_case(request, case_id)
    now = timezone.now()
    done = "Un appel est demandé\u00a0: il passe avant les autres."
    return _act(request, case_id, done, cases.schedule, case_id=case_id, kind=Case.Kind.ASKED, at=now, by=request.user)


@role_required(COORDINATOR)
@require_POST
def case_hold(request: SignedInRequest, case_id: int) -> HttpResponse:
    visible_case(request, case_id)
    done = "Le dossier est en attente\u00a0: personne n'appelle ce foyer."
    reason = Case.Hold.COORDINATOR
    return _act(request, case_id, done, cases.hold, case_id=case_id, reason=reason, by=request.user, now=timezone.now())


@role_required(COORDINATOR)
@require_POST
def case_resume(request: SignedInRequest, case_id: int) -> HttpResponse:
    """The decision about a held case: it is called again."""
    visible_case(request, case_id)
    done = "Le dossier retourne dans la file, avant les autres."
    return _act(request, case_id, done, cases.resume, case_id=case_id, by=request.user, now=timezone.now())


@role_required(COORDINATOR)
@require_POST
def case_close(request: SignedInRequest, case_id: int) -> HttpResponse:
    found = _whole(request, case_id)
    form = CloseCaseForm(request.POST)
    if not form.is_valid():
        return _page(request, found, close_form=form)
    reason = form.cleaned_data["reason"]
    return _act(
        request,
        case_id,
        "Le dossier est clos.",
        cases.close,
        case_id=case_id,
        reason=reason,
        by=request.user,
        now=timezone.now(),
    )


@role_required(COORDINATOR)
@require_POST
def case_release(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Take the case back from the volunteer who holds it."""
    visible_case(request, case_id)
    if queue.release(case_id=case_id, by=request.user, now=timezone.now()):
        messages.success(request, "Le dossier est libéré. Ce que la personne avait saisi est gardé.")
    else:
        messages.info(request, "Personne ne tenait ce dossier.")
    return redirect("coordinator:case", case_id)


@role_required(COORDINATOR)
@require_POST
def case_number(request: SignedInRequest, case_id: int) -> HttpResponse:
    """A number found by hand: the case joins the queue."""
    found = _whole(request, case_id)
    form = NumberForm(request.POST)
    if form.is_valid():
        try:
            numbers.add_number(household=found.household, **form.cleaned_data, by=request.user, now=timezone.now())
        except numbers.NumberError as error:
            form.add_error("number", str(error))
        else:
            messages.success(request, "Le numéro est ajouté. Le foyer peut être appelé.")
            return back(request, "coordinator:case", case_id)
    return _page(request, found, number_form=form)


@role_required(COORDINATOR)
@require_POST
def case_phone(request: SignedInRequest, case_id: int, phone_id: int) -> HttpResponse:
    """Mark a number wrong, or to be tried again."""
    found = visible_case(request, case_id)
    phone = get_object_or_404(PhoneNumber, pk=phone_id, household=found.household_id)
    now = timezone.now()
    if phone.usable:
        numbers.mark_wrong(phone=phone, now=now, by=request.user)
        messages.success(request, "Ce numéro ne sera plus composé.")
    else:
        try:
            numbers.add_number(household=found.household, number=phone.e164, now=now, by=request.user)
        except numbers.NumberError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Ce numéro sera essayé de nouveau.")
    return redirect("coordinator:case", case_id)


@role_required(COORDINATOR)
@require_POST
def case_household(request: SignedInRequest, case_id: int) -> HttpResponse:
    found = _whole(request, case_id)
    form = HouseholdForm(request.POST)
    if not form.is_valid():
        return _page(request, found, household_form=form)
    households.describe(household=found.household, **form.cleaned_data, by=request.user, now=timezone.now())
    messages.success(request, "C'est noté.")
    return redirect("coordinator:case", case_id)


@role_required(COORDINATOR)
@require_POST
def case_person(request: SignedInRequest, case_id: int) -> HttpResponse:
    """Somebody of the household died, moved or entered a care home."""
    found = _whole(request, case_id)
    form = ClosePersonForm(request.POST, case=found)
    if not form.is_valid():
        return _page(request, found, person_form=form)
    households.close_person(**form.cleaned_data, by=request.user, now=timezone.now())
    messages.success(request, "C'est noté. Cette personne ne sera plus appelée.")
    return redirect("coordinator:case", case_id)


@role_required(COORDINATOR)
@require_POST
def case_person_back(request: SignedInRequest, case_id: int, tenant_id: int) -> HttpResponse:
    """Somebody noted as dead or gone by mistake: present again; whether to call is decided apart."""
    found = visible_case(request, case_id)
    tenant = get_object_or_404(Tenant, pk=tenant_id, household=found.household_id)
    if households.reopen_person(tenant=tenant, by=request.user, now=timezone.now()):
        messages.success(request, "C'est noté : cette personne habite bien ici. Demandez un appel s'il le faut.")
    else:
        messages.info(request, "Cette personne était déjà notée comme présente.")
    return redirect("coordinator:case", case_id)


@role_required(COORDINATOR)
@require_POST
def case_oppose(request: SignedInRequest, case_id: int) -> HttpResponse:
    """« Ne plus jamais appeler », said by letter or to the agency."""
    found = visible_case(request, case_id)
    if request.POST.get("sure") != "yes":
        messages.error(request, "Cochez la case pour confirmer que cela nous a été demandé.")
        return redirect("coordinator:case", case_id)
    asked = request.POST.get("opposed_id", "")
    only = [one.pk for one in found.household.tenants.all() if str(one.pk) == asked]
    if asked and not only:
        messages.error(request, "Choisissez pour qui ne plus appeler.")
    else:
        households.record_opposition(household=found.household, tenant_ids=only, by=request.user, now=timezone.now())
        if found.household.opposed_at:
            text = "L'opposition est enregistrée\u00a0: plus aucun appel, dans aucune campagne."
        else:
            text = "L'opposition est enregistrée. Faut-il encore appeler ce foyer\u00a0? La question est dans "
            text += "«\u00a0À confirmer\u00a0»."
        messages.success(request, text)
    return redirect("coordinator:case", case_id)


@role_required(COORDINATOR)
@require_POST
def case_unoppose(request: SignedInRequest, case_id: int) -> HttpResponse:
    """« Ne plus jamais appeler » said by mistake, or taken back by the household: lifted, with its reason."""
    found = _whole(request, case_id)
    form = LiftOppositionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, lift_form=form)
    reason = form.cleaned_data["reason"]
    if households.lift_opposition(household=found.household, reason=reason, by=request.user, now=timezone.now()):
        messages.success(request, "L'opposition est levée. Rien ne repart seul\u00a0: demandez un appel s'il le faut.")
    else:
        messages.info(request, "Ce foyer ne s'oppose pas aux appels.")
    return redirect("coordinator:case", case_id)
