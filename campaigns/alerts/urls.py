"""Alerts, for coordinators."""

from django.urls import path

from campaigns.alerts.views import alerts

coordinator = [
    path("alertes/", alerts.alert_list, name="alert_list"),
    path("alertes/bandeau/", alerts.alert_banner, name="alert_banner"),
    path("alertes/<id:alert_id>/", alerts.alert_detail, name="alert_detail"),
    path("alertes/<id:alert_id>/prendre/", alerts.alert_take, name="alert_take"),
    path("alertes/<id:alert_id>/rouvrir/", alerts.alert_reopen, name="alert_reopen"),
]
