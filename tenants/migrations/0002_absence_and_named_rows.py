from django.db import migrations, models


def mark_absent(apps, schema_editor):
    """Those whom the writing of a list said to be complete closed: a row of a later list still brings them back."""
    tenants = apps.get_model("tenants", "Tenant").objects
    complete = apps.get_model("tenants", "ListImport").objects.filter(absent_left=True, confirmed_at__isnull=False)
    for one in complete.exclude(applied_at=None):
        tenants.filter(
            landlord_id=one.landlord_id,
            status="moved",
            closed_by_list=True,
            status_at__gte=one.confirmed_at,
            status_at__lte=one.applied_at,
        ).update(closed_by_absence=True)


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.AddField("importrow", "name", models.CharField(blank=True, max_length=260)),
        migrations.AddField("tenant", "closed_by_absence", models.BooleanField(default=False, editable=False)),
        migrations.RunPython(mark_absent, migrations.RunPython.noop),
    ]
