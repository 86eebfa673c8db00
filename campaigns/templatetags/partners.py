"""The partner's link, made when a message leaves: the queue of mails holds ids, never a secret."""

from __future__ import annotations

from django import template

from campaigns.referrals import access

register = template.Library()


@register.simple_tag
def partner_link(referral_id: int, sending: int) -> str:
    return access.path_of(referral_id, sending)
