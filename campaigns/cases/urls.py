"""Households in their campaign, for coordinators."""

from django.urls import path

from campaigns.cases.views import cases, confirm

coordinator = [
    path("a-confirmer/", confirm.confirm_list, name="confirm_list"),
    path("a-confirmer/<id:confirmation_id>/", confirm.confirm_decide, name="confirm_decide"),
    path("separations/<id:parting_id>/", confirm.parting, name="parting"),
    path("dossiers/", cases.case_list, name="case_list"),
    path("dossiers/mettre-en-tete/", cases.cases_first, name="cases_first"),
    path("dossiers/mettre-apres/", cases.cases_last, name="cases_last"),
    path("dossiers/liberer/", cases.cases_release, name="cases_release"),
    path("dossiers/<id:case_id>/", cases.case, name="case"),
    path("dossiers/<id:case_id>/en-tete/", cases.case_first, name="case_first"),
    path("dossiers/<id:case_id>/apres/", cases.case_last, name="case_last"),
    path("dossiers/<id:case_id>/appeler/", cases.case_ask, name="case_ask"),
    path("dossiers/<id:case_id>/attente/", cases.case_hold, name="case_hold"),
    path("dossiers/<id:case_id>/reprendre/", cases.case_resume, name="case_resume"),
    path("dossiers/<id:case_id>/clore/", cases.case_close, name="case_close"),
    path("dossiers/<id:case_id>/liberer/", cases.case_release, name="case_release"),
    path("dossiers/<id:case_id>/numero/", cases.case_number, name="case_number"),
    path("dossiers/<id:case_id>/numero/<id:phone_id>/", cases.case_phone, name="case_phone"),
    path("dossiers/<id:case_id>/foyer/", cases.case_household, name="case_household"),
    path("dossiers/<id:case_id>/personne/", cases.case_person, name="case_person"),
    path("dossiers/<id:case_id>/opposition/", cases.case_oppose, name="case_oppose"),
    path("dossiers/<id:case_id>/opposition/levee/", cases.case_unoppose, name="case_unoppose"),
    path("dossiers/<id:case_id>/personne/<id:tenant_id>/", cases.case_person_back, name="case_person_back"),
]
