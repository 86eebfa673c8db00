"""The caretaker's link, made when the message leaves: the queue of mails holds ids, never a secret."""

from __future__ import annotations

from django import template
from django.utils import timezone

from campaigns import caretakers

register = template.Library()


@register.simple_tag
def caretaker_link(round_id: int) -> str:
    """Raises DoesNotExist for a link taken back or over meanwhile: the message is then cancelled."""
    return caretakers.link_of(caretakers.live(timezone.now()).get(pk=round_id))
