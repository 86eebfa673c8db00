"""Template tags of every screen: icons, states, navigation."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from solidarites import roles

register = template.Library()

SYMBOL = re.compile(r'<symbol id="([^"]+)" viewBox="([^"]+)">(.*?)</symbol>', re.S)


@cache
def _sprite() -> dict[str, tuple[str, str]]:
    path = settings.BASE_DIR / "static" / "vendor" / "bootstrap-icons.svg"
    return {name: (box, body) for name, box, body in SYMBOL.findall(path.read_text())}


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """An icon written into the page: the few in use weigh less than the whole sprite.

    Decorative unless ``label`` says what it means to those who do not see it.
    """
    box, body = _sprite()[name]
    meaning = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    # The body comes from our own file.
    return format_html('<svg class="icon {}" viewBox="{}" {}>{}</svg>', css, box, meaning, mark_safe(body))


@register.simple_tag
def icon_source(*names: str) -> SafeString:
    """Icons that a page repeats many times, written once: ``icon_again`` draws them by their name."""
    symbols = (
        format_html(
            '<symbol id="icon-{}" viewBox="{}">{}</symbol>', name, _sprite()[name][0], mark_safe(_sprite()[name][1])
        )
        for name in names
    )
    return format_html("<svg hidden>{}</svg>", mark_safe("".join(symbols)))


@register.simple_tag
def icon_again(name: str) -> SafeString:
    """A decorative icon of ``icon_source``."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#icon-{}"/></svg>', name)


@register.simple_tag
def state(kind: str, icon_name: str, word: str) -> SafeString:
    """A state: icon + word + colour. ``kind``: ok, info, attention, alert, primary or muted."""
    return format_html('<span class="state state-{}">{}{}</span>', kind, icon(icon_name), word)


@register.simple_tag(takes_context=True)
def nav_link(
    context: Context, name: str, label: str, icon_name: str, count: int | None = None, kind: str = ""
) -> SafeString:
    """One entry of the menu, marked when its page or one below it is open; nothing when the route does not exist."""
    try:
        url = reverse(name)
    except NoReverseMatch:
        return SafeString("")
    request: Any = context.get("request")
    path = request.path if request is not None else ""
    current = ""
    if path == url:
        current = mark_safe(' aria-current="page"')
    elif url != "/" and path.startswith(url) and not context.get("nav_exact"):
        current = mark_safe(' aria-current="true"')
    shown = "99+" if count and count > 99 else count
    badge = format_html(' <span class="count count-{}">{}</span>', kind, shown) if count else ""
    return format_html('<li><a href="{}"{}>{}<span>{}</span>{}</a></li>', url, current, icon(icon_name), label, badge)


@register.filter
def has_url(name: str) -> bool:
    """Whether a route of this name exists."""
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True


@register.simple_tag
def message_icon(tags: str) -> SafeString:
    """The icon of a message by its level."""
    names = {
        "success": "check-circle-fill",
        "warning": "exclamation-triangle-fill",
        "error": "exclamation-circle",
        "danger": "exclamation-circle",
    }
    return icon(next((names[tag] for tag in tags.split() if tag in names), "info-circle-fill"))


@register.filter
def page_numbers(paginator: Any, number: int) -> Any:
    """The page numbers worth showing on a phone: first, last, and those around ``number``."""
    return paginator.get_elided_page_range(number, on_each_side=1, on_ends=1)


@register.filter
def role_labels(user: Any) -> str:
    """The roles of a person in words; groups prefetched by a list cost no query."""
    names = [roles.LABELS[group.name] for group in user.groups.all() if group.name in roles.LABELS]
    return ", ".join(sorted(names)) or "aucun rôle"


@register.simple_tag
def account_state(user: Any, now: datetime) -> SafeString:
    """Invited, expired, active or deactivated; needs ``invitation`` selected."""
    if not user.is_active:
        return state("muted", "slash-circle", "Désactivé")
    if user.has_usable_password():
        return state("ok", "check-circle", "Actif")
    invitation = getattr(user, "invitation", None)
    if invitation is None or invitation.expires_at <= now:
        return state("attention", "clock-history", "Invitation expirée")
    return state("info", "envelope", "Invité")
