"""Documents as tagged PDF (PDF/UA-1), and pictures as PNG, by typst.

A template of ``templates/documents`` reads one JSON value: what a person typed is a string in it, shown as it is, never
markup. Fonts are typst's own, so that every machine prints the same page.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import segno
import typst
from django.conf import settings

from campaigns.common.spelling import latin

# What typst's own fonts surely draw: Latin, Greek, Cyrillic, punctuation, currencies.
NOT_SURELY_DRAWN = re.compile(r"[^ -~\u00a0-\u04ff\u1e00-\u203f\u20a0-\u20bf]")


@cache
def _template(name: str) -> bytes:
    return (settings.BASE_DIR / "templates" / "documents" / f"{name}.typ").read_bytes()


def pdf(name: str, data: dict[str, Any]) -> bytes:
    """``templates/documents/<name>.typ`` filled with ``data``, which must be JSON; « demo » is added to it.

    PDF/UA refuses a character that no font draws: a name in Tamil is then spelt in Latin letters, an emoji or a control
    character is shown as « □ ».
    """
    try:
        return _compile(name, data)
    except typst.TypstError as error:
        if "could not be displayed" not in str(error):
            raise
        return _compile(name, _drawable(data))


def png(name: str, data: dict[str, Any]) -> bytes:
    """The one page of ``templates/documents/<name>.typ`` as a picture: a point of the template is a pixel."""
    return _compile(name, _drawable(data), format="png", ppi=72)


def _compile(name: str, data: Any, **how: Any) -> bytes:
    how = how or {"format": "pdf", "pdf_standards": ["ua-1"]}
    made = typst.compile(
        _template(name),
        sys_inputs={"data": json.dumps({**data, "demo": settings.DEMO}, ensure_ascii=False)},
        ignore_system_fonts=True,
        **how,
    )
    return bytes(made)


def _spelt(found: re.Match[str]) -> str:
    kept = found[0].replace("\n", "").replace("\t", "")
    return found[0] if not kept else latin(found[0]) or "".join(c if c in "\n\t" else "□" for c in found[0])


def _drawable(value: Any) -> Any:
    if isinstance(value, str):
        # The code of a drawing (a QR code) holds none of these and stays as it is.
        return re.sub(f"(?:{NOT_SURELY_DRAWN.pattern})+", _spelt, value)
    if isinstance(value, dict):
        return {key: _drawable(one) for key, one in value.items()}
    return [_drawable(one) for one in value] if isinstance(value, list | tuple) else value


def written(path: str) -> str:
    """The address of a page of ours as paper says it: without « https:// »."""
    return (settings.SITE_URL + path).partition("//")[2]


def qr(address: str) -> str:
    """A QR code of ``address`` as SVG, for a template to draw; its dark modules survive a torn or dirty poster."""
    return str(segno.make(address, error="q", micro=False).svg_inline(border=0))
