"""Neighbours' worries: their public page; reports and posters, for coordinators."""

from django.urls import path, re_path

from campaigns.neighbours.views import page, posters, reports, sharing

coordinator = [
    path("inquietudes/", reports.report_list, name="neighbour_list"),
    path("inquietudes/<id:report_id>/", reports.report, name="neighbour_report"),
    path("inquietudes/<id:report_id>/veille/", reports.report_match, name="neighbour_match"),
    path("inquietudes/<id:report_id>/inscrire/", reports.report_enrol, name="neighbour_enrol"),
    path("inquietudes/<id:report_id>/sans-suite/", reports.report_dismiss, name="neighbour_dismiss"),
    path("campagnes/<slug:slug>/affiches/", posters.poster_page, name="posters"),
    path("campagnes/<slug:slug>/partager/", sharing.share_page, name="share"),
    path("campagnes/<slug:slug>/partager/<id:landlord_id>/<slug:shape>.png", sharing.share_image, name="share_image"),
]

public = [
    path("voisins/", page.report, name="neighbour"),
    path("voisins/merci/", page.thanks, name="neighbour_thanks"),
    path("voisins/partage/<slug:shape>.png", sharing.share_picture, name="share_picture"),
    path("voisins/partage/<slug:landlord_code>/<slug:shape>.png", sharing.share_picture, name="share_picture_of"),
    # A poster's code, or a landlord's.
    re_path(r"^voisins/(?P<code>[-A-Za-z0-9_]{1,40})/$", page.report, name="neighbour_code"),
]
