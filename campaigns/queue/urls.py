"""The caller's home, and the next household."""

from django.urls import path

from campaigns.queue.views import home

caller = [
    path("", home.home, name="home"),
    path("ma-journee/", home.my_day, name="my_day"),
    path("on-me-rappelle/", home.returned, name="returned"),
    path("suivant/<id:campaign_id>/", home.next_call, name="next"),
    path("suivis/<id:plan_id>/", home.follow_up, name="follow_up"),
    path("<id:case_id>/prendre/", home.claim, name="claim"),
]
