"""The shared cache on Redis; while Redis is away each process counts in its own memory, and every page answers.

The cache holds limits of attempts and the state page, nothing that must not be lost: a neighbour who writes or somebody
who signs in never meets an error because of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

# Seconds before Redis is asked again: a page that looks five times into the cache waits once.
APART = 5.0


class SharedCache(RedisCache):
    # Of all threads of the process: one of them finds out for the others.
    away_until = 0.0

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        options = {"socket_connect_timeout": 1, "socket_timeout": 2, **params.get("OPTIONS", {})}
        super().__init__(server, {**params, "OPTIONS": options})
        # The same name in every instance of a process: LocMemCache keeps its store by it.
        self._local = LocMemCache("solidarites-while-redis-is-away", {})

    def _try(self, name: str, shared: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= SharedCache.away_until:
            try:
                return shared(*args, **kwargs)
            except (RedisError, OSError) as error:
                SharedCache.away_until = time.monotonic() + APART
                # The class alone: an address may hold a password.
                log.warning("cache: Redis is away (%s), each process counts alone", type(error).__name__)
        return getattr(self._local, name)(*args, **kwargs)

    def add(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("add", super().add, *args, **kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("get", super().get, *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("set", super().set, *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("touch", super().touch, *args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("delete", super().delete, *args, **kwargs)

    def get_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("get_many", super().get_many, *args, **kwargs)

    def has_key(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("has_key", super().has_key, *args, **kwargs)

    def incr(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("incr", super().incr, *args, **kwargs)

    def set_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("set_many", super().set_many, *args, **kwargs)

    def delete_many(self, *args: Any, **kwargs: Any) -> Any:
        return self._try("delete_many", super().delete_many, *args, **kwargs)

    def clear(self) -> Any:
        return self._try("clear", super().clear)
