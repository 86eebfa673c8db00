"""The editor of scripts, for coordinators."""

from django.urls import path

from campaigns.scripts.views import script_parts, script_preview, script_questions, scripts

coordinator = [
    path("trames/", scripts.script_list, name="script_list"),
    path("trames/nouvelle/", scripts.script_new, name="script_new"),
    path("trames/<id:script_id>/", scripts.script, name="script"),
    path("trames/<id:script_id>/apercu/", script_preview.script_preview, name="script_preview"),
    path("trames/<id:script_id>/copier/", scripts.script_copy, name="script_copy"),
    path("trames/<id:script_id>/publier/", scripts.script_publish, name="script_publish"),
    path("trames/<id:script_id>/supprimer/", scripts.script_delete, name="script_delete"),
    path("trames/<id:script_id>/fichier/", scripts.script_file, name="script_file"),
    path("trames/<id:script_id>/campagne/", scripts.script_use, name="script_use"),
    path("trames/<id:script_id>/reglages/", script_parts.script_settings, name="script_settings"),
    path("trames/<id:script_id>/paroles/", script_parts.script_words, name="script_words"),
    path("trames/<id:script_id>/reactions/", script_parts.script_reactions, name="script_reactions"),
    path("trames/<id:script_id>/aide/", script_parts.script_helplines, name="script_helplines"),
    path("trames/<id:script_id>/nouvelle-question/", script_questions.script_question_new, name="script_question_new"),
    path("trames/<id:script_id>/questions/<slug:key>/", script_questions.script_question, name="script_question"),
    path(
        "trames/<id:script_id>/questions/<slug:key>/agir/",
        script_questions.script_question_act,
        name="script_question_act",
    ),
]
