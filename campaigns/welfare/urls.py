"""Households that nobody reaches: for coordinators; and the page of a caretaker."""

from django.urls import path

from campaigns.welfare.views import caretaker_page, caretakers, checks, letters, without_number

coordinator = [
    path("campagnes/<slug:slug>/sans-numero/", without_number.household_list, name="campaign_without_number"),
    path("veilles/", checks.welfare_list, name="welfare_list"),
    path("veilles/<id:check_id>/", checks.welfare_check, name="welfare_check"),
    path("veilles/<id:check_id>/responsable/", checks.welfare_owner, name="welfare_owner"),
    path("veilles/<id:check_id>/demarche/", checks.welfare_step, name="welfare_step"),
    path("veilles/<id:check_id>/clore/", checks.welfare_close, name="welfare_close"),
    path("dossiers/<id:case_id>/veille/", checks.welfare_open, name="welfare_open"),
    path("veilles/lettres/", checks.welfare_letters, name="welfare_letters"),
    path("veilles/<id:check_id>/lettre/", checks.welfare_letter, name="welfare_letter"),
    path("dossiers/<id:case_id>/lettre/", letters.case_letter, name="case_letter"),
    path("campagnes/<slug:slug>/lettres/", letters.letters_page, name="letters"),
    path("campagnes/<slug:slug>/lettres/produire/", letters.letters_make, name="letters_make"),
    path("campagnes/<slug:slug>/lettres/<id:landlord_id>/", letters.letters_wording, name="letters_wording"),
    path("gardiens/", caretakers.residences, name="caretaker_residences"),
    path("gardiens/<id:residence_id>/", caretakers.residence, name="caretaker_residence"),
    path("gardiens/tournees/<id:round_id>/", caretakers.round_page, name="caretaker_round"),
    path("gardiens/tournees/<id:round_id>/liste.pdf", caretakers.round_pdf, name="caretaker_pdf"),
    path("gardiens/tournees/<id:round_id>/retirer/", caretakers.round_revoke, name="caretaker_revoke"),
    path(
        "campagnes/<slug:slug>/sans-numero/lettres/",
        without_number.make_letters,
        name="without_number_letters",
    ),
    path("campagnes/<slug:slug>/sans-numero/demander/", without_number.ask_agency, name="without_number_ask"),
    path("dossiers/<id:case_id>/sans-numero/", without_number.household, name="without_number_case"),
    path("dossiers/<id:case_id>/sans-numero/trouve/", without_number.number_found, name="without_number_found"),
    path(
        "dossiers/<id:case_id>/sans-numero/introuvable/",
        without_number.number_not_found,
        name="without_number_not_found",
    ),
    path("dossiers/<id:case_id>/sans-numero/nouvelles/", without_number.news_given, name="without_number_news"),
]

public = [
    path("gardien/<str:token>/", caretaker_page.doors, name="caretaker"),
    path("gardien/<str:token>/<id:visit_id>/", caretaker_page.answer, name="caretaker_answer"),
]
