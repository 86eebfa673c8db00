"""Campaigns and their volunteers, for coordinators."""

from django.urls import path

from campaigns.setup.views import campaigns, volunteers

coordinator = [
    path("campagnes/", campaigns.campaign_list, name="campaign_list"),
    path("campagnes/nouvelle/", campaigns.campaign_create, name="campaign_create"),
    path("campagnes/<slug:slug>/", campaigns.campaign_detail, name="campaign_detail"),
    path("campagnes/<slug:slug>/modifier/", campaigns.campaign_edit, name="campaign_edit"),
    path("campagnes/<slug:slug>/inscrire/", campaigns.campaign_enrol, name="campaign_enrol"),
    path("campagnes/<slug:slug>/age-a-verifier/", campaigns.campaign_ages, name="campaign_ages"),
    path("campagnes/<slug:slug>/ailleurs/", campaigns.campaign_elsewhere, name="campaign_elsewhere"),
    path("campagnes/<slug:slug>/ouvrir/", campaigns.campaign_open, name="campaign_open"),
    path("campagnes/<slug:slug>/pause/", campaigns.campaign_pause, name="campaign_pause"),
    path("campagnes/<slug:slug>/reprendre/", campaigns.campaign_resume, name="campaign_resume"),
    path("campagnes/<slug:slug>/clore/", campaigns.campaign_close, name="campaign_close"),
    path("campagnes/<slug:slug>/suivis-48-h/", campaigns.campaign_heat_wave, name="campaign_heat_wave"),
    path("campagnes/<slug:slug>/benevoles/", volunteers.campaign_volunteers, name="campaign_volunteers"),
    path("campagnes/<slug:slug>/benevoles/<id:membership_id>/", volunteers.volunteer, name="volunteer"),
    path(
        "campagnes/<slug:slug>/benevoles/<id:membership_id>/retirer/",
        volunteers.volunteer_remove,
        name="volunteer_remove",
    ),
    path("benevoles/", volunteers.volunteer_list, name="volunteer_list"),
    path(
        "campagnes/<slug:slug>/benevoles/<id:membership_id>/entrainement/",
        volunteers.volunteer_training,
        name="volunteer_training",
    ),
]
