"""Every address of the product. Each part keeps its own routes; here they get their French prefix."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.generic import RedirectView

from solidarites import state, views

to_sign_in = login_not_required(RedirectView.as_view(pattern_name="account_login"))

# allauth's own names (it looks them up) under French paths. Accounts are made by invitation: the
# routes it insists on and that nobody needs lead to the sign-in page.
accounts: list[URLPattern | URLResolver] = [
    path("connexion/", account.login, name="account_login"),
    path("deconnexion/", account.logout, name="account_logout"),
    path("compte/inactif/", account.account_inactive, name="account_inactive"),
    path("compte/confirmer/", account.reauthenticate, name="account_reauthenticate"),
    path("compte/mot-de-passe/", account.password_change, name="account_change_password"),
    path("mot-de-passe-oublie/", account.password_reset, name="account_reset_password"),
    path("mot-de-passe-oublie/envoye/", account.password_reset_done, name="account_reset_password_done"),
    path(
        "mot-de-passe-oublie/fait/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^mot-de-passe-oublie/(?P<uidb36>[0-9A-Za-z]{1,12})-(?P<key>[0-9A-Za-z-]{1,80})/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    *(
        path(f"compte/sans-objet/{name}/", to_sign_in, name=name)
        for name in ("account_signup", "account_email", "account_email_verification_sent", "account_set_password")
    ),
    path("compte/second-facteur/", mfa.index, name="mfa_index"),
    path("compte/second-facteur/code/", views.ask_code, name="mfa_authenticate"),
    path("compte/second-facteur/confirmer/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("compte/second-facteur/application/", views.set_up_codes, name="mfa_activate_totp"),
    path("compte/second-facteur/application/autre/", views.another_secret, name="second_factor_another"),
    path("compte/second-facteur/application/retirer/", views.remove_codes, name="mfa_deactivate_totp"),
    path("compte/second-facteur/secours/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("compte/second-facteur/secours/nouveaux/", views.new_recovery_codes, name="mfa_generate_recovery_codes"),
]

people: list[URLPattern | URLResolver] = [
    path("personnes/", views.people, name="list"),
    path("personnes/inviter/", views.invite, name="invite"),
    path("personnes/<id:user_id>/", views.person, name="person"),
    path("personnes/<id:user_id>/lien/", views.send_again, name="send_again"),
    path("personnes/<id:user_id>/lien-mot-de-passe/", views.give_link, name="give_link"),
    path("personnes/<id:user_id>/retirer/", views.withdraw, name="withdraw"),
    path("personnes/<id:user_id>/desactiver/", views.deactivate, name="deactivate"),
    path("personnes/<id:user_id>/reactiver/", views.reactivate, name="reactivate"),
    path("personnes/<id:user_id>/roles/", views.change_roles, name="roles"),
    path("personnes/<id:user_id>/second-facteur/", views.remove_second_factor, name="remove_second_factor"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("", include("campaigns.urls")),
    path("sante/", state.state, name="health"),
    path("sante/metriques/", state.metrics, name="health_metrics"),
    path("sans-role/", views.no_role, name="no_role"),
    path("compte/", views.account, name="account"),
    *accounts,
    path("", include((people, "people"))),
    path("administration/journal/", views.journal_entries, name="journal"),
    path("administration/journal/export.csv", views.journal_export, name="journal_export"),
    path("administration/imports/", include("tenants.urls")),
    path("admin/", admin.site.urls),
]

handler400 = "solidarites.errors.bad_request"
handler403 = "solidarites.errors.permission_denied"
handler404 = "solidarites.errors.not_found"
handler500 = "solidarites.errors.server_error"
handler429 = "solidarites.errors.too_many_requests"
