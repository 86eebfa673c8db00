"""Sessions in the database, read by a query whose SQL is made once: every request asks it."""

from __future__ import annotations

import logging
from datetime import datetime

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.utils import timezone

from solidarites import trouble
from solidarites.kept import Kept

log = logging.getLogger(__name__)
_alive: Kept[Session] = Kept(
    lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now), str, datetime
)


class SessionStore(db.SessionStore):
    def save(self, must_create: bool = False) -> None:
        """A disk that is full undoes nothing of what the view did: the session stays as it was before.

        At worst it ends too early. Django would answer « bad request », as to a session that somebody ended meanwhile.
        """
        try:
            super().save(must_create)
        except UpdateError as error:
            if not trouble.kind_of(error):
                raise
            log.warning("session: not saved (%s)", trouble.kind_of(error))

    def _get_session_from_db(self) -> Session | None:
        found = _alive(self.session_key or "", timezone.now())
        if not found:
            self._session_key = None
        return found[0] if found else None
