"""A broker that is down delays nothing and fails no page."""

from __future__ import annotations

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from solidarites import tasks
from solidarites.celery import app


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_never_fails_the_request(monkeypatch, caplog):
    def down(*args, **kwargs):
        raise OperationalError("connection refused")

    monkeypatch.setattr(app, "send_task", down)
    monkeypatch.setattr(tasks.heartbeat, "apply_async", down)
    with transaction.atomic():
        tasks.heartbeat.delay_on_commit()
    assert "connection refused" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_task_is_not_asked_for_when_the_transaction_fails(monkeypatch):
    asked = []
    monkeypatch.setattr(tasks.heartbeat, "apply_async", lambda *args, **kwargs: asked.append(args))
    with transaction.atomic():
        tasks.heartbeat.delay_on_commit()
        transaction.set_rollback(True)
    assert not asked
    with transaction.atomic():
        tasks.heartbeat.delay_on_commit()
        assert not asked
    assert len(asked) == 1


def test_tests_talk_to_no_broker():
    assert app.conf.broker_url == "memory://"
    assert app.connection_for_write().as_uri().startswith("memory://")
