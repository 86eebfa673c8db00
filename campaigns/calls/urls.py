"""The call, and what coordinators look at again about calls; the switchboard."""

from django.urls import path

from campaigns.calls.views import call, closing, correct, done, message, pending, preference, switchboard

coordinator = [
    path("appels-en-double/", pending.pending_list, name="pending_list"),
    path("dossiers/appels/<id:call_id>/", pending.pending_call, name="pending_call"),
]

caller = [
    path("faits/<id:call_id>/", done.done, name="done"),
    path("faits/<id:call_id>/corriger/", correct.correct, name="correct"),
    path("<id:case_id>/", call.call, name="call"),
    path("<id:case_id>/brouillon/", call.save, name="save"),
    path("<id:case_id>/presence/", call.heartbeat, name="heartbeat"),
    path("<id:case_id>/preference/", preference.preference, name="preference"),
    path("<id:case_id>/alerte/", call.alert, name="alert"),
    path("<id:case_id>/message/", message.message, name="message"),
    path("<id:case_id>/passer/", call.pass_on, name="pass"),
    path("<id:case_id>/enregistrer/", call.record, name="record"),
    path("<id:case_id>/confirmer/", closing.closing, name="closing"),
]

switchboard_desk = [
    path("", switchboard.verify, name="verify"),
]
