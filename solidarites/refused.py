"""What a rule refuses."""

from __future__ import annotations


class Refused(ValueError):
    """An act that is not possible now: a French message for the person who asked, and the field it belongs to.

    Each subject has its own, under this one: a view that shows the message need not know which.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.message, self.field = message, field
