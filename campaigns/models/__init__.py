"""One stage of the data a file; imported from here."""

from campaigns.models.alert import Alert
from campaigns.models.call import Call, Need
from campaigns.models.campaign import Campaign, CampaignVolunteer, CoordinatorScope
from campaigns.models.case import Case, CasePass
from campaigns.models.figures import FrozenFigures, PurgeProof
from campaigns.models.followup import DueCall, FollowUpPlan
from campaigns.models.referral import Partner, PartnerCode, Referral, ReferralEvent
from campaigns.models.script import Script
from campaigns.models.welfare import WelfareCheck, WelfareStep

__all__ = [
    "Alert",
    "Call",
    "Campaign",
    "CampaignVolunteer",
    "Case",
    "CasePass",
    "CoordinatorScope",
    "DueCall",
    "FollowUpPlan",
    "FrozenFigures",
    "Need",
    "Partner",
    "PartnerCode",
    "PurgeProof",
    "Referral",
    "ReferralEvent",
    "Script",
    "WelfareCheck",
    "WelfareStep",
]
