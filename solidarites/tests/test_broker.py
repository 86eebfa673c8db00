"""The embedded broker: whole messages, one taker each, nothing that a killed process leaves can stop a worker."""

from __future__ import annotations

import threading
import uuid
from queue import Empty

import pytest
from kombu import Connection

import solidarites.celery  # noqa: F401  (registers the transport)


@pytest.fixture
def name() -> str:
    """A queue of its own: kombu remembers in the process which queues it has already laid out in a folder."""
    return uuid.uuid4().hex


@pytest.fixture
def connect(tmp_path):
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    options = {
        "data_folder_in": str(tmp_path / "queue"),
        "data_folder_out": str(tmp_path / "queue"),
        "control_folder": str(tmp_path / "control"),
    }
    return lambda: Connection("filesystem://", transport_options=options)


def taken(queue) -> list:
    found = []
    while True:
        try:
            message = queue.get_nowait()
        except Empty:
            return found
        message.ack()
        found.append(message.payload)


def test_messages_come_in_the_order_in_which_they_were_put(connect, name):
    with connect() as connection:
        queue = connection.SimpleQueue(name)
        for number in range(20):
            queue.put(number)
        assert taken(queue) == list(range(20))


def test_a_worker_that_found_nothing_looks_again_at_once(connect, name, monkeypatch):
    class PausedError(Exception):
        """How long it would have slept."""

    def pause(seconds: float) -> None:
        raise PausedError(seconds)

    monkeypatch.setattr("kombu.transport.virtual.base.sleep", pause)
    with connect() as connection, pytest.raises(PausedError) as told:
        connection.SimpleQueue(name).get(timeout=60)
    assert told.value.args[0] <= 0.1


def test_each_message_has_one_taker(connect, name):
    with connect() as connection:
        queue = connection.SimpleQueue(name)
        for number in range(200):
            queue.put(number)
    found: list[int] = []

    def take() -> None:
        with connect() as connection:
            found.extend(taken(connection.SimpleQueue(name)))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(200))


def test_a_half_written_message_is_left_aside(connect, name, tmp_path, caplog):
    with connect() as connection:
        queue = connection.SimpleQueue(name)
        (tmp_path / "queue" / f"00000000000000000001_a.{name}.msg").write_text('{"half')
        (tmp_path / "queue" / f"00000000000000000002_b.{name}.msg.part").write_text("{")
        queue.put("entier")
        assert taken(queue) == ["entier"]
    assert "unreadable" in caplog.text


def test_an_empty_folder_is_an_empty_queue(connect, name):
    with connect() as connection, pytest.raises(Empty):
        connection.SimpleQueue(name).get_nowait()
