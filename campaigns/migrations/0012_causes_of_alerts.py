"""What raised an alert moves from its key into columns; the keys already there are read one last time."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models

CHUNK = 1000
# The first word of a key, and the column of the row whose number comes next.
ROWS = {
    "call": "call",
    "kept": "call",
    "correction": "revision",
    "message": "message",
    "due_call": "due_call",
    "plan": "plan",
    "welfare": "welfare_check",
    "caretaker": "visit",
    "neighbour": "report",
    "referral": "referral",
    "mail": "mail",
}
LINKS = (*dict.fromkeys(ROWS.values()), "tenant")


def read_keys(apps: Any, schema_editor: Any) -> None:
    model = apps.get_model("campaigns", "Alert")
    mails = apps.get_model("solidarites", "OutgoingMail").objects
    alerts, after = model.objects.order_by("pk"), 0
    while chunk := list(alerts.filter(pk__gt=after)[:CHUNK]):
        after = chunk[-1].pk
        lost = {alert.pk: key for alert in chunk if (key := _read(alert))}
        sent = dict(mails.filter(key__in=set(lost.values())).values_list("key", "pk"))
        for alert in chunk:
            if alert.pk in lost:
                alert.mail_id = sent.get(lost[alert.pk])
        for name in LINKS:
            _leave_out_what_is_gone(model._meta.get_field(name), chunk)
        model.objects.bulk_update(chunk, ["question", "choice", "task", *LINKS])


def _read(alert: Any) -> str:
    """Fill what the key says by itself; the key of the message, for one of a referral that did not arrive."""
    head, number, *rest = [*alert.key.split(":"), ""]
    if head == "task":
        alert.task = number
    if head not in ROWS or not number.isdecimal():
        return ""
    setattr(alert, f"{ROWS[head]}_id", int(number))
    if head == "call" and alert.kind == "answer" and len(rest) > 2:
        # « call:12:sante.mal:34 », « call:12:sante.mal: » when it was asked of nobody in particular.
        alert.question, _, alert.choice = rest[0].partition(".")
        alert.tenant_id = int(rest[1]) if rest[1].isdecimal() else None
    if head == "referral" and rest[0] == "mail":
        # « referral:12:mail:sent:1 » was of the message « referral:12:sent:1 ».
        return ":".join([head, number, *rest[1:-1]])
    return ""


def _leave_out_what_is_gone(field: Any, chunk: list[Any]) -> None:
    wanted = {number for alert in chunk if (number := getattr(alert, field.attname))}
    there = set(field.related_model.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    for alert in chunk:
        if getattr(alert, field.attname) not in there:
            setattr(alert, field.attname, None)


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0011_outcomes_and_close_reasons'),
        ('solidarites', '0006_what_mails_are_about'),
        ('tenants', '0005_checked_rows_by_name'),
    ]

    operations = [
        migrations.AddField(
            model_name='alert',
            name='call',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.call'),
        ),
        migrations.AddField(
            model_name='alert',
            name='choice',
            field=models.CharField(blank=True, default='', max_length=60),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='alert',
            name='due_call',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.duecall'),
        ),
        migrations.AddField(
            model_name='alert',
            name='mail',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='solidarites.outgoingmail'),
        ),
        migrations.AddField(
            model_name='alert',
            name='message',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.casemessage'),
        ),
        migrations.AddField(
            model_name='alert',
            name='plan',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.followupplan'),
        ),
        migrations.AddField(
            model_name='alert',
            name='question',
            field=models.CharField(blank=True, default='', max_length=60),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='alert',
            name='referral',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.referral'),
        ),
        migrations.AddField(
            model_name='alert',
            name='report',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='campaigns.neighbourreport'),
        ),
        migrations.AddField(
            model_name='alert',
            name='revision',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.callrevision'),
        ),
        migrations.AddField(
            model_name='alert',
            name='task',
            field=models.CharField(blank=True, default='', max_length=80),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='alert',
            name='tenant',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='alerts', to='tenants.tenant'),
        ),
        migrations.AddField(
            model_name='alert',
            name='visit',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.caretakervisit'),
        ),
        migrations.AddField(
            model_name='alert',
            name='welfare_check',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='campaigns.welfarecheck'),
        ),
        migrations.AlterField(
            model_name='alert',
            name='key',
            field=models.CharField(max_length=200),
        ),
        migrations.RunPython(read_keys, migrations.RunPython.noop),
    ]
