"""Every address of campaigns; the audiences keep their own lists."""

from django.urls import include, path

from campaigns import urls_caller, urls_figures

coordinator = [*urls_figures.urlpatterns]

urlpatterns = [
    *urls_caller.urlpatterns,
    path("", include((coordinator, "coordinator"))),
]
