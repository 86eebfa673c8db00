"""What must never be is refused by the database; published scripts are frozen by a trigger, made here for good.

A migration that makes campaigns_script anew on SQLite drops the trigger before and makes it again after (``thaw`` and
``freeze`` of ``campaigns.models.script``).
"""

from django.db import migrations, models

from campaigns.models.script import freeze, thaw


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0013_what_was_left_behind")]

    operations = [
        migrations.RunPython(freeze, thaw),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(('claimed_by__isnull', True), ('claimed_until__isnull', False), _connector='OR'), name='a_claim_ends'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'closed'), _negated=True), models.Q(('closed_at__isnull', False), ('next_call_at__isnull', True)), _connector='OR'), name='a_closed_case_waits_for_no_call'),
        ),
        migrations.AddConstraint(
            model_name='case',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'on_hold'), _negated=True), models.Q(('hold_reason', ''), _negated=True), _connector='OR'), name='a_held_case_says_why'),
        ),
        migrations.AddConstraint(
            model_name='followupplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'ended'), _negated=True), models.Q(('ended_at__isnull', False), ('next_due_at__isnull', True)), _connector='OR'), name='an_ended_plan_is_due_no_more'),
        ),
    ]
