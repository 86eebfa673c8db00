"""Sessions in the database, read by a query whose SQL is made once: every request asks it."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from solidarites.kept import Kept

_alive: Kept[Session] = Kept(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now), str, datetime
)


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> Session | None:
        found = _alive(self.session_key or "", timezone.now())
        if not found:
            self._session_key = None
        return found[0] if found else None
