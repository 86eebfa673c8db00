"""What a message is about moves from its key into columns; that of the rows already there is read one last time."""

from datetime import date
from typing import Any

from django.db import migrations, models

CHUNK = 1000
# The first word of a key, and what the number after it is of.
ABOUT = {
    "alert": "campaigns.alert",
    "alerts": "campaigns.alert",
    "referral": "campaigns.referral",
    "welfare": "campaigns.welfarecheck",
    "caretaker": "campaigns.caretakerround",
    "debrief": "campaigns.debrief",
    "due_call_given": "campaigns.duecall",
    "follow_up_tomorrow": "solidarites.user",
    "follow_up_week": "solidarites.user",
    "follow_up_given": "solidarites.user",
    "invitation": "solidarites.invitation",
    "notice": "solidarites.user",
    "password": "solidarites.user",
}
OF_A_DAY = ("follow_up_tomorrow", "follow_up_week", "follow_up_given")


def read_keys(apps: Any, schema_editor: Any) -> None:
    mails, after = apps.get_model("solidarites", "OutgoingMail").objects.order_by("pk"), 0
    while chunk := list(mails.filter(pk__gt=after)[:CHUNK]):
        after = chunk[-1].pk
        for row in chunk:
            _read(row)
        mails.bulk_update(chunk, ["object_type", "object_id", "day"])


def _read(row: Any) -> None:
    kind, number, *rest = [*row.key.split(":"), ""]
    if kind in ABOUT and number.isdecimal():
        row.object_type, row.object_id = ABOUT[kind], int(number)
        row.day = date.fromisoformat(rest[0]) if kind in OF_A_DAY else None


class Migration(migrations.Migration):

    dependencies = [
        ('solidarites', '0005_accounts_and_journal'),
    ]

    operations = [
        migrations.AddField(
            model_name='outgoingmail',
            name='day',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='outgoingmail',
            name='object_id',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='outgoingmail',
            name='object_type',
            field=models.CharField(blank=True, default='', max_length=60),
            preserve_default=False,
        ),
        migrations.RunPython(read_keys, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name='outgoingmail',
            index=models.Index(fields=['object_type', 'object_id'], name='mail_about'),
        ),
    ]
