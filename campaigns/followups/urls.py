"""Follow-ups: plans, their calendar, who calls, who is away; a volunteer's absences and agenda."""

from django.urls import path

from campaigns.followups.views import absences, people, plans, review, week

coordinator = [
    path("suivis/", plans.follow_up_list, name="follow_up_list"),
    path("suivis/<id:plan_id>/", plans.follow_up, name="follow_up"),
    path("suivis/semaine/", week.follow_up_week, name="follow_up_week"),
    path("suivis/<id:plan_id>/dates/", plans.follow_up_dates, name="follow_up_dates"),
    path("suivis/<id:plan_id>/bilan/", review.follow_up_review, name="follow_up_review"),
    path("suivis/<id:plan_id>/terminer/", plans.follow_up_end, name="follow_up_end"),
    path("suivis/<id:plan_id>/interrompre/", plans.follow_up_interrupt, name="follow_up_interrupt"),
    path("suivis/<id:plan_id>/reprendre/<id:exception_id>/", plans.follow_up_resume, name="follow_up_resume"),
    path("suivis/<id:plan_id>/attribuer/", people.follow_up_give, name="follow_up_give"),
    path("campagnes/<slug:slug>/suivis/repartir/", people.follow_up_share, name="follow_up_share"),
    path(
        "campagnes/<slug:slug>/benevoles/<id:membership_id>/suivis/",
        people.follow_up_share,
        name="volunteer_share",
    ),
    path(
        "campagnes/<slug:slug>/benevoles/<id:membership_id>/absences/",
        people.volunteer_absences,
        name="volunteer_absences",
    ),
    path(
        "campagnes/<slug:slug>/benevoles/<id:membership_id>/absences/<id:absence_id>/lever/",
        people.volunteer_back,
        name="volunteer_back",
    ),
    path("dossiers/<id:case_id>/suivi/", plans.follow_up_start, name="follow_up_start"),
]

caller = [
    path("absences/", absences.absences, name="absences"),
    path("absences/<id:absence_id>/lever/", absences.absence_end, name="absence_end"),
    path("agenda/", absences.agenda, name="agenda"),
    path("agenda/renouveler/", absences.agenda_renew, name="agenda_renew"),
    path("agenda/retirer/", absences.agenda_revoke, name="agenda_revoke"),
]

feed = [
    path("agenda/<str:token>.ics", absences.agenda_file, name="agenda"),
]
