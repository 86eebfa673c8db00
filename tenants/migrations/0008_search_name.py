from django.db import migrations, models

from solidarites import searching

CHUNK = 2000


def fill(apps, schema_editor):
    tenants = apps.get_model("tenants", "Tenant").objects.using(schema_editor.connection.alias)
    last = 0
    while chunk := list(tenants.filter(pk__gt=last).order_by("pk").only("last_name", "first_name")[:CHUNK]):
        for tenant in chunk:
            tenant.search_name = searching.key(tenant.last_name, tenant.first_name)
        tenants.bulk_update(chunk, ["search_name"], batch_size=500)
        last = chunk[-1].pk


class Migration(migrations.Migration):
    dependencies = [("tenants", "0007_people_in_order")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="search_name",
            field=models.CharField(blank=True, editable=False, max_length=300),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
