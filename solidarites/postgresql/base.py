"""Each request takes up a connection kept from an earlier one: whether it still stands must cost nothing.

Nor must a statement whose text and plan are kept: it takes up the cursor of the one before.
"""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import RawCursor


class DatabaseWrapper(base.DatabaseWrapper):
    _planned: RawCursor[Any] | None = None

    def planned_cursor(self) -> Any:
        """A cursor whose values travel apart from the text ($1, $2…), so that its plan can be kept.

        Always the same one on a connection: read what a statement gives before the next, and leave it open.
        """
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            if self._planned is None or self._planned.closed or self._planned.connection is not self.connection:
                driver = self.connection
                before, driver.cursor_factory = driver.cursor_factory, RawCursor
                try:
                    self._planned = self.create_cursor()
                finally:
                    driver.cursor_factory = before
            ours: Any = self  # the stubs do not know this method
            return ours._prepare_cursor(self._planned)

    def is_usable(self) -> bool:
        """A server that stopped closes its connections, which shows at once: Django asks it a question instead."""
        if self.connection is None or self.connection.closed:
            return False
        waiting = select.poll()
        waiting.register(self.connection.fileno(), select.POLLIN)
        return not waiting.poll(0)
