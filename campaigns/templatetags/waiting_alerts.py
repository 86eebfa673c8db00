"""The alerts that a message tells of, read when it leaves: somebody may have taken some meanwhile."""

from __future__ import annotations

from django import template

from campaigns.models import Alert

register = template.Library()


@register.simple_tag
def waiting_alerts(ids: list[int]) -> list[Alert]:
    """Raises DoesNotExist when none waits any more: the message is then cancelled."""
    found = list(Alert.objects.unsolved().filter(pk__in=ids, taken_at=None))
    if not found:
        raise Alert.DoesNotExist
    return found
