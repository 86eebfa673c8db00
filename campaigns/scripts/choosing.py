"""Which version a call follows: the welfare check's, the follow-up's, else the first call's."""

from __future__ import annotations

from campaigns.models import Case, WelfareCheck


def script_for(case: Case) -> int | None:
    """The script of a call that begins now. The call keeps it, whatever the campaign chooses afterwards.

    While a welfare check is open on the household, the script of welfare checks; when a plan asked for the call, the
    follow-ups'; where the campaign has none of these, the first call's. ``case.campaign`` is loaded.
    """
    campaign = case.campaign
    # A household never called has no check, unless it is held by one: the ordinary call asks the database nothing.
    maybe = case.next_call_kind != Case.Kind.FIRST or case.status == Case.Status.ON_HOLD
    if campaign.welfare_script_id and maybe and WelfareCheck.objects.open().filter(case=case.pk).exists():
        return campaign.welfare_script_id
    if case.next_call_kind == Case.Kind.FOLLOW_UP and campaign.follow_up_script_id:
        return campaign.follow_up_script_id
    return campaign.script_id
