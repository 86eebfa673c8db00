"""The partner's pages: a link, a code, the sheet, an answer. No account.

Whoever opens a link without its code learns nothing, not even whether it is valid: every token gets the same
pages and the same words. Only a POST sends a code, so a mail scanner that opens links consumes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import referrals
from campaigns.common.views import open_pages as shared
from campaigns.models import Referral
from campaigns.referrals import ReferralError, access, sheet
from campaigns.referrals.forms import referrals as act_forms
from campaigns.referrals.states import Actor, can_move
from campaigns.referrals.views import looks
from solidarites import limits
from solidarites.addresses import client_address
from solidarites.forms import say_refusal
from solidarites.limits import Limit
from solidarites.roles import public

State = Referral.State
SESSION = "partner"
WRONG = "Ce code n'est pas le bon, ou il n'est plus valable. Vérifiez-le, ou demandez-en un nouveau."


# Codes asked for and typed from one address in ten minutes: a whole service fits, guessing does not.
MOST, WINDOW = 60, 10 * 60
# No link is so long; the address of a page has limits too.
LONGEST = 200


def _limited(request: HttpRequest) -> bool:
    return not limits.within(f"partner:{client_address(request)}", Limit(MOST, WINDOW))


def private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Kept by no cache, listed by no engine, its address sent to no other site.

    « same-origin » and not « no-referrer »: with the latter a browser sends « Origin: null » with our own forms,
    which the protection against cross-site requests rightly refuses. The pages load and link to nothing outside.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "no-store, private"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response["Referrer-Policy"] = "same-origin"
        # A living link reads the session, a dead one has none: nothing in the answer tells which it was.
        patch_vary_headers(response, ["Cookie"])
        return response

    return wrapped


def by_link(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Private, and no link of ours is that long: such an address leads nowhere."""

    @private
    @wraps(view)
    def wrapped(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        if len(token) > LONGEST:
            raise Http404
        return view(request, token, **kwargs)

    return wrapped


class CodeForm(forms.Form):
    code = forms.CharField(
        label="Code à 6 chiffres",
        max_length=20,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "form-control form-control-lg"}
        ),
    )


