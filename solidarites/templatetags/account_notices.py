"""The sentence of a notice, the same in an e-mail and at sign-in."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from solidarites import notices

register = template.Library()


@register.simple_tag
def notice_sentence(kind: str, at: str) -> SafeString:
    # Our own words and a date: an apostrophe stays one in the text of an e-mail.
    return SafeString(notices.sentence(kind, at))
