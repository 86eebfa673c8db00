"""Every address of campaigns. A stage keeps its own, in a list for each audience; here they get their namespace."""

from django.urls import include, path

from campaigns.alerts import urls as alerts
from campaigns.calls import urls as calls
from campaigns.cases import urls as cases
from campaigns.figures import urls as figures
from campaigns.followups import urls as followups
from campaigns.neighbours import urls as neighbours
from campaigns.outcomes import urls as outcomes
from campaigns.practice import urls as practice
from campaigns.public import urls as public
from campaigns.queue import urls as queue
from campaigns.referrals import urls as referrals
from campaigns.scripts import urls as scripts
from campaigns.setup import urls as setup
from campaigns.team import urls as team
from campaigns.texts import urls as texts
from campaigns.welfare import urls as welfare

caller = [*queue.caller, *practice.caller, *followups.caller, *team.caller, *calls.caller]
coordinator = [
    *figures.coordinator,
    *setup.coordinator,
    *cases.coordinator,
    *alerts.coordinator,
    *calls.coordinator,
    *followups.coordinator,
    *referrals.coordinator,
    *welfare.coordinator,
    *neighbours.coordinator,
    *public.coordinator,
    *scripts.coordinator,
    *outcomes.coordinator,
    *team.coordinator,
    *texts.coordinator,
]

urlpatterns = [
    path("appels/", include((caller, "caller"))),
    path("", include((coordinator, "coordinator"))),
    path("", include((referrals.partner, "partner"))),
    path("", include(([*public.public, *neighbours.public, *welfare.public], "public"))),
    path("verification/", include((calls.switchboard_desk, "switchboard"))),
    *followups.feed,
]
