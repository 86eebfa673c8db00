"""The Django admin of accounts and of the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from solidarites import mail, roles
from solidarites.models import JournalEntry, OutgoingMail, User


class WordsFilter(admin.SimpleListFilter):
    """One of a few words, each a value of ``field``; another in the address is left out."""

    field = ""
    words: Mapping[str, str] = {}

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(self.words.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.field: self.value()}) if self.value() in self.words else queryset


class RoleFilter(WordsFilter):
    title, parameter_name = "rôle", "role"
    field, words = "groups__name", roles.LABELS


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


class StateFilter(WordsFilter):
    title, parameter_name = "état", "etat"
    field, words = "state", dict(OutgoingMail.State.choices)


class KindFilter(WordsFilter):
    title, parameter_name = "sorte", "sorte"
    field, words = "template", mail.KINDS


@admin.register(OutgoingMail)
class OutgoingMailAdmin(admin.ModelAdmin):
    """What became of each message: read-only, without its words, and of its addresses what stands after the « @ »."""

    list_display = ["created", "kind", "state_said", "error_said", "recipients", "tries", "next_try", "sent"]
    list_filter = [StateFilter, KindFilter]
    ordering = ["-created_at", "-pk"]
    show_full_result_count = False
    fields = [
        *("kind", "about", "recipients", "state_said", "urgent_said", "tries"),
        *("created", "next_try", "sent", "unsure", "error_said"),
    ]

    @admin.display(description="sorte")
    def kind(self, row: OutgoingMail) -> str:
        return mail.KINDS.get(row.template, row.template)

    @admin.display(description="référence")
    def about(self, row: OutgoingMail) -> str:
        """Numbers: of a referral, an alert, an account."""
        return row.key

    @admin.display(description="état", ordering="state")
    def state_said(self, row: OutgoingMail) -> str:
        return row.get_state_display()

    @admin.display(description="essais", ordering="attempts")
    def tries(self, row: OutgoingMail) -> int:
        return row.attempts

    @admin.display(description="destinataires")
    def recipients(self, row: OutgoingMail) -> str:
        return ", ".join(f"…@{address.rpartition('@')[2]}" for address in row.to.split(", "))

    @admin.display(description="passe devant", boolean=True)
    def urgent_said(self, row: OutgoingMail) -> bool:
        return row.urgent

    @admin.display(description="renvoyé après un arrêt", boolean=True)
    def unsure(self, row: OutgoingMail) -> bool:
        return row.was_unsure

    @admin.display(description="demandé le", ordering="created_at")
    def created(self, row: OutgoingMail) -> Any:
        return row.created_at

    @admin.display(description="prochain essai", ordering="next_try_at")
    def next_try(self, row: OutgoingMail) -> Any:
        """Of a message that still waits."""
        return row.next_try_at if row.state in (row.State.QUEUED, row.State.SENDING, row.State.UNSURE) else None

    @admin.display(description="parti le", ordering="sent_at")
    def sent(self, row: OutgoingMail) -> Any:
        return row.sent_at

    @admin.display(description="dernière erreur")
    def error_said(self, row: OutgoingMail) -> str:
        return row.error

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
