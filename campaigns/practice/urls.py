"""Training on an invented household."""

from django.urls import path

from campaigns.practice.views import training

caller = [
    path("entrainement/", training.start, name="training"),
    path("entrainement/<id:campaign_id>/", training.guide, name="training_guide"),
    path("entrainement/<id:campaign_id>/fini/", training.done, name="training_done"),
    path("entrainement/<id:campaign_id>/essai/", training.call, name="training_call"),
    path("entrainement/<id:campaign_id>/essai/brouillon/", training.save, name="training_save"),
    path("entrainement/<id:campaign_id>/essai/presence/", training.heartbeat, name="training_heartbeat"),
    path("entrainement/<id:campaign_id>/essai/alerte/", training.alert, name="training_alert"),
    path("entrainement/<id:campaign_id>/essai/passer/", training.pass_on, name="training_pass"),
    path("entrainement/<id:campaign_id>/essai/enregistrer/", training.record, name="training_record"),
    path("entrainement/<id:campaign_id>/essai/<slug:act>/", training.other, name="training_other"),
]
