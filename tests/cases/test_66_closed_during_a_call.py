"""Case 66: the campaign is closed while somebody is on the phone; the call counts, or a coordinator sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from campaigns import calls, purge, tasks
from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.models import Alert, Call, Campaign, Case, Need, Referral
from campaigns.referrals.tests.referral_cast import make_partner
from solidarites.models import OutgoingMail
from tests.factories import make_case
from tests.pages import press

# One question of the page for all the needs a partner could be told.
AGREEMENT = "consent-courses+repas+soins+medicaments+psychologique+logement+protection"
WORDS = "N'a plus de chauffage depuis lundi."


@pytest.fixture
def case(volunteer: Any) -> Case:
    return make_case(running_campaign(volunteer))


@pytest.fixture
def lea(client_of: Any, volunteer: Any) -> Any:
    return client_of(volunteer)


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def heard(case: Case) -> dict[str, str]:
    """Nobody shops for her, she eats enough; she agrees that the CCAS be told."""
    return well(case) | {"q-courses": "personne", "q-manger": "oui", AGREEMENT: "yes", "comment": WORDS}


def close(nadia: Any, campaign: Campaign) -> None:
    """From the campaign's page to « Terminer la campagne », as a coordinator does."""
    page = nadia.get(f"/campagnes/{campaign.slug}/clore/")
    assert press(nadia, page, "Terminer la campagne").status_code == 302
    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.CLOSED


@pytest.fixture
def late(lea: Any, nadia: Any, case: Case, volunteer: Any) -> Call:
    """Her words are saved, the campaign is closed, she presses « Enregistrer »."""
    make_partner()
    hold(case, volunteer)
    page = lea.get(url("call", case.pk))
    lea.post(url("save", case.pk), {"submission": str(Call.objects.get().submission), **heard(case)})
    close(nadia, case.campaign)
    answer = press(lea, page, "Enregistrer l'appel", **heard(case))
    assert answer.status_code == 302
    said = text(lea.get(answer["Location"]))
    assert "La campagne a été close pendant votre appel. Votre texte est gardé : la coordination décide." in said
    call = Call.objects.get()
    assert (call.state, call.outcome, call.comment) == (Call.State.PENDING, "completed", WORDS)
    assert not Need.objects.exists()
    return call


def test_the_closing_page_says_how_many_are_on_the_phone(nadia: Any, case: Case, volunteer: Any) -> None:
    hold(case, volunteer)
    page = " ".join(text(nadia.get(f"/campagnes/{case.campaign.slug}/clore/")).split())
    assert "1 appel est en cours : il pourra être terminé, puis attendra votre décision" in page


def test_her_page_says_so_while_she_types(lea: Any, nadia: Any, case: Case, volunteer: Any) -> None:
    hold(case, volunteer)
    close(nadia, case.campaign)
    said = "La campagne a été close pendant votre appel. Votre texte est gardé : terminez et enregistrez"
    assert said in text(lea.get(url("call", case.pk)))
    typed = {"submission": str(Call.objects.get().submission), "comment": WORDS}
    assert said in text(lea.post(url("save", case.pk), typed).json()["notice"])


def test_a_coordinator_sees_it_everywhere_it_should_stand(nadia: Any, late: Call) -> None:
    listed = text(nadia.get("/appels-en-double/"))
    assert f"« {WORDS} »" in listed
    assert "La campagne a été close pendant cet appel." in listed
    assert f"« {WORDS} »" in text(nadia.get(f"/dossiers/{late.case_id}/"))
    assert "1 appel attend une décision" in text(nadia.get(f"/campagnes/{late.case.campaign.slug}/"))
    alert = Alert.objects.get(kind=Alert.Kind.KEPT_CALL)
    assert (alert.level, alert.case_id) == ("U2", late.case_id)
    assert f'href="/dossiers/{late.case_id}/"' in text(nadia.get(f"/alertes/{alert.pk}/"))


def test_counted_it_brings_its_need_and_its_referral_and_no_other_call(nadia: Any, late: Call) -> None:
    answer = press(nadia, nadia.get("/appels-en-double/"), "Cet appel compte")
    assert answer.status_code == 302
    late.refresh_from_db()
    assert late.state == Call.State.RECORDED
    assert [(need.category, need.consent) for need in Need.objects.all()] == [("courses", "yes")]
    referral = Referral.objects.get()
    assert (referral.state, referral.agreement) == (Referral.State.DRAFT, "yes")
    assert (late.case.status, late.case.next_call_at) == (Case.Status.CLOSED, None)
    assert late.case.reached_at is not None
    assert Alert.objects.get(kind=Alert.Kind.KEPT_CALL).solved_at is not None
    assert referral.reference in text(nadia.get("/signalements/"))


def test_joined_its_need_is_kept(nadia: Any, late: Call) -> None:
    press(nadia, nadia.get(f"/dossiers/{late.case_id}/"), "Joindre au dossier")
    late.refresh_from_db()
    assert late.state == Call.State.MERGED
    assert (Need.objects.count(), Referral.objects.count()) == (1, 1)