@public
@by_link
@require_http_methods(["GET", "POST"])
def door(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows one button; POST sends a code to the partner's address, if the link is alive."""
    if request.method == "GET":
        return render(request, "referrals/partner/door.html", {"token": token})
    if _limited(request):
        return shared.too_many(request)
    now = timezone.now()
    referral = access.find(token, now)
    if referral is not None:
        access.send_code(referral=referral, now=now)
    return redirect("partner:code", token)


@public
@by_link
@require_http_methods(["GET", "POST"])
def code(request: HttpRequest, token: str) -> HttpResponse:
    """The code is typed here; the same refusal whatever is wrong with it or with the link."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "GET":
        return render(request, "referrals/partner/code.html", {"token": token, "form": form})
    if _limited(request):
        return shared.too_many(request)
    now = timezone.now()
    if form.is_valid():
        referral = access.find(token, now)
        right = access.check_code(referral=referral, code=form.cleaned_data["code"], now=now)
        if referral is not None and referral.partner is not None and right:
            request.session.cycle_key()
            request.session[SESSION] = access.open_session(referral.partner, now)
            return redirect("partner:sheet", token)
        form.add_error("code", WRONG)
    return render(request, "referrals/partner/code.html", {"token": token, "form": form})


def _admitted(request: HttpRequest, token: str) -> Referral | None:
    """The referral, for a session that its partner's code opened."""
    now = timezone.now()
    referral = access.find(token, now)
    if referral is None or not access.may_read(request.session.get(SESSION), referral, now):
        return None
    return referral


@dataclass(frozen=True)
class Act:
    label: str
    icon: str
    form: type[act_forms.ActForm]
    run: Callable[..., Any]
    done: str
    to: str = ""


ACTS: dict[str, Act] = {
    "accuser": Act(
        "Accuser réception",
        "envelope-open",
        act_forms.ActForm,
        referrals.acknowledge,
        "Merci : l'accusé de réception est transmis.",
        State.ACKNOWLEDGED,
    ),
    "prendre-en-charge": Act(
        "Prendre en charge",
        "person-check",
        act_forms.ActForm,
        referrals.take_charge,
        "Merci : la prise en charge est transmise. Dites-nous ici ce qui aura été fait.",
        State.IN_PROGRESS,
    ),
    "clore": Act(
        "Clore, avec ce qui a été fait",
        "check-circle",
        act_forms.AnswerForm,
        referrals.answer,
        "Merci : votre réponse est transmise. Nous rappelons la personne.",
        State.ANSWERED,
    ),
    "commenter": Act(
        "Ajouter un commentaire",
        "chat-left-text",
        act_forms.CommentForm,
        referrals.comment,
        "Votre commentaire est transmis.",
    ),
    "decliner": Act(
        "Décliner",
        "x-circle",
        act_forms.DeclineForm,
        referrals.decline,
        "C'est noté : nous cherchons un autre partenaire. Ce lien est maintenant fermé.",
        State.DECLINED,
    ),
}


def _allowed(referral: Referral) -> list[str]:
    # Before the sending task has said so, a partner who is here has received it.
    seen = State.SENT if referral.state == State.APPROVED else referral.state
    probe = Referral(state=seen)
    return [
        name
        for name, one in ACTS.items()
        if not one.to or (seen != State.ANSWERED and can_move(probe, one.to, Actor.PARTNER))
    ]


@public
@by_link
@require_GET
def sheet_page(request: HttpRequest, token: str) -> HttpResponse:
    referral = _admitted(request, token)
    if referral is None:
        return redirect("partner:door", token)
    referrals.opened(referral=referral, now=timezone.now())
    return _sheet(request, token, referral)


def _sheet(request: HttpRequest, token: str, referral: Referral, *, failed: str = "", form: Any = None) -> HttpResponse:
    now = timezone.now()
    acts = []
    for name in _allowed(referral):
        mine = form if name == failed and form is not None else ACTS[name].form(referral=referral, act=name)
        acts.append(
            {"name": name, "act": ACTS[name], "form": mine, "failed": name == failed, "simple": not mine.fields}
        )
    context = {
        "token": token,
        "referral": referral,
        "sheet": sheet.sheet_of(referral, now),
        "state": looks.state_look(referral),
        "level": looks.level_look(referral),
        "delay": looks.delay_look(referral, now),
        "timeline": looks.timeline(referral, for_partner=True),
        "acts": acts,
        "others": [
            {"referral": other, "token": access.token_of(other), "state": looks.state_look(other)}
            for other in access.others_of(referral, now)
        ],
    }
    return render(request, "referrals/partner/sheet.html", context)


@public
@by_link
@require_GET
def pdf(request: HttpRequest, token: str) -> HttpResponse:
    referral = _admitted(request, token)
    if referral is None:
        return redirect("partner:door", token)
    now = timezone.now()
    referrals.opened(referral=referral, now=now, action="downloaded")
    response = HttpResponse(sheet.pdf_of(referral, now), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{referral.reference}.pdf"'
    return response


@public
@by_link
@require_POST
def act(request: HttpRequest, token: str, act: str) -> HttpResponse:
    """One answer of the partner, through its rule."""
    if act not in ACTS:
        raise Http404
    referral = _admitted(request, token)
    if referral is None:
        return redirect("partner:door", token)
    chosen = ACTS[act]
    form = chosen.form(request.POST, referral=referral, act=act)
    if form.is_valid():
        try:
            chosen.run(referral=referral, by=None, now=timezone.now(), **form.cleaned_data)
        except ReferralError as error:
            referral = _admitted(request, token)
            if referral is None:
                return redirect("partner:door", token)
            if act not in _allowed(referral):
                messages.warning(request, str(error))
                return redirect("partner:sheet", token)
            say_refusal(form, error)
        else:
            if act == "decliner":
                return render(request, "referrals/partner/done.html", {"said": chosen.done})
            messages.success(request, chosen.done)
            return redirect("partner:sheet", token)
    return _sheet(request, token, referral, failed=act, form=form)
