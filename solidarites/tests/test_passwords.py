"""Forgotten and changed passwords: nothing tells who has an account, messages hold nothing but the link."""

from __future__ import annotations

import re

import pytest
from django.core import mail as outbox
from django.utils import timezone

from solidarites import accounts, mail
from solidarites.models import OutgoingMail
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "une-phrase-facile-a-retenir"


def send_all():
    for pk in mail.due_ids(timezone.now()):
        mail.send_one(pk, timezone.now())
    return outbox.outbox


def link_in(message):
    found = re.search(r"https?://[^/\s]+(/\S+/)", message.body)
    assert found, message.body
    return found[1]


@pytest.fixture(autouse=True)
def with_mail_server(settings):
    settings.HAS_MAIL_SERVER = True


def ask(client, email):
    return client.post("/mot-de-passe-oublie/", {"email": email})


def test_an_unknown_address_gets_the_same_answer_and_no_message(client, volunteer):
    known, unknown = ask(client, volunteer.email), ask(client, "personne@exemple.fr")
    assert known.status_code == unknown.status_code == 302
    assert known["Location"] == unknown["Location"] == "/mot-de-passe-oublie/envoye/"
    assert client.get(known["Location"]).content == client.get(unknown["Location"]).content
    assert [message.to for message in OutgoingMail.objects.all()] == [volunteer.email]


def test_the_link_opens_once_and_the_new_password_works(client, volunteer):
    ask(client, volunteer.email)
    (message,) = send_all()
    form = client.get(link_in(message), follow=True)
    assert "Choisir un nouveau mot de passe" in form.content.decode()
    done = client.post(form.redirect_chain[-1][0], {"password1": NEW, "password2": NEW}, follow=True)
    assert "Votre mot de passe est changé" in done.content.decode()
    assert client.login(email=volunteer.email, password=NEW)
    again = client.get(link_in(message), follow=True)
    assert "n'est plus valable" in again.content.decode().replace("&#x27;", "'")


def test_the_message_is_french_and_holds_nothing_but_the_link(client, volunteer):
    ask(client, volunteer.email)
    row = OutgoingMail.objects.get()
    assert row.context == {"user_id": volunteer.pk}, "the queue holds ids, never a secret"
    (message,) = send_all()
    texts = [message.subject, message.body, message.alternatives[0][0]]
    assert message.subject == "Choisir un nouveau mot de passe"
    for text in texts:
        assert volunteer.last_name not in text
        assert volunteer.first_name not in text
        assert volunteer.email not in text
        assert not re.search(r"\b(password|your|click|hello|reset)\b", text, re.I)
    assert link_in(message) in texts[2]


def test_passwords_that_differ_or_are_too_easy_are_refused_in_french(client, volunteer):
    ask(client, volunteer.email)
    path = client.get(link_in(send_all()[0]), follow=True).redirect_chain[-1][0]
    page = client.post(path, {"password1": NEW, "password2": NEW + "x"}).content.decode()
    assert "Les deux mots de passe sont différents." in page
    page = client.post(path, {"password1": "court", "password2": "court"}).content.decode()
    assert "trop court" in page
    page = client.post(path, {"password1": "lea@exemple.fr", "password2": "lea@exemple.fr"}).content.decode()
    assert "invalid-feedback" in page


def test_somebody_who_never_joined_gets_the_invitation_again(client, administrator):
    addresses, _ = accounts.parse_addresses("zoe@exemple.fr")
    accounts.invite(addresses=addresses, role="volunteer", by=administrator, now=timezone.now())
    send_all()
    outbox.outbox.clear()
    ask(client, "zoe@exemple.fr")
    (message,) = send_all()
    assert link_in(message).startswith("/invitation/")


def test_a_deactivated_account_gets_no_message(client, volunteer):
    volunteer.is_active = False
    volunteer.save()
    ask(client, volunteer.email)
    assert not OutgoingMail.objects.exists()


def test_without_a_mail_server_the_page_says_whom_to_ask(client, settings):
    settings.HAS_MAIL_SERVER = False
    page = client.get("/mot-de-passe-oublie/").content.decode()
    assert "administration" in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]


def test_changing_ones_password_keeps_the_session_and_warns_by_mail(client_of, volunteer):
    client = client_of(volunteer)
    page = client.post("/compte/mot-de-passe/", {"oldpassword": "faux", "password1": NEW, "password2": NEW})
    assert "mot de passe actuel" in page.content.decode()
    data = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert "est changé" in client.post("/compte/mot-de-passe/", data, follow=True).content.decode()
    assert client.get("/compte/").status_code == 200
    (message,) = send_all()
    assert "mot de passe de votre compte a été changé" in message.body
    assert "127.0.0.1" not in message.body.replace("http://127.0.0.1", "")


@pytest.mark.parametrize("path", ["/mot-de-passe-oublie/zz-pas-un-lien/", "/mot-de-passe-oublie/1-x/"])
def test_an_invented_link_says_that_it_is_no_longer_valid(client, path):
    assert "plus valable" in client.get(path, follow=True).content.decode()
