"""Pages that anybody opens: a neighbour's worry, and the list of a caretaker behind its link (namespace ``public``)."""

from django.urls import path, re_path

from campaigns.views import caretaker, neighbour

app_name = "public"
urlpatterns = [
    path("voisins/", neighbour.report, name="neighbour"),
    path("voisins/merci/", neighbour.thanks, name="neighbour_thanks"),
    re_path(r"^voisins/(?P<code>[A-Za-z0-9]{1,16})/$", neighbour.report, name="neighbour_code"),
    path("gardien/<str:token>/", caretaker.doors, name="caretaker"),
    path("gardien/<str:token>/<id:visit_id>/", caretaker.answer, name="caretaker_answer"),
]
