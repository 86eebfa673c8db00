"""What coordinators do about follow-ups: plans, their calendar, who calls, who is away."""

from django.urls import path

from campaigns.views.coordinator import follow_up_people, follow_up_review, follow_up_week, follow_ups

urlpatterns = [
    path("suivis/", follow_ups.follow_up_list, name="follow_up_list"),
    path("suivis/<int:plan_id>/", follow_ups.follow_up, name="follow_up"),
    path("suivis/semaine/", follow_up_week.follow_up_week, name="follow_up_week"),
    path("suivis/<int:plan_id>/dates/", follow_ups.follow_up_dates, name="follow_up_dates"),
    path("suivis/<int:plan_id>/bilan/", follow_up_review.follow_up_review, name="follow_up_review"),
    path("suivis/<int:plan_id>/terminer/", follow_ups.follow_up_end, name="follow_up_end"),
    path("suivis/<int:plan_id>/interrompre/", follow_ups.follow_up_interrupt, name="follow_up_interrupt"),
    path("suivis/<int:plan_id>/reprendre/<int:exception_id>/", follow_ups.follow_up_resume, name="follow_up_resume"),
    path("suivis/<int:plan_id>/attribuer/", follow_up_people.follow_up_give, name="follow_up_give"),
    path("campagnes/<slug:slug>/suivis/repartir/", follow_up_people.follow_up_share, name="follow_up_share"),
    path(
        "campagnes/<slug:slug>/benevoles/<int:membership_id>/suivis/",
        follow_up_people.follow_up_share,
        name="volunteer_share",
    ),
    path(
        "campagnes/<slug:slug>/benevoles/<int:membership_id>/absences/",
        follow_up_people.volunteer_absences,
        name="volunteer_absences",
    ),
    path(
        "campagnes/<slug:slug>/benevoles/<int:membership_id>/absences/<int:absence_id>/lever/",
        follow_up_people.volunteer_back,
        name="volunteer_back",
    ),
    path("dossiers/<int:case_id>/suivi/", follow_ups.follow_up_start, name="follow_up_start"),
]
