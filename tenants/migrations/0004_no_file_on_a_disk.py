from django.db import migrations


class Migration(migrations.Migration):
    # By itself: PostgreSQL alters no table in the transaction that has just written rows which refer to it.
    dependencies = [("tenants", "0003_uploaded_pieces")]

    operations = [migrations.RemoveField("listimport", "file")]
