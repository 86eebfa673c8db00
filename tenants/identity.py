"""Who somebody is, whatever the list: the forms of a name, and the keyed hashes that outlive a purge.

Names are the same but for accents, case, spaces, hyphens, apostrophes and particles; with a full birth date they name
one person. A bare year or a first of January, which is how software writes « unknown day », identifies nobody alone.
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
import re
from datetime import date
from functools import lru_cache

from django.conf import settings

from solidarites.searching import fold

PARTICLES = frozenset(("DE", "DU", "DES", "D", "LE", "LA", "LES", "L", "VAN", "VON", "DER", "DEN"))
# First names closer than this are one name and a slip: « Maryse », « Marise ».
CLOSE = 0.75
_WORDS = re.compile(r"[A-Z0-9]+")


def digest(text: str) -> str:
    """The keyed hash of a text, under PRIVACY_KEY."""
    return hmac.new(settings.PRIVACY_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def words_of(name: str) -> list[str]:
    return _WORDS.findall(fold(name))


@lru_cache(maxsize=50_000)
def name_forms(last_name: str, first_name: str) -> frozenset[str]:
    """The names as one word, with their particles and without: « D'Artagnan », « DARTAGNAN », « ARTAGNAN (D') »."""
    last, first = words_of(last_name), "".join(words_of(first_name))
    bare = [word for word in last if word not in PARTICLES] or last
    if not last or not first:
        return frozenset()
    return frozenset((f"{''.join(last)}|{first}", f"{''.join(bare)}|{first}"))


def same_names(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """(last name, first name) twice: one person's, but for the spelling."""
    return bool(name_forms(*one) & name_forms(*other))


def other_first_name(one: str, other: str) -> bool:
    """Two first names that cannot be one person's; an unknown one is nobody else's."""
    first, second = words_of(one), words_of(other)
    if not first or not second or set(first) & set(second):
        return False
    close = difflib.SequenceMatcher(None, "".join(first), "".join(second)).ratio() >= CLOSE
    return not close and not first[0].startswith(second[0]) and not second[0].startswith(first[0])


def identifies(birth: date | str | None, precision: str) -> bool:
    """Whether a birth date, with names, names one person: its day is known, and it is no first of January."""
    if not birth or precision != "day":
        return False
    return not (birth if isinstance(birth, str) else birth.isoformat()).endswith("-01-01")


# Keyed hashes ------------------------------------------------------------------------------------------


def reference_key(reference: str) -> str:
    return digest(f"ref:{reference}")


def number_key(e164: str) -> str:
    return digest(f"tel:{e164}")


def names_keys(last_name: str, first_name: str, birth: str, precision: str) -> list[str]:
    """One hash for each form of the names with a full birth date (ISO); none where the birth identifies nobody."""
    if not identifies(birth, precision):
        return []
    return [digest(f"who:{form}|{birth}") for form in sorted(name_forms(last_name, first_name))]


def person_keys(*, reference: str, last_name: str, first_name: str, birth: str, precision: str = "day") -> list[str]:
    """What somebody is known by: the reference, and the names with a full birth date."""
    keys = [reference_key(reference)] if reference else []
    return keys + names_keys(last_name, first_name, birth, precision)


def former_names_key(last_name: str, first_name: str, birth: str) -> str:
    """How earlier releases hashed names and birth: accents and hyphens counted, a first of January too."""
    return digest(f"per:{last_name.casefold()}|{first_name.casefold()}|{birth}")


def departed_keys(*, reference: str, last_name: str, first_name: str, birth: str, precision: str = "day") -> list[str]:
    """What somebody dead or gone is remembered by. A reference counts with its first name: it may be given again."""
    first = "".join(words_of(first_name))
    keys = [digest(f"gone:{reference}|{first}")] if reference else []
    if identifies(birth, precision):
        keys += [digest(f"gone-who:{form}|{birth}") for form in sorted(name_forms(last_name, first_name))]
    return keys
