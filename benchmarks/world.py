"""A campaign as large as asked, made in seconds: one household by the ORM, the others copied by the database."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

VOLUNTEERS = 41
# Of 2,400 cases most are still to call; 100,000 are a campaign well under way, with its finished calls and its journal.
FINISHED = {2_400: 10, 100_000: 60}


def copies(template: Any, source: str, **values: str) -> int:
    """Insert one copy of ``template`` for each row of ``source``, with ``values`` (SQL) in place of its own."""
    from django.db import connection

    fields = [field for field in template._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    chosen = ", ".join(values.get(field.column, f't."{field.column}"') for field in fields)
    table = template._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {chosen} FROM {table} t, {source} WHERE t.id = %s",
            [template.pk],
        )
        return cursor.rowcount


def make_campaign(size: int) -> tuple[int, list[int]]:
    """An open campaign of ``size`` households with a tenant and a number each, and its 41 volunteers.

    The cases to call come in a random order of the table, as those of a list; a few are retries and callbacks of
    later, on hold or without a number; FINISHED in a hundred are done, each with its call and its journal rows.
    """
    from django.db import connection
    from django.utils import timezone

    from campaigns import scripts
    from campaigns.models import Call, Campaign, Case
    from solidarites.models import JournalEntry
    from tenants.models import Agency, Household, Landlord, PhoneNumber, Tenant

    now = timezone.now()
    landlord = Landlord.objects.create(code=f"mesures-{size}", name="Mesures", callback_number="+33199001234")
    agency = Agency.objects.create(landlord=landlord, name="Agence")
    script = {one.kind: one for one in scripts.load_defaults(now=now)}["first"]
    campaign = Campaign.objects.create(
        name=f"Mesures {size}",
        slug=f"mesures-{size}",
        status=Campaign.Status.OPEN,
        script=script,
        starts_on=now.date(),
        ends_on=now.date() + timedelta(days=60),
        callback_number="+33199001234",
        on_call_number="+33199005678",
        hours={str(day): [["00:00", "23:59"]] for day in range(7)},
    )
    home = Household.objects.create(
        landlord=landlord,
        agency=agency,
        reference="L0",
        street="1 rue Sainte-Catherine",
        postal_code="33000",
        city="Bordeaux",
        insee_code="33063",
        department="33",
    )
    person = Tenant.objects.create(
        household=home,
        landlord=landlord,
        reference="T0",
        civility="Mme",
        last_name="Martin",
        first_name="Jeanne",
        birth_date=now.date() - timedelta(days=365 * 82),
        birth_precision=Tenant.Precision.DAY,
    )
    phone = PhoneNumber.objects.create(household=home, e164="+33536490000")
    case = Case.objects.create(campaign=campaign, household=home, agency=agency, next_call_at=now)
    call = Call.objects.create(case=case, state=Call.State.RECORDED, outcome="refused_campaign", recorded_at=now)
    entry = JournalEntry.objects.create(action="call.recorded", actor="user", campaign_id=campaign.pk, object_id=0)

    copies(home, f"generate_series(1, {size - 1}) n", reference="'L' || n", street="n || ' rue Sainte-Catherine'")
    homes = f"tenants_household h WHERE h.landlord_id = {landlord.pk} AND h.id <> {home.pk} AND true"
    homes = f"(SELECT id FROM {homes}) h"
    copies(person, homes, household_id="h.id", reference="'T' || h.id")
    copies(phone, homes, household_id="h.id", e164="'+3353649' || lpad((h.id %% 10000)::text, 4, '0')")
    copies(case, homes, household_id="h.id", rank="(random() * 1000000)::bigint")
    with connection.cursor() as cursor:
        share = f"UPDATE campaigns_case SET {{}} WHERE campaign_id = {campaign.pk} AND id %% 100 BETWEEN %s AND %s"
        done = FINISHED[size]
        later = "rank = 0, next_call_at = now() + interval '1 day'"
        cursor.execute(share.format("status = 'closed', closed_reason = 'refused'"), [0, done - 1])
        cursor.execute(share.format(f"tier = 4, next_call_kind = 'retry', {later}"), [done, done + 4])
        cursor.execute(share.format(f"tier = 1, next_call_kind = 'callback', {later}"), [done + 5, done + 6])
        cursor.execute(share.format("status = 'on_hold', hold_reason = 'unable'"), [done + 7, done + 7])
        cursor.execute(share.format("has_number = false"), [done + 8, done + 8])
    finished = f"(SELECT id FROM campaigns_case WHERE campaign_id = {campaign.pk} AND status = 'closed') c"
    copies(call, finished, case_id="c.id", submission="gen_random_uuid()")
    for action in ("case.claimed", "call.read", "call.recorded"):
        copies(entry, finished, action=f"'{action}'", object_id="c.id")
    return campaign.pk, _volunteers(campaign)


def _volunteers(campaign: Any) -> list[int]:
    from django.contrib.auth.models import Group

    from campaigns.models import CampaignVolunteer
    from solidarites.models import User
    from solidarites.roles import VOLUNTEER

    role, _ = Group.objects.get_or_create(name=VOLUNTEER)
    found = []
    for number in range(VOLUNTEERS):
        user, _ = User.objects.get_or_create(
            email=f"mesure{number}@exemple.fr", defaults={"first_name": "Léa", "last_name": f"Mesure {number}"}
        )
        user.groups.add(role)
        CampaignVolunteer.objects.create(campaign=campaign, user=user)
        found.append(user.pk)
    return found


def tidy(campaign_id: int) -> None:
    """Every case to call again as at the start; the dead rows swept away, as autovacuum would in time."""
    from django.db import connection

    cases = f"(SELECT id FROM campaigns_case WHERE campaign_id = {campaign_id})"
    referrals = f"(SELECT id FROM campaigns_referral WHERE case_id IN {cases})"
    gone = (
        f"campaigns_referral_needs WHERE referral_id IN {referrals}",
        f"campaigns_referralevent WHERE referral_id IN {referrals}",
        f"campaigns_referral WHERE case_id IN {cases}",
        f"campaigns_need WHERE case_id IN {cases}",
        f"campaigns_call WHERE volunteer_id IS NOT NULL AND case_id IN {cases}",
    )
    again = (
        "UPDATE campaigns_case SET status = 'open', closed_reason = '', tier = 5, next_call_kind = 'first',"
        " claimed_by_id = NULL, claimed_at = NULL, claimed_until = NULL, last_call_at = NULL WHERE campaign_id = %s"
        " AND (claimed_by_id IS NOT NULL OR last_call_at IS NOT NULL OR closed_reason = 'measured')"
    )
    with connection.cursor() as cursor:
        for rows in gone:
            cursor.execute(f"DELETE FROM {rows}")
        cursor.execute(again, [campaign_id])
        cursor.execute("VACUUM ANALYZE")
