"""A draft's cases are in nobody's way: they are « prepared », and the one open case of a household is a running one's."""

from django.db import migrations, models


def prepare(apps, schema_editor):
    """Those of drafts that 0.2 opened; a plan that came with one stays where it is, and the nightly check tells of it."""
    cases = apps.get_model("campaigns", "Case").objects.using(schema_editor.connection.alias)
    drafts = apps.get_model("campaigns", "Campaign").objects.using(schema_editor.connection.alias).filter(status="draft")
    cases.filter(campaign__in=drafts).exclude(status="closed").update(status="prepared")


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0007_campaign_pauses"),
    ]

    operations = [
        migrations.AlterField(
            model_name="case",
            name="status",
            field=models.CharField(
                choices=[
                    ("prepared", "en préparation"),
                    ("open", "ouvert"),
                    ("on_hold", "en attente de la coordination"),
                    ("closed", "clos"),
                ],
                default="open",
                max_length=8,
            ),
        ),
        migrations.RemoveConstraint(model_name="case", name="one_open_case_per_household"),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["open", "on_hold"])),
                fields=("household",),
                name="one_open_case_per_household",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="kind",
            field=models.CharField(
                choices=[
                    ("button", "bouton d'alerte"),
                    ("answer", "réponse pendant un appel"),
                    ("missed_follow_up", "appel de suivi non fait"),
                    ("stranded_follow_up", "suivi qu'aucune campagne n'appelle"),
                    ("unanswered_follow_up", "suivi sans réponse"),
                    ("welfare_overdue", "veille en retard"),
                    ("referral_unanswered", "signalement sans réponse"),
                    ("referral_waiting", "signalement à traiter"),
                    ("mail_failed", "e-mail non remis"),
                    ("task_failed", "tâche automatique en échec"),
                    ("neighbour", "inquiétude d'un voisin"),
                    ("correction", "appel corrigé après coup"),
                    ("message", "message d'un foyer qui a rappelé"),
                    ("caretaker", "visite du gardien"),
                    ("kept_call", "appel à trancher"),
                    ("purge_waiting", "effacement qui attend une décision"),
                ],
                max_length=24,
                verbose_name="origine",
            ),
        ),
        migrations.RunPython(prepare, migrations.RunPython.noop),
    ]
