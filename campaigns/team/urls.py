"""Those who call, listened to: calls read again, debriefs, meetings, shared moments."""

from django.urls import path

from campaigns.team.views import debriefs, meetings, reviews, sharing, welcome

coordinator = [
    path("campagnes/<slug:slug>/fiche-benevole.pdf", welcome.campaign_sheet, name="welcome_sheet"),
    path("relectures/", reviews.review_list, name="review_list"),
    path("relectures/<id:call_id>/", reviews.review_call, name="review_call"),
    path("a-ecouter/", debriefs.debrief_list, name="debrief_list"),
    path("a-ecouter/<id:debrief_id>/", debriefs.debrief, name="debrief"),
    path("a-ecouter/<id:debrief_id>/clore/", debriefs.debrief_close, name="debrief_close"),
    path("temps-d-echange/", meetings.meetings, name="meetings"),
    path("temps-d-echange/<id:meeting_id>/", meetings.meeting, name="meeting"),
    path("temps-d-echange/<id:meeting_id>/agenda.ics", meetings.meeting_agenda, name="meeting_agenda"),
    path("temps-d-echange/<id:meeting_id>/annuler/", meetings.meeting_cancel, name="meeting_cancel"),
    path("temps-d-echange/lecture/", meetings.reading, name="moments_reading"),
    path("temps-d-echange/moments/<id:moment_id>/retirer/", meetings.moment_remove, name="moment_remove"),
]

caller = [
    path("bienvenue/", welcome.welcome, name="welcome"),
    path("bienvenue/<id:campaign_id>/fiche.pdf", welcome.sheet, name="welcome_sheet"),
    path("faits/<id:call_id>/touche/", sharing.touched, name="touched"),
    path("mots/<id:review_id>/lu/", sharing.note_read, name="note_read"),
    path("temps-d-echange/", sharing.sharing, name="sharing"),
    path("temps-d-echange/agenda.ics", sharing.meetings_agenda, name="meetings_agenda"),
    path("temps-d-echange/rendez-vous/<id:meeting_id>/", sharing.meeting_answer, name="meeting_answer"),
    path("temps-d-echange/rendez-vous/<id:meeting_id>/agenda.ics", sharing.meeting_agenda, name="meeting_agenda"),
    path("temps-d-echange/<id:moment_id>/retirer/", sharing.moment_remove, name="moment_remove"),
]
