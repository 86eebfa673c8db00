"""What coordinators look at again about calls (namespace ``coordinator``): flagged texts, what the rules will do."""

from django.urls import path

from campaigns.views.coordinator import cases, rules, texts

urlpatterns = [
    path("textes-a-revoir/", texts.text_list, name="text_list"),
    path("textes-a-revoir/<id:text_id>/", texts.text, name="text"),
    path("dossiers/<id:case_id>/personne/<id:tenant_id>/", cases.case_person_back, name="case_person_back"),
    path("campagnes/<slug:slug>/regles/", rules.campaign_rules, name="campaign_rules"),
]
