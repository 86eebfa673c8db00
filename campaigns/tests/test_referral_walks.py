"""Random lives of a referral: whatever coordinators, partners, tenants and failures do, in whatever order."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from campaigns import referrals
from campaigns.models import Partner, Referral, ReferralEvent
from campaigns.referrals import OPEN_STATES, TRANSITIONS, ReferralError, access, sending
from campaigns.tests.referral_cast import ACTS, canaries, do, make_partner, make_referral, send_all
from solidarites import roles
from solidarites.models import OutgoingMail
from tests.factories import make_user

pytestmark = pytest.mark.django_db

State = Referral.State
Mail = OutgoingMail.State
AGREEMENTS = [
    {"agreement": "yes", "agreement_how": "coordinator"},
    {"agreement": "no", "no_agreement_reason": ""},
    {"agreement": "impossible", "no_agreement_reason": "canari-motif", "grave_danger": False},
    {"agreement": "impossible", "grave_danger": True, "phoned_person": ""},
    {"agreement": "no", "grave_danger": True, "phoned_person": "canari-permanence"},
    {"agreement": ""},
]
# Ends are rare, so that lives are long.
WEIGHTS = dict.fromkeys(ACTS, 2) | {"approve": 6, "send": 6, "watch": 3, "remind": 2, "agreement": 2, "code": 2}
WEIGHTS |= {"fail": 1, "withdraw": 0.15, "close": 0.5}


def fresh(pk):
    return Referral.objects.select_related(
        "case__household__landlord", "case__campaign", "partner", "tenant", "mail"
    ).get(pk=pk)


def lawful(referral):
    """Agreement, or one of the two exceptions."""
    if referral.agreement == "yes":
        return referral.agreement_at is not None and bool(referral.agreement_how)
    if referral.grave_danger:
        return referral.phoned_at is not None and bool(referral.phoned_person)
    two = referral.first_approval_by_id and referral.first_approval_by_id != referral.approved_by_id
    return bool(referral.agreement and referral.no_agreement_reason and two)


@pytest.mark.parametrize("seed", range(12))
def test_no_sequence_of_acts_leaves_the_table_or_tells_anything(seed, coordinator, now):
    chance = random.Random(seed)
    other = make_user("mehdi@exemple.fr", "Mehdi", "Roche", roles.COORDINATOR)
    make_partner()
    make_partner("Mairie de Bordeaux", email="mairie@ville.exemple.fr", kind=Partner.Kind.TOWN_HALL)
    referral = make_referral(coordinator, now, level=chance.choice(["U0", "U1", "U2", "U3"]))
    hidden = canaries(referral) | {"canari"}
    tokens: set[str] = set()
    for _ in range(60):
        now += timedelta(minutes=chance.choice([1, 20, 90, 600, 3000]))
        referral, by = fresh(referral.pk), chance.choice([coordinator, other])
        (drawn,) = chance.choices(list(WEIGHTS), WEIGHTS.values())
        match drawn:
            case "send":
                send_all(now)
            case "fail":
                chosen = OutgoingMail.objects.filter(state=Mail.QUEUED)
                chosen.update(state=chance.choice([Mail.FAILED, Mail.BOUNCED]))
            case "watch":
                referrals.watch_referrals(now=now)
            case "code":
                access.send_code(referral=referral, now=now)
            case act:
                try:
                    if act == "remind":
                        referrals.remind(referral=referral, by=by, now=now)
                    elif act == "agreement":
                        (said,) = chance.choices(AGREEMENTS, [8, 1, 2, 1, 2, 1])
                        fields = said | {"agreement_at": now, "phoned_at": now}
                        referrals.edit(referral=referral, by=by, now=now, **fields)
                    else:
                        do(act, referral, by, now)
                except ReferralError:
                    pass
        referral = fresh(referral.pk)
        tokens |= {referral.token} - {""}
        if referral.state not in (State.DRAFT, State.WITHDRAWN):
            assert lawful(referral)
        if referral.state in OPEN_STATES:
            assert referral.due_at is not None
        living = {token for token in tokens if access.find(token, now)}
        assert living <= {referral.token}
        if referral.state in (State.WITHDRAWN, State.CLOSED, State.DECLINED, State.DRAFT):
            assert not living
        if referral.state == State.CLOSED:
            assert referral.called_back_at or referral.no_call_back_reason

    moves = ReferralEvent.objects.exclude(from_state="").exclude(to_state="")
    for event in moves:
        if event.from_state != event.to_state:
            assert event.actor in TRANSITIONS[(event.from_state, event.to_state)]
    rows = list(OutgoingMail.objects.filter(key__startswith="referral:"))
    assert len({row.message_id for row in rows}) == len(rows)
    for row in rows:
        if row.context:
            message = sending.mail.build(row)
            text = f"{message.subject} {message.body} {message.alternatives[0][0]} {message.message()}".lower()
            assert not [word for word in hidden if word.lower() in text]
