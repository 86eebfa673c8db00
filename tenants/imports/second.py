"""The columns of a list as the second person of a row has them."""

from __future__ import annotations

from dataclasses import replace

from tenants.imports.columns import ONE_PERSON, Header
from tenants.imports.fields import DETAILS, SECOND


def names_second(header: Header) -> bool:
    return any(column.field.startswith(SECOND) for column in header.columns)


def of_second_person(header: Header) -> Header:
    """The columns as the second person of a row has them: their own, and those of the household."""
    columns = []
    for column in header.columns:
        own = column.field.startswith(SECOND)
        name = column.field.removeprefix(SECOND) if own else column.field
        if not own and (name in ONE_PERSON or name in _FIRST_ALONE):
            name = ""
        columns.append(replace(column, field=name, second_person=False))
    return Header(header.position, columns)


# Said of the first person of a row alone; of the household, the row says it once, through the first.
_FIRST_ALONE = frozenset(
    ("phone", "phone_third", "role", "remarks", "do_not_call", *(detail.name for detail in DETAILS))
)
SAID_ONCE = frozenset(
    (
        "phone_invalid",
        "number_not_dialled",
        "commune_unknown",
        "commune_close",
        "postal_code_missing",
        "language_unknown",
    )
)
