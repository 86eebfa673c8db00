"""The coordinator's figures: the dashboard and the closing report."""

from django.urls import path

from campaigns.figures.views import dashboard, report

coordinator = [
    path("tableau-de-bord/", dashboard.dashboard, name="dashboard"),
    path("campagnes/<slug:slug>/bilan/", report.report, name="report"),
]
