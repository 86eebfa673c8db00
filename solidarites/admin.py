"""The Django admin of accounts and of the journal."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from solidarites import roles
from solidarites.models import JournalEntry, User


class RoleFilter(admin.SimpleListFilter):
    title = "rôle"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(roles.LABELS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        return queryset.filter(groups__name=self.value()) if self.value() in roles.LABELS else queryset


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """A look at accounts; invitations, roles and deactivation have their own page, which keeps their rules."""

    list_display = ["email", "first_name", "last_name", "is_active", "last_login"]
    list_filter = ["is_active", RoleFilter]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    fields = ["page", "email", "first_name", "last_name", "languages", "trained_at", "is_active", "last_login"]
    readonly_fields = ["page", "email", "is_active", "last_login"]

    @admin.display(description="rôles et invitation")
    def page(self, user: User) -> str:
        return format_html('<a href="{}">Ouvrir la page du compte</a>', reverse("people:person", args=[user.pk]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(JournalEntry)
class JournalAdmin(admin.ModelAdmin):
    """Who did or read what: read-only."""

    list_display = ["at", "action", "user", "actor", "object_type", "object_id", "household_id"]
    list_filter = ["actor"]
    list_select_related = ["user"]
    date_hierarchy = "at"
    show_full_result_count = False
    search_fields = ["=object_id", "=household_id", "action"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
