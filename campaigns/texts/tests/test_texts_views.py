"""« Textes à revoir »: what a warning was raised about, left or rewritten by a coordinator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns import calls, listeners, texts
from campaigns.calls import messages
from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.models import Call, CallRevision, Campaign, CaseMessage, FlaggedText
from solidarites.models import JournalEntry
from tenants import events
from tests.factories import limit_to, make_agency, make_case, make_household

LIST = reverse("coordinator:text_list")


@pytest.fixture
def case(volunteer, volunteer2, agency):
    return make_case(running_campaign(volunteer, volunteer2), make_household(agency=agency))


@pytest.fixture
def call(client_of, case, volunteer):
    given = hold(case, volunteer)
    typed = {
        **well(case),
        "comment": "Elle a un cancer",
        "q-autre": "Vieille folle",
        "submission": given.call.submission,
    }
    client_of(volunteer).post(url("record", case.pk), typed)
    return Call.objects.get()


@pytest.fixture
def nadia(client_of, coordinator):
    return client_of(coordinator)


def page_of(flagged):
    return reverse("coordinator:text", args=[flagged.pk])


def test_each_warned_text_of_a_recorded_call_waits_with_its_reason(nadia, call, coordinator):
    assert list(FlaggedText.objects.order_by("field").values_list("field", "reasons")) == [
        ("autre", ["opinion"]),
        ("comment", ["health"]),
    ]
    page = text(nadia.get(LIST))
    for said in ("« Elle a un cancer »", "Ressemble à un diagnostic", "« Vieille folle »", "Ressemble à un jugement"):
        assert said in page
    assert "Léa Bonnet" in page
    row = JournalEntry.objects.get(action="texts.listed", user=coordinator)
    assert row.detail["cases"] == [call.case_id]


def test_a_text_without_warning_waits_for_nobody(nadia, case, client_of, volunteer):
    given = hold(case, volunteer)
    typed = {**well(case), "comment": "Elle a mal au dos", "submission": given.call.submission}
    client_of(volunteer).post(url("record", case.pk), typed)
    assert not FlaggedText.objects.exists()
    assert "Aucun texte à revoir" in text(nadia.get(LIST))


def test_leaving_a_text(nadia, call, coordinator):
    flagged = FlaggedText.objects.get(field="comment")
    assert nadia.post(page_of(flagged), {"decision": "leave"})["Location"] == LIST
    flagged.refresh_from_db()
    assert (flagged.decision, flagged.decided_by) == ("left", coordinator)
    assert "cancer" not in text(nadia.get(LIST))
    assert "1 texte déjà revu" in text(nadia.get(LIST))
    assert JournalEntry.objects.filter(action="text.decided", user=coordinator).count() == 1
    # A colleague's old page.
    again = nadia.post(page_of(flagged), {"decision": "rewrite", "text": "x"}, follow=True)
    assert "Quelqu'un a déjà revu ce texte." in text(again)
    assert Call.objects.get().comment == "Elle a un cancer"


@pytest.mark.parametrize("new", ["Besoin d'un accompagnement.", ""])
def test_rewriting_a_text_keeps_the_former_one_nowhere(nadia, call, volunteer, new):
    wanted = calls.Entry("completed", call.answers, "Elle a un cancer, corrigé", calls.Details.from_json(call.draft))
    calls.correct(call_id=call.pk, by=volunteer, submission=call.submission, wanted=wanted, now=timezone.now())
    assert CallRevision.objects.get().comment == "Elle a un cancer"
    for field in ("comment", "autre"):
        nadia.post(page_of(FlaggedText.objects.get(field=field)), {"decision": "rewrite", "text": new})
    call.refresh_from_db()
    revision = CallRevision.objects.get()
    assert call.comment == call.answers.get("autre", {}).get("", "") == new
    assert "cancer" not in revision.comment
    assert "autre" not in revision.answers
    assert not JournalEntry.objects.filter(detail__icontains="cancer").exists()


def test_a_correction_forgets_the_flag_of_a_text_that_changed(call, volunteer):
    wanted = calls.Entry("completed", call.answers, "Fatiguée", calls.Details.from_json(call.draft))
    calls.correct(call_id=call.pk, by=volunteer, submission=call.submission, wanted=wanted, now=timezone.now())
    assert list(FlaggedText.objects.values_list("field", flat=True)) == ["autre"]


def test_a_text_too_long_is_said_at_its_field(nadia, call):
    flagged = FlaggedText.objects.get(field="comment")
    page = text(nadia.post(page_of(flagged), {"decision": "rewrite", "text": "x" * 301}))
    assert "300 caractères au plus. Il y en a 301." in page
    flagged.refresh_from_db()
    assert flagged.decision == ""


def test_only_the_coordinators_of_the_sector(client, client_of, coordinator, call, volunteer, administrator, landlord):
    flagged = FlaggedText.objects.first()
    for address in (LIST, page_of(flagged)):
        assert client.get(address)["Location"].startswith("/connexion/")
        for person in (volunteer, administrator):
            assert client_of(person).get(address).status_code == 403
    nadia = client_of(coordinator)
    assert nadia.delete(page_of(flagged)).status_code == 405
    assert nadia.post(LIST).status_code == 405
    assert nadia.get(reverse("coordinator:text", args=[10**15])).status_code == 404
    limit_to(coordinator, make_agency(landlord, "Agence de Langon"))
    assert "Aucun texte à revoir" in text(nadia.get(LIST))
    assert nadia.get(page_of(flagged)).status_code == 404
    assert nadia.post(page_of(flagged), {"decision": "leave"}).status_code == 404


def test_the_list_costs_the_same_for_one_text_and_for_twenty(nadia, call, volunteer, count_queries):
    nadia.get(LIST)
    with count_queries() as few:
        nadia.get(LIST)
    for _ in range(9):
        other = make_case(call.case.campaign)
        row = Call.objects.create(
            case=other, volunteer=volunteer, state="recorded", outcome="busy", comment="Il est gâteux"
        )
        texts.flag(row, None, timezone.now())
    with count_queries() as many:
        nadia.get(LIST)
    assert len(few) == len(many)


def test_texts_and_former_versions_go_with_the_purge(call, volunteer):
    from campaigns import purge

    wanted = calls.Entry("completed", call.answers, "Autre", calls.Details.from_json(call.draft))
    calls.correct(call_id=call.pk, by=volunteer, submission=call.submission, wanted=wanted, now=timezone.now())
    then = timezone.now()
    Campaign.objects.update(status=Campaign.Status.CLOSED, closed_at=then - timedelta(days=31))
    purge.purge_expired(now=then)
    assert not FlaggedText.objects.exists()
    assert not CallRevision.objects.exists()
    assert not Call.objects.exists()


# Messages taken while somebody else held the case ----------------------------------------------------------------
@pytest.fixture
def message(client_of, case, volunteer2):
    client_of(volunteer2).post(url("message", case.pk), {"text": "Elle dit que son voisin est alcoolique."})
    return CaseMessage.objects.get()


def test_a_warned_message_waits_like_a_warned_comment(nadia, message, coordinator):
    flagged = FlaggedText.objects.get()
    assert (flagged.message, flagged.call, flagged.author) == (message, None, message.by)
    page = text(nadia.get(LIST))
    for said in ("« Elle dit que son voisin est alcoolique. »", "Paul Girard", "message"):
        assert said in page
    assert JournalEntry.objects.get(action="texts.listed", user=coordinator).detail["cases"] == [message.case_id]
    assert "alcoolique" in text(nadia.get(page_of(flagged)))


def test_a_message_without_warning_waits_for_nobody(client_of, case, volunteer2):
    client_of(volunteer2).post(url("message", case.pk), {"text": "Rappeler après 15 h."})
    assert CaseMessage.objects.exists()
    assert not FlaggedText.objects.exists()


@pytest.mark.parametrize(("new", "kept"), [("Un voisin l'inquiète.", "Un voisin l'inquiète."), ("", texts.EMPTIED)])
def test_a_message_is_rewritten_for_whoever_reads_it(nadia, client_of, volunteer, message, new, kept):
    hold(message.case, volunteer)
    nadia.post(page_of(FlaggedText.objects.get()), {"decision": "rewrite", "text": new})
    message.refresh_from_db()
    assert message.text == kept
    page = text(client_of(volunteer).get(url("call", message.case_id)))
    assert kept in page
    assert "alcoolique" not in page
    assert "alcoolique" not in text(nadia.get(f"/dossiers/{message.case_id}/"))
    assert "Aucun texte à revoir" in text(nadia.get(LIST))
    assert JournalEntry.objects.filter(action="text.decided", household_id=message.case.household_id).count() == 1


def test_leaving_a_message(nadia, message):
    nadia.post(page_of(FlaggedText.objects.get()), {"decision": "leave"})
    message.refresh_from_db()
    assert "alcoolique" in message.text
    assert "1 texte déjà revu" in text(nadia.get(LIST))


def test_a_message_of_another_sector_is_not_found(nadia, coordinator, message, landlord):
    limit_to(coordinator, make_agency(landlord, "Agence de Langon"))
    assert "Aucun texte à revoir" in text(nadia.get(LIST))
    assert nadia.get(page_of(FlaggedText.objects.get())).status_code == 404


def test_the_list_costs_the_same_for_messages_too(nadia, call, case, volunteer, count_queries):
    def take(number):
        for index in range(number):
            messages.leave(
                case_id=make_case(case.campaign).pk, text=f"Il est gâteux, {index}", by=volunteer, now=timezone.now()
            )

    take(1)
    nadia.get(LIST)
    with count_queries() as few:
        nadia.get(LIST)
    take(12)
    with count_queries() as many:
        nadia.get(LIST)
    assert len(few) == len(many)


def test_messages_follow_the_household_that_is_kept(message):
    kept = make_case(message.case.campaign)
    event = events.HouseholdMerged(kept_id=kept.household_id, gone_id=message.case.household_id, now=timezone.now())
    listeners.on_household_merged(event)
    message.refresh_from_db()
    assert message.case == kept
    assert FlaggedText.objects.get().message == message
