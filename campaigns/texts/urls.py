"""Free texts to look at again, for coordinators."""

from django.urls import path

from campaigns.texts.views import texts

coordinator = [
    path("textes-a-revoir/", texts.text_list, name="text_list"),
    path("textes-a-revoir/<id:text_id>/", texts.text, name="text"),
]
