"""What a free text should not hold: a gentle warning while it is typed, never a refusal.

The purpose of a campaign needs facts. Health, opinions, origins and identity numbers are read by others later,
by the person too if they ask: better noticed at once. Words are matched whole, without case nor accents.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

HEALTH = "Cela ressemble à un diagnostic : notez plutôt le besoin (« il manque des médicaments »)."
OPINION = "Cela ressemble à un jugement : notez ce qui a été dit ou entendu."
ORIGIN = "Origine, religion et opinions ne servent pas à aider : retirez-les."
IDENTITY = "Cela ressemble à un numéro d'identité ou de banque : ne le gardez pas."

_WORDS = {
    HEALTH: (
        r"alzheimer|parkinson|cancers?|tumeurs?|depressi(?:on|f|ve)s?|bipolaires?|schizophren\w*|dement(?:e|ce|s)?"
        r"|demence|diabet\w+|avc|infarctus|seropositi\w+|vih|sida|alcooli(?:que|sme)s?|toxicomanes?|psychotique"
        r"|paranoia\w*|epilep\w+|sclerose|hepatite|cirrhose|insuffisance (?:cardiaque|renale)|handicapee? mental\w*"
    ),
    OPINION: (
        r"conn?e?s?|connards?|connasses?|idiot\w*|debiles?|abruti\w*|imbeciles?|folle|fou|cinglee?s?|tarees?|gateux"
        r"|gateuse|seniles?|chiante?s?|casse[- ]pieds|emmerd\w+|menteu(?:r|se)s?|radine?s?|alcoolo\w*|ivrognes?"
        r"|feignante?s?"
        r"|faineante?s?|sales? (?:type|bonne femme|vieux|vieille)|vieille peau|insupportables?|hysteriques?"
    ),
    ORIGIN: (
        r"arabes?|maghrebine?s?|noire?s? d'origine|musulmane?s?|juifs?|juives?|catholiques?|protestante?s?"
        r"|chretienn?e?s?"
        r"|gitane?s?|tziganes?|manouches?|africaine?s?|asiatiques?|homosexuel\w*|communistes?"
        r"|d'extreme (?:droite|gauche)|syndique\w*|origine (?:etrangere|arabe|africaine|turque|portugaise"
        r"|espagnole|italienne)"
    ),
}
_PATTERNS = {message: re.compile(rf"(?<!\w)(?:{words})(?!\w)") for message, words in _WORDS.items()}
# Social-security numbers (13 digits and a key), French IBANs, payment cards: digits grouped however one likes.
_SOCIAL = re.compile(
    r"(?<!\d)[12][ ]?\d{2}[ ]?(?:0[1-9]|1[0-2]|[2-4]\d)[ ]?(?:\d{2}|2[ab])[ ]?\d{3}[ ]?\d{3}(?:[ ]?\d{2})?(?!\d)"
)
_IBAN = re.compile(r"(?<!\w)fr[ ]?\d{2}(?:[ ]?[\da-z]){23}(?!\w)")
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){15}\d(?!\d)")


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKD", text.replace("’", "'")).encode("ascii", "ignore").decode().lower()


def _is_card(digits: str) -> bool:
    """The key of payment cards (Luhn): other long numbers are left alone."""
    doubled = [int(digit) * (1 + position % 2) for position, digit in enumerate(digits, start=1)]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def warnings(texts: Iterable[str]) -> list[str]:
    """What to look at again in these texts, each sentence once; empty most of the time."""
    found: list[str] = []
    for text in texts:
        plain = _plain(text)
        found += [message for message, pattern in _PATTERNS.items() if pattern.search(plain)]
        cards = (re.sub(r"\D", "", match.group()) for match in _CARD.finditer(plain))
        if _SOCIAL.search(plain) or _IBAN.search(plain) or any(_is_card(digits) for digits in cards):
            found.append(IDENTITY)
    return list(dict.fromkeys(found))
