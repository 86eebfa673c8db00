"""A link, a password, a factor, a closed account: who may, who is told, and what never works again."""

from __future__ import annotations

import importlib
import threading
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.core import mail as outbox
from django.db import connection
from django.utils import timezone

from solidarites import accounts, mail, notices, roles, tasks
from solidarites.adapters import NOTICES
from solidarites.models import AccountNotice, Invitation, JournalEntry, OutgoingMail, User
from tests.factories import PASSWORD, make_user
from tests.pages import press
from tests.strict import StrictClient

pytestmark = pytest.mark.django_db
NEW = "une-autre-phrase-facile"


def sign_in(client, user, password=PASSWORD):
    return client.post("/connexion/", {"login": user.email, "password": password}, follow=True)


def path_of(link):
    return "/" + link.split("/", 3)[3]


# Links ------------------------------------------------------------------------------------------------------
def test_an_administrator_gives_a_link_once_and_its_owner_is_told(
    client, client_of, administrator, volunteer, settings
):
    settings.HAS_MAIL_SERVER = False
    helper = client_of(administrator)
    answer = press(helper, helper.get(f"/personnes/{volunteer.pk}/"), "Donner un lien")
    link = answer.context["link"]
    assert link in answer.content.decode()
    assert "Il n'est montré que cette fois" in answer.content.decode()
    assert "/invitation/" not in helper.get(f"/personnes/{volunteer.pk}/").content.decode(), "shown once"
    row = JournalEntry.objects.get(action="account.link_given")
    assert (row.user, row.object_id) == (administrator, volunteer.pk)
    # Its owner remembers the password after all: told at once.
    page = sign_in(client, volunteer).content.decode()
    assert "un lien pour choisir un nouveau mot de passe a été donné par l'administration" in page.replace(
        "&#x27;", "'"
    )
    assert not AccountNotice.objects.exists()


def test_the_link_lasts_a_day_and_its_use_is_told(client, client_of, administrator, volunteer, settings):
    settings.HAS_MAIL_SERVER = False
    link = client_of(administrator).post(f"/personnes/{volunteer.pk}/lien-mot-de-passe/").context["link"]
    invitation = Invitation.objects.get(user=volunteer)
    assert invitation.expires_at - invitation.created_at == timedelta(days=1)
    page = client.get(path_of(link))
    assert "Choisir un nouveau mot de passe" in page.content.decode()
    answer = press(client, page, "Enregistrer", first_name="Léa", last_name="Bonnet", password1=NEW, password2=NEW)
    assert User.objects.get(pk=volunteer.pk).check_password(NEW)
    page = client.get(answer["Location"]).content.decode().replace("&#x27;", "'")
    assert "a été donné par l'administration" in page
    assert "un nouveau mot de passe a été choisi avec le lien" in page
    assert client.get(path_of(link)).status_code == 410
    assert JournalEntry.objects.filter(action="account.password_reset", object_id=volunteer.pk).exists()


def test_nobody_who_has_joined_has_a_link_shown_to_a_coordinator(
    client_of, coordinator, administrator, volunteer, settings
):
    settings.HAS_MAIL_SERVER = False
    now = timezone.now()
    nadia = client_of(coordinator)
    page = nadia.get(f"/personnes/{volunteer.pk}/").content.decode()
    assert f"/personnes/{volunteer.pk}/lien" not in page
    assert "Seule l" in page
    assert nadia.post(f"/personnes/{volunteer.pk}/lien-mot-de-passe/").status_code == 403
    nadia.post(f"/personnes/{volunteer.pk}/lien/")
    assert not Invitation.objects.exists()
    with pytest.raises(accounts.AccountRefused):
        accounts.give_link(user=volunteer, by=coordinator, now=now)
    # One that an administrator gave is not for her eyes either.
    invitation = accounts.give_link(user=volunteer, by=administrator, now=now)
    for path in ("/personnes/", f"/personnes/{volunteer.pk}/"):
        assert accounts.token_of(invitation) not in nadia.get(path).content.decode()


def test_a_coordinator_never_holds_the_link_of_somebody_invited_to_more(
    client_of, coordinator, administrator, settings
):
    settings.HAS_MAIL_SERVER = False
    address = accounts.Address("zoe@exemple.fr")
    accounts.invite(addresses=[address], role=roles.ADMINISTRATOR, by=administrator, now=timezone.now())
    page = client_of(coordinator).post(
        "/personnes/inviter/", {"addresses": "zoe@exemple.fr", "role": roles.VOLUNTEER}, follow=True
    )
    assert "/invitation/" not in page.content.decode()
    assert User.objects.get(email="zoe@exemple.fr").role_names == {roles.ADMINISTRATOR, roles.VOLUNTEER}


