"""A task asked for by its name: after the commit, and whatever the broker does."""

from __future__ import annotations

import ast

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from solidarites.celery import app
from solidarites.prompt import ask_for
from tests.house.source import name_of, product_modules, tree


@pytest.mark.django_db(transaction=True)
def test_a_task_is_asked_for_after_the_commit_and_not_when_the_transaction_fails(monkeypatch):
    asked = []
    monkeypatch.setattr(app, "send_task", lambda name, args: asked.append((name, args)))
    with transaction.atomic():
        ask_for("tenants.tasks.run_imports")
        transaction.set_rollback(True)
    assert not asked
    with transaction.atomic():
        ask_for("tenants.tasks.run_imports", 3)
        assert not asked
    assert asked == [("tenants.tasks.run_imports", (3,))]


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_never_fails_the_request(monkeypatch, caplog):
    def down(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(app, "send_task", down)
    with transaction.atomic():
        ask_for("solidarites.tasks.send_mail")
    assert "connection refused" in caplog.text


def test_every_task_asked_for_by_its_name_exists():
    app.loader.import_default_modules()
    asked = [
        (name_of(path), node.args[0])
        for path in product_modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("ask_for")
    ]
    assert asked
    wrong = [where for where, name in asked if not isinstance(name, ast.Constant) or name.value not in app.tasks]
    assert not wrong