def test_dropped_it_says_why(nadia: Any, late: Call) -> None:
    page = nadia.get(f"/dossiers/{late.case_id}/")
    press(nadia, page, "Écarter cet appel", reason="")
    late.refresh_from_db()
    assert late.state == Call.State.PENDING
    page = nadia.get(f"/dossiers/{late.case_id}/")
    assert "Choisissez pourquoi cet appel est écarté." in text(page)
    press(nadia, page, "Écarter cet appel", reason="done")
    late.refresh_from_db()
    assert (late.state, late.dropped_because) == (Call.State.DROPPED, "done")
    assert "le nécessaire est déjà fait" in text(nadia.get(f"/dossiers/{late.case_id}/"))
    assert not Need.objects.exists()


@pytest.mark.parametrize("decision", ["Cet appel compte", "Joindre au dossier"])
def test_the_purge_waits_for_the_decision_and_says_so(nadia: Any, late: Call, decision: str) -> None:
    campaign = late.case.campaign
    day = timezone.now() + timedelta(days=campaign.purge_after_days + 1)
    for _ in range(2):
        assert purge.purge_expired(now=day) == []
        assert purge.purge_campaign(campaign_id=campaign.pk, now=day) is None
    assert Call.objects.get().comment == WORDS
    alert = Alert.objects.get(kind=Alert.Kind.PURGE_WAITING)
    assert 'href="/appels-en-double/"' in text(nadia.get(f"/alertes/{alert.pk}/"))
    press(nadia, nadia.get("/appels-en-double/"), decision)
    alert.refresh_from_db()
    assert alert.solved_at is not None
    assert len(purge.purge_expired(now=day)) == 1
    assert not Call.objects.exists()


def test_an_urgent_need_rings_at_once(lea: Any, nadia: Any, case: Case, volunteer: Any, coordinator: Any) -> None:
    hold(case, volunteer)
    page = lea.get(url("call", case.pk))
    close(nadia, case.campaign)
    press(lea, page, "Enregistrer l'appel", **(heard(case) | {"q-manger": "non", AGREEMENT: "no"}))
    alert = Alert.objects.get(kind=Alert.Kind.KEPT_CALL)
    assert alert.level == "U1"
    assert coordinator.email in OutgoingMail.objects.filter(template="alert").values_list("to", flat=True)


def test_never_recorded_it_still_comes_before_a_coordinator(lea: Any, nadia: Any, case: Case, volunteer: Any) -> None:
    hold(case, volunteer)
    lea.post(url("save", case.pk), {"submission": str(Call.objects.get().submission), **heard(case)})
    close(nadia, case.campaign)
    assert tasks.release_stale_claims() == 0
    # She may still be writing; an hour after her last word, she is not.
    hour = timezone.now() - timedelta(minutes=61)
    Call.objects.update(saved_at=hour)
    day = timezone.now() + timedelta(days=case.campaign.purge_after_days + 1)
    assert tasks.release_stale_claims() == 1
    assert tasks.release_stale_claims() == 0
    assert Alert.objects.filter(kind=Alert.Kind.KEPT_CALL, solved_at=None).count() == 1
    assert purge.purge_expired(now=day) == []
    page = nadia.get("/appels-en-double/")
    assert f"« {WORDS} »" in text(page)
    press(nadia, page, "Cet appel compte", outcome="")
    assert Call.objects.get().state == Call.State.PENDING
    page = nadia.get("/appels-en-double/")
    assert "Choisissez comment cet appel s'est terminé." in text(page)
    press(nadia, page, "Cet appel compte", outcome="completed")
    call = Call.objects.get()
    assert (call.state, call.outcome, call.recorded_at) == (Call.State.RECORDED, "completed", hour)
    assert [(need.category, need.consent) for need in Need.objects.all()] == [("courses", "yes")]
    assert Referral.objects.count() == 1


def test_she_comes_back_to_her_text_and_records_it(lea: Any, nadia: Any, case: Case, volunteer: Any) -> None:
    hold(case, volunteer)
    page = lea.get(url("call", case.pk))
    lea.post(url("save", case.pk), {"submission": str(Call.objects.get().submission), **heard(case)})
    close(nadia, case.campaign)
    Call.objects.update(saved_at=timezone.now() - timedelta(hours=2))
    assert calls.keep_unfinished(now=timezone.now()) == 1
    assert url("call", case.pk) in text(lea.get(url("home")))
    assert WORDS in text(lea.get(url("call", case.pk)))
    press(lea, page, "Enregistrer l'appel", **(heard(case) | {"comment": "Elle attend le réparateur."}))
    call = Call.objects.get()
    assert (call.state, call.outcome, call.comment) == (Call.State.PENDING, "completed", "Elle attend le réparateur.")
    assert Alert.objects.filter(kind=Alert.Kind.KEPT_CALL).count() == 1


def test_an_empty_draft_holds_nothing_back(nadia: Any, case: Case, volunteer: Any) -> None:
    hold(case, volunteer)
    close(nadia, case.campaign)
    day = timezone.now() + timedelta(days=case.campaign.purge_after_days + 1)
    assert len(purge.purge_expired(now=day)) == 1
