"""A text that somebody typed → paragraphs, lists and links. Nobody types HTML: what looks like it is shown as it is.

- an empty line separates paragraphs; lines that begin with « - » are a list;
- a telephone number, and a short one after « le » or « au » (« le 15 »), can be pressed;
- the address of one of our public pages (« /questions/numeros/ ») becomes a link that bears the page's title.
"""

from __future__ import annotations

import re
import unicodedata

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from campaigns.common.calendar import MONTHS
from campaigns.common.typography import typography
from campaigns.models import Crisis

# 114 is for those who do not hear or cannot speak: it is written to.
SHORT = {"15": "tel", "17": "tel", "18": "tel", "112": "tel", "114": "sms", "3114": "tel", "3977": "tel"}
_GAP = "[ .\u00a0\u202f]"
_NO_DATE = rf"(?!\s*(?:{'|'.join(MONTHS)}|h\b|ans\b|%|\d))"
LINKED = re.compile(
    rf"(?P<short>(?:(?<=\b[Ll]e )|(?<=\b[Aa]u ))(?:{'|'.join(SHORT)})\b{_NO_DATE})"
    rf"|(?P<long>(?<!\d)0{_GAP}?800(?:{_GAP}\d{{3}}){{2}}(?!\d)"
    rf"|(?<!\d)0{_GAP}?[1-9](?:\d{{2}}(?:{_GAP}?\d{{2}}){{3}}\d|(?:{_GAP}?\d{{2}}){{4}})(?!\d)"
    rf"|(?<!\d)0{_GAP}?800(?:{_GAP}?\d{{2}}){{3}}(?!\d))"
    r"|(?P<page>(?<![\w/])/[a-z][a-z/-]*/)"
)


def pages() -> dict[str, str]:
    """The addresses that a text may name, with the words of their links."""
    return {
        reverse("public:numbers"): "Les numéros utiles",
        reverse("public:gestures_all"): "Les bons gestes",
        **{reverse("public:gestures", args=[one.value]): f"Les bons gestes ({one.label})" for one in Crisis},
        reverse("public:faq"): "Vos questions, nos réponses",
        reverse("public:neighbour"): "Signaler une inquiétude pour une voisine ou un voisin",
        reverse("public:data"): "Vos données",
        reverse("public:accessibility"): "Accessibilité",
        reverse("public:legal"): "Mentions légales",
    }


def html(text: str) -> SafeString:
    """The text as HTML that is safe whatever was typed."""
    known = pages()
    return mark_safe("".join(_block(lines, known) for lines in _blocks(text)))


def line(text: str) -> SafeString:
    """One line of it, without paragraphs."""
    return _linked(text, pages())


def plain(text: str) -> str:
    """Without accents, capitals and typographic signs: what a search compares."""
    flat = unicodedata.normalize("NFKD", text.casefold().replace("’", "'").replace("œ", "oe"))
    return " ".join("".join(sign for sign in flat if not unicodedata.combining(sign)).split())


def _blocks(text: str) -> list[list[str]]:
    """Groups of lines: a paragraph, or the lines of a list."""
    found: list[list[str]] = [[]]
    for raw in text.replace("\r", "").split("\n"):
        line = raw.strip()
        listed = line.startswith("- ")
        if not line or (found[-1] and listed != found[-1][0].startswith("- ")):
            found.append([])
        if line:
            found[-1].append(line)
    return [lines for lines in found if lines]


def _block(lines: list[str], known: dict[str, str]) -> SafeString:
    if lines[0].startswith("- "):
        items = format_html_join("", "<li>{}</li>", ((_linked(line[2:], known),) for line in lines))
        return format_html("<ul>{}</ul>", items)
    return format_html("<p>{}</p>", _linked(" ".join(lines), known))


def _linked(text: str, known: dict[str, str]) -> SafeString:
    made, at = SafeString(""), 0
    text = typography(text)
    for match in LINKED.finditer(text):
        link = _link(match, known)
        if link is not None:
            made += format_html("{}{}", text[at : match.start()], link)
            at = match.end()
    return made + format_html("{}", text[at:])


def _link(match: re.Match[str], known: dict[str, str]) -> SafeString | None:
    text = match.group()
    if match["page"]:
        return format_html('<a href="{}">{}</a>', text, known[text]) if text in known else None
    scheme = SHORT.get(text, "tel")
    digits = re.sub(r"\D", "", text)
    return format_html('<a class="nowrap" href="{}:{}">{}</a>', scheme, digits, text)
