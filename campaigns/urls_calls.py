"""What coordinators look at again about calls (namespace ``coordinator``): flagged texts, what the rules will do."""

from django.urls import path

from campaigns.views.coordinator import rules, texts

urlpatterns = [
    path("textes-a-revoir/", texts.text_list, name="text_list"),
    path("textes-a-revoir/<id:text_id>/", texts.text, name="text"),
    path("campagnes/<slug:slug>/regles/", rules.campaign_rules, name="campaign_rules"),
]
