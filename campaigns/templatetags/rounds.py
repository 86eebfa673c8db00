"""The caretaker's link, made when the message leaves: the queue of mails holds ids, never a secret."""

from __future__ import annotations

from django import template
from django.utils import timezone

from campaigns.models import CaretakerRound
from campaigns.welfare import caretakers

register = template.Library()


@register.simple_tag
def caretaker_link(round_id: int) -> str:
    """Raises DoesNotExist for a link taken back, over or closed by a new SECRET_KEY: the message is then cancelled."""
    link = caretakers.link_of(caretakers.live(timezone.now()).get(pk=round_id))
    if not link:
        raise CaretakerRound.DoesNotExist
    return link
