"""One stage of the data a file; imported from here."""

from campaigns.models.alert import Alert, Cause, key_of
from campaigns.models.call import Call, CallRevision, CaseMessage, FlaggedText, Need
from campaigns.models.campaign import Campaign, CampaignPause, CampaignVolunteer, CoordinatorScope
from campaigns.models.case import Case, CasePass
from campaigns.models.crisis import Crisis
from campaigns.models.figures import FrozenFigures, PurgeProof
from campaigns.models.followup import Absence, CalendarFeed, DueCall, FollowUpPlan, PlanException
from campaigns.models.neighbour import NeighbourReport, Poster
from campaigns.models.outreach import CaretakerRound, CaretakerVisit, Letter, LetterWording, NumberSearch
from campaigns.models.parting import Parting
from campaigns.models.public import FaqEdition, UsefulNumber
from campaigns.models.referral import Partner, PartnerCode, Referral, ReferralEvent
from campaigns.models.script import Script
from campaigns.models.team import CallReview, Debrief, Meeting, MeetingAnswer, SharedMoment
from campaigns.models.welfare import WelfareCheck, WelfareStep

__all__ = [
    "Absence",
    "Alert",
    "CalendarFeed",
    "Call",
    "CallReview",
    "CallRevision",
    "Campaign",
    "CampaignPause",
    "CampaignVolunteer",
    "CaretakerRound",
    "CaretakerVisit",
    "Case",
    "CaseMessage",
    "CasePass",
    "Cause",
    "CoordinatorScope",
    "Crisis",
    "Debrief",
    "DueCall",
    "FaqEdition",
    "FlaggedText",
    "FollowUpPlan",
    "FrozenFigures",
    "Letter",
    "LetterWording",
    "Meeting",
    "MeetingAnswer",
    "Need",
    "NeighbourReport",
    "NumberSearch",
    "Parting",
    "Partner",
    "PartnerCode",
    "PlanException",
    "Poster",
    "PurgeProof",
    "Referral",
    "ReferralEvent",
    "Script",
    "SharedMoment",
    "UsefulNumber",
    "WelfareCheck",
    "WelfareStep",
    "key_of",
]
