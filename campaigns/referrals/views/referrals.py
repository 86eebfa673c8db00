"""One referral on the coordinator's desk: the acts that its state allows. The list and the board: referral_desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import referrals
from campaigns.common import scope
from campaigns.common.needs import REGISTER
from campaigns.models import Case, Need, Referral
from campaigns.models.levels import Level
from campaigns.referrals import ReferralError, call_back, closing, deadlines, partners, sending, sheet
from campaigns.referrals.forms import referrals as act_forms
from campaigns.referrals.forms.referrals import DraftForm, NewReferralForm
from campaigns.referrals.states import WITH_PARTNER, can_move, record
from campaigns.referrals.views import looks
from solidarites import roles
from solidarites.forms import say_refusal
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import role_required
from tenants import communes

State = Referral.State
REGISTER_FACTS = (
    "Souhaite être inscrit(e) au registre communal, pour être appelé(e) en cas de forte chaleur ou de grand froid."
)


# The detail -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """A button of the detail page: its form, its rule, and what is said afterwards."""

    label: str
    icon: str
    form: type[act_forms.ActForm]
    run: Callable[..., Any]
    done: str
    # The question asked above the form, when the act deserves one.
    why: str = ""


ACTS: dict[str, Act] = {
    "approuver": Act(
        "Approuver et envoyer au partenaire", "send", act_forms.ActForm, referrals.approve, "Approuvé : l'e-mail part."
    ),
    "reprendre": Act(
        "Reprendre pour corriger",
        "arrow-counterclockwise",
        act_forms.ActForm,
        referrals.back_to_draft,
        "Le signalement est de nouveau à relire, rien n'est parti.",
    ),
    "appel": Act(
        "Noter un appel au partenaire",
        "telephone-outbound",
        act_forms.PhoneForm,
        referrals.record_phone_call,
        "L'appel est noté.",
    ),
    "relancer": Act(
        "Relancer le partenaire", "bell", act_forms.ActForm, referrals.remind, "La relance part par e-mail."
    ),
    "non-remis": Act(
        "L'e-mail m'est revenu",
        "exclamation-triangle",
        act_forms.ActForm,
        referrals.mail_came_back,
        "C'est noté. Vérifiez l'adresse du partenaire, puis relancez-le.",
    ),
    "accuse": Act(
        "Accusé de réception reçu par téléphone",
        "envelope-open",
        act_forms.ActForm,
        referrals.acknowledge,
        "L'accusé de réception est noté.",
    ),
    "prise-en-charge": Act(
        "Pris en charge, dit par téléphone",
        "person-check",
        act_forms.ActForm,
        referrals.take_charge,
        "La prise en charge est notée.",
    ),
    "reponse": Act(
        "Noter la réponse du partenaire",
        "chat-left-text",
        act_forms.AnswerForm,
        referrals.answer,
        "La réponse est notée. Le locataire sera rappelé.",
    ),
    "decline": Act(
        "Le partenaire décline",
        "x-circle",
        act_forms.DeclineForm,
        referrals.decline,
        "C'est noté. Choisissez un autre partenaire.",
    ),
    "reorienter": Act(
        "Choisir un autre partenaire",
        "arrow-repeat",
        act_forms.RerouteForm,
        referrals.reroute,
        "Réorienté : relisez et approuvez l'envoi.",
    ),
    "autre": Act(
        "Sans réponse : demander à un autre",
        "arrow-repeat",
        act_forms.AnotherForm,
        referrals.ask_another,
        "Le premier partenaire est prévenu par la référence seule, son lien est fermé. Relisez et approuvez l'envoi.",
    ),
    "rappel": Act(
        "Demander le rappel du locataire",
        "telephone-forward",
        act_forms.ActForm,
        referrals.ask_call_back,
        "Le rappel est en tête de la file d'appels.",
    ),
    "rappele": Act(
        "J'ai rappelé le locataire",
        "telephone",
        act_forms.CalledBackForm,
        referrals.note_call_back,
        "Le rappel est noté.",
    ),
    "poursuivre": Act(
        "L'aide n'est pas venue : relancer",
        "arrow-clockwise",
        act_forms.ResumeForm,
        referrals.resume,
        "Le partenaire est relancé.",
    ),
    "clore": Act("Clore", "check-circle", act_forms.CloseForm, referrals.close, "Le signalement est clos."),
    "commenter": Act(
        "Ajouter un commentaire",
        "chat-left-text",
        act_forms.CommentForm,
        referrals.comment,
        "Le commentaire est ajouté.",
    ),
    "retirer": Act(
        "Retirer le signalement",
        "slash-circle",
        act_forms.WithdrawForm,
        referrals.withdraw,
        "Le signalement est retiré et son lien fermé.",
        why="Le lien du partenaire se ferme tout de suite, et il est prévenu par la référence seule.",
    ),
}
MOVES = {
    "approuver": State.APPROVED,
    "accuse": State.ACKNOWLEDGED,
    "reponse": State.ANSWERED,
    "decline": State.DECLINED,
    "retirer": State.WITHDRAWN,
    "clore": State.CLOSED,
}
# The acts of each state beyond the moves of the table, and which one comes first.
MAIN = {
    State.DRAFT: "approuver",
    State.ANSWERED: "clore",
    State.DECLINED: "reorienter",
    State.SENT: "relancer",
    State.ACKNOWLEDGED: "relancer",
    State.IN_PROGRESS: "relancer",
}


def allowed_acts(referral: Referral, now: datetime) -> list[str]:
    """The acts of the page, in its order: what the rules would accept in this state."""
    state = referral.state
    after = state in (State.ANSWERED, State.DECLINED)
    extra = {
        "reprendre": state == State.APPROVED,
        "appel": state in referrals.OPEN_STATES and not after,
        "relancer": state in WITH_PARTNER,
        "non-remis": state == State.SENT and referral.mail is not None and referral.mail.state == "sent",
        "prise-en-charge": state in (State.SENT, State.ACKNOWLEDGED),
        "reorienter": state == State.DECLINED,
        "autre": closing.is_late(referral, now),
        "poursuivre": state == State.ANSWERED,
        "rappel": after,
        "rappele": after,
        "commenter": True,
    }
    return [act for act in ACTS if extra.get(act) or (act in MOVES and can_move(referral, MOVES[act]))]


def _get(user: User, referral_id: int) -> Referral:
    rows = referrals.visible(user).select_related(
        "case__household__landlord", "case__campaign", "tenant", "partner", "mail", "agreement_by", "first_approval_by"
    )
    return get_object_or_404(rows, pk=referral_id)


@require_GET
@role_required(roles.COORDINATOR, roles.ADMINISTRATOR)
def referral(request: SignedInRequest, referral_id: int) -> HttpResponse:
    one = _get(request.user, referral_id)
    record("referral.read", one, by=request.user)
    return _detail(request, one)


def _detail(
    request: SignedInRequest, one: Referral, *, failed: str = "", form: forms.Form | None = None
) -> HttpResponse:
    now = timezone.now()
    household = one.case.household
    missing = sending.missing_for_approval(one) if one.state == State.DRAFT else []
    acts = []
    main = MAIN.get(State(one.state), "")
    for name in allowed_acts(one, now):
        act = ACTS[name]
        mine = form if name == failed and form is not None else act.form(referral=one, act=name)
        acts.append({"name": name, "act": act, "form": mine, "failed": name == failed, "main": name == main})
    late = closing.is_late(one, now)
    seeking = one.state in (State.DRAFT, State.DECLINED) or late
    proposals = (
        partners.fits(
            categories=[need.category for need in one.needs.all()],
            **partners.place_of(household),
        )
        if seeking
        else []
    )
    acts.sort(key=lambda act: not act["main"])
    commune = communes.get(household.insee_code)
    return render(
        request,
        "referrals/referral_detail.html",
        {
            "late": late,
            "referral": one,
            "sheet": sheet.sheet_of(one, now),
            "state": looks.state_look(one),
            "level": looks.level_look(one),
            "delay": looks.delay_look(one, now),
            "awaited": looks.AWAITED.get(State(one.state), ""),
            "timeline": looks.timeline(one),
            "acts": acts,
            "main_act": next((act for act in acts if act["main"]), None),
            "missing": missing,
            "second_needed": one.state == State.DRAFT and sending.needs_second_approval(one),
            "urgent": deadlines.is_urgent(one.level),
            "spoken": _spoken(one, request.user, commune.name if commune else household.city),
            "called_back": call_back.last_call_back(one)
            if one.state in call_back.AFTER_PARTNER
            else one.called_back_at,
            "proposals": [fit for fit in proposals if fit.partner.pk != one.partner_id][:3],
            "partner_fit": next((fit for fit in proposals if fit.partner.pk == one.partner_id), None),
            "commune": commune,
            "partner_phone": sending.spoken_number(one.partner.phone) if one.partner else "",
            "partner_old": one.state in referrals.OPEN_STATES
            and one.partner is not None
            and partners.is_old(one.partner, timezone.localdate(now)),
            "others": list(
                referrals.visible(request.user).filter(case=one.case).exclude(pk=one.pk).select_related("partner")[:10]
            ),
            "last_comment": _heard(one),
        },
    )


def _heard(one: Referral) -> str:
    """What was noted during the call that told the needs: read by the coordinator, never sent as it is."""
    told = one.needs.exclude(call=None).order_by("-call__started_at")
    return told.values_list("call__comment", flat=True).first() or ""


def _spoken(one: Referral, user: User, town: str) -> str:
    """What to say to the partner on the phone: nothing that names the tenant before the right person answers."""
    sender = one.case.household.landlord.spoken_name or one.case.household.landlord.name
    return (
        f"Bonjour, {user.display_name}, de {sender}. Je vous appelle pour un signalement urgent à {town}, "
        f"référence {one.reference}, niveau {one.level}. À qui puis-je donner les éléments\u00a0? La fiche vous arrive "
        f"aussi par e-mail\u00a0; pouvez-vous en accuser réception {deadlines.SPOKEN[Level(one.level)]}\u00a0?"
    )


@require_POST
@role_required(roles.COORDINATOR)
def referral_act(request: SignedInRequest, referral_id: int, act: str) -> HttpResponse:
    """Run one act of the detail page through its rule."""
    if act not in ACTS:
        raise Http404
    one = _get(request.user, referral_id)
    chosen = ACTS[act]
    form = chosen.form(request.POST, referral=one, act=act)
    if form.is_valid():
        try:
            chosen.run(referral=one, by=request.user, now=timezone.now(), **form.cleaned_data)
        except ReferralError as error:
            one = _get(request.user, referral_id)
            if act not in allowed_acts(one, timezone.now()):
                # Somebody acted first: the page shows what is true now.
                messages.warning(request, str(error))
                return redirect("coordinator:referral", referral_id)
            say_refusal(form, error)
        else:
            first = act == "approuver" and one.state == State.DRAFT
            said = "Première approbation notée. Une deuxième personne doit approuver l'envoi." if first else chosen.done
            messages.success(request, said)
            return redirect("coordinator:referral", referral_id)
    return _detail(request, one, failed=act, form=form)


@require_http_methods(["GET", "POST"])
@role_required(roles.COORDINATOR)
def referral_edit(request: SignedInRequest, referral_id: int) -> HttpResponse:
    one = _get(request.user, referral_id)
    if one.state != State.DRAFT:
        messages.warning(request, "Ce signalement n'est plus à relire.")
        return redirect("coordinator:referral", referral_id)
    if request.method == "GET":
        record("referral.read", one, by=request.user)
    form = DraftForm(request.POST if request.method == "POST" else None, referral=one)
    if request.method == "POST" and form.is_valid():
        try:
            referrals.edit(referral=one, by=request.user, now=timezone.now(), **form.cleaned_data)
        except ReferralError as error:
            say_refusal(form, error)
        else:
            messages.success(request, "Le signalement est enregistré.")
            return redirect("coordinator:referral", referral_id)
    commune = communes.get(one.case.household.insee_code)
    context = {
        "referral": one,
        "form": form,
        "sheet": sheet.sheet_of(one, timezone.now()),
        "commune": commune,
        "last_comment": _heard(one),
        "nobody_fits": not partners.fits(
            categories=[need.category for need in one.needs.all()], **partners.place_of(one.case.household)
        ),
    }
    return render(request, "referrals/referral_edit.html", context)


@require_http_methods(["GET", "POST"])
@role_required(roles.COORDINATOR)
def referral_new(request: SignedInRequest, case_id: int) -> HttpResponse:
    """A referral by hand, for somebody of a household."""
    cases = scope.visible_cases(request.user).select_related("household__landlord", "campaign")
    case: Case = get_object_or_404(cases, pk=case_id)
    waiting = list(Need.objects.open().filter(case=case).values_list("category", "level", "tenant_id"))
    initial: dict[str, Any] = {"categories": [category for category, _, _ in waiting]}
    if "registre" in request.GET:
        waiting, initial = [], {"categories": [REGISTER], "level": Level.U3, "facts": REGISTER_FACTS}
    if waiting:
        initial |= {"level": min(level for _, level, _ in waiting), "tenant": waiting[0][2]}
    form = NewReferralForm(request.POST if request.method == "POST" else None, case=case, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            one = referrals.draft_by_hand(case=case, by=request.user, now=timezone.now(), **form.cleaned_data)
        except ReferralError as error:
            say_refusal(form, error)
        else:
            messages.success(request, "Le signalement est préparé : complétez-le, puis approuvez l'envoi.")
            return redirect("coordinator:referral_edit", one.pk)
    return render(request, "referrals/referral_new.html", {"case": case, "form": form})


@require_GET
@role_required(roles.COORDINATOR)
def referral_pdf(request: SignedInRequest, referral_id: int) -> HttpResponse:
    """The sheet as the partner gets it."""
    one = _get(request.user, referral_id)
    record("referral.read", one, by=request.user)
    response = HttpResponse(sheet.pdf_of(one, timezone.now()), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{one.reference}.pdf"'
    response["Cache-Control"] = "no-store"
    return response
