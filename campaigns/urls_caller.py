"""Addresses of those who call, and of the switchboard."""

from django.urls import include, path

from campaigns.views import switchboard
from campaigns.views.caller import absences, call, closing, correct, done, home, message, preference, team, training

caller = [
    path("", home.home, name="home"),
    path("ma-journee/", home.my_day, name="my_day"),
    path("on-me-rappelle/", home.returned, name="returned"),
    path("suivant/<id:campaign_id>/", home.next_call, name="next"),
    path("suivis/<id:plan_id>/", home.follow_up, name="follow_up"),
    path("faits/<id:call_id>/", done.done, name="done"),
    path("faits/<id:call_id>/corriger/", correct.correct, name="correct"),
    path("faits/<id:call_id>/touche/", team.touched, name="touched"),
    path("mots/<id:review_id>/lu/", team.note_read, name="note_read"),
    path("temps-d-echange/", team.sharing, name="sharing"),
    path("temps-d-echange/<id:moment_id>/retirer/", team.moment_remove, name="moment_remove"),
    path("entrainement/", training.start, name="training"),
    path("entrainement/<id:campaign_id>/", training.guide, name="training_guide"),
    path("entrainement/<id:campaign_id>/fini/", training.done, name="training_done"),
    # The same endings as those of a real call, below.
    path("entrainement/<id:campaign_id>/essai/", training.call, name="training_call"),
    path("entrainement/<id:campaign_id>/essai/brouillon/", training.save, name="training_save"),
    path("entrainement/<id:campaign_id>/essai/presence/", training.heartbeat, name="training_heartbeat"),
    path("entrainement/<id:campaign_id>/essai/alerte/", training.alert, name="training_alert"),
    path("entrainement/<id:campaign_id>/essai/passer/", training.pass_on, name="training_pass"),
    path("entrainement/<id:campaign_id>/essai/enregistrer/", training.record, name="training_record"),
    path("entrainement/<id:campaign_id>/essai/<slug:act>/", training.other, name="training_other"),
    path("absences/", absences.absences, name="absences"),
    path("absences/<id:absence_id>/lever/", absences.absence_end, name="absence_end"),
    path("agenda/", absences.agenda, name="agenda"),
    path("agenda/renouveler/", absences.agenda_renew, name="agenda_renew"),
    path("agenda/retirer/", absences.agenda_revoke, name="agenda_revoke"),
    path("<id:case_id>/", call.call, name="call"),
    path("<id:case_id>/prendre/", home.claim, name="claim"),
    path("<id:case_id>/brouillon/", call.save, name="save"),
    path("<id:case_id>/presence/", call.heartbeat, name="heartbeat"),
    path("<id:case_id>/preference/", preference.preference, name="preference"),
    path("<id:case_id>/alerte/", call.alert, name="alert"),
    path("<id:case_id>/message/", message.message, name="message"),
    path("<id:case_id>/passer/", call.pass_on, name="pass"),
    path("<id:case_id>/enregistrer/", call.record, name="record"),
    path("<id:case_id>/confirmer/", closing.closing, name="closing"),
]

urlpatterns = [
    path("appels/", include((caller, "caller"))),
    path("agenda/<str:token>.ics", absences.agenda_file, name="agenda"),
    path("verification/", include(([path("", switchboard.verify, name="verify")], "switchboard"))),
]
