"""The front door: home, one's own account, people and their invitations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.utils import perform_login
from allauth.core import ratelimit
from allauth.mfa.base.views import authenticate as mfa_authenticate
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView, DeactivateTOTPView
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from solidarites import accounts, attempts, departures, journal, journal_page, roles, searching, second_factor
from solidarites.forms import InviteForm, JoinForm, JournalForm, ProfileForm, RolesForm
from solidarites.models import User
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, public, role_required, signed_in

PER_PAGE = 50
STATES = {
    "active": "Actifs",
    "invited": "Invités, pas encore venus",
    "deactivated": "Désactivés",
}


@public
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Each role to its own page; anyone else to the sign-in page."""
    return redirect(roles.home_for(request.user) if request.user.is_authenticated else "account_login")


@signed_in
@require_GET
def no_role(request: SignedInRequest) -> HttpResponse:
    return render(request, "account/no_role.html")


@signed_in
@require_http_methods(["GET", "POST"])
def account(request: SignedInRequest) -> HttpResponse:
    """What a person may say of herself."""
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        accounts.update_profile(user=User.objects.get(pk=request.user.pk), **form.cleaned_data)
        messages.success(request, "Votre compte est à jour.")
        return redirect("account")
    return render(request, "account/account.html", {"form": form})


# The second factor --------------------------------------------------------------------------------------
class SetUpCodes(ActivateTOTPView):
    """Shows a secret, and takes the code that an application makes of it."""

    request: SignedInRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_mfa_enabled(request.user, [Authenticator.Type.TOTP]):
            # Confirmed in another tab: allauth would lead to where it is taken away.
            messages.info(request, "La double authentification est déjà installée.")
            return redirect("mfa_index")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "secret": second_factor.secret_of(self.request)}

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        journal.record("account.second_factor_installed", self.request.user, by=self.request.user)
        _end_other_sessions(self.request)
        attempts.remember(self.request, answer, self.request.user)
        # The secret has served: an application installed again later is given another.
        second_factor.renew_secret(self.request)
        return answer


set_up_codes = signed_in(SetUpCodes.as_view())


@public
@require_http_methods(["GET", "POST"])
@never_cache
def ask_code(request: HttpRequest) -> HttpResponseBase:
    """The code, after the password. Removed meanwhile, there is none to ask for: the sign-in begins again."""
    answer: HttpResponseBase = mfa_authenticate(request)
    if answer.get("Location") == reverse("account_login") and not request.user.is_authenticated:
        # allauth still remembers whom it was asking, and its two pages would lead to one another for ever.
        request.session.flush()
        messages.info(request, "Reconnectez-vous avec votre adresse et votre mot de passe.")
    return answer


def _end_other_sessions(request: SignedInRequest) -> None:
    """Those opened with the password alone, or with a factor that is no more, are no longer good enough."""
    accounts.end_sessions(user=request.user)
    request.user.refresh_from_db(fields=["sessions_ended"])
    update_session_auth_hash(request, request.user)


class RemoveCodes(DeactivateTOTPView):
    """Takes the application away against a code of now; whose role asks for one installs another at once."""

    request: SignedInRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not is_mfa_enabled(request.user, [Authenticator.Type.TOTP]):
            return redirect("mfa_index")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        kwargs = super().get_form_kwargs()
        if self.request.method != "POST":
            # allauth binds its own form, without fields, to nothing.
            kwargs.pop("data", None)
        return kwargs

    def form_valid(self, form: Any) -> HttpResponse:
        form.save()
        _end_other_sessions(self.request)
        return super().form_valid(form)

    def get_success_url(self) -> str:
        self.request.session.pop(second_factor.INSTALLED, None)
        return reverse("mfa_activate_totp" if second_factor.awaited(self.request) else "mfa_index")


class NewRecoveryCodes(GenerateRecoveryCodesView):
    """New recovery codes, against a code of now."""

    request: SignedInRequest

    def form_valid(self, form: Any) -> HttpResponse:
        form.save()
        _end_other_sessions(self.request)
        return super().form_valid(form)


remove_codes = signed_in(RemoveCodes.as_view())
new_recovery_codes = signed_in(NewRecoveryCodes.as_view())


@signed_in
@require_POST
def another_secret(request: SignedInRequest) -> HttpResponse:
    """The secret shown may have been seen by somebody else: another one takes its place."""
    second_factor.renew_secret(request)
    return redirect("mfa_activate_totp")


