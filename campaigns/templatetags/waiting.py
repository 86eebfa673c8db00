"""What waits for a coordinator and no alert speaks of, for the menu."""

from __future__ import annotations

from django import template

from campaigns.figures import dashboards
from solidarites.models import User

register = template.Library()


@register.simple_tag
def work_waiting(user: User) -> dict[str, int]:
    return dashboards.waiting(user)
