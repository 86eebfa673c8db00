"""Neighbours' worries: their public page; reports and posters, for coordinators."""

from django.urls import path, re_path

from campaigns.neighbours.views import page, posters, reports

coordinator = [
    path("inquietudes/", reports.report_list, name="neighbour_list"),
    path("inquietudes/<id:report_id>/", reports.report, name="neighbour_report"),
    path("inquietudes/<id:report_id>/veille/", reports.report_match, name="neighbour_match"),
    path("inquietudes/<id:report_id>/inscrire/", reports.report_enrol, name="neighbour_enrol"),
    path("inquietudes/<id:report_id>/sans-suite/", reports.report_dismiss, name="neighbour_dismiss"),
    path("campagnes/<slug:slug>/affiches/", posters.poster_page, name="posters"),
]

public = [
    path("voisins/", page.report, name="neighbour"),
    path("voisins/merci/", page.thanks, name="neighbour_thanks"),
    re_path(r"^voisins/(?P<code>[A-Za-z0-9]{1,16})/$", page.report, name="neighbour_code"),
]
