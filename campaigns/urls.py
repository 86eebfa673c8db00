"""Every address of campaigns; the audiences keep their own lists."""

from django.urls import include, path

from campaigns import (
    urls_caller,
    urls_calls,
    urls_coordinator,
    urls_figures,
    urls_follow_ups,
    urls_partner,
    urls_public,
    urls_referrals,
    urls_scripts,
    urls_team,
    urls_welfare,
)

coordinator = [
    *urls_figures.urlpatterns,
    *urls_coordinator.urlpatterns,
    *urls_calls.urlpatterns,
    *urls_follow_ups.urlpatterns,
    *urls_referrals.urlpatterns,
    *urls_scripts.urlpatterns,
    *urls_team.urlpatterns,
    *urls_welfare.urlpatterns,
]

urlpatterns = [
    *urls_caller.urlpatterns,
    path("", include((coordinator, "coordinator"))),
    path("", include(urls_partner)),
    path("", include(urls_public)),
]
