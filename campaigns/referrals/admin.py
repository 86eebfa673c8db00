"""The Django admin of referrals and partners: to look, to search, and to act through the same rules as the desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from campaigns import referrals
from campaigns.common import needs
from campaigns.models import CoordinatorScope, Partner, Referral, ReferralEvent
from campaigns.referrals import ReferralError, partners, sending
from campaigns.referrals.forms.partners import PartnerForm
from campaigns.referrals.states import WITH_PARTNER, record
from campaigns.referrals.views import looks
from solidarites import journal, roles
from solidarites.models import User

# A page of the confirmation: more than that is for the desk, in several times.
MOST_AT_ONCE = 200


def _who(request: HttpRequest) -> User:
    """Who has signed in: the site lets nobody else so far."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


class LateFilter(admin.SimpleListFilter):
    title = "délai"
    parameter_name = "delai"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("late", "en retard"), ("open", "en cours"), ("over", "terminés")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Referral]) -> QuerySet[Referral]:
        match self.value():
            case "late":
                return queryset.filter(state__in=referrals.OPEN_STATES, due_at__lt=timezone.now())
            case "open":
                return queryset.filter(state__in=referrals.OPEN_STATES)
            case "over":
                return queryset.exclude(state__in=referrals.OPEN_STATES)
        return queryset


class EventInline(admin.TabularInline):
    """The timeline, as it was written."""

    model = ReferralEvent
    readonly_fields = ("at", "what", "by", "actor", "partner", "note")
    fields = readonly_fields
    extra = 0
    can_delete = False
    verbose_name_plural = "historique"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReferralEvent]:
        return super().get_queryset(request).select_related("by", "partner")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True  # whoever sees the referral

    @admin.display(description="quoi")
    def what(self, event: ReferralEvent) -> str:
        return looks.EVENTS.get(event.action, (event.action, ""))[0]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Referral)