def test_whoever_was_only_invited_gets_a_new_link_from_a_coordinator(client_of, coordinator, settings):
    settings.HAS_MAIL_SERVER = False
    address = accounts.Address("zoe@exemple.fr")
    accounts.invite(addresses=[address], role=roles.VOLUNTEER, by=coordinator, now=timezone.now())
    user, nadia = User.objects.get(email="zoe@exemple.fr"), client_of(coordinator)
    before = nadia.get(f"/personnes/{user.pk}/")
    after = press(nadia, before, "Préparer un nouveau lien")
    link = nadia.get(after["Location"]).context["link"]
    assert link
    assert link != before.context["link"]


def test_one_gives_oneself_no_link(client_of, administrator):
    page = client_of(administrator).get(f"/personnes/{administrator.pk}/").content.decode()
    assert "lien pour changer" not in page
    with pytest.raises(accounts.AccountRefused, match="Mon compte"):
        accounts.give_link(user=administrator, by=administrator, now=timezone.now())


def test_with_a_mail_server_the_link_leaves_by_mail_and_is_not_shown(client_of, administrator, volunteer, settings):
    settings.HAS_MAIL_SERVER = True
    helper = client_of(administrator)
    page = press(helper, helper.get(f"/personnes/{volunteer.pk}/"), "Envoyer un lien")
    assert page["Location"] == f"/personnes/{volunteer.pk}/"
    message = mail.build(OutgoingMail.objects.get())
    assert "nouveau mot de passe" in message.subject
    assert "1 jour " in message.body
    assert "invité" not in message.body
    assert AccountNotice.objects.get().kind == "link_given"


# Told ---------------------------------------------------------------------------------------------------------
def test_every_notice_has_its_words():
    assert set(NOTICES.values()) <= set(notices.SENTENCES)
    assert set(notices.BY_OTHERS) <= set(notices.SENTENCES)


@pytest.mark.parametrize("has_server", [True, False])
def test_a_new_password_tells_its_owner(client, volunteer, settings, has_server):
    settings.HAS_MAIL_SERVER = has_server
    sign_in(client, volunteer)
    page = client.get("/compte/mot-de-passe/")
    press(client, page, "Changer", oldpassword=PASSWORD, password1=NEW, password2=NEW)
    assert JournalEntry.objects.filter(action="account.password_changed", object_id=volunteer.pk).exists()
    if has_server:
        message = mail.build(OutgoingMail.objects.get(template="security_notice"))
        assert "Le mot de passe de votre compte a été changé le" in message.body
        assert not AccountNotice.objects.exists()
        return
    assert not OutgoingMail.objects.exists()
    other = StrictClient()
    assert "Le mot de passe de votre compte a été changé le" in sign_in(other, volunteer, NEW).content.decode()
    other.post("/deconnexion/")
    assert "a été changé" not in sign_in(other, volunteer, NEW).content.decode(), "said once"


@pytest.mark.parametrize("has_server", [True, False])
def test_a_factor_that_the_administration_removes_tells_its_owner(
    client, client_of, administrator, coordinator, settings, has_server
):
    settings.HAS_MAIL_SERVER = has_server
    Authenticator.objects.create(user=coordinator, type="totp", data={"secret": "x"})
    helper = client_of(administrator)
    press(helper, helper.get(f"/personnes/{coordinator.pk}/"), "Retirer la double")
    assert not Authenticator.objects.exists()
    assert OutgoingMail.objects.count() == has_server
    if has_server:
        assert "l'administration a retiré" in mail.build(OutgoingMail.objects.get()).body
    assert "a retiré la double authentification" in sign_in(client, coordinator).content.decode()
    assert JournalEntry.objects.get(action="account.second_factor_removed").user == administrator


def test_what_nobody_came_to_hear_is_forgotten_with_the_journal(volunteer):
    now = timezone.now()
    notices.tell(user=volunteer, kind="link_used", now=now - timedelta(days=400))
    notices.tell(user=volunteer, kind="link_given", now=now)
    tasks.forget_old_rows()
    assert [one.kind for one in AccountNotice.objects.all()] == ["link_given"]


