"""Inviting: addresses as people paste them, a link that serves once, by mail or by hand."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.utils import timezone

from solidarites import accounts, mail, roles
from solidarites.models import Invitation, JournalEntry, OutgoingMail, User
from tests.factories import make_user

pytestmark = pytest.mark.django_db
PASSWORD = "une-phrase-facile-a-retenir"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lea@exemple.fr", [("lea@exemple.fr", "", "")]),
        ("Lea@Exemple.fr, paul@exemple.fr", [("lea@exemple.fr", "", ""), ("paul@exemple.fr", "", "")]),
        ("a@exemple.fr b@exemple.fr\tc@exemple.fr", [(f"{one}@exemple.fr", "", "") for one in "abc"]),
        ("a@exemple.fr;b@exemple.fr\r\n\r\nb@exemple.fr", [("a@exemple.fr", "", ""), ("b@exemple.fr", "", "")]),
        ("Léa Roux <lea@exemple.fr>", [("lea@exemple.fr", "Léa", "Roux")]),
        (
            '"Léa Roux" <lea@exemple.fr>; Paul <paul@exemple.fr>',
            [("lea@exemple.fr", "Léa", "Roux"), ("paul@exemple.fr", "Paul", "")],
        ),
        ("Roux, Léa <lea@exemple.fr>", [("lea@exemple.fr", "Léa", "Roux")]),
        ("Léa Roux lea@exemple.fr", [("lea@exemple.fr", "Léa", "Roux")]),
        ("mailto:lea@exemple.fr", [("lea@exemple.fr", "", "")]),
        ("<lea@exemple.fr>,", [("lea@exemple.fr", "", "")]),
        ("Jean de la Tour (jean@exemple.fr)", [("jean@exemple.fr", "Jean", "de la Tour")]),
    ],
)
def test_addresses_are_understood_however_they_are_pasted(text, expected):
    found, refused = accounts.parse_addresses(text)
    assert [(one.email, one.first_name, one.last_name) for one in found] == expected
    assert refused == []


@pytest.mark.parametrize("text", ["lea", "lea@", "@exemple.fr", "lea@exemple", "Léa <lea chez exemple.fr>", "a@b@c.fr"])
def test_what_is_no_address_is_given_back(text):
    found, refused = accounts.parse_addresses(f"ok@exemple.fr\n{text}")
    assert [one.email for one in found] == ["ok@exemple.fr"]
    assert len(refused) == 1


def test_any_text_is_read_without_error():
    for text in ["", ",,;;", "<<<>>>", "@@@", "a, <", "\u00a0", "<" * 500, "é" * 3000, "a,b,<c@exemple.fr>"]:
        accounts.parse_addresses(text)


def invite(by, text="Zoé Marin <zoe@exemple.fr>", role=roles.VOLUNTEER, now=None):
    addresses, _ = accounts.parse_addresses(text)
    return accounts.invite(addresses=addresses, role=role, by=by, now=now or timezone.now())


def path_of(invitation):
    return "/" + accounts.link_of(invitation).split("/", 3)[3]


def join(client, path, **data):
    data = {"first_name": "Zoé", "last_name": "Marin", "password1": PASSWORD, "password2": PASSWORD, **data}
    return client.post(path, data)


def test_the_whole_way_from_the_page_to_the_first_call(client_of, client, coordinator, settings):
    settings.HAS_MAIL_SERVER = True
    page = client_of(coordinator).post(
        "/personnes/inviter/",
        {"addresses": "Zoé Marin <zoe@exemple.fr>\nyves@exemple.fr", "role": "volunteer"},
        follow=True,
    )
    assert "2 invitations partent" in page.content.decode()
    for pk in mail.due_ids(timezone.now()):
        mail.send_one(pk, timezone.now())
    message = next(one for one in outbox.outbox if one.to == ["zoe@exemple.fr"])
    path = re.search(r"https?://[^/\s]+(/invitation/\S+/)", message.body)[1]
    form = client.get(path).content.decode()
    assert 'value="Zoé"' in form
    assert 'value="Marin"' in form
    assert "zoe@exemple.fr" in form
    response = join(client, path)
    assert response["Location"] == "/appels/"
    user = User.objects.get(email="zoe@exemple.fr")
    assert user.check_password(PASSWORD)
    assert user.has_role(roles.VOLUNTEER)
    assert client.get("/compte/").status_code == 200
    assert JournalEntry.objects.filter(action="account.joined", user=user).exists()


def test_the_message_says_nothing_of_anybody(coordinator):
    result = invite(coordinator)
    row = OutgoingMail.objects.get()
    assert row.context == {"invitation_id": result.invitations[0].pk, "days": 14, "joined": False}
    message = mail.build(row)
    for text in (message.subject, message.body, message.alternatives[0][0]):
        for personal in ("Zoé", "Marin", "Nadia", "Benali", "zoe@exemple.fr", "nadia@exemple.fr"):
            assert personal not in text
        assert not re.search(r"\b(password|your|click|hello|invite you)\b", text, re.I)


def test_the_database_holds_no_token(coordinator):
    invitation = invite(coordinator).invitations[0]
    token = accounts.token_of(invitation)
    assert invitation.token_hash != token
    assert token not in str(OutgoingMail.objects.values_list())
    again = Invitation.objects.get(pk=invitation.pk)
    assert accounts.token_of(again) == token, "the link is the same when it is made again"


def test_without_a_mail_server_the_links_are_shown_to_copy(client_of, client, coordinator, settings):
    settings.HAS_MAIL_SERVER = False
    response = client_of(coordinator).post("/personnes/inviter/", {"addresses": "zoe@exemple.fr", "role": "volunteer"})
    page = response.content.decode()
    path = re.search(r'value="https?://[^/]+(/invitation/[^"]+)"', page)[1]
    assert "data-copy" in page
    assert client.get(path).status_code == 200
    person = User.objects.get(email="zoe@exemple.fr")
    assert path in client_of(coordinator).get(f"/personnes/{person.pk}/").content.decode()
    settings.HAS_MAIL_SERVER = True
    assert path not in client_of(coordinator).get(f"/personnes/{person.pk}/").content.decode()


def test_each_wrong_address_is_named_and_the_text_is_kept(client_of, coordinator):
    text = "zoe@exemple.fr\npas une adresse\nautre@"
    page = client_of(coordinator).post("/personnes/inviter/", {"addresses": text, "role": "volunteer"}).content.decode()
    assert "pas une adresse\u00a0» n" in page
    assert "autre@\u00a0» n" in page
    assert "zoe@exemple.fr\npas une adresse\nautre@" in page
    assert not User.objects.filter(email="zoe@exemple.fr").exists()


def test_what_was_typed_is_shown_as_text_never_as_code(client_of, coordinator):
    data = {"addresses": "<script>alert(1)</script>", "role": "volunteer"}
    page = client_of(coordinator).post("/personnes/inviter/", data).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    "text", ["", "   ", "a\x00b@exemple.fr", "x" * 30_000, " ".join(f"p{i}@exemple.fr" for i in range(201))]
)
def test_nothing_too_much_or_unreadable_gets_in(client_of, coordinator, text):
    response = client_of(coordinator).post("/personnes/inviter/", {"addresses": text, "role": "volunteer"})
    assert response.status_code == 200
    assert "invalid-feedback" in response.content.decode()
    assert not Invitation.objects.exists()


def test_a_coordinator_invites_volunteers_only(client_of, coordinator, administrator):
    page = client_of(coordinator).post("/personnes/inviter/", {"addresses": "zoe@exemple.fr", "role": "administrator"})
    assert page.status_code == 200
    assert not User.objects.filter(email="zoe@exemple.fr").exists()
    with pytest.raises(accounts.AccountRefused):
        invite(coordinator, role=roles.ADMINISTRATOR)
    assert invite(administrator, role=roles.ADMINISTRATOR).invitations[0].user.has_role(roles.ADMINISTRATOR)


def test_somebody_with_an_account_simply_gets_the_role(coordinator, administrator):
    result = invite(coordinator, "Hugues@exemple.fr")
    assert result.given == [administrator]
    assert not result.invitations
    assert not OutgoingMail.objects.exists()
    assert User.objects.get(pk=administrator.pk).has_role(roles.VOLUNTEER)


def test_a_deactivated_account_is_left_closed_and_said_so(coordinator):
    closed = make_user("yves@exemple.fr", "Yves", "Roy", is_active=False)
    result = invite(coordinator, "yves@exemple.fr")
    assert result.deactivated == [closed]
    assert not closed.groups.exists()


def test_a_link_serves_once(client, coordinator):
    path = path_of(invite(coordinator).invitations[0])
    assert join(client, path).status_code == 302
    client.logout()
    response = client.get(path)
    assert response.status_code == 410
    assert "plus valable" in response.content.decode()
    assert join(client, path).status_code == 410


def test_two_browsers_at_once_use_it_once(coordinator):
    invitation = invite(coordinator).invitations[0]
    given = {"first_name": "Zoé", "last_name": "Marin", "password": PASSWORD, "now": timezone.now()}
    accounts.accept(invitation=invitation, **given)
    with pytest.raises(accounts.AccountRefused):
        accounts.accept(invitation=invitation, **{**given, "password": "un-autre-mot-de-passe"})
    assert User.objects.get(email="zoe@exemple.fr").check_password(PASSWORD)


def test_a_link_dies_after_fourteen_days(client, coordinator):
    assert (
        client.get(path_of(invite(coordinator, now=timezone.now() - timedelta(days=13)).invitations[0])).status_code
        == 200
    )
    assert (
        client.get(path_of(invite(coordinator, now=timezone.now() - timedelta(days=15)).invitations[0])).status_code
        == 410
    )


def test_sending_it_again_replaces_the_link_and_the_waiting_message(client, client_of, coordinator):
    old = invite(coordinator, now=timezone.now() - timedelta(minutes=5)).invitations[0]
    old_path = path_of(old)
    client_of(coordinator).post(f"/personnes/{old.user_id}/lien/")
    new = Invitation.objects.get()
    assert client.get(old_path).status_code == 410
    assert client.get(path_of(new)).status_code == 200
    states = sorted(OutgoingMail.objects.values_list("state", flat=True))
    assert states == ["cancelled", "queued"]


def test_a_withdrawn_invitation_leaves_nothing(client, client_of, coordinator):
    invitation = invite(coordinator).invitations[0]
    path = path_of(invitation)
    client_of(coordinator).post(f"/personnes/{invitation.user_id}/retirer/")
    assert client.get(path).status_code == 410
    assert not User.objects.filter(email="zoe@exemple.fr").exists()
    assert OutgoingMail.objects.get().state == "cancelled"


def test_one_who_joined_is_not_withdrawn_but_deactivated(client_of, coordinator, volunteer):
    page = client_of(coordinator).post(f"/personnes/{volunteer.pk}/retirer/", follow=True).content.decode()
    assert "désactivez plutôt" in page
    assert User.objects.filter(pk=volunteer.pk).exists()


def test_the_form_keeps_names_and_says_what_is_wrong_with_the_password(client, coordinator):
    path = path_of(invite(coordinator).invitations[0])
    page = join(client, path, password2="autre-chose-encore").content.decode()
    assert "Les deux mots de passe sont différents." in page
    assert 'value="Zoé"' in page
    assert PASSWORD not in page
    assert "trop court" in join(client, path, password1="court", password2="court").content.decode()
    assert "Ce champ est obligatoire" in join(client, path, first_name="").content.decode()
    assert "trop" in join(client, path, password1="Marin-Zoé", password2="Marin-Zoé").content.decode()


def test_another_person_signed_in_there_is_told_first(client_of, volunteer, coordinator):
    path = path_of(invite(coordinator).invitations[0])
    client = client_of(volunteer)
    page = client.get(path).content.decode()
    assert "Une autre personne est connectée" in page
    assert join(client, path).status_code == 200
    assert not accounts.has_joined(User.objects.get(email="zoe@exemple.fr"))
    assert client.post("/deconnexion/", {"next": path})["Location"] == path


@pytest.mark.parametrize("token", ["x", "x" * 3000, "%00", "../..", "é"])
def test_an_invented_link_is_answered_in_french(client, token):
    assert client.get(f"/invitation/{token}/").status_code in (404, 410)


def test_a_coordinator_who_joins_sets_up_the_second_factor_first(client, administrator, settings):
    path = path_of(invite(administrator, role=roles.COORDINATOR).invitations[0])
    settings.REQUIRE_SECOND_FACTOR = True
    assert join(client, path)["Location"] == "/tableau-de-bord/"
    assert client.get("/tableau-de-bord/")["Location"] == "/compte/second-facteur/application/"
    # The password was given a moment ago: it is not asked again.
    assert client.get("/compte/second-facteur/application/").status_code == 200


def test_one_invitation_leaves_one_journal_row_with_ids_alone(coordinator):
    invite(coordinator, "zoe@exemple.fr, yves@exemple.fr")
    entry = JournalEntry.objects.get(action="account.invited")
    assert entry.detail == {
        "role": "volunteer",
        "users": list(User.objects.exclude(pk=coordinator.pk).order_by("pk").values_list("pk", flat=True)),
    }


def test_a_message_whose_invitation_is_gone_does_not_stop_the_others(coordinator):
    gone = invite(coordinator, "zoe@exemple.fr").invitations[0]
    invite(coordinator, "yves@exemple.fr")
    # A worker died while sending it, and the invitation was taken back meanwhile.
    OutgoingMail.objects.filter(to="zoe@exemple.fr").update(state=OutgoingMail.State.SENDING)
    accounts.withdraw(user=gone.user, by=coordinator)
    for pk in mail.due_ids(timezone.now()):
        mail.send_one(pk, timezone.now())
    assert [message.to for message in outbox.outbox] == [["yves@exemple.fr"]]
    assert not mail.due_ids(timezone.now() + timedelta(days=1))
