"""Which way things point: urls and celery → campaigns → tenants → solidarites; rules know no screens."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.house.source import imports, module_of, name_of, product_modules, tree

# The edges of an application: what receives a request, a message or a command.
EDGES = {"views", "forms", "tasks", "admin", "apps", "urls", "filters", "tables", "management", "templatetags", "demo"}
# What the project offers to the applications.
OFFERED = {
    "solidarites",
    "solidarites.roles",
    "solidarites.journal",
    "solidarites.journal_objects",
    "solidarites.models",
    "solidarites.mail",
    "solidarites.accounts",
    "solidarites.backups",
    "solidarites.bounces",
    "solidarites.departures",
    "solidarites.health",
    "solidarites.privacy",
    "solidarites.searching",
    "solidarites.prompt",
    "solidarites.refused",
    "solidarites.secrets_at_rest",
}
# What an outcome and the answers lead to is the affair of ``outcomes``.
FAN_OUT = {"retries", "welfare", "referrals"}


def edges(module: str) -> set[str]:
    return EDGES & {"urls" if part.startswith("urls") else part for part in module.split(".")}


def is_rule(path: Path) -> bool:
    module = module_of(path)
    return not edges(module) and not module.startswith(
        ("solidarites.settings", "solidarites.wsgi", "solidarites.celery")
    )


def refused(module: str, imported: str, inside: bool, rule: bool) -> str:
    """Why this import may not be, or nothing."""
    app, target = module.split(".")[0], imported.split(".")[0]
    if app == "tenants" and target == "campaigns":
        return "tenants never imports campaigns: tell it by tenants.events"
    if (
        app == "solidarites"
        and target in ("tenants", "campaigns")
        and module not in ("solidarites.urls", "solidarites.celery")
    ):
        return "the project never imports its applications, except their routes"
    if app in ("tenants", "campaigns") and target == "solidarites" and rule:
        part = ".".join(imported.split(".")[:2])
        if part not in OFFERED:
            return f"a rule uses of the project only {', '.join(sorted(OFFERED))}"
    if rule and target in ("solidarites", "tenants", "campaigns"):
        met = edges(imported) - {"apps", "urls", "templatetags"}
        if met == {"tasks"} and inside:
            return ""
        if met:
            return f"a rule never imports {', '.join(sorted(met))} (a task only inside the function that asks for it)"
    if rule and target == "django" and imported.startswith(("django.http", "django.shortcuts", "django.views")):
        allowed = module.startswith(("solidarites.roles", "solidarites.accounts", "solidarites.middleware"))
        if not allowed and app != "solidarites":
            return "a rule knows no request and no response"
    if module == "campaigns.common.calendar" and imported.startswith("campaigns.models.case"):
        return "the calendar knows nothing of cases"
    if (
        rule
        and module.startswith("campaigns.calls")
        and imported.rpartition(".")[2] in FAN_OUT
        and imported.startswith("campaigns.")
    ):
        return "only outcomes fans out to what follows a call"
    if "management" in module and edges(imported) & {"views", "forms"}:
        return "a command calls rules"
    return ""


def test_dependencies_point_one_way():
    broken = []
    for path in product_modules():
        module, rule = module_of(path), is_rule(path)
        for imported, inside, line in imports(path):
            reason = refused(module, imported, inside, rule)
            if reason:
                broken.append(f"{name_of(path)}:{line} imports {imported}: {reason}")
    assert not broken, "\n".join(dict.fromkeys(broken))


@pytest.mark.parametrize(
    ("module", "imported", "inside"),
    [
        ("tenants.imports.apply", "campaigns.setup.enrolment", False),
        ("solidarites.mail", "tenants.models", True),
        ("campaigns.calls", "campaigns.views.caller", False),
        ("campaigns.calls", "campaigns.tasks", False),
        ("campaigns.calls.recording", "campaigns.common.retries", False),
        ("campaigns.calls.pending", "campaigns.referrals", False),
        ("campaigns.queue", "django.http", False),
        ("campaigns.queue", "solidarites.middleware", False),
        ("campaigns.common.calendar", "campaigns.models.case", False),
        ("campaigns.management.commands.purge_expired", "campaigns.forms", False),
    ],
)
def test_the_directions_do_refuse_a_wrong_import(module, imported, inside):
    assert refused(module, imported, inside, rule="management" not in module)


def test_a_rule_may_ask_for_its_task_inside_a_function():
    assert refused("campaigns.calls", "campaigns.tasks", True, rule=True) == ""


def test_only_a_recorded_call_applies_an_outcome():
    callers = {
        module_of(path)
        for path in product_modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("outcomes.draw", "outcomes.apply")
    }
    assert callers == {"campaigns.calls.recording"}


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one circle, or nothing."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_module_leads_back_to_itself():
    """Imports inside functions counted: they hide a circle, they do not break it."""
    modules = {module_of(path): path for path in product_modules()}
    graph = {
        module: {one for one, _, _ in imports(path) if one in modules and one != module and not module.startswith(one)}
        for module, path in modules.items()
    }
    assert circle_in(graph) == []


def test_a_circle_is_seen():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}})