def test_nothing_is_sent_by_hand(volunteer, settings):
    settings.HAS_MAIL_SERVER = True
    notices.tell(user=volunteer, kind="codes", now=timezone.now())
    assert not outbox.outbox, "it waits in the queue like every message"


# Closed ---------------------------------------------------------------------------------------------------------
def close_and_open(user, by):
    accounts.deactivate(user=User.objects.get(pk=user.pk), by=by, now=timezone.now())
    accounts.reactivate(user=User.objects.get(pk=user.pk), by=by)


@pytest.mark.parametrize("engine", ["solidarites.sessions", "django.contrib.sessions.backends.cache"])
def test_no_session_of_before_works_after_a_closing(settings, administrator, volunteer, engine):
    """In the database or in a cache, on every device; one made afterwards does."""
    settings.SESSION_ENGINE = engine
    importlib.import_module(engine)
    devices = [StrictClient(), StrictClient()]
    for device in devices:
        device.force_login(User.objects.get(pk=volunteer.pk), backend=django_settings.AUTHENTICATION_BACKENDS[0])
        assert device.get("/compte/").status_code == 200
    close_and_open(volunteer, administrator)
    for device in devices:
        assert device.get("/compte/").status_code == 302
    fresh = StrictClient()
    sign_in(fresh, volunteer)
    assert fresh.get("/compte/").status_code == 200


def test_a_session_made_while_the_account_was_closed_never_works(administrator, volunteer):
    accounts.deactivate(user=User.objects.get(pk=volunteer.pk), by=administrator, now=timezone.now())
    device = StrictClient()
    device.force_login(User.objects.get(pk=volunteer.pk), backend=django_settings.AUTHENTICATION_BACKENDS[0])
    accounts.reactivate(user=User.objects.get(pk=volunteer.pk), by=administrator)
    assert device.get("/compte/").status_code == 302


def test_a_link_given_before_a_closing_opens_nothing_afterwards(client, administrator, volunteer):
    invitation = accounts.give_link(user=volunteer, by=administrator, now=timezone.now())
    close_and_open(volunteer, administrator)
    assert client.get(path_of(accounts.link_of(invitation))).status_code == 410


def test_the_page_comes_first_and_may_be_left(client_of, coordinator, volunteer):
    nadia = client_of(coordinator)
    assert "Désactiver le compte…" in nadia.get(f"/personnes/{volunteer.pk}/").content.decode()
    page = nadia.get(f"/personnes/{volunteer.pk}/desactiver/")
    assert "Rien n'attend cette personne" in page.content.decode()
    assert User.objects.get(pk=volunteer.pk).is_active
    press(nadia, page, "Désactiver le compte")
    assert not User.objects.get(pk=volunteer.pk).is_active


def test_who_may_not_close_an_account_is_told_why(client, client_of, coordinator, administrator, volunteer):
    admin = client_of(administrator)
    assert "votre propre compte" in admin.get(f"/personnes/{administrator.pk}/desactiver/").content.decode()
    both = make_user("max@exemple.fr", "Max", "Roy", roles.VOLUNTEER, roles.ADMINISTRATOR)
    page = client_of(coordinator).get(f"/personnes/{both.pk}/desactiver/").content.decode()
    assert "Seule l" in page
    assert 'method="post" action="/personnes' not in page
    assert client_of(volunteer).get(f"/personnes/{both.pk}/desactiver/").status_code == 403
    assert client.get(f"/personnes/{both.pk}/desactiver/").status_code == 302
    assert admin.get("/personnes/999999/desactiver/").status_code == 404


def test_closing_twice_is_written_once(administrator, volunteer):
    for _ in range(2):
        accounts.deactivate(user=User.objects.get(pk=volunteer.pk), by=administrator, now=timezone.now())
    assert JournalEntry.objects.filter(action="account.deactivated").count() == 1
    assert User.objects.get(pk=volunteer.pk).sessions_ended == 1


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_close_each_other_leave_one(administrator):
    other = make_user("max@exemple.fr", "Max", "Roy", roles.ADMINISTRATOR)
    together = threading.Barrier(2)

    def close(user_id, by_id):
        try:
            together.wait()
            accounts.deactivate(user=User.objects.get(pk=user_id), by=User.objects.get(pk=by_id), now=timezone.now())
        except accounts.AccountRefused:
            pass
        finally:
            connection.close()

    threads = [
        threading.Thread(target=close, args=pair)
        for pair in ((administrator.pk, other.pk), (other.pk, administrator.pk))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert User.objects.filter(is_active=True, groups__name=roles.ADMINISTRATOR).count() == 1
