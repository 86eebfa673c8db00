"""Writing that no font of ours draws → Latin letters, so that whoever visits can read a name aloud.

By the names that Unicode gives to letters: scripts of India and of South-East Asia, kana, Hangul, Ethiopic. Chinese
characters have no such names: they are left to be shown on screen.
"""

from __future__ import annotations

import re
import unicodedata

_SOUND = re.compile(r"\b(?:LETTER|SYLLABLE)(?: SMALL| CAPITAL)? ([A-Z]+)$")
_VOWEL = re.compile(r"\bVOWEL SIGN ([A-Z]+)$")
_SILENT = re.compile(r"\bSIGN (?:VIRAMA|COENG|ASAT|AL-LAKUNA)$")


def latin(text: str) -> str:
    """« தமிழ் » → « Tamilll »; empty where a character has no sound of its own."""
    found = ""
    for char in unicodedata.normalize("NFC", text):
        name = unicodedata.name(char, "")
        if sound := _SOUND.search(name):
            found += sound[1].lower()
        elif vowel := _VOWEL.search(name):
            found = found.removesuffix("a") + vowel[1].lower()
        elif _SILENT.search(name):
            found = found.removesuffix("a")
        elif not unicodedata.category(char).startswith("M"):
            return ""
    return found.capitalize()
