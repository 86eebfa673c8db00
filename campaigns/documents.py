"""Documents as tagged PDF (PDF/UA-1), by typst.

A template of ``templates/documents`` reads one JSON value: what a person typed is a string in it, shown as it is, never
markup. Fonts are typst's own, so that every machine prints the same page.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import segno
import typst
from django.conf import settings


@cache
def _template(name: str) -> bytes:
    return (settings.BASE_DIR / "templates" / "documents" / f"{name}.typ").read_bytes()


def pdf(name: str, data: dict[str, Any]) -> bytes:
    """``templates/documents/<name>.typ`` filled with ``data``, which must be JSON; « demo » is added to it."""
    made = typst.compile(
        _template(name),
        format="pdf",
        sys_inputs={"data": json.dumps({**data, "demo": settings.DEMO}, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        ignore_system_fonts=True,
    )
    return bytes(made)


def qr(address: str) -> str:
    """A QR code of ``address`` as SVG, for a template to draw; its dark modules survive a torn or dirty poster."""
    return str(segno.make(address, error="q", micro=False).svg_inline(border=0))
