"""Second factors kept in clear by release 0.2 are encrypted, under a key derived from PRIVACY_KEY."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import migrations

from solidarites import privacy, secrets_at_rest

PURPOSE = "second factor"


def encrypt(text: Any) -> Any:
    """What is no text was never a secret: it stays as it is, and its code is refused in words."""
    if not isinstance(text, str) or secrets_at_rest.is_encrypted(text):
        return text
    return secrets_at_rest.encrypt_text(text, purpose=PURPOSE)


def decrypt(text: Any) -> Any:
    """What this key cannot read stays as it is: the version before could not do better."""
    if not secrets_at_rest.is_encrypted(text):
        return text
    try:
        return secrets_at_rest.decrypt_text(text, purpose=PURPOSE)
    except secrets_at_rest.Unreadable:
        return text


def convert(apps: Any, change: Callable[[Any], Any]) -> None:
    """Never under another key than that of the services: nobody of the team could sign in."""
    expected = apps.get_model("solidarites", "Installation").objects.values_list("privacy_key", flat=True).first()
    factors = apps.get_model("mfa", "Authenticator").objects
    if expected and expected != privacy.fingerprint() and factors.exists():
        raise ImproperlyConfigured(privacy.problem(expected))
    for factor in factors.order_by("pk").iterator():
        for name in ("secret", "seed"):
            if name in factor.data:
                factor.data[name] = change(factor.data[name])
        if factor.data.get("migrated_codes"):
            factor.data["migrated_codes"] = [change(code) for code in factor.data["migrated_codes"]]
        factor.save(update_fields=["data"])


def forwards(apps: Any, schema_editor: Any) -> None:
    convert(apps, encrypt)


def backwards(apps: Any, schema_editor: Any) -> None:
    convert(apps, decrypt)


class Migration(migrations.Migration):

    dependencies = [
        ('solidarites', '0003_installation'),
        ('mfa', '0003_authenticator_type_uniq'),
    ]

    operations = [migrations.RunPython(forwards, backwards)]
