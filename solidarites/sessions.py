"""Sessions in the database, which a full disk undoes nothing of."""

from __future__ import annotations

import logging

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError

from solidarites import trouble

log = logging.getLogger(__name__)


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
