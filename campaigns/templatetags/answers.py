"""Texts of the public pages: what was typed as safe paragraphs, French spaces."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from campaigns.common.typography import typography
from campaigns.public import answers

register = template.Library()


@register.filter
def answer(text: str) -> SafeString:
    return answers.html(text)


@register.filter
def linked(line: str) -> SafeString:
    """One line, its numbers and addresses as links."""
    return answers.line(line)


@register.filter
def french(text: str) -> str:
    return typography(text)
