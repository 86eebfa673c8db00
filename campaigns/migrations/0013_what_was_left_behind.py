"""Rows that the next migration would refuse: what a closed, held or ended one no longer has is taken off."""

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Coalesce, Now


def tidy(apps, schema_editor):
    base = schema_editor.connection.alias
    cases = apps.get_model("campaigns", "Case").objects.using(base)
    closed = cases.filter(status="closed")
    closed.exclude(next_call_at=None).update(next_call_at=None)
    closed.filter(closed_at=None).update(closed_at=Coalesce(F("last_call_at"), F("enrolled_at")))
    # A claim without its end: as if it had just ended.
    cases.exclude(claimed_by=None).filter(claimed_until=None).update(claimed_until=Now())
    cases.filter(status="on_hold", hold_reason="").update(hold_reason="coordinator")
    ended = apps.get_model("campaigns", "FollowUpPlan").objects.using(base).filter(status="ended")
    ended.exclude(next_due_at=None).update(next_due_at=None)
    ended.filter(ended_at=None).update(ended_at=F("created_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0012_causes_of_alerts"),
        ("solidarites", "0006_what_mails_are_about"),
        ("tenants", "0006_what_never_is"),
    ]

    operations = [migrations.RunPython(tidy, migrations.RunPython.noop)]
