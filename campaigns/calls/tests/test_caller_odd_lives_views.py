"""Households that are not like the others: three names, no street, another clock, an hour that does not exist."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from campaigns import calls, outcomes, queue
from campaigns.calls.tests.caller_cast import hold, text, url, well
from campaigns.models import Call, Case
from tenants import households
from tenants.models import Household, Tenant
from tests.factories import make_case, make_household

# A Monday morning in Paris, the evening of Sunday in Papeete.
MONDAY = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def in_papeete(campaign):
    household = make_household(
        last_name="Tetuanui", department="987", postal_code="98713", city="Papeete", phone="+68940412345"
    )
    return make_case(campaign, household, region="987")


# Another clock ------------------------------------------------------------------------------------------
def test_the_two_clocks_of_a_household_overseas_are_told_apart(lea, campaign, volunteer):
    with time_machine.travel(MONDAY, tick=False):
        case = in_papeete(campaign)
        given = hold(case, volunteer)
        page = text(lea.get(url("call", case.pk)))
        assert "Il est 22 h 30 dimanche chez cette personne, 9 h 30 à Paris." in page
        assert "Demain à 11 h" in page
        assert "aujourd'hui à 22 h à Paris" in page
        assert "Indiquez l'heure de chez cette personne." in page
        moment = datetime(2026, 11, 23, 21, tzinfo=UTC)
        typed = {"q-accueil": "plus_tard", "callback": moment.isoformat()}
        said = lea.post(url("save", case.pk), typed).json()
        # What the volunteer does is told by the volunteer's clock, what is promised by both.
        assert text(said["saved"]) == "enregistré à 9 h 30"
        both = "demain à 11 h chez cette personne (aujourd'hui à 22 h à Paris)"
        assert both in text(said["follows"])
        done = lea.post(url("record", case.pk), typed | {"submission": str(given.call.submission)}, follow=True)
        assert f"Prochain appel par vous : {both}" in text(done)
        assert "aujourd'hui à 9 h 30 : Rappel convenu" in text(done)
        assert "aujourd'hui à 22 h à Paris" in text(lea.get(url("home")))


def test_one_clock_is_said_once(lea, campaign, volunteer):
    case = make_case(campaign)
    hold(case, volunteer)
    page = text(lea.get(url("call", case.pk)))
    assert "chez cette personne" not in page
    assert "à Paris" not in page


def test_nobody_is_offered_a_call_at_midnight(campaign):
    """The campaign of these tests calls at every hour."""
    case = make_case(campaign)
    for hour in range(24):
        now = MONDAY.replace(hour=hour)
        presets = calls.callback_presets(calls.with_household(case.pk), now)
        assert len(presets) == 4
        for at in presets:
            assert at > now
            assert 9 <= at.astimezone(campaign.tz).hour < 21


@pytest.mark.parametrize(
    ("day", "clock", "moment"),
    [
        # 29 March: half past two does not exist, and is not refused; at ten, Paris is two hours ahead.
        ("2026-03-29", "02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("2026-03-29", "10:00", datetime(2026, 3, 29, 8, tzinfo=UTC)),
        ("2026-10-25", "10:00", datetime(2026, 10, 25, 9, tzinfo=UTC)),
    ],
)
def test_a_callback_on_the_day_of_the_hour_change_keeps_the_hour_agreed(lea, campaign, volunteer, day, clock, moment):
    with time_machine.travel(moment - timedelta(days=2), tick=False):
        case = make_case(campaign)
        given = hold(case, volunteer)
        typed = {
            "q-accueil": "plus_tard",
            "callback": "other",
            "callback_date": day,
            "callback_time": clock,
            "submission": str(given.call.submission),
        }
        page = lea.post(url("record", case.pk), typed, follow=True)
        case.refresh_from_db()
        assert (case.next_call_kind, case.next_call_at) == (Case.Kind.CALLBACK, moment)
        said = "à 3 h 30" if clock == "02:30" else "à 10 h"
        assert said in text(page)


# Names and addresses --------------------------------------------------------------------------------------
def test_three_people_with_long_names_are_all_named_with_their_age(lea, campaign, volunteer):
    household = make_household(last_name="L'Hermitte", first_name="Jean", civility="M.", people=2)
    Tenant.objects.create(
        household=household,
        landlord=household.landlord,
        civility="Mme",
        first_name="Marie-Antoinette Bérengère d'Anjou",
        last_name="De La Rochefoucauld-Montmorency d'Artagnan",
        birth_date=datetime(1938, 1, 2).date(),
        birth_precision=Tenant.Precision.DAY,
    )
    case = make_case(campaign, household)
    hold(case, volunteer)
    page = text(lea.get(url("call", case.pk)))
    assert "Mme Marie-Antoinette Bérengère d'Anjou DE LA ROCHEFOUCAULD-MONTMORENCY D'ARTAGNAN, 8" in page
    assert re.search(r"<h1>\S+ [^<]+, [^<]+ et [^<]+</h1>", page)
    assert page.count("M. Jean L'HERMITTE, 8") == 2  # below the top, and where one says who is no longer there


def test_a_short_name_is_said_once(lea, campaign, volunteer):
    case = make_case(campaign, make_household(last_name="Martin", first_name="Jeanne"))
    hold(case, volunteer)
    assert 'class="whole-names"' not in lea.get(url("call", case.pk)).content.decode()


def test_who_has_no_civility_is_greeted_with_both(lea, campaign, volunteer):
    household = make_household(last_name="Durand", civility="")
    household.tenants.update(civility="")
    hold(case := make_case(campaign, household), volunteer)
    assert "Bonjour Madame ou Monsieur Durand" in text(lea.get(url("call", case.pk)))


@pytest.mark.parametrize(
    ("address", "lacks"),
    [
        ({"street": ""}, "rue inconnue : demandez-la"),
        ({"street": "", "postal_code": "", "city": ""}, "adresse inconnue : demandez-la"),
    ],
)
def test_what_emergency_services_would_ask_for_is_asked_for(lea, campaign, volunteer, address, lacks):
    case = make_case(campaign, make_household())
    Household.objects.update(**address)
    hold(case, volunteer)
    page = text(lea.get(url("call", case.pk)))
    assert lacks in page  # beside the numbers to dial
    assert f"{lacks.capitalize()}." in page  # and under the name


# Whom the person expects ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("kind", "tier", "said"),
    [
        ("callback", Case.Tier.CALLBACK, "Rappel convenu avec Paul, aujourd'hui à 9 h 30 : l'heure est passée."),
        ("follow_up", Case.Tier.FOLLOW_UP, "Appel de suivi prévu avec Paul, aujourd'hui à 9 h 30 : il attend"),
    ],
)
def test_a_call_promised_by_another_names_them(lea, campaign, volunteer2, kind, tier, said):
    make_case(
        campaign, next_call_kind=kind, tier=tier, next_call_at=MONDAY, next_call_for=volunteer2, anyone_from=MONDAY
    )
    with time_machine.travel(MONDAY + timedelta(hours=1), tick=False):
        assert said in text(lea.get(url("home")))


# Words --------------------------------------------------------------------------------------------------------
def test_three_hundred_characters_with_emoji_are_kept_as_they_were_typed(lea, campaign, volunteer):
    case = make_case(campaign)
    given = hold(case, volunteer)
    comment = ("Sa fille l'appelle le dimanche 👩‍👧 « à l'heure du thé » ; " * 8)[:300]
    assert len(comment) == 300
    lea.post(url("save", case.pk), {"comment": comment})
    assert Call.objects.get().comment == comment
    typed = well(case, submission=str(given.call.submission), comment=comment)
    lea.post(url("record", case.pk), typed)
    assert Call.objects.get().comment == comment.strip()


def test_a_link_opened_once_its_hour_is_over_is_still_good(lea, campaign, volunteer):
    case = make_case(campaign)
    given = queue.claim_next(campaign=campaign, by=volunteer, now=timezone.now() - timedelta(minutes=61))
    queue.release_stale(now=timezone.now())
    page = text(lea.get(url("call", case.pk)))
    assert "Personne n'a repris ce dossier : vous pouvez encore enregistrer." in page
    done = lea.post(url("record", case.pk), well(case, submission=str(given.call.submission)), follow=True)
    assert "Appel enregistré" in text(done)


def test_who_rings_back_while_one_has_another_household_leaves_a_message(lea, campaign, volunteer):
    ringing = make_case(campaign, make_household(phone="+33536491234"))
    mine = hold(make_case(campaign, rank=-1), volunteer).case
    page = text(lea.post(url("returned"), {"number": "05 36 49 12 34"}, follow=True))
    assert "Vous avez un autre dossier en main : prenez un message." in page
    assert "Merci de nous rappeler." in page
    assert url("call", mine.pk) in page  # and back to it
    done = text(lea.post(url("message", ringing.pk), {"text": "Rappeler après 16 h."}, follow=True))
    assert "Le message est gardé. La coordination le lira." in done
    assert ringing.messages.get().text == "Rappeler après 16 h."
    mine.refresh_from_db()
    assert mine.claimed_by == volunteer


def test_a_moment_that_would_be_refused_is_not_summed_up_as_agreed(lea, campaign, volunteer):
    case = make_case(campaign)
    hold(case, volunteer)
    typed = {"q-accueil": "plus_tard", "callback": "other", "callback_date": "2020-03-17", "callback_time": "10:30"}
    said = text(lea.post(url("save", case.pk), typed).json()["follows"])
    assert "Ce moment est déjà passé. Choisissez un moment à venir." in said
    assert "Rappel mardi" not in said


# Nobody left ----------------------------------------------------------------------------------------------
@pytest.fixture
def departed(lea, campaign, volunteer):
    """The one person of the household died; a relative rings back from that number."""
    case = make_case(campaign, make_household(last_name="Garnier", phone="+33536494321"))
    households.close_person(tenant=case.household.tenants.get(), status=Tenant.Status.DECEASED, now=timezone.now())
    page = text(lea.post(url("returned"), {"number": "05 36 49 43 21"}, follow=True))
    assert "<h1>Foyer GARNIER</h1>" in page
    assert "Plus personne n'est noté à cette adresse." in page
    return case, Call.objects.get(state=Call.State.DRAFT)


@pytest.mark.parametrize("outcome", sorted(set(outcomes.TABLE) - {"completed", "callback", "language"}))
def test_a_household_where_nobody_is_left_is_never_called_again_by_itself(lea, departed, outcome):
    case, draft = departed
    lea.post(url("record", case.pk), {"submission": str(draft.submission), "outcome": outcome})
    case.refresh_from_db()
    assert case.status != Case.Status.OPEN
    assert case.next_call_at is None


def test_what_the_relative_says_is_kept_and_nothing_is_promised(lea, departed):
    case, draft = departed
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    typed = {
        "submission": str(draft.submission),
        "q-accueil": "plus_tard",
        "callback": tomorrow,
        "comment": "Son fils rend les clés vendredi.",
    }
    page = text(lea.post(url("record", case.pk), typed))
    assert "Notez qui appelle et ce qui est demandé dans le commentaire" in page
    assert "Son fils rend les clés vendredi." in page
    lea.post(url("record", case.pk), {**typed, "outcome": "unable"})
    assert Call.objects.get(state=Call.State.RECORDED).comment == "Son fils rend les clés vendredi."
