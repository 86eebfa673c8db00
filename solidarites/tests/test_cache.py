"""Redis away: every page answers, limits are still counted, and Redis serves again as soon as it is back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache, caches
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import ConnectionError as RedisConnectionError

from campaigns.models import NeighbourReport
from solidarites.cache import SharedCache
from tests import factories

# Port 1: nobody listens there.
NOWHERE = {"default": {"BACKEND": "solidarites.cache.SharedCache", "LOCATION": "redis://:secret@127.0.0.1:1/0"}}


@pytest.fixture(autouse=True)
def away(settings: Any) -> Iterator[None]:
    SharedCache.away_until = 0.0
    settings.CACHES = NOWHERE
    caches["default"]._local.clear()
    yield
    caches["default"]._local.clear()
    SharedCache.away_until = 0.0


def test_each_process_counts_alone(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert cache.get("a") is None
        assert cache.add("a", 0, 60)
        assert not cache.add("a", 0, 60)
        assert [cache.incr("a"), cache.incr("a")] == [1, 2]
        cache.set("b", [1], 60)
        assert cache.get_many(["a", "b"]) == {"a": 2, "b": [1]}
        assert cache.has_key("b")
        assert cache.touch("b", 60)
        assert cache.delete("b")
        cache.set_many({"c": 1, "d": 2})
        cache.delete_many(["c"])
        assert cache.get("d") == 2
        with pytest.raises(ValueError, match="not found"):
            cache.incr("nobody")
    # Said once, without the password of the address.
    assert len(caplog.records) == 1
    assert "secret" not in caplog.text


def test_redis_is_asked_again_and_serves_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def back(self: Any, key: str, *args: Any, **kwargs: Any) -> str:
        asked.append(key)
        if len(asked) == 1:
            raise RedisConnectionError
        return "from Redis"

    monkeypatch.setattr(RedisCache, "get", back)
    assert cache.get("a") is None
    assert cache.get("a") is None
    assert asked == ["a"], "not asked again at once"
    monkeypatch.setattr(SharedCache, "away_until", 0.0)
    assert cache.get("a") == "from Redis"


@pytest.mark.django_db
def test_the_state_page_a_neighbour_and_the_sign_in_still_answer(client: Any, settings: Any) -> None:
    factories.make_campaign()
    assert client.get("/sante/", headers={"accept": "application/json"}).status_code in (200, 503)
    answer = client.post("/voisins/", {"place": "12 rue des Lilas", "worries": ["mail"]})
    assert answer.status_code == 302
    assert NeighbourReport.objects.count() == 1
    factories.make_user("lea3@exemple.fr", "Léa", "Bonnet", "volunteer")
    given = {"login": "lea3@exemple.fr", "password": factories.PASSWORD}
    assert client.post("/connexion/", given).status_code == 302
    wrong = [client.post("/connexion/", given | {"password": "x"}).status_code for _ in range(3)]
    assert 500 not in wrong
