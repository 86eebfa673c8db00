"""Addresses of those who call, and of the switchboard."""

from django.urls import include, path

from campaigns.views import switchboard
from campaigns.views.caller import call, done, home

caller = [
    path("", home.home, name="home"),
    path("ma-journee/", home.my_day, name="my_day"),
    path("on-me-rappelle/", home.returned, name="returned"),
    path("suivant/<int:campaign_id>/", home.next_call, name="next"),
    path("suivis/<int:plan_id>/", home.follow_up, name="follow_up"),
    path("faits/<int:call_id>/", done.done, name="done"),
    path("<int:case_id>/", call.call, name="call"),
    path("<int:case_id>/prendre/", home.claim, name="claim"),
    path("<int:case_id>/brouillon/", call.save, name="save"),
    path("<int:case_id>/presence/", call.heartbeat, name="heartbeat"),
    path("<int:case_id>/alerte/", call.alert, name="alert"),
    path("<int:case_id>/passer/", call.pass_on, name="pass"),
    path("<int:case_id>/enregistrer/", call.record, name="record"),
]

urlpatterns = [
    path("appels/", include((caller, "caller"))),
    path("verification/", include(([path("", switchboard.verify, name="verify")], "switchboard"))),
]
