"""Referrals and partners of the tests: a CCAS, an association, and a referral in any state reached by the rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from campaigns import referrals
from campaigns.models import Call, Case, Need, Partner, Referral
from solidarites import mail
from solidarites.models import OutgoingMail, User
from tests import factories, strict

State = Referral.State
# The shortest way from a draft to each state, by acts.
WAYS: dict[str, list[str]] = {
    State.DRAFT: [],
    State.APPROVED: ["approve"],
    State.SENT: ["approve", "sent"],
    State.ACKNOWLEDGED: ["approve", "sent", "acknowledge"],
    State.IN_PROGRESS: ["approve", "sent", "take_charge"],
    State.ANSWERED: ["approve", "sent", "take_charge", "answer"],
    State.DECLINED: ["approve", "sent", "decline"],
    State.CLOSED: ["approve", "sent", "take_charge", "answer", "close"],
    State.WITHDRAWN: ["withdraw"],
}
ACTS = (
    "approve",
    "acknowledge",
    "take_charge",
    "decline",
    "answer",
    "resume",
    "back_to_draft",
    "reroute",
    "withdraw",
    "close",
)


def make_partner(name: str = "CCAS de Bordeaux", **fields: Any) -> Partner:
    return Partner.objects.create(
        **{
            "kind": Partner.Kind.CCAS,
            "name": name,
            "email": "ccas@ville.exemple.fr",
            "phone": "+33536490199",
            "communes": ["33063"],
            **fields,
        }
    )


def make_call(case: Case, volunteer: User, now: datetime, **fields: Any) -> Call:
    return Call.objects.create(
        case=case,
        volunteer=volunteer,
        **{"state": Call.State.RECORDED, "outcome": "completed", "started_at": now, "recorded_at": now, **fields},
    )


def make_need(call: Call, category: str = "repas", **fields: Any) -> Need:
    tenant = fields.pop("tenant", call.case.household.tenants.first())
    return Need.objects.create(
        case=call.case,
        tenant=tenant,
        call=call,
        category=category,
        **{"level": "U2", "consent": Need.Consent.YES, **fields},
    )


def make_referral(
    coordinator: User,
    now: datetime,
    *,
    state: str = State.DRAFT,
    case: Case | None = None,
    partner: Partner | None = None,
    **fields: Any,
) -> Referral:
    """A referral brought to ``state`` by the product's own rules."""
    if case is None:
        case = factories.make_case(factories.make_campaign(now=now), now=now)
    partner = partner or Partner.objects.first() or make_partner()
    referral = referrals.draft_by_hand(
        case=case,
        tenant=case.household.tenants.first(),
        categories=["repas"],
        level=fields.pop("level", "U2"),
        partner=partner,
        by=coordinator,
        now=now,
    )
    agreed = {"agreement": "yes", "agreement_how": "coordinator", "agreement_at": now - timedelta(minutes=5)}
    referrals.edit(referral=referral, by=coordinator, now=now, **{**agreed, **fields})
    for act in WAYS[state]:
        do(act, referral, coordinator, now)
    assert referral.state == state
    return referral


def do(act: str, referral: Referral, by: User, now: datetime) -> None:
    match act:
        case "approve":
            referrals.approve(referral=referral, by=by, now=now)
        case "sent":
            OutgoingMail.objects.filter(pk=referral.mail_id).update(state="sent", sent_at=now)
            referrals.mark_sent(referral=referral, at=now, now=now)
        case "acknowledge":
            referrals.acknowledge(referral=referral, by=None, now=now)
        case "take_charge":
            referrals.take_charge(referral=referral, by=None, now=now)
        case "decline":
            referrals.decline(referral=referral, reason="Hors de notre commune.", by=None, now=now)
        case "answer":
            referrals.answer(referral=referral, result="help_in_place", text="Portage dès demain.", by=None, now=now)
        case "resume":
            referrals.resume(referral=referral, reason="Rien n'est venu.", by=by, now=now)
        case "back_to_draft":
            referrals.back_to_draft(referral=referral, by=by, now=now)
        case "reroute":
            other = Partner.objects.exclude(pk=referral.partner_id).first() or make_partner("Mairie de Bordeaux")
            referrals.reroute(referral=referral, partner=other, by=by, now=now)
        case "withdraw":
            referrals.withdraw(referral=referral, reason="Ne souhaite plus.", by=by, now=now)
        case "close":
            referrals.close(
                referral=referral, reason="help_in_place", no_call_back_reason="Hospitalisée.", by=by, now=now
            )


def canaries(referral: Referral) -> set[str]:
    """Everything personal around a referral, planted to be searched for where it must not be."""
    household = referral.case.household
    tenant = referral.tenant
    values = {
        "last_name": "Canaridupont",
        "first_name": "Canarijeanne",
        "street": "17 impasse des Canaris",
        "facts": "canari-faits",
        "assessment": "canari-appréciation",
        "contact_person": "canari-contact 0639981234",
        "help_in_place": "canari-aide",
        "since": "canari-depuis",
    }
    type(tenant).objects.filter(pk=tenant.pk).update(last_name=values["last_name"], first_name=values["first_name"])
    type(household).objects.filter(pk=household.pk).update(street=values["street"])
    texts = {name: values[name] for name in ("facts", "assessment", "contact_person", "help_in_place", "since")}
    Referral.objects.filter(pk=referral.pk).update(**texts)
    referral.refresh_from_db()
    strict.PERSONAL.update({values["last_name"], values["first_name"]})
    return {"canari", "0639981234", *(phone.e164 for phone in household.phones.all())}


def send_all(now: datetime) -> int:
    """What the mail task does."""
    return sum(mail.send_one(pk, now) for pk in mail.due_ids(now))
