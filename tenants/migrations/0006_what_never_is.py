from django.db import migrations, models


def mend(apps, schema_editor):
    """No rule writes such rows; what was written by hand, if anything was, is made to say one thing."""
    tenants = apps.get_model("tenants", "Tenant").objects
    tenants.filter(birth_date__isnull=True).exclude(birth_precision="unknown").update(birth_precision="unknown")
    tenants.filter(birth_date__isnull=False).exclude(birth_precision__in=["day", "year"]).update(birth_precision="day")
    tenants.filter(status="present").update(closed_by_list=False, closed_by_absence=False)
    tenants.filter(closed_by_absence=True).update(closed_by_list=True)
    # PostgreSQL alters no table while the keys of rows written twice wait to be looked at.
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0005_checked_rows_by_name'),
    ]

    operations = [
        migrations.RunPython(mend, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'absent'), ('number', 0)), models.Q(models.Q(('kind', 'absent'), _negated=True), ('number__gt', 0)), _connector='OR'), name='import_row_absent_has_no_number'),
        ),
        migrations.AddConstraint(
            model_name='tenant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('birth_date__isnull', True), ('birth_precision', 'unknown')), models.Q(('birth_date__isnull', False), ('birth_precision__in', ['day', 'year'])), _connector='OR'), name='tenant_birth_and_precision'),
        ),
        migrations.AddConstraint(
            model_name='tenant',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'present'), _negated=True), models.Q(('closed_by_absence', False), ('closed_by_list', False)), _connector='OR'), name='tenant_present_not_closed'),
        ),
        migrations.AddConstraint(
            model_name='tenant',
            constraint=models.CheckConstraint(condition=models.Q(('closed_by_absence', False), ('closed_by_list', True), _connector='OR'), name='tenant_absence_is_from_a_list'),
        ),
    ]
