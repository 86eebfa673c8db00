"""Looking for somebody by what one remembers of a name, or by a number typed as it is written.

Neither accents, case, hyphens, apostrophes nor a civility count; words stand in any order, and any part of a name
will do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import TypeVar

from django.db.models import Model, QuerySet

M = TypeVar("M", bound=Model)
CIVILITIES = frozenset(["M", "MR", "MM", "MME", "MMES", "MLLE", "MONSIEUR", "MADAME", "MADEMOISELLE", "ET"])
# More than anybody remembers of a name; each one asks the database again.
MOST_WORDS = 6
_NUMBER = re.compile(r"\+?[\d\s./()-]+")


def fold(text: str) -> str:
    """Capitals without accents or ligatures."""
    if text.isascii():
        return text.upper()
    return _fold(text)


@lru_cache(maxsize=20_000)
def _fold(text: str) -> str:
    text = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE").replace("ß", "ss")
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).upper()


def key(*names: str) -> str:
    """What a name is looked for in: « L'Hermitte », « Jean-Pierre » → « LHERMITTEJEANPIERRE »."""
    return "".join(char for char in fold("".join(names)) if char.isalnum())


def words(text: str) -> list[str]:
    """What is looked for: folded, without civility (but where nothing else was typed)."""
    typed = [word for word in re.split(r"[\W_]+", fold(text)) if word]
    named = [word for word in typed if word not in CIVILITIES]
    return (named or typed)[:MOST_WORDS]


def digits(text: str) -> str:
    """The digits of a number however it is typed; empty when ``text`` is no number."""
    return re.sub(r"\D", "", text) if text.isascii() and _NUMBER.fullmatch(text.strip()) else ""


def named(queryset: QuerySet[M], field: str, text: str) -> QuerySet[M]:
    """Those whose ``field``, kept as ``key`` makes it, has every word of ``text``."""
    for word in words(text):
        queryset = queryset.filter(**{f"{field}__contains": word})
    return queryset


def among(queryset: QuerySet[M], fields: Iterable[str], text: str) -> QuerySet[M]:
    """The same where nothing is kept folded: for hundreds of rows (accounts, partners), read and compared here."""
    asked = words(text)
    found = [pk for pk, *values in queryset.values_list("pk", *fields) if all(word in key(*values) for word in asked)]
    return queryset.filter(pk__in=found)
