"""1,000 referrals approved in one act on the desk, over HTTP's own path, then their e-mails leaving at the set pace.

Printed: seconds of the act, and how many e-mails left in each of the first minutes (of a
clock that the measure moves) for the pace of MAIL_PER_MINUTE. Needs PostgreSQL.
Usage: DATABASE_URL=postgres://… python -m benchmarks referrals
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

REFERRALS = 1_000
LIMIT_SECONDS = 20


def prepare() -> tuple[Any, list[int]]:
    """Drafts with partner, facts and agreement, each of a household of its own; and who approves."""
    from django.contrib.auth.models import Group
    from django.utils import timezone

    from campaigns import referrals
    from campaigns.models import Campaign, Case, Partner
    from solidarites.models import User
    from solidarites.roles import COORDINATOR
    from tenants.models import Household, Landlord, Tenant

    now = timezone.now()
    landlord = Landlord.objects.create(code="mesures", name="Mesures", callback_number="+33199001234")
    campaign = Campaign.objects.create(name="Mesures", slug="mesures", status=Campaign.Status.OPEN)
    by = User.objects.create_user("mesure@exemple.fr", "une phrase de passe de mesure")
    by.groups.add(*Group.objects.filter(name=COORDINATOR))
    partners = [
        Partner.objects.create(kind="ccas", name=f"CCAS {number}", email=f"ccas{number}@exemple.fr")
        for number in range(20)
    ]
    ids = []
    for number in range(REFERRALS):
        household = Household.objects.create(landlord=landlord, reference=f"L{number}", department="33")
        tenant = Tenant.objects.create(
            household=household, landlord=landlord, reference=f"T{number}", last_name="Mesure", first_name="Jeanne"
        )
        made = referrals.draft_by_hand(
            case=Case.objects.create(campaign=campaign, household=household),
            tenant=tenant,
            categories=["repas"],
            level="U2",
            facts="N'a plus rien à manger.",
            partner=partners[number % len(partners)],
            by=by,
            now=now,
        )
        agreed = {"agreement": "yes", "agreement_how": "coordinator", "agreement_at": now}
        referrals.edit(referral=made, by=by, now=now, **agreed)
        ids.append(made.pk)
    return by, ids


def main() -> None:
    """Measure in a scratch database, dropped at the end."""
    from django.db import connection

    before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        measure()
    finally:
        connection.creation.destroy_test_db(before, verbosity=0)


def measure() -> None:
    from django.conf import settings
    from django.test import Client, override_settings
    from django.utils import timezone

    from campaigns.models import Referral
    from solidarites import mail
    from solidarites.models import OutgoingMail

    by, ids = prepare()
    options = {
        "REQUIRE_SECOND_FACTOR": False,
        "ALLOWED_HOSTS": ["*"],
        "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
    }
    with override_settings(**options):
        client = Client()
        client.force_login(by, backend=settings.AUTHENTICATION_BACKENDS[0])
        client.post("/signalements/approuver/", {"ids": ids[:1], "confirmed": "1"})
        start = time.perf_counter()
        answer = client.post("/signalements/approuver/", {"ids": ids[1:], "confirmed": "1"})
        seconds = time.perf_counter() - start
        approved = Referral.objects.filter(state=Referral.State.APPROVED).count()
        print(f"{approved} signalements approuvés (réponse {answer.status_code}) en {seconds:.1f} s", end="")
        print(f" (visé : moins de {LIMIT_SECONDS} s)")
        now, left = timezone.now(), []
        while mail.due_ids(now) and len(left) < 30:
            # The task runs every twenty seconds.
            for _ in range(3):
                sent = sum(mail.send_one(pk, now) for pk in mail.due_ids(now, limit=1_000))
                left.append(sent)
                now += timedelta(seconds=20)
            now += timedelta(seconds=1)
        minutes = [sum(left[at : at + 3]) for at in range(0, len(left), 3)]
        print(f"E-mails partis par minute (rythme {settings.MAIL_PER_MINUTE}) : {', '.join(map(str, minutes))}")
        print(f"Restent : {OutgoingMail.objects.exclude(state='sent').count()}")
