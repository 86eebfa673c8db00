"""Coordinators write the questions and check the numbers, pressing what is on the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Crisis, FaqEdition, UsefulNumber
from campaigns.public import document, editions, loading
from solidarites.models import JournalEntry
from tests.factories import make_campaign, make_landlord
from tests.pages import press

pytestmark = pytest.mark.django_db
OVERVIEW = "/pages-publiques/"


@pytest.fixture(autouse=True)
def shipped(db):
    loading.load_defaults(now=timezone.now())


@pytest.fixture
def nadia(client, coordinator):
    client.force_login(coordinator)
    return client


@pytest.fixture
def draft(coordinator):
    return editions.prepare(crisis=Crisis.HEAT, landlord=None, by=coordinator, now=timezone.now())


def page_of(edition, name="coordinator:faq_edition", *more):
    return reverse(name, args=[edition.pk, *more])


def test_a_coordinator_prepares_writes_looks_and_publishes(nadia, client, coordinator):
    answer = press(nadia, nadia.get(OVERVIEW), "Préparer une édition", crisis="canicule")
    draft = FaqEdition.objects.get(status="draft")
    assert answer["Location"] == page_of(draft)
    assert "Brouillon" in nadia.get(OVERVIEW).content.decode()

    press(nadia, nadia.get(page_of(draft)), "Ajouter le thème", title="Les animaux")
    new = nadia.get(page_of(draft, "coordinator:faq_question_new") + "?theme=les_animaux")
    typed = {
        "question": "Et mon chat ?",
        "answer": "Il boit aussi. Appelez le 18 s'il est coincé.",
        "theme": "les_animaux",
    }
    looked = press(nadia, new, "Voir la réponse", **typed)
    assert '<a class="nowrap" href="tel:18">18</a>' in looked.content.decode()
    assert FaqEdition.objects.get(pk=draft.pk).changed_by == coordinator
    assert "Et mon chat" not in str(FaqEdition.objects.get(pk=draft.pk).content), "looking writes nothing"
    press(nadia, looked, "Enregistrer la question")

    preview = nadia.get(page_of(draft, "coordinator:faq_preview"))
    assert "Et mon chat" in preview.content.decode()
    assert preview["X-Robots-Tag"] == "noindex"
    assert "Et mon chat" not in client.get("/questions/canicule/").content.decode()

    press(nadia, nadia.get(page_of(draft, "coordinator:faq_publish")), "Publier cette édition")
    client.logout()
    assert "Et mon chat" in client.get("/questions/canicule/").content.decode()


def test_the_order_changes_with_the_buttons_of_each_line(nadia, draft):
    page = nadia.get(page_of(draft))
    answer = press(nadia, page, "Descendre : Pendant la canicule")
    assert answer["Location"].endswith("#p-pendant_la_canicule")
    draft.refresh_from_db()
    assert [theme["key"] for theme in document.themes(draft.content)][:2] == ["les_appels", "pendant_la_canicule"]


def test_a_question_is_taken_out_from_its_page(nadia, draft):
    press(nadia, nadia.get(page_of(draft, "coordinator:faq_question", "qui_m_appelle")), "Retirer")
    draft.refresh_from_db()
    assert document.question_of(draft.content, "qui_m_appelle") is None
    assert nadia.get(page_of(draft, "coordinator:faq_question", "qui_m_appelle")).status_code == 404


def test_an_incomplete_question_says_so_and_keeps_what_was_typed(nadia, draft):
    page = nadia.get(page_of(draft, "coordinator:faq_question", "qui_m_appelle"))
    again = press(nadia, page, "Enregistrer la question", question="Qui donc ?", answer="")
    assert "Écrivez la réponse." in again.content.decode()
    assert "Qui donc ?" in again.content.decode()
    assert press(nadia, again, "Enregistrer la question", answer="Nous.")["Location"].endswith("#p-qui_m_appelle")


def test_two_coordinators_on_one_question_lose_nothing(nadia, draft, coordinator):
    page = nadia.get(page_of(draft, "coordinator:faq_question", "qui_m_appelle"))
    seen = editions.seen_of(draft.content, "qui_m_appelle")
    editions.save_question(
        edition_id=draft.pk, key="qui_m_appelle", theme="les_appels", question="Qui ?", answer="Eux.", seen=seen,
        by=coordinator, now=timezone.now(),
    )  # fmt: skip
    again = press(nadia, page, "Enregistrer la question", answer="Mon texte.")
    assert "a changé depuis" in again.content.decode()
    assert "Mon texte." in again.content.decode()
    press(nadia, again, "Enregistrer la question")
    draft.refresh_from_db()
    assert document.question_of(draft.content, "qui_m_appelle")[1]["answer"] == "Mon texte."


def test_an_old_page_of_a_published_edition_changes_nothing(nadia, draft, coordinator):
    pages = [
        nadia.get(page_of(draft)),
        nadia.get(page_of(draft, "coordinator:faq_question", "qui_m_appelle")),
        nadia.get(page_of(draft, "coordinator:faq_publish")),
    ]
    seen = document.fingerprint(draft.content)
    editions.publish(edition_id=draft.pk, seen=seen, by=coordinator, now=timezone.now())
    press(nadia, pages[0], "Ajouter le thème", title="Trop tard")
    press(nadia, pages[0], "Abandonner le brouillon")
    press(nadia, pages[1], "Retirer")
    press(nadia, pages[1], "Enregistrer la question", answer="Trop tard.")
    press(nadia, pages[2], "Publier cette édition")
    draft.refresh_from_db()
    assert document.fingerprint(draft.content) == seen
    page = nadia.get(page_of(draft)).content.decode()
    assert "Publiée le" in page
    assert "Modifier" not in page


def test_a_former_edition_stays_readable(nadia, draft, coordinator):
    editions.publish(edition_id=draft.pk, seen=document.fingerprint(draft.content), by=coordinator, now=timezone.now())
    first = FaqEdition.objects.get(crisis=Crisis.HEAT, number=1)
    assert page_of(first) in nadia.get(page_of(draft)).content.decode()
    assert "telle qu'elle a été publiée" in nadia.get(page_of(first, "coordinator:faq_preview")).content.decode()


def test_a_landlord_may_have_its_own_edition_where_there_are_several(nadia):
    assert 'name="landlord"' not in nadia.get(OVERVIEW).content.decode()
    one, other = make_landlord(), make_landlord("autre", "Autre Bailleur")
    page = nadia.get(OVERVIEW)
    assert f"/questions/?bailleur={other.code}" in page.content.decode(), "the address for its own site"
    press(nadia, page, "Préparer une édition", crisis="canicule", landlord=str(one.pk))
    assert FaqEdition.objects.get(status="draft").landlord == one


def test_a_crisis_that_does_not_exist_prepares_nothing(nadia):
    nadia.post(reverse("coordinator:faq_prepare"), {"crisis": "tempete"})
    nadia.post(reverse("coordinator:faq_prepare"), {"crisis": "canicule", "landlord": "99999"})
    assert not FaqEdition.objects.filter(status="draft").exists()


# Numbers ----------------------------------------------------------------------------------------------------


def test_a_coordinator_confirms_changes_and_hides_a_number(nadia, coordinator):
    page = nadia.get(reverse("coordinator:number_list"))
    press(nadia, page, "Confirmer : Samu")
    samu = UsefulNumber.objects.get(key="samu")
    assert (samu.checked_by, samu.checked_as) == (coordinator, "coordination")
    assert JournalEntry.objects.filter(action="number.checked", object_id=samu.pk).exists()
    form = nadia.get(reverse("coordinator:number", args=[samu.pk]))
    press(nadia, form, "Enregistrer", hours="Toujours")
    samu.refresh_from_db()
    assert (samu.hours, samu.checked_at) == ("Toujours", None)
    press(nadia, page, "Confirmer : Samu")
    samu.refresh_from_db()
    assert samu.checked_at is None, "the page showed other hours"


def test_a_campaign_says_before_it_opens_when_the_numbers_were_checked(nadia):
    campaign = make_campaign(status=Campaign.Status.DRAFT, opened_at=None, crisis=Crisis.COLD)
    address = reverse("coordinator:campaign_detail", args=[campaign.slug])
    page = nadia.get(address).content.decode()
    assert "9 numéros n'ont jamais été vérifiés." in " ".join(page.split())
    assert reverse("coordinator:number_list") in page
    UsefulNumber.objects.update(checked_at=timezone.now() - timedelta(days=31))
    assert "il y a plus de 30 jours" in nadia.get(address).content.decode()
    UsefulNumber.objects.update(checked_at=timezone.now())
    assert "ont tous été vérifiés depuis" in nadia.get(address).content.decode()


# Who may -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [OVERVIEW, "/pages-publiques/numeros/"])
def test_only_coordination_and_administration_write_them(client, volunteer, path):
    assert client.get(path)["Location"].startswith("/connexion/")
    client.force_login(volunteer)
    assert client.get(path).status_code == 403


def test_a_volunteer_writes_nothing_and_a_wrong_number_or_method_is_refused(client, volunteer, coordinator, draft):
    client.force_login(volunteer)
    assert client.post(page_of(draft, "coordinator:faq_forget")).status_code == 403
    client.force_login(coordinator)
    assert client.get(page_of(draft, "coordinator:faq_forget")).status_code == 405
    assert client.get("/pages-publiques/editions/999999/").status_code == 404
    assert client.get("/pages-publiques/numeros/999999/").status_code == 404
    assert FaqEdition.objects.filter(pk=draft.pk).exists()
