"""What Django's own filters get wrong in French."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def plural(number: int, ending: str = "s") -> str:
    """« s » from two on: 0 foyer, 1 foyer, 2 foyers. « a,ont » gives one or the other."""
    singular, comma, several = ending.partition(",")
    if not comma:
        singular, several = "", ending
    return several if number > 1 else singular
