"""Guessing is slowed, and nobody is locked out by somebody else's mistakes."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from solidarites import accounts, attempts
from solidarites.models import JournalEntry
from tests.factories import PASSWORD
from tests.strict import StrictClient
from tests.totp import code_of

pytestmark = pytest.mark.django_db
HOME, STRANGER = "192.0.2.10", "203.0.113.66"
WRONG = "pas-le-bon-mot-de-passe"


def sign_in(user, password=PASSWORD, *, client=None, address=HOME):
    email = user if isinstance(user, str) else user.email
    client = client or StrictClient()
    answer = client.post("/connexion/", {"login": email, "password": password}, REMOTE_ADDR=address)
    return client, answer


def is_in(client):
    return "_auth_user_id" in client.session


def refused(answer):
    return "Trop d" in answer.content.decode()


def test_a_stranger_waits_and_the_colleague_elsewhere_does_not(volunteer):
    for _ in range(20):
        sign_in(volunteer, WRONG, address=STRANGER)
    assert refused(sign_in(volunteer, address=STRANGER)[1])
    client, answer = sign_in(volunteer, address=HOME)
    assert not is_in(StrictClient())
    assert is_in(client)


def test_the_sentence_tells_the_true_wait(volunteer, time_machine_at):
    for _ in range(5):
        sign_in(volunteer, WRONG)
    assert "Attendez 5 minutes" in sign_in(volunteer)[1].content.decode()
    time_machine_at(250)
    assert "Attendez une minute" in sign_in(volunteer)[1].content.decode()
    time_machine_at(301)
    assert is_in(sign_in(volunteer)[0])


def test_an_hour_from_one_place_is_worth_ten_tries(volunteer, time_machine_at):
    for round_ in range(3):
        time_machine_at(round_ * 301)
        for _ in range(5):
            sign_in(volunteer, WRONG)
    page = sign_in(volunteer)[1].content.decode()
    assert "Attendez 50 minutes" in page or "Attendez 49 minutes" in page


def test_many_addresses_against_one_account_are_slowed(volunteer):
    for number in range(60):
        sign_in(volunteer, WRONG, address=f"198.51.100.{number}")
    assert refused(sign_in(volunteer, address="198.51.100.200")[1])


def test_a_browser_that_one_signed_in_with_stays_open_meanwhile(volunteer, volunteer2):
    theirs, _ = sign_in(volunteer)
    theirs.post("/deconnexion/")
    other, _ = sign_in(volunteer2)
    other.post("/deconnexion/")
    for number in range(60):
        sign_in(volunteer, WRONG, address=f"198.51.100.{number}")
    assert not is_in(sign_in(volunteer, client=other)[0]), "a colleague's browser proves nothing"
    assert is_in(sign_in(volunteer, client=theirs)[0])


def test_the_same_office_as_a_stranger_is_no_lock_for_a_known_browser(volunteer):
    theirs, _ = sign_in(volunteer)
    theirs.post("/deconnexion/")
    for _ in range(6):
        sign_in(volunteer, WRONG)
    assert is_in(sign_in(volunteer, client=theirs)[0])


def test_a_known_browser_guesses_no_more_than_another(volunteer):
    theirs, _ = sign_in(volunteer)
    theirs.post("/deconnexion/")
    for _ in range(5):
        sign_in(volunteer, WRONG, client=theirs)
    assert refused(sign_in(volunteer, client=theirs)[1])


@pytest.mark.parametrize("value", ["", "x", "." * 2000, "é", "a" * 40])
def test_a_made_up_proof_opens_nothing(volunteer, value):
    client = StrictClient()
    client.cookies[attempts.COOKIE] = value
    for _ in range(5):
        sign_in(volunteer, WRONG, client=client)
    assert refused(sign_in(volunteer, client=client)[1])


def test_the_proof_names_nobody_and_ends_with_the_password(volunteer):
    client, answer = sign_in(volunteer)
    cookie = answer.cookies[attempts.COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert len(cookie.value) == 40
    before = attempts.proof_of(volunteer)
    volunteer.set_password("une-autre-phrase-facile")
    assert attempts.proof_of(volunteer) != before


def test_a_shared_computer_remembers_the_last_ones(rf, volunteer, volunteer2):
    client, _ = sign_in(volunteer)
    client.post("/deconnexion/")
    sign_in(volunteer2, client=client)
    request = rf.get("/")
    request.COOKIES[attempts.COOKIE] = client.cookies[attempts.COOKIE].value
    assert attempts.is_known(request, volunteer)
    assert attempts.is_known(request, volunteer2)


def test_right_passwords_are_never_counted(volunteer):
    for _ in range(12):
        client, _ = sign_in(volunteer)
        assert is_in(client)


def test_what_is_typed_is_kept_nowhere(volunteer):
    secret = "mon-mot-de-passe-tape-par-erreur@exemple.fr"
    sign_in(secret, WRONG)
    assert not any(secret in key for key in cache._cache), "hashed in the cache"
    rows = JournalEntry.objects.all()
    assert [(row.object_id, row.detail, row.user) for row in rows] == [(None, {}, None)]
    assert rows[0].action == "account.sign_in_unknown"


def test_failed_sign_ins_are_written_by_number_and_never_fill_the_journal(volunteer):
    sign_in(volunteer, WRONG)
    assert JournalEntry.objects.get(action="account.sign_in_failed").object_id == volunteer.pk
    for number in range(30):
        sign_in(f"inconnu{number}@exemple.fr", WRONG, address=STRANGER)
    for _ in range(30):
        sign_in(volunteer, WRONG, address=STRANGER)
    assert JournalEntry.objects.filter(action="account.sign_in_unknown").count() == 10
    assert JournalEntry.objects.filter(action="account.sign_in_failed", object_id=volunteer.pk).count() == 6


def test_a_password_chosen_with_a_link_ends_the_wait(volunteer, administrator):
    for _ in range(6):
        client, _ = sign_in(volunteer, WRONG)
    link = accounts.link_of(accounts.give_link(user=volunteer, by=administrator, now=timezone.now()))
    new = {"first_name": "Léa", "last_name": "Bonnet", "password1": "une-autre-phrase", "password2": "une-autre-phrase"}
    client.post("/" + link.split("/", 3)[3], new, REMOTE_ADDR=HOME)
    client.post("/deconnexion/")
    assert is_in(sign_in(volunteer, "une-autre-phrase")[0])


def test_a_wrong_password_in_an_open_session_is_written_under_its_name(client_of, volunteer):
    client_of(volunteer).post("/compte/confirmer/", {"password": WRONG})
    assert JournalEntry.objects.get(action="account.sign_in_failed").user == volunteer


# Codes ---------------------------------------------------------------------------------------------------
@pytest.fixture
def with_codes(settings, coordinator):
    settings.REQUIRE_SECOND_FACTOR = True
    client, _ = sign_in(coordinator)
    path = reverse("mfa_activate_totp")
    secret = client.get(path).context["form"].secret
    client.post(path, {"code": code_of(secret)})
    recovery = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]
    client.post("/deconnexion/")
    return client, recovery


def test_whoever_has_the_password_does_not_lock_the_owner_out_of_codes(coordinator, with_codes):
    theirs, recovery = with_codes
    thief, _ = sign_in(coordinator, address=STRANGER)
    for _ in range(8):
        answer = thief.post(reverse("mfa_authenticate"), {"code": "000000"}, REMOTE_ADDR=STRANGER)
    assert "Attendez 5 minutes" in answer.content.decode()
    assert JournalEntry.objects.filter(action="account.code_failed", object_id=coordinator.pk).count() == 5
    sign_in(coordinator, client=theirs)
    assert theirs.post(reverse("mfa_authenticate"), {"code": recovery[0]}, REMOTE_ADDR=HOME).status_code == 302
    assert is_in(theirs)
    assert JournalEntry.objects.filter(action="account.recovery_code_used", user=coordinator).exists()


def test_codes_from_many_addresses_are_slowed(coordinator, with_codes):
    for number in range(31):
        thief, _ = sign_in(coordinator, address=f"198.51.100.{number}")
        thief.post(reverse("mfa_authenticate"), {"code": "000000"}, REMOTE_ADDR=f"198.51.100.{number}")
    elsewhere, _ = sign_in(coordinator, address="198.51.100.99")
    answer = elsewhere.post(reverse("mfa_authenticate"), {"code": with_codes[1][0]}, REMOTE_ADDR="198.51.100.99")
    assert refused(answer)


# The page of too many requests -----------------------------------------------------------------------------
def test_the_page_of_too_many_requests_tells_the_true_wait(client, volunteer):
    """Each of the limits that lead to it lasts a minute."""
    from allauth.account import app_settings

    asked = ("login", "change_password", "reset_password", "reauthenticate", "reset_password_from_key", "login_failed")
    for action in asked:
        # « 20/m/ip,5/m/key »: how many, in what time, for whom.
        assert {rate.split("/")[1] for rate in app_settings.RATE_LIMITS[action].split(",")} == {"m"}, action
    for _ in range(21):
        answer = client.post("/invitation/x/")
    assert answer.status_code == 429
    assert answer["Retry-After"] == "60"
    assert "Attendez une minute" in answer.content.decode()


@pytest.fixture
def time_machine_at():
    """Moves the clock so many seconds after the start of the test."""
    import time

    import time_machine

    start = time.time()
    with time_machine.travel(start, tick=False) as clock:
        yield lambda seconds: clock.move_to(start + seconds)