class ReferralAdmin(admin.ModelAdmin):
    """Read-only: a referral changes by the acts of its table alone, here as on the desk."""

    list_display = ["reference", "level", "state", "partner", "delay", "sent_at", "opened_at"]
    list_filter = ["state", LateFilter, "level", "partner", "case__campaign"]
    list_select_related = ["partner", "case__household"]
    search_fields = ["reference"]
    search_help_text = "Par la référence, entière ou en partie."
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False
    inlines = [EventInline]
    actions = ["send_to_partner", "remind_partner"]
    readonly_fields = (
        "desk",
        "reference",
        "state",
        "level",
        "partner",
        "needs_heard",
        "facts",
        "since",
        "help_in_place",
        "assessment",
        "agreement",
        "agreement_by",
        "agreement_at",
        "no_agreement_reason",
        "grave_danger",
        "phoned_at",
        "phoned_person",
        "approved_by",
        "approved_at",
        "sent_at",
        "due_at",
        "reminded_at",
        "opened_at",
        "acknowledged_at",
        "answered_at",
        "answer_result",
        "answer",
        "decline_reason",
        "called_back_at",
        "closed_at",
        "close_reason",
    )
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Referral]:
        return referrals.visible(_who(request)).select_related("partner", "case__household")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_act_permission(request)

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Named by the actions: coordinators, and administrators who see to the same rules."""
        user = request.user
        return user.is_authenticated and (user.has_role(roles.COORDINATOR) or user.has_role(roles.ADMINISTRATOR))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        referral = self.get_object(request, object_id)
        if referral is not None and request.method == "GET":
            record("referral.read", referral, by=_who(request))
        return super().change_view(request, object_id, *args, **kwargs)

    @admin.display(description="attendu", ordering="due_at")
    def delay(self, referral: Referral) -> str:
        look = looks.delay_look(referral, timezone.now())
        return look.word if look else "terminé"

    @admin.display(description="besoins")
    def needs_heard(self, referral: Referral) -> str:
        return ", ".join(needs.label(need.category) for need in referral.needs.all())

    @admin.display(description="écran de la coordination")
    def desk(self, referral: Referral) -> str:
        url = reverse("coordinator:referral", args=[referral.pk])
        return format_html('<a href="{}">Ouvrir le signalement</a>', url)

    # Acts --------------------------------------------------------------------------------------------

    @admin.action(description="Envoyer au partenaire", permissions=["act"])
    def send_to_partner(self, request: HttpRequest, queryset: QuerySet[Referral]) -> HttpResponse | None:
        return self._confirm(
            request,
            queryset,
            action="send_to_partner",
            title="Envoyer au partenaire",
            question="Approuver ces signalements et envoyer un e-mail à chaque partenaire ?",
            button="Envoyer",
            why_not=_why_not_sent,
            run=referrals.approve,
            done="{} envoyé(s) au partenaire.",
        )

    @admin.action(description="Relancer", permissions=["act"])
    def remind_partner(self, request: HttpRequest, queryset: QuerySet[Referral]) -> HttpResponse | None:
        return self._confirm(
            request,
            queryset,
            action="remind_partner",
            title="Relancer le partenaire",
            question="Relancer par e-mail les partenaires de ces signalements ?",
            button="Relancer",
            why_not=_why_not_reminded,
            run=referrals.remind,
            done="{} relancé(s).",
        )

    def _confirm(
        self,
        request: HttpRequest,
        queryset: QuerySet[Referral],
        *,
        action: str,
        title: str,
        question: str,
        button: str,
        why_not: Callable[[Referral, User, datetime], str],
        run: Callable[..., Any],
        done: str,
    ) -> HttpResponse | None:
        """First a page that says what would leave and what would not; then the rule, one referral at a time."""
        now = timezone.now()
        chosen = list(queryset.select_related("case__household__landlord", "case__campaign", "mail")[:MOST_AT_ONCE])
        if request.POST.get("confirm"):
            count = waiting = 0
            for referral in chosen:
                try:
                    run(referral=referral, by=_who(request), now=now)
                except ReferralError as error:
                    self.message_user(request, f"{referral.reference} : {error}", messages.WARNING)
                    continue
                # The first of two approvals sends nothing yet.
                waiting += referral.state == Referral.State.DRAFT
                count += referral.state != Referral.State.DRAFT
            if count:
                self.message_user(request, done.format(count), messages.SUCCESS)
            if waiting:
                said = f"{waiting} en attente de l'approbation d'une deuxième personne."
                self.message_user(request, said, messages.INFO)
            return None
        rows = [(referral, why_not(referral, _who(request), now)) for referral in chosen]
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "question": question,
            "button": button,
            "action": action,
            "action_field": helpers.ACTION_CHECKBOX_NAME,
            "ready": [referral for referral, why in rows if not why],
            "refused": [(referral, why) for referral, why in rows if why],
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/campaigns/referral/confirm.html", context)


def _why_not_sent(referral: Referral, by: User, now: datetime) -> str:
    if referral.state != Referral.State.DRAFT:
        return f"est « {referral.get_state_display()} »"
    missing = sending.missing_for_approval(referral)
    if missing:
        return str(missing[0])
    if sending.needs_second_approval(referral) and referral.first_approval_by_id == by.pk:
        return "attend l'approbation d'une deuxième personne"
    return ""


def _why_not_reminded(referral: Referral, by: User, now: datetime) -> str:
    if referral.state not in WITH_PARTNER:
        return f"est « {referral.get_state_display()} »"
    if referral.reminded_at and referral.reminded_at > now - sending.REMINDERS_APART:
        return "vient d'être relancé"
    return ""


@admin.register(Partner)
class PartnerAdmin(admin.ModelAdmin):
    """The same form as the coordinators'; a partner that is over becomes inactive, its referrals stay."""

    form = PartnerForm
    list_display = ["name", "kind", "email", "phone", "verified_on", "verified_lately", "active"]
    list_filter = ["kind", "active", "verified_on"]
    search_fields = ["name", "email"]
    list_per_page = 50

    @admin.display(description="à jour", boolean=True)
    def verified_lately(self, partner: Partner) -> bool:
        return not partners.is_old(partner, timezone.localdate())

    def save_model(self, request: HttpRequest, obj: Partner, form: Any, change: bool) -> None:
        partners.save(partner=obj, by=_who(request), now=timezone.now())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CoordinatorScope)
class CoordinatorScopeAdmin(admin.ModelAdmin):
    """The agencies a coordinator sees; without a line here, or without an agency in it: all of them."""

    list_display = ["user", "names"]
    list_select_related = ["user"]
    filter_horizontal = ["agencies"]

    @admin.display(description="agences")
    def names(self, scope: CoordinatorScope) -> str:
        return ", ".join(agency.name for agency in scope.agencies.all()) or "toutes"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CoordinatorScope]:
        return super().get_queryset(request).prefetch_related("agencies")

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user":
            kwargs["queryset"] = User.objects.filter(is_active=True, groups__name=roles.COORDINATOR)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        agencies = sorted(form.instance.agencies.values_list("pk", flat=True))
        journal.record(
            "scope.changed", form.instance, by=_who(request), person=form.instance.user_id, agencies=agencies
        )

    def delete_model(self, request: HttpRequest, obj: CoordinatorScope) -> None:
        journal.record("scope.removed", obj, by=_who(request), person=obj.user_id)
        super().delete_model(request, obj)
