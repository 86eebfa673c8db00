from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0004_no_file_on_a_disk'),
    ]

    operations = [
        migrations.AddField(
            model_name='importrow',
            name='format',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name='importrow',
            name='data',
            field=models.JSONField(default=dict),
        ),
    ]
