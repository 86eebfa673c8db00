"""The partner's own pages, behind the link of an e-mail (namespace ``partner``)."""

from django.urls import path

from campaigns.views import partner

app_name = "partner"
urlpatterns = [
    path("p/<str:token>/", partner.door, name="door"),
    path("p/<str:token>/code/", partner.code, name="code"),
    path("p/<str:token>/fiche/", partner.sheet_page, name="sheet"),
    path("p/<str:token>/fiche.pdf", partner.pdf, name="pdf"),
    path("p/<str:token>/faire/<slug:act>/", partner.act, name="act"),
]
