"""Links made when a message leaves: the queue of mails holds ids, never a secret."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django import template
from django.conf import settings
from django.urls import reverse

from solidarites import accounts
from solidarites.models import Invitation, User

register = template.Library()


@register.simple_tag
def invitation_link(invitation_id: int) -> str:
    return accounts.link_of(Invitation.objects.get(pk=invitation_id))


@register.simple_tag
def password_link(user_id: int) -> str:
    user = User.objects.get(pk=user_id)
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
    return settings.SITE_URL + path
