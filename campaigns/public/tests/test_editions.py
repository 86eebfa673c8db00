"""An edition: what ships, a draft written piece by piece, what is published and stays."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.models import Crisis, FaqEdition, UsefulNumber
from campaigns.models.public import PublishedEditionError
from campaigns.public import answers, document, editions, loading, numbers
from solidarites.models import JournalEntry

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def shipped():
    return {edition.crisis: edition for edition in loading.load_defaults(now=NOW)}


@pytest.fixture
def draft(shipped, coordinator):
    return editions.prepare(crisis=Crisis.HEAT, landlord=None, by=coordinator, now=NOW)


def test_an_installation_has_an_edition_for_each_crisis_and_numbers_nobody_checked(shipped):
    assert set(shipped) == set(Crisis.values)
    for edition in shipped.values():
        assert edition.is_published
        titles = [theme["title"] for theme in document.themes(edition.content)]
        assert titles[1:] == [
            "Les appels",
            "Se protéger des arnaques",
            "L'aide à la maison",
            "Les voisins",
            "Vos données",
        ]
    assert {one.shown for one in UsefulNumber.objects.all()} == {
        "15", "17", "18", "112", "114", "3114", "3977", "0 800 47 47 88", "0 800 858 858", "0 800 06 66 66",
    }  # fmt: skip
    assert not UsefulNumber.objects.exclude(checked_at=None).exists()


@pytest.mark.parametrize("crisis", Crisis.values)
def test_what_ships_fits_its_own_limits_and_names_pages_that_exist(crisis):
    content, pages = loading.shipped(crisis), answers.pages()
    assert document.problems(content) == []
    keys = list(document.keys(content))
    assert len(keys) == len(set(keys))
    for theme in document.themes(content):
        for one in theme["questions"]:
            assert len(one["question"]) <= document.QUESTION
            assert len(one["answer"]) <= document.ANSWER
            named = [m["page"] for m in answers.LINKED.finditer(one["answer"]) if m["page"]]
            assert all(page in pages for page in named), named
            assert not {"!", "<"} & set(one["answer"])


def test_loading_again_changes_nothing_that_coordinators_wrote(shipped, draft, coordinator):
    number = UsefulNumber.objects.get(key="canicule-info")
    numbers.change(number=number, label="Autre", purpose="", hours="", active=False, by=coordinator)
    call_command("load_public_pages", verbosity=0)
    assert FaqEdition.objects.count() == 4
    number.refresh_from_db()
    assert (number.label, number.active) == ("Autre", False)


def test_a_draft_begins_as_what_is_read_and_there_is_one(shipped, draft, coordinator):
    assert draft.content == shipped[Crisis.HEAT].content
    assert draft.number == 2
    assert editions.prepare(crisis=Crisis.HEAT, landlord=None, by=coordinator, now=NOW) == draft
    with pytest.raises(IntegrityError), transaction.atomic():
        FaqEdition.objects.create(crisis=Crisis.HEAT, number=9)


def test_an_unknown_crisis_has_no_draft(coordinator):
    with pytest.raises(editions.EditionError):
        editions.prepare(crisis="tempete", landlord=None, by=coordinator, now=NOW)


def test_a_question_is_added_changed_moved_to_another_theme_and_taken_out(draft, coordinator):
    common = {"edition_id": draft.pk, "by": coordinator, "now": NOW}
    editions.save_question(
        **common, key="", theme="les_voisins", question="Qui a les clés ?", answer="Personne.", seen=""
    )
    draft.refresh_from_db()
    assert document.theme_of(draft.content, "les_voisins")["questions"][-1]["key"] == "qui_a_les_cles"
    seen = editions.seen_of(draft.content, "qui_a_les_cles")
    editions.save_question(
        **common, key="qui_a_les_cles", theme="les_appels", question="Qui a mes clés ?", answer="Vous.", seen=seen
    )
    draft.refresh_from_db()
    theme, one = document.question_of(draft.content, "qui_a_les_cles")
    assert (theme["key"], one["question"]) == ("les_appels", "Qui a mes clés ?")
    editions.remove(**common, key="qui_a_les_cles")
    draft.refresh_from_db()
    assert document.question_of(draft.content, "qui_a_les_cles") is None


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(draft, coordinator):
    common = {"edition_id": draft.pk, "key": "qui_m_appelle", "theme": "les_appels", "by": coordinator, "now": NOW}
    seen = editions.seen_of(draft.content, "qui_m_appelle")
    editions.save_question(**common, question="Qui ?", answer="Nous.", seen=seen)
    with pytest.raises(editions.StaleError):
        editions.save_question(**common, question="Qui donc ?", answer="Eux.", seen=seen)
    draft.refresh_from_db()
    assert document.question_of(draft.content, "qui_m_appelle")[1]["answer"] == "Nous."


def test_themes_and_questions_move_by_one_place_and_stop_at_the_edge(draft, coordinator):
    common = {"edition_id": draft.pk, "by": coordinator, "now": NOW}
    editions.move(**common, key="les_appels", step=-1)
    editions.move(**common, key="les_appels", step=-1)
    editions.move(**common, key="qui_m_appelle", step=-1)
    draft.refresh_from_db()
    first = document.themes(draft.content)[0]
    assert first["key"] == "les_appels"
    assert first["questions"][0]["key"] == "qui_m_appelle"


def test_an_edition_with_an_empty_theme_is_not_published(draft, coordinator):
    editions.save_theme(edition_id=draft.pk, key="", title="Les animaux", by=coordinator, now=NOW)
    draft.refresh_from_db()
    with pytest.raises(editions.EditionError, match="Les animaux"):
        editions.publish(edition_id=draft.pk, seen=document.fingerprint(draft.content), by=coordinator, now=NOW)


def test_publishing_shows_what_was_read_and_keeps_the_one_before(shipped, draft, coordinator):
    seen = document.fingerprint(draft.content)
    editions.remove(edition_id=draft.pk, key="les_voisins", by=coordinator, now=NOW)
    with pytest.raises(editions.StaleError):
        editions.publish(edition_id=draft.pk, seen=seen, by=coordinator, now=NOW)
    draft.refresh_from_db()
    later = NOW + timedelta(hours=1)
    editions.publish(edition_id=draft.pk, seen=document.fingerprint(draft.content), by=coordinator, now=later)
    read = editions.published(Crisis.HEAT, None)
    assert (read.number, read.published_at, read.published_by) == (2, later, coordinator)
    assert document.theme_of(read.content, "les_voisins") is None
    before = FaqEdition.objects.get(pk=shipped[Crisis.HEAT].pk)
    assert document.theme_of(before.content, "les_voisins")
    assert JournalEntry.objects.filter(action="faq.published", user=coordinator, object_id=draft.pk).count() == 1


def test_a_published_edition_never_changes(shipped, coordinator):
    edition = shipped[Crisis.COLD]
    common = {"edition_id": edition.pk, "by": coordinator}
    for act in (
        lambda: editions.remove(**common, key="les_voisins", now=NOW),
        lambda: editions.move(**common, key="les_voisins", step=1, now=NOW),
        lambda: editions.save_theme(**common, key="", title="Autre", now=NOW),
        lambda: editions.forget(**common),
    ):
        with pytest.raises(editions.EditionError):
            act()
    edition.content = {}
    with pytest.raises(PublishedEditionError):
        edition.save()


def test_a_landlord_reads_its_own_edition_and_the_others_that_of_everybody(shipped, landlord, coordinator):
    own = editions.prepare(crisis=Crisis.COLD, landlord=landlord, by=coordinator, now=NOW)
    assert (own.number, own.content) == (1, shipped[Crisis.COLD].content)
    assert editions.published(Crisis.COLD, landlord) == shipped[Crisis.COLD]
    editions.publish(edition_id=own.pk, seen=document.fingerprint(own.content), by=coordinator, now=NOW)
    assert editions.published(Crisis.COLD, landlord).pk == own.pk
    assert editions.published(Crisis.COLD, None) == shipped[Crisis.COLD]


def test_an_abandoned_draft_leaves_what_is_read(shipped, draft, coordinator):
    editions.forget(edition_id=draft.pk, by=coordinator)
    assert editions.published(Crisis.HEAT, None) == shipped[Crisis.HEAT]
    assert not FaqEdition.objects.filter(status="draft").exists()


# Numbers ---------------------------------------------------------------------------------------------------


def test_a_number_is_to_be_checked_when_nobody_did_or_after_thirty_days(shipped, coordinator):
    assert numbers.checked(now=NOW).never == 10
    assert numbers.checked(now=NOW, crisis=Crisis.COLD).never == 9, "the line of heat waves is not of this crisis"
    for number in UsefulNumber.objects.all():
        assert numbers.confirm(number_id=number.pk, seen=numbers.fingerprint(number), by=coordinator, now=NOW)
    found = numbers.checked(now=NOW + timedelta(days=29))
    assert (found.due, found.oldest) == (False, NOW)
    assert numbers.checked(now=NOW + timedelta(days=31)).stale == 10
    assert UsefulNumber.objects.values_list("checked_as", flat=True).distinct().get() == "coordination"


def test_a_number_whose_hours_change_is_to_be_checked_again(shipped, coordinator):
    number = UsefulNumber.objects.get(key="maltraitance")
    seen = numbers.fingerprint(number)
    numbers.confirm(number_id=number.pk, seen=seen, by=coordinator, now=NOW)
    said = {"label": number.label, "purpose": number.purpose, "by": coordinator}
    numbers.change(number=number, **said, hours=number.hours, active=False)
    number.refresh_from_db()
    assert number.checked_at == NOW, "hiding it says nothing of its hours"
    numbers.change(number=number, **said, hours="Le matin", active=True)
    number.refresh_from_db()
    assert (number.checked_at, number.checked_as) == (None, "")
    assert not numbers.confirm(number_id=number.pk, seen=seen, by=coordinator, now=NOW), "another hour was on the page"
