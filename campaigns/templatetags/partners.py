"""The partner's link and code, made when a message leaves: the queue of mails holds ids, never a secret."""

from __future__ import annotations

from django import template

from campaigns.models import PartnerCode
from campaigns.referrals import access

register = template.Library()


@register.simple_tag
def partner_link(referral_id: int, sending: int) -> str:
    return access.path_of(referral_id, sending)


@register.simple_tag
def partner_code(code_id: int) -> str:
    """Raises DoesNotExist for a code that is gone: the message is then cancelled."""
    return access.code_of(PartnerCode.objects.get(pk=code_id))
