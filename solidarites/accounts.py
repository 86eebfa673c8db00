"""Accounts: who may sign in, the first administrator, invitations."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from solidarites import roles


class RolesBackend(ModelBackend):
    """Django's permissions, with the e-mail compared without case."""


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Accounts are made by invitation only."""
        return False

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return roles.home_for(request.user)

    def get_client_ip(self, request: HttpRequest) -> str:
        ip: Any = request.META.get("REMOTE_ADDR")
        return str(ip or "unknown")
