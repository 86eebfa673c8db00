"""Absences become rows of their own: those noted on a person's place in a campaign are kept."""

from __future__ import annotations

from typing import Any

from django.db import migrations


def keep_absences(apps: Any, schema_editor: Any) -> None:
    membership, absence = apps.get_model("campaigns", "CampaignVolunteer"), apps.get_model("campaigns", "Absence")
    noted = membership.objects.exclude(absent_from=None).order_by("pk")
    # Somebody may be away from two campaigns for the same days.
    days = {(one.user_id, one.absent_from, one.absent_until) for one in noted}
    absence.objects.bulk_create(
        [
            absence(user_id=user, first_day=first, last_day=last)
            for user, first, last in sorted(days, key=str)
            if last is None or last >= first
        ]
    )


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0003_release_0_2")]

    operations = [
        migrations.RunPython(keep_absences, migrations.RunPython.noop),
        migrations.RemoveField(model_name="campaignvolunteer", name="absent_from"),
        migrations.RemoveField(model_name="campaignvolunteer", name="absent_until"),
    ]
