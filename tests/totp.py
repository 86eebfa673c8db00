"""The code of an application on a phone (RFC 6238): what a person reads there, from the key the page shows."""

from __future__ import annotations

import base64
import hmac
import time


def code_of(secret: str, *, at: float | None = None) -> str:
    counter = int(time.time() if at is None else at) // 30
    digest = hmac.digest(base64.b32decode(secret), counter.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


def wrong_code(secret: str) -> str:
    """Six figures that no clock would give just now."""
    now = time.time()
    near = {code_of(secret, at=now + 30 * step) for step in range(-3, 4)}
    return next(f"{number:06d}" for number in range(1_000_000) if f"{number:06d}" not in near)
