"""« S'entraîner »: the real screen on an invented household, which changes nothing; and what a campaign may ask for."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.utils import timezone

from campaigns import queue
from campaigns.calls.tests.caller_cast import budget, running_campaign, text, url
from campaigns.models import Alert, Call, Campaign, Case
from campaigns.practice import training
from campaigns.practice.views.training import STEPS
from solidarites.models import JournalEntry, OutgoingMail
from tests.factories import make_case, make_household

WELL = {
    "q-accueil": "oui",
    "q-information": "oui",
    "q-courses": "moi",
    "q-suivi": "non",
    "q-sante-0": "bien",
    "q-solitude-0": "rarement",
}


@pytest.fixture
def campaign(volunteer, volunteer2):
    return running_campaign(volunteer, volunteer2, training_required=True)


@pytest.fixture
def case(campaign):
    return make_case(campaign, make_household(last_name="Martin", first_name="Jeanne", civility="Mme"))


@pytest.fixture
def lea(client_of, volunteer):
    return client_of(volunteer)


def everything() -> dict[str, int]:
    """How many rows of each model there are: nothing but the journal and the session may grow."""
    models = [
        model for app in ("solidarites", "tenants", "campaigns") for model in apps.get_app_config(app).get_models()
    ]
    return {model._meta.label: model._default_manager.count() for model in models if model is not JournalEntry}


# Explanations ---------------------------------------------------------------------------------------------
def test_with_one_campaign_the_first_step_opens_at_once(lea, campaign):
    assert lea.get(url("training"))["Location"] == url("training_guide", campaign.pk)


def test_with_two_campaigns_one_chooses(lea, campaign, volunteer):
    other = running_campaign(volunteer)
    page = text(lea.get(url("training")))
    assert url("training_guide", campaign.pk) in page
    assert url("training_guide", other.pk) in page


def test_without_a_campaign_the_page_says_what_to_expect(lea):
    assert "Pas encore de campagne" in text(lea.get(url("training")))


@pytest.mark.parametrize("number", range(1, len(STEPS) + 1))
def test_every_step_shows_a_part_of_the_real_screen_that_cannot_be_used(lea, campaign, number):
    page = text(lea.get(url("training_guide", campaign.pk), {"etape": number}))
    assert f"étape {number} sur {len(STEPS)}" in page
    assert "inert" in page or "Utile" in page
    assert "tel:" not in page


@pytest.mark.parametrize("typed", ["", "0", "99", "-1", "abc", "²"])
def test_a_step_that_does_not_exist_shows_one_that_does(lea, campaign, typed):
    assert lea.get(url("training_guide", campaign.pk), {"etape": typed}).status_code == 200


# The practice call ------------------------------------------------------------------------------------------
def test_the_practice_call_is_the_real_page_with_the_campaigns_script(lea, campaign, volunteer):
    page = text(lea.get(url("training_call", campaign.pk)))
    assert "Entraînement · Mme Exemple" in page
    assert "Nouvel essai" in page
    assert "Bonjour Madame Exemple" in page
    assert "Pas de réponse" in page
    assert url("training_record", campaign.pk) in page


def test_no_number_can_be_dialled_and_no_real_case_reached_from_it(lea, campaign):
    page = text(lea.get(url("training_call", campaign.pk)))
    assert not re.search(r'(href|action|formaction|data-[a-z-]+)="(tel:|sms:)', page)
    assert 'data-copy=""' not in page
    addresses = re.findall(r'\s(?:action|formaction|data-save|data-heartbeat|data-alert-url)="([^"]+)"', page)
    assert len(addresses) >= 5
    assert [one for one in addresses if not one.startswith(url("training_call", campaign.pk))] == []
    assert "/appels/0/" not in page


def test_everything_tried_in_practice_changes_nothing_but_the_date_of_the_training(lea, campaign, volunteer):
    lea.get(url("home"))  # the minute of activity is written once
    before = everything()
    lea.get(url("training_call", campaign.pk))
    lea.post(url("training_save", campaign.pk), WELL | {"q-urgence": "oui", "comment": "dépressive"})
    lea.post(url("training_heartbeat", campaign.pk))
    lea.post(url("training_alert", campaign.pk))
    lea.post(url("training_other", campaign.pk, "preference"), {"hide_number": "1"})
    lea.post(url("training_pass", campaign.pk), {"reason": "time"})
    for outcome in ("no_answer", "opt_out", "deceased", "wrong_number"):
        lea.post(url("training_record", campaign.pk), {"outcome": outcome})
    lea.post(url("training_record", campaign.pk), WELL)
    assert everything() == before
    assert not Alert.objects.exists()
    assert not Call.objects.exists()
    volunteer.refresh_from_db()
    assert volunteer.trained_at is not None
    assert not volunteer.hide_number
    journaled = JournalEntry.objects.filter(user=volunteer)
    assert set(journaled.values_list("action", flat=True)) == {"training.done"}


def test_what_would_follow_is_said_while_one_types(lea, campaign):
    said = lea.post(url("training_save", campaign.pk), WELL | {"comment": "Elle est dépressive."}).json()
    assert "Échange réalisé" in said["follows"]
    assert "diagnostic" in said["warnings"]
    assert "rien n'est gardé" in said["saved"]
    assert "inventée" in text(said["notice"])


def test_the_alert_button_explains_and_alerts_nobody(lea, campaign, coordinator):
    said = text(lea.post(url("training_alert", campaign.pk), headers={"X-Requested-With": "fetch"}))
    assert "personne n'est prévenu" in said
    assert "tel:" not in said
    assert "personne n'est prévenu" in text(lea.post(url("training_alert", campaign.pk)))
    assert not Alert.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_a_missing_answer_is_said_at_its_question_and_what_was_chosen_is_kept(lea, campaign, volunteer):
    page = text(lea.post(url("training_record", campaign.pk), {"q-accueil": "oui", "comment": "Un mot"}))
    assert "Cette question attend une réponse." in page
    assert "Un mot" in page
    assert re.search(r'name="q-accueil" value="oui" checked', page)
    volunteer.refresh_from_db()
    assert volunteer.trained_at is None


def test_nobody_on_the_line_is_not_the_end_of_the_training(lea, campaign, volunteer):
    page = text(lea.post(url("training_record", campaign.pk), {"outcome": "no_answer"}, follow=True))
    assert "quelqu'un qui répond" in page
    assert "Pas de réponse : rappel" in page
    volunteer.refresh_from_db()
    assert volunteer.trained_at is None


def test_a_conversation_to_its_end_is_the_training(lea, campaign, volunteer):
    page = text(lea.post(url("training_record", campaign.pk), WELL, follow=True))
    assert "Entraînement terminé" in page
    assert "Appeler un vrai foyer" in page
    first = type(volunteer).objects.get(pk=volunteer.pk).trained_at
    lea.post(url("training_record", campaign.pk), WELL)
    assert type(volunteer).objects.get(pk=volunteer.pk).trained_at == first
    assert JournalEntry.objects.filter(action="training.done", user=volunteer, campaign_id=campaign.pk).count() == 1


def test_passing_is_explained(lea, campaign):
    assert "Choisissez une raison" in text(lea.post(url("training_pass", campaign.pk), {"reason": "?"}))
    assert "Dossier passé" in text(lea.post(url("training_pass", campaign.pk), {"reason": "time"}, follow=True))


def test_one_may_practise_before_the_campaign_opens_and_no_more_once_it_is_over(lea, volunteer):
    draft = running_campaign(volunteer, status=Campaign.Status.DRAFT, script=None, hours={})
    assert lea.get(url("training_call", draft.pk)).status_code == 200
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    assert lea.get(url("training_call", draft.pk)).status_code == 404


PAGES = ("training_guide", "training_call", "training_done")
ACTS = ("training_save", "training_alert", "training_pass", "training_record")


def test_it_opens_for_the_volunteers_of_the_campaign_alone(
    client, client_of, lea, coordinator, volunteer, make_campaign
):
    other = make_campaign()
    for name in (*PAGES, *ACTS):
        method = "get" if name in PAGES else "post"
        assert getattr(lea, method)(url(name, other.pk)).status_code == 404
        assert getattr(lea, method)(url(name, 10**15)).status_code == 404
        assert getattr(client_of(coordinator), method)(url(name, other.pk)).status_code == 403
        assert "/connexion/" in getattr(client, method)(url(name, other.pk))["Location"]
    assert lea.post(url("training_guide", other.pk)).status_code == 405
    assert lea.get(url("training_save", other.pk)).status_code == 405
    assert lea.get(url("training_record", other.pk))["Location"] == url("training_call", other.pk)


def test_the_practice_page_costs_no_more_than_the_real_one(lea, campaign):
    lea.get(url("home"))
    with budget(22):
        lea.get(url("training_call", campaign.pk))


# What a campaign may ask for --------------------------------------------------------------------------------
def test_before_the_training_nothing_is_given_and_the_page_says_why_with_the_way(lea, case, volunteer):
    page = text(lea.get(url("home")))
    assert "Cette campagne demande un entraînement" in page
    assert url("training_guide", case.campaign_id) in page
    page = text(lea.post(url("next", case.campaign_id), follow=True))
    assert "Cette campagne demande un entraînement" in page
    assert not Case.objects.filter(claimed_by__isnull=False).exists()


def test_a_returned_call_and_a_promised_one_wait_for_the_training_too(lea, campaign, volunteer):
    ringing = make_case(campaign, make_household(phone="+33536497777"))
    page = text(lea.post(url("returned"), {"number": "05 36 49 77 77"}, follow=True))
    assert "Cette campagne demande un entraînement" in page
    mine = make_case(campaign, next_call_for=volunteer, tier=1, next_call_kind="callback", next_call_at=timezone.now())
    assert "Cette campagne demande un entraînement" in text(lea.post(url("claim", mine.pk), follow=True))
    assert not Case.objects.filter(claimed_by__isnull=False).exists()
    volunteer.refresh_from_db()
    training.finish(campaign=campaign, by=volunteer, now=timezone.now())
    assert lea.post(url("returned"), {"number": "05 36 49 77 77"})["Location"].startswith(url("call", ringing.pk))


def test_the_rule_itself_refuses_who_is_not_trained(case, volunteer):
    now = timezone.now()
    campaign = case.campaign
    assert queue.peek(campaign=campaign, by=volunteer, now=now) is None
    given = queue.claim_next(campaign=campaign, by=volunteer, now=now)
    assert given.empty is not None
    assert given.empty.code == queue.Empty.UNTRAINED
    with pytest.raises(queue.UntrainedError):
        queue.claim_one(case_id=case.pk, by=volunteer, now=now, incoming=True)
    training.finish(campaign=campaign, by=volunteer, now=now)
    assert queue.claim_next(campaign=campaign, by=volunteer, now=now).case == case


def test_a_call_begun_before_the_training_was_asked_for_may_be_ended(case, volunteer, lea):
    Campaign.objects.update(training_required=False)
    case.campaign.refresh_from_db()
    given = queue.claim_next(campaign=case.campaign, by=volunteer, now=timezone.now())
    Campaign.objects.update(training_required=True)
    response = lea.post(
        url("record", case.pk), {"submission": str(given.call.submission), "outcome": "no_answer"}, follow=True
    )
    assert "Appel enregistré" in text(response)


def test_without_the_setting_nobody_is_asked_anything(lea, case):
    Campaign.objects.update(training_required=False)
    assert lea.post(url("next", case.campaign_id))["Location"] == url("call", case.pk)


def test_after_a_vital_answer_the_training_says_what_a_real_call_would_bring(lea, campaign):
    page = text(lea.get(f"/appels/entrainement/{campaign.pk}/fini/?issue=completed&danger=1"))
    assert "rappel de sécurité" in page
    assert "dossier clos" not in page
