import django.db.models.deletion
from django.core.files.storage import default_storage
from django.db import migrations, models

from solidarites import secrets_at_rest

PIECE = 1024 * 1024


def into_the_database(apps, schema_editor):
    """Lists uploaded before, and not read yet, go on; a file that is not on this machine cannot."""
    pieces = apps.get_model("tenants", "UploadedPiece").objects
    for row in apps.get_model("tenants", "ListImport").objects.exclude(file=""):
        name = row.file.name
        if not default_storage.exists(name):
            continue
        with default_storage.open(name, "rb") as stream:
            for position, content in enumerate(iter(lambda: stream.read(PIECE), b"")):
                pieces.create(
                    list_import=row,
                    position=position,
                    content=secrets_at_rest.encrypt(content, purpose="uploaded list"),
                )
        default_storage.delete(name)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_absence_and_named_rows")]

    operations = [
        migrations.CreateModel(
            name="UploadedPiece",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "list_import",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="pieces", to="tenants.listimport"
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="uploadedpiece",
            constraint=models.UniqueConstraint(fields=("list_import", "position"), name="piece_once"),
        ),
        migrations.RunPython(into_the_database, migrations.RunPython.noop),
    ]
