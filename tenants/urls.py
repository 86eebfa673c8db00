"""Routes of the administrators' pages about lists (included under ``administration/imports/``)."""

from django.urls import path, re_path

from tenants.views import imports, people

app_name = "imports"
urlpatterns = [
    path("", imports.history, name="list"),
    path("nouvelle-liste/", imports.upload, name="upload"),
    path("guide/", imports.guide, name="guide"),
    path("modele.xlsx", imports.model, name="model"),
    path("doublons/", people.duplicate_list, name="duplicates"),
    path("doublons/<id:first>/<id:second>/", people.duplicate_decide, name="duplicate_decide"),
    path("ages/", people.age_list, name="ages"),
    path("<id:pk>/", imports.show, name="show"),
    path("<id:pk>/avancement/", imports.progress, name="progress"),
    path("<id:pk>/colonnes/", imports.set_columns, name="columns"),
    path("<id:pk>/feuille/", imports.choose_sheet, name="sheet"),
    path("<id:pk>/profil/oublier/", imports.forget_profile, name="forget_profile"),
    path("<id:pk>/lignes/<slug:kind>/", imports.rows, name="rows"),
    path("<id:pk>/lignes/<id:row>/corriger/", imports.correct, name="correct"),
    path("<id:pk>/verifier/", imports.look_again, name="look_again"),
    path("<id:pk>/confirmer/", imports.confirm, name="confirm"),
    path("<id:pk>/annuler/", imports.cancel, name="cancel"),
    re_path(r"^(?P<pk>\d{1,9})/remarques\.(?P<kind>csv|xlsx)$", imports.remarks, name="remarks"),
]
