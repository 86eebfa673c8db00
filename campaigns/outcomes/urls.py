"""What the rules will do."""

from django.urls import path

from campaigns.outcomes.views import rules

coordinator = [
    path("campagnes/<slug:slug>/regles/", rules.campaign_rules, name="campaign_rules"),
]
