"""What anybody reads, and where coordinators write it."""

from django.urls import path

from campaigns.public.views import editions, gestures, notices, numbers, pictures, questions

public = [
    path("questions/", questions.faq, name="faq"),
    path("questions/numeros/", questions.number_page, name="numbers"),
    path("questions/<slug:crisis>/", questions.faq, name="faq_crisis"),
    path("questions/<slug:crisis>/<slug:landlord_code>/", questions.faq, name="faq_landlord"),
    path("bons-gestes/", gestures.index, name="gestures_all"),
    path("bons-gestes/<slug:crisis>/", gestures.page, name="gestures"),
    path("bons-gestes/<slug:crisis>/fiche.pdf", gestures.pdf, name="gestures_pdf"),
    path("vos-donnees/", notices.data, name="data"),
    path("vos-donnees/<slug:slug>/", notices.data, name="data_campaign"),
    path("partage/<slug:page>.png", pictures.picture, name="picture"),
    path("mentions-legales/", notices.legal, name="legal"),
    path("accessibilite/", notices.accessibility, name="accessibility"),
]

coordinator = [
    path("pages-publiques/", editions.overview, name="public_pages"),
    path("pages-publiques/preparer/", editions.prepare, name="faq_prepare"),
    path("pages-publiques/numeros/", numbers.number_list, name="number_list"),
    path("pages-publiques/numeros/verifies/", numbers.confirm, name="number_confirm"),
    path("pages-publiques/numeros/<id:number_id>/", numbers.number, name="number"),
    path("pages-publiques/editions/<id:edition_id>/", editions.edition, name="faq_edition"),
    path("pages-publiques/editions/<id:edition_id>/apercu/", editions.preview, name="faq_preview"),
    path("pages-publiques/editions/<id:edition_id>/publier/", editions.publish, name="faq_publish"),
    path("pages-publiques/editions/<id:edition_id>/abandonner/", editions.forget, name="faq_forget"),
    path("pages-publiques/editions/<id:edition_id>/passage/", editions.act, name="faq_act"),
    path("pages-publiques/editions/<id:edition_id>/theme/", editions.theme, name="faq_theme_new"),
    path("pages-publiques/editions/<id:edition_id>/theme/<slug:passage>/", editions.theme, name="faq_theme"),
    path("pages-publiques/editions/<id:edition_id>/question/", editions.question, name="faq_question_new"),
    path("pages-publiques/editions/<id:edition_id>/question/<slug:passage>/", editions.question, name="faq_question"),
]
