"""Referrals, needs and partners, for coordinators; the partner's own pages behind the link of an e-mail."""

from django.urls import path

from campaigns.referrals.views import desk, needs, partners, referrals
from campaigns.referrals.views import partner as sheet

coordinator = [
    path("besoins/", needs.need_list, name="need_list"),
    path("besoins/<id:need_id>/", needs.need_settle, name="need_settle"),
    path("signalements/", desk.referral_list, name="referral_list"),
    path("signalements/tableau/", desk.referral_board, name="referral_board"),
    path("signalements/approuver/", desk.referral_approve, name="referral_approve"),
    path("signalements/chiffres/", desk.referral_figures, name="referral_figures"),
    path("signalements/export.xlsx", desk.referral_export, name="referral_export"),
    path("signalements/dossier/<id:case_id>/", referrals.referral_new, name="referral_new"),
    path("signalements/<id:referral_id>/", referrals.referral, name="referral"),
    path("signalements/<id:referral_id>/modifier/", referrals.referral_edit, name="referral_edit"),
    path("signalements/<id:referral_id>/fiche.pdf", referrals.referral_pdf, name="referral_pdf"),
    path("signalements/<id:referral_id>/faire/<slug:act>/", referrals.referral_act, name="referral_act"),
    path("partenaires/", partners.partner_list, name="partner_list"),
    path("partenaires/importer/", partners.partner_import, name="partner_import"),
    path("partenaires/modele.xlsx", partners.partner_model, name="partner_model"),
    path("partenaires/nouveau/", partners.partner_new, name="partner_new"),
    path("partenaires/<id:partner_id>/", partners.partner, name="partner"),
]

partner = [
    path("p/<str:token>/", sheet.door, name="door"),
    path("p/<str:token>/code/", sheet.code, name="code"),
    path("p/<str:token>/fiche/", sheet.sheet_page, name="sheet"),
    path("p/<str:token>/fiche.pdf", sheet.pdf, name="pdf"),
    path("p/<str:token>/faire/<slug:act>/", sheet.act, name="act"),
]
