"""One of everything, so that every route has an object to show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from campaigns.followups import feed
from campaigns.models import (
    Alert,
    Call,
    CallReview,
    CaretakerRound,
    CaretakerVisit,
    Case,
    Crisis,
    Debrief,
    DueCall,
    FaqEdition,
    FlaggedText,
    FollowUpPlan,
    Meeting,
    Need,
    NeighbourReport,
    Parting,
    Partner,
    Poster,
    Referral,
    Script,
    SharedMoment,
    UsefulNumber,
    WelfareCheck,
)
from campaigns.public import loading
from campaigns.referrals import access
from campaigns.welfare import caretakers
from solidarites import health, roles
from tenants.models import Confirmation, Household, ImportRow, ListImport, Residence
from tests.factories import (
    make_agency,
    make_campaign,
    make_case,
    make_household,
    make_landlord,
    make_switchboard,
    make_user,
)


class World:
    """Léa holds a claim in an open campaign; its case has a plan, a need, a referral, a veille and an alert."""

    def __init__(self) -> None:
        now = self.now = timezone.now()
        self.people: dict[str, Any] = {
            "anonymous": None,
            "volunteer": make_user("lea@exemple.fr", "Léa", "Bonnet", roles.VOLUNTEER),
            "coordinator": make_user("nadia@exemple.fr", "Nadia", "Benali", roles.COORDINATOR),
            "administrator": make_user("hugues@exemple.fr", "Hugues", "Perrin", roles.ADMINISTRATOR, is_staff=True),
            "switchboard": make_switchboard("odile@exemple.fr", "Odile", "Renaud"),
            "nobody": make_user("sans-role@exemple.fr", "Alex", "Durand"),
        }
        self.lea = self.people["volunteer"]
        self.landlord = make_landlord()
        # A machine that works: its state page answers as such.
        for name in (health.WORKER, health.BEAT):
            health.beat_now(name, now)
        (settings.BROKER_DIR / "queue").mkdir(parents=True, exist_ok=True)
        self.agency = make_agency(self.landlord)
        self.script = Script.objects.filter(key="veille-seniors", status=Script.Status.PUBLISHED).first()
        follow_up = Script.objects.filter(status=Script.Status.PUBLISHED, kind=Script.Kind.FOLLOW_UP).first()
        self.campaign = make_campaign(volunteers=[self.lea], script=self.script, follow_up_script=follow_up)
        content = self.script.content if self.script else {}
        self.draft = Script.objects.create(key="brouillon", title="Une trame en préparation", content=content)
        self.household = make_household(self.landlord, agency=self.agency)
        self.case = make_case(
            self.campaign,
            self.household,
            now=now,
            claimed_by=self.lea,
            claimed_at=now,
            claimed_until=now + timedelta(minutes=60),
            verification_phrase="rivage tranquille",
        )
        self.call = Call.objects.create(case=self.case, volunteer=self.lea, script=self.script)
        self.recorded = Call.objects.create(
            case=self.case,
            volunteer=self.lea,
            state=Call.State.RECORDED,
            outcome="no_answer",
            recorded_at=now,
            script=self.script,
        )
        # Two volunteers recorded at once: a coordinator decides.
        self.pending = Call.objects.create(
            case=self.case, volunteer=self.lea, state=Call.State.PENDING, outcome="completed", script=self.script
        )
        self.flagged = FlaggedText.objects.create(call=self.recorded, field="comment", reasons=["health"])
        self.review = CallReview.objects.create(call=self.pending, note="Merci pour votre douceur.")
        self.debrief = Debrief.objects.create(call=self.recorded)
        self.meeting = Meeting.objects.create(
            campaign=self.campaign, starts_at=now + timedelta(days=1), link="https://visio.exemple.fr/equipe"
        )
        self.moment = SharedMoment.objects.create(campaign=self.campaign, author=self.lea, text="Un rire partagé.")
        self.membership = self.campaign.memberships.get(user=self.lea)
        self.phone = self.household.phones.first()
        self.tenant = self.household.tenants.first()
        self.need = Need.objects.create(case=self.case, tenant=self.tenant, call=self.recorded, category="meals")
        self.partner = Partner.objects.create(kind=Partner.Kind.CCAS, name="CCAS de Bordeaux", email="ccas@exemple.fr")
        self.referral = Referral.objects.create(
            reference="S-0001-1",
            case=self.case,
            tenant=self.tenant,
            partner=self.partner,
            token="jeton-de-partenaire",
            token_until=now + timedelta(days=7),
        )
        self.referral.needs.add(self.need)
        self.plan = FollowUpPlan.objects.create(
            case=self.case,
            household=self.household,
            weekdays=[0],
            time="10:30",
            volunteer=self.lea,
            starts_on=now.date(),
            review_on=now.date() + timedelta(days=42),
            next_due_at=now + timedelta(days=7),
        )
        self.exception = self.plan.exceptions.create(
            first_day=now.date() + timedelta(days=20), last_day=now.date() + timedelta(days=24)
        )
        self.absence = self.lea.absences.create(
            first_day=now.date() + timedelta(days=30), last_day=now.date() + timedelta(days=33)
        )
        self.feed = feed.renew(user=self.lea, now=now)
        self.due_call = DueCall.objects.create(
            plan=self.plan, case=self.case, due_at=now, grace_until=now + timedelta(hours=2), volunteer=self.lea
        )
        self.check = WelfareCheck.objects.create(case=self.case, origin="coordinator", due_at=now + timedelta(days=1))
        self.residence = Residence.objects.create(
            landlord=self.landlord, agency=self.agency, reference="R1", name="Tilleuls"
        )
        Household.objects.filter(pk=self.household.pk).update(residence=self.residence)
        self.round = CaretakerRound(residence=self.residence, expires_at=now + timedelta(days=3))
        self.round.token_hash = caretakers.hash_of(caretakers.token_of(self.round))
        self.round.save()
        self.visit = CaretakerVisit.objects.create(round=self.round, check_row=self.check)
        self.report = NeighbourReport.objects.create(residence=self.residence, worries=["mail"], text="Volets clos.")
        self.poster = Poster.objects.create(residence=self.residence)
        self.without_number = make_case(
            self.campaign, make_household(self.landlord, agency=self.agency, phone=None), now=now, has_number=False
        )
        loading.load_defaults(now=now)
        self.edition = FaqEdition.objects.create(
            crisis=Crisis.HEAT, landlord=self.landlord, content=loading.shipped(Crisis.HEAT)
        )
        self.number = UsefulNumber.objects.get(key="maltraitance")
        self.alert = Alert.objects.create(campaign=self.campaign, case=self.case, kind="button", key="case:1")
        self.list_import = ListImport.objects.create(landlord=self.landlord, file_name="liste.csv", state="checked")
        ImportRow.objects.create(list_import=self.list_import, group=1, number=2, kind="create")
        self.held = make_case(self.campaign, now=now, status=Case.Status.ON_HOLD, hold_reason=Case.Hold.UNABLE)
        self.confirmation = Confirmation.objects.create(
            household=self.household, kind=Confirmation.Kind.OPPOSITION_NUMBER, blocks=False
        )
        self.parting = Parting.objects.create(stays=self.household, leaves=self.held.household)

    def arguments(self, route_name: str, names: tuple[str, ...]) -> dict[str, Any]:
        """Values for a route's arguments: by the route's own line, else by the argument's name."""
        by_route = self.by_route().get(route_name, {})
        by_name = self.by_name()
        missing = [name for name in names if name not in by_route and name not in by_name]
        if missing:
            raise KeyError(f"tests/house/world.py has no example for {missing} of route « {route_name} »")
        return {name: by_route.get(name, by_name.get(name)) for name in names}

    def by_name(self) -> dict[str, Any]:
        return {
            "campaign_id": self.campaign.pk,
            "slug": self.campaign.slug,
            "case_id": self.case.pk,
            "call_id": self.call.pk,
            "household_id": self.household.pk,
            "referral_id": self.referral.pk,
            "reference": self.referral.reference,
            "token": access.token_of(self.referral),
            "plan_id": self.plan.pk,
            "exception_id": self.exception.pk,
            "absence_id": self.absence.pk,
            "check_id": self.check.pk,
            "alert_id": self.alert.pk,
            "partner_id": self.partner.pk,
            "user_id": self.lea.pk,
            "import_id": self.list_import.pk,
            "submission": self.call.submission,
            "membership_id": self.membership.pk,
            "review_id": self.review.pk,
            "debrief_id": self.debrief.pk,
            "meeting_id": self.meeting.pk,
            "moment_id": self.moment.pk,
            "phone_id": self.phone.pk,
            "need_id": self.need.pk,
            "residence_id": self.residence.pk,
            "round_id": self.round.pk,
            "visit_id": self.visit.pk,
            "report_id": self.report.pk,
            "code": self.poster.code,
            "landlord_id": self.landlord.pk,
            "landlord_code": self.landlord.code,
            "shape": "large",
            "page": "questions",
            "text_id": self.flagged.pk,
            "tenant_id": self.tenant.pk,
            "script_id": self.draft.pk,
            "key": "accueil",
            "crisis": Crisis.HEAT.value,
            "edition_id": self.edition.pk,
            "number_id": self.number.pk,
            "confirmation_id": self.confirmation.pk,
            "parting_id": self.parting.pk,
        }

    def by_route(self) -> dict[str, dict[str, Any]]:
        door = caretakers.token_of(self.round)
        return {
            "caller:done": {"call_id": self.recorded.pk},
            "caller:touched": {"call_id": self.recorded.pk},
            "caller:training_other": {"act": "preference"},
            "coordinator:review_call": {"call_id": self.recorded.pk},
            **{f"public:{name}": {"token": door} for name in ("caretaker", "caretaker_answer")},
            **{
                f"coordinator:without_number_{name}": {"case_id": self.without_number.pk}
                for name in ("case", "found", "not_found", "news")
            },
            "agenda": {"token": feed.token_of(self.feed)},
            "caller:correct": {"call_id": self.recorded.pk},
            "coordinator:referral_act": {"act": "approuver"},
            "coordinator:pending_call": {"call_id": self.pending.pk},
            "coordinator:faq_theme": {"passage": "les_appels"},
            "coordinator:faq_question": {"passage": "dois_je_repondre"},
            "partner:act": {"act": "accuser"},
            "imports:duplicate_decide": {
                "first": self.tenant.pk,
                "second": self.held.household.tenants.values_list("pk", flat=True)[0],
            },
            "imports:rows": {"pk": self.list_import.pk, "kind": "create"},
            "imports:correct": {"pk": self.list_import.pk, "row": self.list_import.rows.get().pk},
            "imports:remarks": {"pk": self.list_import.pk, "kind": "csv"},
            **{
                f"imports:{name}": {"pk": self.list_import.pk}
                for name in (
                    "show",
                    "progress",
                    "columns",
                    "sheet",
                    "forget_profile",
                    "confirm",
                    "cancel",
                    "look_again",
                )
            },
        }
