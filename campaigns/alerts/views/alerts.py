"""Alerts: what a coordinator must see now. The list and the banner refresh themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import alerts, outcomes
from campaigns.alerts import dangers, machine
from campaigns.alerts.forms import SolveAlertForm
from campaigns.common import retries, scope
from campaigns.common.calendar import calendar_of
from campaigns.common.views.pages import campaign_filter, narrowed, note_read, page_of, posted, with_people
from campaigns.models import Alert, Campaign, Case
from campaigns.models.levels import Level
from solidarites import health, mail
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required

STATES = {"": "À résoudre", "mine": "Que je traite", "solved": "Résolues"}
# What a page says of an alert: its household, who called and answered, who deals with it.
ON_SCREEN = (
    *("case__household", "case__campaign", "case__agency", "case__next_call_for", "call", "tenant"),
    *("raised_by", "taken_by", "solved_by"),
)


def _alerts(request: SignedInRequest, state: str) -> QuerySet[Alert]:
    found = alerts.visible(request.user)
    chosen = campaign_filter(request)["campaign"]
    if chosen is not None or request.GET.get("agence") or request.GET.get("commune"):
        cases = narrowed(request, scope.visible_cases(request.user)).order_by().values("pk")
        here = Q(case__in=cases) | Q(case=None, campaign=None)
        found = found.filter(here | Q(case=None, campaign=chosen) if chosen is not None else here)
    if state == "solved":
        found = found.filter(solved_at__isnull=False).order_by("-solved_at")
    else:
        found = found.filter(solved_at=None).order_by("level", "raised_at")
        if state == "mine":
            found = found.filter(taken_by=request.user)
    return found.select_related(*ON_SCREEN).prefetch_related(with_people("case__household"))


@role_required(COORDINATOR)
@require_GET
def alert_list(request: SignedInRequest) -> HttpResponse:
    """The whole page; its table alone when it refreshes itself."""
    state = request.GET.get("etat", "")
    state = state if state in STATES else ""
    page = page_of(request, _alerts(request, state))
    note_read(request, "alerts.read", [alert.case_id for alert in page.object_list if alert.case_id])
    now = timezone.now()
    listed = list(page.object_list)
    heard = dangers.heard(listed)
    context = {
        "page_obj": page,
        "state": state,
        "states": STATES,
        "now": now,
        "rows": [(alert, safety_call(alert, now), heard.get(alert.pk)) for alert in listed],
        "query": request.GET.urlencode(),
        **campaign_filter(request),
    }
    fragment = request.htmx and not request.htmx.boosted
    return render(request, "alerts/_alert_rows.html" if fragment else "alerts/alert_list.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def alert_banner(request: SignedInRequest) -> HttpResponse:
    """How many wait and whether the automatic tasks still run, for the top of every page."""
    context: dict[str, object] = {"alerts_waiting": 0, "alerts_vital": 0}
    if request.user.has_role(COORDINATOR):
        context |= banner_of(request.user)
    now = timezone.now()
    stopped, since = health.stopped_since(now)
    # The hour alone when it was today.
    same_day = since is not None and timezone.localdate(since) == timezone.localdate(now)
    context |= {"machine_stopped": stopped, "machine_since": since, "machine_today": same_day}
    return render(request, "_partials/alert_banner.html", context)


def banner_of(by: User) -> dict[str, int]:
    """Unsolved alerts that nobody took, and how many of them are vital."""
    waiting = alerts.visible(by).filter(solved_at=None, taken_by=None)
    levels = list(waiting.order_by().values_list("level", flat=True))
    return {"alerts_waiting": len(levels), "alerts_vital": levels.count(Level.U0)}


def _alert(request: SignedInRequest, alert_id: int) -> Alert:
    found = alerts.visible(request.user).select_related(
        *ON_SCREEN, "plan__case__campaign", "visit", "mail", "debrief__call"
    )
    return get_object_or_404(found, pk=alert_id)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def alert_detail(request: SignedInRequest, alert_id: int) -> HttpResponse:
    """One alert; POST solves it with what was done."""
    alert = _alert(request, alert_id)
    form = SolveAlertForm(posted(request))
    if request.method == "POST" and form.is_valid():
        try:
            alerts.solve(alert=alert, solution=form.cleaned_data["solution"], by=request.user, now=timezone.now())
        except alerts.AlertError as error:
            # Somebody else was faster: the page shows what they did.
            messages.error(request, str(error))
            return redirect("coordinator:alert_detail", alert_id)
        messages.success(request, "L'alerte est résolue.")
        listed = request.user.has_role(COORDINATOR)
        return redirect("coordinator:alert_list") if listed else redirect("coordinator:alert_detail", alert_id)
    if alert.case_id:
        note_read(request, "alert.read", [alert.case_id], alert.campaign_id)
    context = {
        "alert": alert,
        "form": form,
        "now": timezone.now(),
        # Of a sector that nobody follows: why it came to everybody.
        "followed": alert.case is None or scope.is_followed(alert.case),
        "safety": safety_call(alert, timezone.now()),
        "heard": dangers.heard([alert]).get(alert.pk),
        "cause": _cause(alert, request.user),
        "trouble": _trouble(alert),
    }
    return render(request, "alerts/alert_detail.html", context)


@dataclass(frozen=True)
class SafetyCall:
    """The call back that a vital alert asks for: when, by whom, and why it might not be made."""

    at: datetime | None
    by: User | None
    trouble: str = ""


def safety_call(alert: Alert, now: datetime) -> SafetyCall | None:
    case = alert.case
    if alert.solved_at or alert.level != Level.U0 or case is None or alert.kind not in Alert.IN_A_CALL:
        return None
    if not case.is_safety_call or not case.next_call_at:
        why = _why_nobody_calls(case)
        return SafetyCall(None, None, why) if why else None
    at, local = case.next_call_at, calendar_of(case.campaign, case.region).local
    held = case.claimed_by_id is not None and case.claimed_until is not None and case.claimed_until > now
    trouble = ""
    if not case.has_number:
        trouble = "Aucun numéro valable\u00a0: personne ne peut rappeler. Joignez ce foyer autrement."
    elif case.campaign.status != Campaign.Status.OPEN:
        trouble = "La campagne est en pause\u00a0: ce rappel n'est proposé à personne d'autre. Rappelez vous-même."
    elif not held and at + retries.CALLBACK_GRACE < now:
        trouble = "Il n'est pas encore fait. Rappelez vous-même, ou demandez-le à quelqu'un."
    elif not held and local(at).time() >= outcomes.SAFETY_UNTIL:
        trouble = "Il est prévu après 20\u00a0h\u00a0: il ne sera peut-être pas fait ce soir. Rappelez vous-même."
    return SafetyCall(at, case.next_call_for, trouble)


def _why_nobody_calls(case: Case) -> str:
    """Of a danger that nobody has settled, when nothing is planned any more; blank when another call is."""
    if case.household.opposed_at:
        return "Ce foyer a demandé de ne plus être appelé\u00a0: aucun rappel. Décidez de la suite."
    if not case.campaign.is_running:
        return "La campagne est terminée\u00a0: personne ne rappelle. Appelez vous-même."
    if case.status == Case.Status.ON_HOLD:
        return f"Aucun rappel n'est prévu\u00a0: {case.get_hold_reason_display()}. Décidez de la suite."
    if case.status == Case.Status.CLOSED:
        return "Le dossier est clos\u00a0: aucun rappel n'est prévu. Décidez de la suite."
    return ""


def _cause(alert: Alert, by: User) -> tuple[str, str] | None:
    """(words, address) of what raised it, when it has a page that this person may open."""
    if alert.welfare_check_id:
        return "Ouvrir la veille", reverse("coordinator:welfare_check", args=[alert.welfare_check_id])
    if alert.visit is not None:
        return "Ouvrir la veille", reverse("coordinator:welfare_check", args=[alert.visit.check_row_id])
    if alert.referral_id:
        return "Ouvrir le signalement", reverse("coordinator:referral", args=[alert.referral_id])
    if not by.has_role(COORDINATOR):
        return None
    if alert.report_id:
        return "Lire le message du voisin", reverse("coordinator:neighbour_report", args=[alert.report_id])
    if alert.debrief is not None and alert.debrief.call.volunteer_id != by.pk:
        return "Voir qui, et noter le contact", reverse("coordinator:debrief", args=[alert.debrief_id])
    if alert.kind == Alert.Kind.PURGE_WAITING:
        return "Trancher les appels", reverse("coordinator:pending_list")
    if alert.plan is not None:
        campaign = alert.plan.case.campaign
        if campaign.status == Campaign.Status.DRAFT:
            return "Voir la campagne", reverse("coordinator:campaign_detail", args=[campaign.slug])
        return "Ouvrir le suivi", reverse("coordinator:follow_up", args=[alert.plan_id])
    return None


def _trouble(alert: Alert) -> tuple[str, str] | None:
    """(what, what to do) of a failure of the machine itself, or of a plan that no campaign calls."""
    if alert.kind == Alert.Kind.STRANDED_FOLLOW_UP and alert.case is not None and alert.solved_at is None:
        return _stranded(alert.case.campaign)
    if alert.kind == Alert.Kind.UNHEARD:
        return (
            "Un appel à ce foyer a touché une personne de l'équipe, qui attend d'en parler depuis plus d'un jour.",
            "Il s'agit d'elle, et non du foyer. L'alerte se résout quand sa demande d'échange est close.",
        )
    if alert.kind == Alert.Kind.TASK_FAILED:
        return (
            f"Tâche automatique : {machine.label_of(alert.task)}.",
            "Prévenez la personne qui administre l'installation : le journal du worker dit la cause. "
            "L'alerte se résout d'elle-même dès que la tâche fonctionne de nouveau.",
        )
    # That of a referral says it on the referral's page.
    if alert.kind != Alert.Kind.MAIL_FAILED or alert.mail is None or alert.referral_id:
        return None
    about = mail.KINDS.get(alert.mail.template, "un message automatique")
    return (
        f"L'e-mail qui annonçait {about} n'est pas arrivé à {alert.mail.to}.",
        "Vérifiez l'adresse de cette personne, et prévenez-la autrement.",
    )


def _stranded(campaign: Campaign) -> tuple[str, str]:
    where = f"Le suivi de ce foyer est dans «\u00a0{campaign.name}\u00a0», {campaign.get_status_display()}"
    what = f"{where}\u00a0: personne ne l'appelle."
    if campaign.status == Campaign.Status.DRAFT:
        return what, (
            "Faites appeler ce foyer aujourd'hui. Puis ouvrez cette campagne, ou abandonnez-la\u00a0: le suivi reprend "
            "alors dans la campagne d'avant."
        )
    return (
        what,
        "Faites appeler ce foyer aujourd'hui, puis terminez ce suivi ou commencez-en un dans une autre campagne.",
    )


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def alert_take(request: SignedInRequest, alert_id: int) -> HttpResponse:
    alert = _alert(request, alert_id)
    try:
        alerts.take(alert=alert, by=request.user, now=timezone.now())
    except alerts.AlertError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Vous vous en occupez. Dites ici ce qui a été fait quand c'est réglé.")
    return redirect("coordinator:alert_detail", alert_id)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def alert_reopen(request: SignedInRequest, alert_id: int) -> HttpResponse:
    alert = _alert(request, alert_id)
    try:
        alerts.reopen(alert=alert, by=request.user, now=timezone.now())
    except alerts.AlertError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "L'alerte est rouverte.")
    return redirect("coordinator:alert_detail", alert_id)