# People ---------------------------------------------------------------------------------------------
def _people_of(by: User) -> QuerySet[User]:
    """The accounts ``by`` may see: administrators all, coordinators those who call."""
    people = (
        User.objects.select_related("invitation")
        .prefetch_related("groups")
        .order_by("last_name", "first_name", "email")
    )
    if by.has_role(ADMINISTRATOR):
        return people
    return people.filter(groups__name=roles.VOLUNTEER)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def people(request: SignedInRequest) -> HttpResponse:
    """Who takes part: invited, active, deactivated."""
    found = _people_of(request.user)
    words = request.GET.get("q", "").replace("\x00", "").strip()[:80]
    if words:
        found = searching.among(found, ["first_name", "last_name", "email"], words)
    state = request.GET.get("etat", "")
    unusable = Q(password__startswith="!") | Q(password="")  # noqa: S106
    if state == "active":
        found = found.filter(~unusable, is_active=True)
    elif state == "invited":
        found = found.filter(unusable, is_active=True)
    elif state == "deactivated":
        found = found.filter(is_active=False)
    else:
        state = ""
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page_obj": page, "q": words, "state": state, "states": STATES, "now": timezone.now()}
    return render(request, "people/list.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def invite(request: SignedInRequest) -> HttpResponse:
    form = InviteForm(request.POST or None, by=request.user)
    if request.method == "POST" and form.is_valid():
        result = accounts.invite(
            addresses=form.parsed, role=form.cleaned_data["role"], by=request.user, now=timezone.now()
        )
        if not settings.HAS_MAIL_SERVER and result.invitations:
            # No message will leave: the links are shown here, to be handed over.
            links = [(invitation.user, accounts.link_of(invitation)) for invitation in result.invitations]
            return render(request, "people/links.html", {"links": links, "result": result})
        _say_invited(request, result)
        return redirect("people:list")
    return render(request, "people/invite.html", {"form": form, "has_mail_server": settings.HAS_MAIL_SERVER})


def _say_invited(request: HttpRequest, result: accounts.Invited) -> None:
    sent, given, closed = len(result.invitations), len(result.given), len(result.deactivated)
    if sent:
        messages.success(
            request, "1 invitation part par e-mail." if sent == 1 else f"{sent} invitations partent par e-mail."
        )
    if given:
        text = "1 personne avait déjà un compte" if given == 1 else f"{given} personnes avaient déjà un compte"
        messages.info(request, f"{text}\u00a0: le rôle est donné.")
    if closed:
        text = "1 compte est désactivé" if closed == 1 else f"{closed} comptes sont désactivés"
        messages.warning(request, f"{text}\u00a0: rien n'a été changé pour eux. Réactivez-les d'abord.")


def _person(request: SignedInRequest, user_id: int) -> User:
    return get_object_or_404(_people_of(request.user).distinct(), pk=user_id)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def person(request: SignedInRequest, user_id: int) -> HttpResponse:
    user = _person(request, user_id)
    invitation: Any = getattr(user, "invitation", None)
    joined = accounts.has_joined(user)
    # A link given to somebody who has joined was shown once, to the administrator who gave it.
    waiting = invitation is not None and invitation.accepted_at is None and user.is_active and not joined
    manageable = accounts.may_manage(request.user, user)
    # Where messages leave, the link stays between the mail and its reader.
    handed_over = waiting and manageable and not settings.HAS_MAIL_SERVER and invitation.expires_at > timezone.now()
    context: dict[str, Any] = {
        "person": user,
        "now": timezone.now(),
        "joined": joined,
        "waiting": waiting,
        "manageable": manageable,
        "invitation": invitation,
        "link": accounts.link_of(invitation) if handed_over else "",
        "has_mail_server": settings.HAS_MAIL_SERVER,
        "roles_form": None,
        "has_second_factor": False,
    }
    if request.user.has_role(ADMINISTRATOR):
        context["has_second_factor"] = user.pk != request.user.pk and is_mfa_enabled(user)
        context["roles_form"] = RolesForm(
            initial={
                "names": list(user.role_names),
                "switchboard": user.user_permissions.filter(codename="confirm_calls").exists(),
            }
        )
    return render(request, "people/person.html", context)


def _act(
    request: SignedInRequest, user_id: int, act: Callable[[User], Any], said: str, target: str = "people:person"
) -> HttpResponse:
    """One rule on one person, then back with what came of it."""
    user = _person(request, user_id)
    try:
        act(user)
    except accounts.AccountRefused as refusal:
        messages.warning(request, str(refusal))
        return redirect("people:person", user_id)
    messages.success(request, said)
    return redirect(target, user_id) if target == "people:person" else redirect(target)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def send_again(request: SignedInRequest, user_id: int) -> HttpResponse:
    said = "Un nouveau lien part par e-mail." if settings.HAS_MAIL_SERVER else "Le nouveau lien est ci-dessous."
    return _act(
        request, user_id, lambda user: accounts.send_again(user=user, by=request.user, now=timezone.now()), said
    )


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def withdraw(request: SignedInRequest, user_id: int) -> HttpResponse:
    return _act(
        request,
        user_id,
        lambda user: accounts.withdraw(user=user, by=request.user),
        "L'invitation est retirée.",
        "people:list",
    )


@role_required(ADMINISTRATOR)
@never_cache
@require_POST
def give_link(request: SignedInRequest, user_id: int) -> HttpResponse:
    """A link for somebody who lost the password: by e-mail, or shown on this answer alone."""
    user = _person(request, user_id)
    try:
        invitation = accounts.give_link(user=user, by=request.user, now=timezone.now())
    except accounts.AccountRefused as refusal:
        messages.warning(request, str(refusal))
        return redirect("people:person", user_id)
    if settings.HAS_MAIL_SERVER:
        messages.success(request, "Un lien pour changer de mot de passe part par e-mail.")
        return redirect("people:person", user_id)
    context = {"person": user, "link": accounts.link_of(invitation), "invitation": invitation}
    return render(request, "people/password_link.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def deactivate(request: SignedInRequest, user_id: int) -> HttpResponse:
    """What becomes of this person's work is said first; POST closes the account."""
    now = timezone.now()
    if request.method == "POST":
        said = "Le compte est désactivé. Cette personne ne peut plus se connecter."
        return _act(request, user_id, lambda user: accounts.deactivate(user=user, by=request.user, now=now), said)
    user = _person(request, user_id)
    refusal = accounts.refusal_to_deactivate(user=user, by=request.user)
    fates = [] if refusal else departures.fates(user=user, by=request.user, now=now)
    context = {"person": user, "refusal": refusal, "fates": fates, "joined": accounts.has_joined(user)}
    return render(request, "people/deactivate.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def reactivate(request: SignedInRequest, user_id: int) -> HttpResponse:
    said = "Le compte est réactivé."
    return _act(request, user_id, lambda user: accounts.reactivate(user=user, by=request.user), said)


@role_required(ADMINISTRATOR)
@require_POST
def change_roles(request: SignedInRequest, user_id: int) -> HttpResponse:
    form = RolesForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Choisissez des rôles de la liste.")
        return redirect("people:person", user_id)
    return _act(
        request,
        user_id,
        lambda user: accounts.set_roles(user=user, by=request.user, **form.cleaned_data),
        "Les rôles sont à jour.",
    )


@role_required(ADMINISTRATOR)
@require_POST
def remove_second_factor(request: SignedInRequest, user_id: int) -> HttpResponse:
    said = "La double authentification est retirée. Elle sera demandée à la prochaine connexion."
    now = timezone.now()
    return _act(request, user_id, lambda user: accounts.remove_second_factor(user=user, by=request.user, now=now), said)


# The link of an invitation ----------------------------------------------------------------------------
@public
@never_cache
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The person invited gives names and a password, and is signed in."""
    if limited := ratelimit.consume_or_429(request, action="reset_password_from_key"):
        return limited
    now = timezone.now()
    found = accounts.find_invitation(token[:200], now)
    if found is None:
        return render(request, "people/invitation_over.html", status=410)
    if request.user.is_authenticated and request.user.pk != found.user_id:
        return render(request, "people/invitation_other.html", {"invitation": found})
    initial = {"first_name": found.user.first_name, "last_name": found.user.last_name}
    form = JoinForm(request.POST or None, user=found.user, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            user = accounts.accept(
                invitation=found,
                first_name=data["first_name"],
                last_name=data["last_name"],
                password=data["password1"],
                now=now,
            )
        except accounts.AccountRefused as refusal:
            messages.warning(request, str(refusal))
            return redirect("account_login")
        attempts.forget(request, kind=attempts.PASSWORD, account=user.email.lower())
        return perform_login(request, user, email_verification="none")
    return render(
        request,
        "people/invitation.html",
        {"form": form, "invitation": found, "joined": accounts.has_joined(found.user)},
    )


# The journal -------------------------------------------------------------------------------------------
NOTHING_SHOWN: dict[str, Any] = {"lines": [], "older": None, "is_first": True, "filtered": True}


@role_required(ADMINISTRATOR)
@require_GET
def journal_entries(request: SignedInRequest) -> HttpResponse:
    """Who did or read what: the newest first, then what comes after the last row of the page before."""
    form = JournalForm(request.GET)
    context: dict[str, Any] = {"form": form, **NOTHING_SHOWN}
    if form.is_valid():
        filters, before = form.filters(), form.cleaned_data["avant"]
        last = journal_page.place_of(before) if before else None
        rows = journal_page.rows_after(filters, last, journal_page.PER_PAGE + 1) if last or not before else []
        shown = rows[: journal_page.PER_PAGE]
        journal_page.note_read(filters, request.user)
        context |= {
            "lines": journal_page.lines(shown, request.user),
            "older": shown[-1].pk if len(rows) > len(shown) else None,
            "is_first": not before,
            "filtered": bool(filters.ids()),
        }
    return render(request, "people/journal.html", context, status=200 if form.is_valid() else 400)


@role_required(ADMINISTRATOR)
@require_GET
def journal_export(request: SignedInRequest) -> HttpResponseBase:
    """What is looked for, as a file."""
    form = JournalForm(request.GET)
    if not form.is_valid():
        return render(request, "people/journal.html", {"form": form, **NOTHING_SHOWN}, status=400)
    filters = form.filters()
    journal_page.note_export(filters, request.user)
    response = StreamingHttpResponse(journal_page.export(filters, request.user), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="journal-{timezone.localdate().isoformat()}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response
