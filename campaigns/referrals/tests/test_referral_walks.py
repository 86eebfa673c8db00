"""Random lives of a referral: whatever coordinators, partners, tenants and failures do, in whatever order."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.core.mail import EmailMultiAlternatives

from campaigns import referrals
from campaigns.models import Alert, Partner, Referral, ReferralEvent
from campaigns.referrals import OPEN_STATES, TRANSITIONS, ReferralError, access
from campaigns.referrals.tests.referral_cast import ACTS, canaries, do, make_partner, make_referral, send_all
from solidarites import bounces, mail, roles
from solidarites.models import OutgoingMail
from tests.factories import make_user
from tests.smtp import CLOSE

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
WEIGHTS |= {"rude": 1, "bounce": 0.3, "withdraw": 0.15, "close": 0.5}


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


def assert_found(hidden, inbox, coordinator, now):
    """The search itself finds a canary, however a message encodes it."""
    message = EmailMultiAlternatives("Objet", "Texte é " + "x" * 90, to=["a@exemple.fr"])
    message.attach_alternative("<p>Canaridupont é</p>", "text/html")
    message.send()
    assert [word for word in hidden if word.lower() in inbox.everything()]
    inbox.taken.clear()


@pytest.mark.parametrize("seed", range(12))
def test_no_sequence_of_acts_leaves_the_table_or_tells_anything(seed, coordinator, now, inbox):
    chance = random.Random(seed)
    other = make_user("mehdi@exemple.fr", "Mehdi", "Roche", roles.COORDINATOR)
    make_partner()
    make_partner("Mairie de Bordeaux", email="mairie@ville.exemple.fr", kind=Partner.Kind.TOWN_HALL)
    referral = make_referral(coordinator, now, level=chance.choice(["U0", "U1", "U2", "U3"]))
    hidden = canaries(referral) | {"canari"}
    assert_found(hidden, inbox, coordinator, now)
    tokens: set[str] = set()
    for _ in range(60):
        now += timedelta(minutes=chance.choice([1, 20, 90, 600, 3000]))
        referral, by = fresh(referral.pk), chance.choice([coordinator, other])
        (drawn,) = chance.choices(list(WEIGHTS), WEIGHTS.values())
        match drawn:
            case "send":
                send_all(now)
            case "rude":
                # What the server will answer to the next messages.
                inbox.answers = [chance.choice(["451 later", "550 no", CLOSE]) for _ in range(chance.choice([1, 2, 9]))]
                inbox.keeps_when_closing = chance.random() < 0.5
            case "bounce":
                sent = OutgoingMail.objects.filter(mail.about(Referral), state=Mail.SENT).order_by("-pk").first()
                if sent is not None:
                    bounces.note(mail_id=sent.pk, by=None, now=now)
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
        tokens |= {access.token_of(referral)} - {""}
        if referral.state not in (State.DRAFT, State.WITHDRAWN):
            assert lawful(referral)
        if referral.state in OPEN_STATES:
            assert referral.due_at is not None
        living = {token for token in tokens if access.find(token, now)}
        assert living <= {access.token_of(referral)}
        if referral.state in (State.WITHDRAWN, State.CLOSED, State.DECLINED, State.DRAFT):
            assert not living
        if referral.state == State.CLOSED:
            assert referral.called_back_at or referral.no_call_back_reason

    moves = ReferralEvent.objects.exclude(from_state="").exclude(to_state="")
    for event in moves:
        if event.from_state != event.to_state:
            assert event.actor in TRANSITIONS[(event.from_state, event.to_state)]
    rows = {row.message_id: row for row in OutgoingMail.objects.all()}
    assert set(inbox.copies()) <= set(rows)
    # A second copy only where a connection was cut before its answer; what the server kept is what we say was sent.
    assert all(copies == 1 or rows[one].was_unsure for one, copies in inbox.copies().items())
    assert {key for key, row in rows.items() if row.state == Mail.SENT} <= set(inbox.copies())
    told = inbox.everything()
    assert not [word for word in hidden if word.lower() in told]
    # Never silence: what finally failed or came back is an alert, or the referral has moved on since.
    referrals.watch_referrals(now=now)
    ours = [row for row in rows.values() if row.object_type == "campaigns.referral"]
    lost = [row for row in ours if row.state in (Mail.FAILED, Mail.BOUNCED)]
    alerts = set(Alert.objects.filter(kind=Alert.Kind.MAIL_FAILED, referral=referral).values_list("mail", flat=True))
    assert alerts >= {row.pk for row in lost}
