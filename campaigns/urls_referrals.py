"""Referrals and partners, for coordinators (namespace ``coordinator``)."""

from django.urls import path

from campaigns.views.coordinator import partners, referral_desk, referrals

urlpatterns = [
    path("signalements/", referral_desk.referral_list, name="referral_list"),
    path("signalements/tableau/", referral_desk.referral_board, name="referral_board"),
    path("signalements/approuver/", referral_desk.referral_approve, name="referral_approve"),
    path("signalements/chiffres/", referral_desk.referral_figures, name="referral_figures"),
    path("signalements/export.xlsx", referral_desk.referral_export, name="referral_export"),
    path("signalements/dossier/<int:case_id>/", referrals.referral_new, name="referral_new"),
    path("signalements/<int:referral_id>/", referrals.referral, name="referral"),
    path("signalements/<int:referral_id>/modifier/", referrals.referral_edit, name="referral_edit"),
    path("signalements/<int:referral_id>/fiche.pdf", referrals.referral_pdf, name="referral_pdf"),
    path("signalements/<int:referral_id>/faire/<slug:act>/", referrals.referral_act, name="referral_act"),
    path("partenaires/", partners.partner_list, name="partner_list"),
    path("partenaires/importer/", partners.partner_import, name="partner_import"),
    path("partenaires/modele.xlsx", partners.partner_model, name="partner_model"),
    path("partenaires/nouveau/", partners.partner_new, name="partner_new"),
    path("partenaires/<int:partner_id>/", partners.partner, name="partner"),
]
