"""« Ce que feront les règles »: the retry rules of a campaign in plain French, played on an invented household."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from campaigns import outcomes, welfare
from campaigns.calls.views.labels import typography
from campaigns.common.calendar import NeverOpenError, clock_label
from campaigns.models import Campaign, Case
from campaigns.outcomes.rehearsal import Household
from campaigns.setup.views.campaigns import hours_of
from solidarites.fields import DateField, field_of
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required
from tenants import departments

# What a call may end with that plans another one, or that says who decides; a callback is chosen, not computed.
SHOWN = tuple(code for code in outcomes.TABLE if code not in ("callback", "no_answer"))


class RehearsalForm(forms.Form):
    """Whom to imagine, and when their phone rings for nothing."""

    department = forms.ChoiceField(label="Département du foyer", required=False)
    day = DateField(label="Jour de l'appel", required=False)
    clock = forms.TimeField(
        label="Heure chez ce foyer",
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        error_messages={"invalid": "Écrivez l'heure ainsi\u00a0: 10:30."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field_of(self, "department", forms.ChoiceField).choices = [
            (code, departments.label(code)) for code in departments.NAMES
        ]


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def campaign_rules(request: SignedInRequest, slug: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign, slug=slug)
    now = timezone.now()
    asked = {name: value for name in ("department", "day", "clock") if (value := request.GET.get(name, ""))}
    form = RehearsalForm(asked) if asked else RehearsalForm()
    department = form.cleaned_data["department"] if asked and form.is_valid() else ""
    household = Household(campaign, department or _usual_department(campaign))
    context: dict[str, Any] = {
        "campaign": campaign,
        "hours": hours_of(campaign),
        "settings": _settings(campaign),
        "closed": "",
        "story": [],
    }
    try:
        start = household.calendar.next_opening(now)
    except NeverOpenError:
        return render(request, "outcomes/campaign_rules.html", context | {"form": form, "never": True})
    if asked and form.is_valid():
        local = household.calendar.local(start)
        day = form.cleaned_data["day"] or local.date()
        clock = form.cleaned_data["clock"] or local.time().replace(second=0, microsecond=0)
        if 2000 < day.year < 2200:
            start = household.moment(day, clock)
    local = household.calendar.local(start)
    initial = {"department": household.department, "day": local.date(), "clock": local.strftime("%H:%M")}
    if not asked or form.is_valid():
        form = RehearsalForm(initial=initial)
    context |= _played(household, start) | {
        "form": form,
        "never": False,
        "place": departments.label(household.department),
    }
    return render(request, "outcomes/campaign_rules.html", context)


def _usual_department(campaign: Campaign) -> str:
    """Where the first households of the campaign live."""
    found = Case.objects.filter(campaign=campaign).exclude(household__department="").order_by("pk")
    return found.values_list("household__department", flat=True).first() or "33"


def _played(household: Household, start: datetime) -> dict[str, Any]:
    story = household.play("no_answer", start)
    followed = Household(household.campaign, household.department, follow_up=True)
    first = story[0]
    said = household.said(start, start - timedelta(days=8))
    headline = f"Un foyer qui ne répond pas {said} "
    if first.next_at is not None:
        headline += f"sera rappelé {_span(household, first, start)}."
    else:
        headline += "n'est pas rappelé : une veille s'ouvre."
    why = household.closed_why(start)
    return {
        "headline": typography(headline),
        "closed": typography(f"À ce moment-là, {why} : seul un appel urgent partirait.") if why else "",
        "story": _lines(household, story, start),
        "busy": _lines(household, household.play("busy", start), start),
        "follow_up": _lines(followed, followed.play("no_answer", start), start),
        "others": [_other(household, code, start) for code in SHOWN],
    }


def _span(household: Household, step: Any, start: datetime) -> str:
    return household.span(step, start - timedelta(days=8))


def _lines(household: Household, steps: list[Any], start: datetime) -> list[dict[str, str]]:
    """« mardi 13 janvier à 10 h » → « rappel mercredi 14 janvier entre 14 h et 17 h »."""
    far = start - timedelta(days=8)
    delay = int(welfare.OTHER_DELAY.total_seconds() // 3600)
    lines = []
    for step in steps:
        then = f"rappel {household.span(step, far)}" if step.next_at else step.text
        if step.welfare:
            then = f"{then}, à traiter sous {delay} heures" if not household.follow_up else then
        lines.append({"at": typography(household.said(step.at, far)), "then": typography(then)})
    return lines


def _other(household: Household, code: str, start: datetime) -> dict[str, str]:
    step = household.play(code, start)[0]
    later = step.next_at is not None and (step.next_at - start).total_seconds() > 6 * 3600
    then = f"rappel {_span(household, step, start)}" if later else step.text
    if code == "soft_refusal" and later:
        then += ", par quelqu'un d'autre"
    return {"label": outcomes.TABLE[code].label, "then": typography(then[:1].upper() + then[1:])}


def _settings(campaign: Campaign) -> list[str]:
    """The settings as sentences."""
    gaps = [str(gap) for gap in campaign.retry_gaps]
    between = f"{', '.join(gaps[:-1])} puis {gaps[-1]}" if len(gaps) > 1 else "".join(gaps)
    ends = [clock_label(datetime.fromisoformat(f"2000-01-01T{end}")) for end in campaign.slot_ends]
    return [
        typography(text)
        for text in (
            f"{campaign.max_attempts} tentatives au plus, chacune un autre jour, {between} jours ouvrés après la "
            "précédente ; ensuite une veille s'ouvre, personne n'est abandonné.",
            f"La journée a quatre moments : le matin jusqu'à {ends[0]}, midi jusqu'à {ends[1]}, l'après-midi jusqu'à "
            f"{ends[2]}, puis la fin de journée. Chaque tentative en essaie un autre.",
            f"Une ligne occupée est rappelée après {campaign.busy_minutes} minutes, {campaign.busy_a_day} fois par "
            "jour au plus ; ensuite, comme une absence de réponse.",
            f"Après « pas maintenant, un peu vexé », quelqu'un d'autre rappelle une fois, {campaign.soft_refusal_days} "
            f"jours plus tard. Après une hospitalisation, {campaign.hospital_days} jours plus tard.",
            "Un rappel convenu garde son heure et ne compte pas comme une tentative.",
        )
    ]
