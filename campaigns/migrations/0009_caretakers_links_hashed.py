"""Caretakers' links are kept as hashes. Those already sent still open; those not yet mailed are made anew."""

import hashlib
import secrets
from typing import Any

from django.db import migrations, models
from django.utils.crypto import salted_hmac

import campaigns.models.outreach

# Mails whose link is made when they leave: the states before that.
WAITING = ("queued", "sending", "unsure")


def derived(seed: str) -> str:
    """As campaigns.caretakers.token_of."""
    return salted_hmac("campaigns.caretaker_link", seed, algorithm="sha256").hexdigest()


def hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def hash_tokens(apps: Any, schema_editor: Any) -> None:
    waiting = set(
        apps.get_model("solidarites", "OutgoingMail")
        .objects.filter(template="caretaker_round", state__in=WAITING)
        .values_list("key", flat=True)
    )
    for made in apps.get_model("campaigns", "CaretakerRound").objects.order_by("pk").iterator():
        if f"caretaker:{made.pk}" in waiting:
            made.seed = secrets.token_urlsafe(32)
            made.token = derived(made.seed)
        made.token = hashed(made.token)
        made.save(update_fields=["seed", "token"])


def show_tokens(apps: Any, schema_editor: Any) -> None:
    """What cannot be made again from its hash opens nothing any more: never the hash itself."""
    for made in apps.get_model("campaigns", "CaretakerRound").objects.order_by("pk").iterator():
        token = derived(made.seed)
        made.token = token if hashed(token) == made.token else secrets.token_urlsafe(32)
        made.save(update_fields=["token"])


class Migration(migrations.Migration):

    dependencies = [
        ('campaigns', '0008_cases_in_preparation'),
        ('solidarites', '0003_installation'),
    ]

    operations = [
        migrations.AddField(
            model_name='caretakerround',
            name='seed',
            field=models.CharField(blank=True, default='', editable=False, max_length=64),
        ),
        migrations.RunPython(hash_tokens, show_tokens),
        migrations.RenameField('caretakerround', 'token', 'token_hash'),
        migrations.AlterField(
            model_name='caretakerround',
            name='token_hash',
            field=models.CharField(editable=False, max_length=64, unique=True),
        ),
        migrations.AlterField(
            model_name='caretakerround',
            name='seed',
            field=models.CharField(blank=True, default=campaigns.models.outreach.draw_token, editable=False, max_length=64),
        ),
    ]
