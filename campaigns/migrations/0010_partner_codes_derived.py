"""A partner's code is computed from its row, never kept: neither as a hash of six digits nor in its message.

Those under way (ten minutes) end here; whoever waits for one asks for another.
"""

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def end_codes(apps: Any, schema_editor: Any) -> None:
    now = timezone.now()
    apps.get_model("campaigns", "PartnerCode").objects.filter(expires_at__gt=now).update(expires_at=now)
    mails = apps.get_model("solidarites", "OutgoingMail").objects.filter(template="referral_code")
    mails.filter(state__in=("queued", "sending", "unsure")).update(state="cancelled")
    mails.update(context={})


def forget_codes(apps: Any, schema_editor: Any) -> None:
    apps.get_model("campaigns", "PartnerCode").objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0009_caretakers_links_hashed'),
        ('solidarites', '0003_installation'),
    ]

    operations = [
        migrations.RunPython(end_codes, end_codes),
        migrations.RemoveField(model_name='partnercode', name='code_hash'),
        migrations.AddField(
            model_name='partnercode',
            name='nonce',
            field=models.CharField(default='', editable=False, max_length=64),
            preserve_default=False,
        ),
        # Taken back: their hashes are not known.
        migrations.RunPython(migrations.RunPython.noop, forget_codes),
    ]
