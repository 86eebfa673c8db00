"""Households that nobody reaches, for coordinators: letters, caretakers, neighbours, numbers, posters."""

from django.urls import path

from campaigns.views.coordinator import caretakers, neighbours, numberless, posters, welfare

urlpatterns = [
    path("veilles/lettres/", welfare.welfare_letters, name="welfare_letters"),
    path("veilles/<id:check_id>/lettre/", welfare.welfare_letter, name="welfare_letter"),
    path("gardiens/", caretakers.residences, name="caretaker_residences"),
    path("gardiens/<id:residence_id>/", caretakers.residence, name="caretaker_residence"),
    path("gardiens/tournees/<id:round_id>/", caretakers.round_page, name="caretaker_round"),
    path("gardiens/tournees/<id:round_id>/liste.pdf", caretakers.round_pdf, name="caretaker_pdf"),
    path("gardiens/tournees/<id:round_id>/retirer/", caretakers.round_revoke, name="caretaker_revoke"),
    path("inquietudes/", neighbours.report_list, name="neighbour_list"),
    path("inquietudes/<id:report_id>/", neighbours.report, name="neighbour_report"),
    path("inquietudes/<id:report_id>/veille/", neighbours.report_match, name="neighbour_match"),
    path("inquietudes/<id:report_id>/inscrire/", neighbours.report_enrol, name="neighbour_enrol"),
    path("inquietudes/<id:report_id>/sans-suite/", neighbours.report_dismiss, name="neighbour_dismiss"),
    path("campagnes/<slug:slug>/sans-numero/lettres/", numberless.numberless_letters, name="numberless_letters"),
    path("campagnes/<slug:slug>/sans-numero/demander/", numberless.numberless_ask, name="numberless_ask"),
    path("dossiers/<id:case_id>/sans-numero/", numberless.numberless_case, name="numberless_case"),
    path("dossiers/<id:case_id>/sans-numero/trouve/", numberless.numberless_found, name="numberless_found"),
    path(
        "dossiers/<id:case_id>/sans-numero/introuvable/", numberless.numberless_not_found, name="numberless_not_found"
    ),
    path("dossiers/<id:case_id>/sans-numero/nouvelles/", numberless.numberless_news, name="numberless_news"),
    path("campagnes/<slug:slug>/affiches/", posters.poster_page, name="posters"),
]
