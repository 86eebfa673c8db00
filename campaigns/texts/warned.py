"""What a free text should not hold: a gentle warning while it is typed, never a refusal.

The purpose of a campaign needs facts. Diagnoses, judgements, origins and identity numbers are read by others later,
by the person too if they ask: better noticed at once. A pain that is told is a fact (« elle a mal au dos »), its
name in a medical dictionary is a diagnosis (« elle fait de l'arthrose »). Words are matched whole, without case nor
accents; some count only beside others (« folle de joie » is no insult).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

HEALTH = "Cela ressemble à un diagnostic : notez plutôt le besoin (« il manque des médicaments »)."
OPINION = "Cela ressemble à un jugement : notez ce qui a été dit ou entendu."
ORIGIN = "Origine, religion et opinions ne servent pas à aider : retirez-les."
IDENTITY = "Cela ressemble à un numéro d'identité ou de banque : ne le gardez pas."
# What is kept of a warning: a code, whatever its sentence becomes.
MESSAGES = {"health": HEALTH, "opinion": OPINION, "origin": ORIGIN, "identity": IDENTITY}
LABELS = {
    "health": "ressemble à un diagnostic",
    "opinion": "ressemble à un jugement",
    "origin": "origine, religion ou opinion",
    "identity": "numéro d'identité ou de banque",
}


def _patterns() -> dict[str, re.Pattern[str]]:
    """One pattern a code, from the lines of data/warned_words.txt."""
    words: dict[str, list[str]] = {}
    code = ""
    for line in (Path(__file__).parents[1] / "data" / "warned_words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            code = line.strip("[]")
        elif line and not line.startswith("#"):
            words.setdefault(code, []).append(line)
    return {code: re.compile(rf"(?<!\w)(?:{'|'.join(some)})(?!\w)") for code, some in words.items()}


_PATTERNS = _patterns()
# Digits grouped however one likes: 13 and the key of a social-security number, a European account, a payment card.
_SOCIAL = re.compile(
    r"(?<![\d])([1-478])[ .-]?(\d{2})[ .-]?(0[1-9]|1[0-2]|[2-9]\d)[ .-]?(\d{2}|2[ab])[ .-]?(\d{3})[ .-]?(\d{3})"
    r"(?:[ .-]?(\d{2}))?(?!\d)"
)
_IBAN = re.compile(r"(?<!\w)[a-z]{2}[ ]?\d{2}(?:[ .-]?[\da-z]){11,30}(?!\w)")
_CARD = re.compile(r"(?<!\d)(?:\d[ .-]?){12,18}\d(?!\d)")
# The length of the accounts of the countries whose people live here; others are left alone.
_IBAN_LENGTHS = {
    "fr": 27, "mc": 27, "be": 16, "es": 24, "pt": 25, "it": 27, "de": 22, "lu": 20, "ch": 21, "gb": 22, "nl": 18,
}  # fmt: skip


def _plain(text: str) -> str:
    # Both apostrophes are one, and the non-breaking spaces of a telephone's keyboard are spaces.
    text = unicodedata.normalize("NFKD", text.replace("’", "'").replace("œ", "oe"))
    return text.encode("ascii", "ignore").decode().lower()


def _is_card(digits: str) -> bool:
    """The key of payment cards (Luhn): other long numbers are left alone."""
    if digits[0] not in "23456" or len(set(digits)) < 2:
        return False
    doubled = [int(digit) * (1 + position % 2) for position, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_social(found: re.Match[str]) -> bool:
    """A usual one is told by its shape, even mistyped; a temporary one (3, 4, 7, 8) by its key too.

    Corsica counts as 19 and 18.
    """
    if found.group(1) in "12" or found.group(7) is None:
        return found.group(1) in "12"
    number = "".join(found.groups()[:6]).replace("2a", "19").replace("2b", "18")
    return int(found.group(7)) == 97 - int(number) % 97


def _is_account(text: str) -> bool:
    """An IBAN whose check digits are right, wherever it ends in what follows it."""
    letters = re.sub(r"[^\da-z]", "", text)
    account = letters[: _IBAN_LENGTHS.get(letters[:2], 0)]
    if len(account) != _IBAN_LENGTHS.get(letters[:2]):
        return False
    return int("".join(str(int(one, 36)) for one in account[4:] + account[:4])) % 97 == 1


def _has_number(plain: str) -> bool:
    return (
        any(_is_social(found) for found in _SOCIAL.finditer(plain))
        or any(_is_account(found.group()) for found in _IBAN.finditer(plain))
        or any(_is_card(re.sub(r"\D", "", found.group())) for found in _CARD.finditer(plain))
    )


def codes(text: str) -> list[str]:
    """Why this text should be looked at again, as codes in a fixed order; empty most of the time."""
    plain = _plain(text)
    found = [code for code, pattern in _PATTERNS.items() if pattern.search(plain)]
    return [*found, "identity"] if _has_number(plain) else found


def warnings(texts: Iterable[str]) -> list[str]:
    """What to look at again in these texts, each sentence once."""
    found = [MESSAGES[code] for text in texts for code in codes(text)]
    return list(dict.fromkeys(found))
