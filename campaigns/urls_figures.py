"""The coordinator's figures: the dashboard and the closing report (namespace ``coordinator``)."""

from django.urls import path

from campaigns.views.coordinator import dashboard, report

urlpatterns = [
    path("tableau-de-bord/", dashboard.dashboard, name="dashboard"),
    path("campagnes/<slug:slug>/bilan/", report.report, name="report"),
]
