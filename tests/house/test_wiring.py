"""House rules on what is plugged together: tasks and beat, views and methods, models and the admin."""

from __future__ import annotations

import ast
import re

from django.apps import apps
from django.contrib import admin

from solidarites.celery import app as celery_app
from tests.house.source import APPS, name_of, product_modules, tree

# Models that no screen of the admin shows, and why.
OUTSIDE_ADMIN = {
    "solidarites.Invitation": "made and sent from the page of volunteers; only hashes",
    "solidarites.AccountNotice": "said to its owner when they sign in, then gone",
    "solidarites.OutgoingMail": "its failures raise alerts",
    "solidarites.Heartbeat": "shown by the state page",
    "solidarites.Installation": "read by what starts, and by manage.py privacy_key",
    "tenants.Household": "shown on the page of its case",
    "tenants.TenantAlias": "a keyed hash that lists look up",
    "tenants.Departed": "keyed hashes, nothing to read",
    "tenants.Confirmation": "decided on the page « À confirmer »",
    "campaigns.Parting": "decided on its page",
    "tenants.DistinctPair": "decided on the page of duplicates",
    "tenants.ImportProfile": "kept and forgotten on the page of an import",
    "campaigns.Campaign": "has its own screens; changed by campaigns.setup.lifecycle alone",
    "campaigns.Script": "a published version never changes; chosen on the page of the campaign",
    "tenants.Tenant": "shown inside its household",
    "tenants.PhoneNumber": "shown inside its household",
    "tenants.Opposition": "keyed hashes, nothing to read",
    "tenants.ListImport": "has its own screens",
    "tenants.UploadedPiece": "encrypted, until the check has read it",
    "tenants.ImportRow": "shown in the preview of its import",
    "tenants.ListCorrection": "made in the preview of a list, erased with the person",
    "campaigns.CampaignPause": "shown on the page of its campaign and of each plan",
    "campaigns.CampaignVolunteer": "managed on the page of the campaign",
    "campaigns.Case": "has its own screens; changed by rules alone",
    "campaigns.CallRevision": "the former versions of a call, kept by its correction",
    "campaigns.CaseMessage": "shown on the page of its case and of its next call",
    "campaigns.FlaggedText": "decided on the page of texts to look at again",
    "campaigns.CasePass": "a trace of the queue",
    "campaigns.Call": "recorded by campaigns.calls alone",
    "campaigns.Need": "shown in its referral and its case",
    "campaigns.DueCall": "opened by campaigns.followups alone",
    "campaigns.FollowUpPlan": "has its own screens",
    "campaigns.PlanException": "on the page of its plan",
    "campaigns.Absence": "on the volunteer's own page, and the coordinator's",
    "campaigns.CalendarFeed": "a key that its volunteer renews or takes back",
    "campaigns.ReferralEvent": "shown inside its referral",
    "campaigns.PartnerCode": "what a code of ten minutes is made of",
    "campaigns.WelfareCheck": "has its own screens",
    "campaigns.NeighbourReport": "has its own screens",
    "campaigns.FaqEdition": "has its own screens; a published edition never changes",
    "campaigns.UsefulNumber": "has its own screens",
    "campaigns.Poster": "a code printed on paper",
    "campaigns.Letter": "shown on the page of its household",
    "campaigns.LetterWording": "has its own screen",
    "campaigns.NumberSearch": "shown on the page of its household",
    "campaigns.CaretakerRound": "has its own screens; its link is a secret",
    "campaigns.CaretakerVisit": "shown in its round",
    "campaigns.WelfareStep": "shown in its welfare check",
    "campaigns.Alert": "has its own screens",
    "campaigns.CallReview": "shown on the page of its call",
    "campaigns.Debrief": "has its own screens; coordinators alone know of it",
    "campaigns.Meeting": "has its own screens",
    "campaigns.MeetingAnswer": "shown on the page of its meeting",
    "campaigns.SharedMoment": "has its own screens; its author is shown to nobody",
    "campaigns.FrozenFigures": "read by the report",
    "campaigns.PurgeProof": "read by the report",
}


def test_beat_asks_only_for_tasks_that_exist():
    celery_app.loader.import_default_modules()
    missing = [
        entry["task"] for entry in celery_app.conf.beat_schedule.values() if entry["task"] not in celery_app.tasks
    ]
    assert not missing


def test_every_task_is_asked_for_by_somebody():
    celery_app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in celery_app.conf.beat_schedule.values()}
    text = "\n".join(path.read_text() for path in product_modules())
    ours = [name for name in celery_app.tasks if name.split(".")[0] in APPS]
    assert ours
    asked = set(re.findall(r'ask_for\(\s*"([\w.]+)"', text))
    assert not set(ours) - scheduled - asked
    assert asked <= set(ours), "asked for by a name that no task has"


def test_a_tick_of_beat_does_not_outlive_its_rhythm():
    for name, entry in celery_app.conf.beat_schedule.items():
        assert entry["options"]["expires"], name


def test_a_task_is_asked_for_after_the_commit():
    """``.delay()`` inside a transaction may start before the row exists."""
    found = [
        f"{name_of(path)}:{node.lineno}"
        for path in product_modules()
        if path.name != "celery.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("delay", "apply_async")
    ]
    assert not found, found


def test_every_model_has_an_admin_screen_or_a_reason():
    models = {model._meta.label: model for app in APPS for model in apps.get_app_config(app).get_models()}
    bare = [
        label
        for label, model in models.items()
        if not model._meta.auto_created and model not in admin.site._registry and label not in OUTSIDE_ADMIN
    ]
    assert not bare, f"register it or say why in OUTSIDE_ADMIN: {bare}"
    assert not [label for label in OUTSIDE_ADMIN if label not in models], "OUTSIDE_ADMIN names a model that is gone"


def test_every_field_a_person_fills_has_a_french_name():
    """Forms and the admin show verbose_name: one left to Django is English."""
    alike = {"email", "date", "code", "version", "description", "action", "note", "type"}
    bare = [
        f"{model._meta.label}.{field.name}"
        for model, screen in admin.site._registry.items()
        if model._meta.app_label in APPS
        for field in model._meta.fields
        if field.editable and not field.auto_created and field.name not in alike
        if field.verbose_name == field.name.replace("_", " ")
        if field.name not in (*screen.readonly_fields, *(screen.exclude or ()))
        if screen.fields is None or field.name in screen.fields
    ]
    assert not bare, bare


def decorators(function: ast.FunctionDef) -> set[str]:
    names = set()
    for node in function.decorator_list:
        target = node.func if isinstance(node, ast.Call) else node
        names.add(getattr(target, "attr", getattr(target, "id", "")))
    return names


METHODS = {"require_GET", "require_POST", "require_safe", "require_http_methods"}


def test_every_view_says_who_and_by_which_method():
    bare = []
    for path in product_modules():
        if name_of(path) == "solidarites/errors.py":
            continue  # Django's error handlers answer any request
        for node in ast.walk(tree(path)):
            said = decorators(node) if isinstance(node, ast.FunctionDef) else set()
            if said & {"role_required", "public"} and not said & METHODS:
                bare.append(f"{name_of(path)}:{node.lineno} {node.name}")
    assert not bare, f"add require_GET, require_POST or require_http_methods: {bare}"
