"""Scripts: the list, one version with what is wrong in it, new, copied, published, given to a campaign, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from campaigns import scripts
from campaigns.models import Campaign, Script
from campaigns.models.script import PublishedScriptError
from campaigns.scripts import checks, document, files
from campaigns.scripts.differences import conditions, consequences, differences
from campaigns.scripts.editing import CAMPAIGN_FIELDS
from campaigns.scripts.forms.questions import KINDS, FileForm, NewScriptForm
from solidarites.requests import SignedInRequest
from solidarites.roles import ADMINISTRATOR, COORDINATOR, role_required

# What each sort of script is for, in a sentence.
PURPOSES = {
    Script.Kind.FIRST: "La première conversation avec un foyer, et les nouvelles tentatives.",
    Script.Kind.FOLLOW_UP: "Les appels réguliers d'un suivi.",
    Script.Kind.WELFARE: "Les appels passés pendant une veille, à la personne ou à son entourage.",
}
TITLES = {
    Script.Kind.FIRST: "Premier appel",
    Script.Kind.FOLLOW_UP: "Suivi",
    Script.Kind.WELFARE: "Veille",
}
OVER = (Campaign.Status.CLOSED, Campaign.Status.PURGED)


def script_or_404(script_id: int) -> Script:
    return get_object_or_404(Script.objects.select_related("changed_by", "published_by"), pk=script_id)


# The list -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Version:
    """One version of a script, and the campaigns that call with it."""

    script: Script
    campaigns: list[Campaign]


@dataclass
class Family:
    """A script with its versions, the newest first."""

    title: str
    versions: list[Version] = field(default_factory=list)

    @property
    def draft(self) -> Version | None:
        return next((one for one in self.versions if not one.script.is_published), None)

    @property
    def published(self) -> Version | None:
        return next((one for one in self.versions if one.script.is_published), None)

    @property
    def older(self) -> list[Version]:
        return [one for one in self.versions if one not in (self.draft, self.published)]


def campaigns_by_script() -> dict[int, list[Campaign]]:
    """Which campaigns that are not over call with which version."""
    found: dict[int, list[Campaign]] = {}
    fields = [f"{name}_id" for name in CAMPAIGN_FIELDS.values()]
    for campaign in Campaign.objects.exclude(status__in=OVER).order_by("name", "pk"):
        for name in fields:
            if (script_id := getattr(campaign, name)) is not None:
                found.setdefault(script_id, []).append(campaign)
    return found


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def script_list(request: SignedInRequest) -> HttpResponse:
    used = campaigns_by_script()
    families: dict[str, dict[str, Family]] = {kind: {} for kind in Script.Kind.values}
    rows = Script.objects.defer("content").select_related("changed_by", "published_by").order_by("title", "-version")
    for script in rows:
        family = families[script.kind].setdefault(script.key, Family(script.title))
        family.versions.append(Version(script, used.get(script.pk, [])))
    for kind in families:
        for family in families[kind].values():
            family.versions.sort(key=lambda one: -one.script.version)
            family.title = family.versions[0].script.title
    kinds = [(kind, TITLES[kind], PURPOSES[kind], list(families[kind].values())) for kind in Script.Kind]
    return render(request, "scripts/script_list.html", {"kinds": kinds})


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_new(request: SignedInRequest) -> HttpResponse:
    """A new script that begins with the opening of the one that ships with the product; or from a file."""
    from_file = request.method == "POST" and request.POST.get("act") == "file"
    form = NewScriptForm(
        request.POST if request.method == "POST" and not from_file else None, initial={"kind": request.GET.get("sorte")}
    )
    file_form = FileForm(request.POST, request.FILES) if from_file else FileForm()
    made = None
    if from_file and file_form.is_valid():
        made = _from_file(request, file_form)
    elif request.method == "POST" and not from_file and form.is_valid():
        made = scripts.create(**form.cleaned_data, by=request.user, now=timezone.now())
        messages.success(request, "La trame est créée. Ajoutez ses questions, regardez l'aperçu, puis publiez-la.")
    if made is not None:
        return redirect("coordinator:script", made.pk)
    return render(request, "scripts/script_new.html", {"form": form, "file_form": file_form})


def _from_file(request: SignedInRequest, form: FileForm) -> Script | None:
    try:
        kind, content = files.read(form.cleaned_data["file"].read(files.MOST_BYTES + 1))
    except scripts.ScriptError as error:
        for problem in error.problems:
            form.add_error("file", problem)
        return None
    title = content.get("title") or "Trame sans titre"
    made = scripts.create(kind=kind, title=title[:120], content=content, by=request.user, now=timezone.now())
    messages.success(request, "Le fichier est devenu un brouillon. Relisez-le avant de le publier.")
    return made


# One version ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ChoiceRow:
    label: str
    consequences: list[str]
    alert: bool
    ends: bool
    asks: list[tuple[str, str]]


@dataclass(frozen=True)
class QuestionRow:
    """A question as the page of its script shows it."""

    number: int
    key: str
    section: str
    say: str
    kind: str
    required: bool
    per_person: bool
    conditions: list[tuple[str, str]]
    choices: list[ChoiceRow]
    errors: int
    warnings: int
    first: bool
    last: bool


def question_rows(content: Mapping[str, Any], found: list[checks.Finding]) -> list[QuestionRow]:
    questions = content.get("questions", [])
    titles = {raw.get("key", ""): checks.title_of(raw) for raw in questions}
    kinds = dict(KINDS)
    rows, section = [], ""
    for index, raw in enumerate(questions):
        key = raw.get("key", "")
        asks = document.asks_of(content, key)
        mine = [one.level for one in found if one.question == key]
        choices = [
            ChoiceRow(
                label=choice.get("label", ""),
                consequences=consequences(choice, content),
                alert=bool(choice.get("alert")),
                ends=bool(choice.get("outcome")),
                asks=[(later, titles.get(later, later)) for later in asks.get(choice.get("key", ""), [])],
            )
            for choice in raw.get("choices", [])
        ]
        rows.append(
            QuestionRow(
                number=index + 1,
                key=key,
                section=raw.get("section", "") if raw.get("section", "") != section else "",
                say=raw.get("say", ""),
                kind=kinds.get(raw.get("kind", "single"), ""),
                required=bool(raw.get("required")),
                per_person=bool(raw.get("per_person")),
                conditions=conditions(raw, content),
                choices=choices,
                errors=mine.count(checks.ERROR),
                warnings=mine.count(checks.WARNING),
                first=index == 0,
                last=index == len(questions) - 1,
            )
        )
        section = raw.get("section", "")
    return rows


def place_of(script: Script, found: checks.Finding) -> str:
    """The page where a finding is mended."""
    if found.part != checks.QUESTIONS:
        return reverse(f"coordinator:script_{found.part}", args=[script.pk])
    if not found.question:
        return reverse("coordinator:script", args=[script.pk])
    return reverse("coordinator:script_question", args=[script.pk, found.question])


def base_context(script: Script) -> dict[str, Any]:
    """What every page of a version shows: itself, and what is wrong in it."""
    found = [] if script.is_published else checks.findings(script.content, script.kind)
    return {
        "script": script,
        "kind_title": TITLES[Script.Kind(script.kind)],
        "findings": found,
        "errors": [(one, place_of(script, one)) for one in found if one.level == checks.ERROR],
        "warnings": [(one, place_of(script, one)) for one in found if one.level == checks.WARNING],
    }


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def script(request: SignedInRequest, script_id: int) -> HttpResponse:
    """A version: its questions in order; to change while it is a draft, to give to campaigns once published."""
    one = script_or_404(script_id)
    context = base_context(one)
    content = one.content
    context |= {
        "rows": question_rows(content, context["findings"]),
        "content": content,
        "reactions": len(content.get("reactions", [])),
        "helplines": len(content.get("helplines", [])),
        "campaigns": _campaigns(one) if one.is_published else [],
        "others": Script.objects.filter(key=one.key).exclude(pk=one.pk).defer("content").order_by("-version"),
    }
    return render(request, "scripts/script.html", context)


def _campaigns(script: Script) -> list[tuple[Campaign, Script | None]]:
    """The campaigns that are not over, with the version each uses for this sort of call."""
    name = CAMPAIGN_FIELDS[Script.Kind(script.kind)]
    rows = Campaign.objects.exclude(status__in=OVER).select_related(name).defer(f"{name}__content")
    return [(campaign, getattr(campaign, name)) for campaign in rows.order_by("name", "pk")]


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def script_copy(request: SignedInRequest, script_id: int) -> HttpResponse:
    """The next version of a script (« version »), or another script that begins as this one."""
    one = script_or_404(script_id)
    now = timezone.now()
    if request.POST.get("act") == "version":
        made = scripts.copy(script=one, by=request.user, now=now)
        if made.created_at == now:
            messages.success(request, f"La version {made.version} est un brouillon\u00a0: changez-la, puis publiez-la.")
        else:
            messages.info(request, f"La version {made.version} était déjà en préparation\u00a0: la voici.")
    else:
        made = scripts.duplicate(script=one, by=request.user, now=now)
        messages.success(request, "La copie est un brouillon. Donnez-lui son titre dans les réglages.")
    return redirect("coordinator:script", made.pk)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_delete(request: SignedInRequest, script_id: int) -> HttpResponse:
    one = script_or_404(script_id)
    if one.is_published:
        messages.error(request, "Une version publiée reste\u00a0: des appels ont pu être faits avec elle.")
        return redirect("coordinator:script", one.pk)
    if request.method == "POST":
        try:
            scripts.delete_draft(script_id=one.pk, by=request.user, seen=request.POST.get("seen", "")[:40])
        except scripts.StaleError:
            messages.warning(request, "La trame a changé depuis que vous avez ouvert cette page. Elle est gardée.")
            return redirect("coordinator:script_delete", one.pk)
        except (scripts.ScriptError, PublishedScriptError) as error:
            messages.error(request, str(error))
            return redirect("coordinator:script", one.pk)
        messages.success(request, "Le brouillon est supprimé.")
        return redirect("coordinator:script_list")
    context = base_context(one) | {"seen": document.fingerprint(one.content)}
    return render(request, "scripts/script_delete.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_http_methods(["GET", "POST"])
def script_publish(request: SignedInRequest, script_id: int) -> HttpResponse:
    """What publishing changes, then publish."""
    one = script_or_404(script_id)
    if one.is_published:
        messages.info(request, "Cette version est déjà publiée.")
        return redirect("coordinator:script", one.pk)
    if request.method == "POST":
        try:
            scripts.publish(script=one, by=request.user, now=timezone.now(), seen=request.POST.get("seen", "")[:40])
        except scripts.StaleError:
            messages.warning(request, "La trame a changé depuis que vous l'avez relue. Relisez, puis publiez.")
            return redirect("coordinator:script_publish", one.pk)
        except scripts.ScriptError as error:
            messages.error(request, f"La trame n'est pas publiée. {error.problems[0]}")
            return redirect("coordinator:script", one.pk)
        messages.success(request, f"La version {one.version} est publiée. Donnez-la maintenant à une campagne.")
        return redirect("coordinator:script", one.pk)
    before = (
        Script.objects.filter(key=one.key, status=Script.Status.PUBLISHED, version__lt=one.version)
        .order_by("-version")
        .first()
    )
    context = base_context(one)
    context |= {
        "before": before,
        "differences": differences(before.content, one.content) if before else [],
        "seen": document.fingerprint(one.content),
        "count": len(one.content.get("questions", [])),
    }
    return render(request, "scripts/script_publish.html", context)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_POST
def script_use(request: SignedInRequest, script_id: int) -> HttpResponse:
    """Give a published version to a campaign."""
    one = script_or_404(script_id)
    slug = request.POST.get("campaign", "")[:60]
    campaign = Campaign.objects.filter(Q(slug=slug) & ~Q(slug="")).first()
    if campaign is None:
        messages.error(request, "Choisissez une campagne dans la liste.")
        return redirect("coordinator:script", one.pk)
    try:
        scripts.use_in_campaign(script=one, campaign=campaign, by=request.user, now=timezone.now())
    except scripts.ScriptError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Les prochains appels de la campagne suivront cette version.")
    return redirect("coordinator:script", one.pk)


@role_required(COORDINATOR, ADMINISTRATOR)
@require_GET
def script_file(request: SignedInRequest, script_id: int) -> HttpResponse:
    """The version as a file that another landlord can bring in."""
    one = script_or_404(script_id)
    answer = HttpResponse(files.write(one), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{one.key}-v{one.version}.yaml"'
    return answer
