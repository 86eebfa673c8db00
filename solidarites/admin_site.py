"""The Django admin behind our own sign-in: same page, same second factor, same limits."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from solidarites import roles


class Site(admin.AdminSite):
    site_header = "Solidarités"
    site_title = "Administration de Solidarités"
    index_title = "Administration"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        """Administrators, and coordinators for referrals and partners (see RolesBackend)."""
        user = request.user
        return bool(user.is_authenticated and (user.has_role(roles.ADMINISTRATOR) or user.has_role(roles.COORDINATOR)))

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        query = request.META.get("QUERY_STRING", "")
        response = redirect("account_login")
        if query:
            response["Location"] += f"?{query}"
        return response

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_logout")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")
