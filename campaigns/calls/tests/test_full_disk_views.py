"""A disk that fills up in the middle of a campaign: what is typed stays in the page, nothing is half written."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.models import Call, Case
from solidarites import logs, mail
from solidarites.models import JournalEntry
from tenants.models import ListImport
from tests.factories import PASSWORD, make_case, make_household
from tests.full_disk import full_disk
from tests.pages import press
from tests.strict import StrictClient

pytestmark = pytest.mark.django_db(transaction=True)
COMMENT = "La fille passe le dimanche, la voisine garde les clés."


@pytest.fixture
def held(volunteer: Any, volunteer2: Any) -> Any:
    return hold(make_case(running_campaign(volunteer, volunteer2), make_household()), volunteer)


@pytest.fixture
def lea(volunteer: Any, settings: Any) -> Client:
    browser = StrictClient(raise_request_exception=False)
    browser.force_login(volunteer, backend=settings.AUTHENTICATION_BACKENDS[0])
    return browser


def test_what_was_typed_is_in_the_page_and_recorded_once_there_is_room(lea: Client, held: Any) -> None:
    typed = {**well(held.case), "submission": str(held.call.submission), "comment": COMMENT, "weekdays": ["1", "3"]}
    before = JournalEntry.objects.count()
    with full_disk():
        refused = lea.post(url("record", held.case.pk), typed)
    assert refused.status_code == 503
    said = text(refused)
    assert "Rien ne peut être enregistré en ce moment" in said
    assert "Le disque de la plateforme est plein" in said
    assert "15 ou le 112" in said
    assert COMMENT in said
    assert refused.content.decode().count('name="weekdays"') == 2
    assert "no-store" in refused["Cache-Control"]
    call = Call.objects.get()
    assert (call.state, Case.objects.get().status) == (Call.State.DRAFT, held.case.status), "nothing is half written"
    assert JournalEntry.objects.count() == before
    recorded = press(lea, refused, "Envoyer de nouveau")
    assert recorded.status_code == 302
    call.refresh_from_db()
    assert (call.state, call.comment) == (Call.State.RECORDED, COMMENT)


def test_saving_while_one_types_says_that_it_failed_and_works_again(lea: Client, held: Any, caplog: Any) -> None:
    typed = {"page": "1", "q-accueil": "oui", "comment": COMMENT}
    caplog.handler.setFormatter(logs.Line())
    with full_disk():
        assert lea.post(url("save", held.case.pk), typed).status_code == 503
    # One line, as often as the page tries again.
    assert len(caplog.text.strip().splitlines()) == 1
    assert "Service Unavailable: /appels/… (django.db.utils.OperationalError: " in caplog.text
    assert lea.post(url("save", held.case.pk), typed).json()["saved"].startswith("enregistré")
    assert Call.objects.get().comment == COMMENT


def test_a_list_leaves_nothing_behind_and_is_taken_later(
    client_of: Any, administrator: Any, landlord: Any, settings: Any
) -> None:
    hugues = client_of(administrator)
    hugues.raise_request_exception = False
    lines = "\n".join(f"{n};MARTIN{n};Jeanne;12/03/1938;05 56 00 {n // 100:02} {n % 100:02}" for n in range(3000))

    def send() -> Any:
        content = f"Référence;Nom;Prénom;Date de naissance;Téléphone\n{lines}".encode()
        form = {"landlord": landlord.pk, "file": SimpleUploadedFile("liste.csv", content)}
        return hugues.post(reverse("imports:upload"), form)

    with full_disk():
        refused = send()
    assert refused.status_code == 503
    assert "revenez à la page précédente" in text(refused)
    assert not ListImport.objects.exists()
    assert not [path for path in settings.UPLOADS_DIR.rglob("*") if path.is_file()]
    assert send().status_code == 302


def test_a_message_waits_and_leaves_once(inbox: Any, transactional_db: None) -> None:
    now = timezone.now()
    context = {"notice": "password", "at": "01/06/2026 à 10 h 00"}
    row = mail.queue_mail(key="a", to="nadia@exemple.fr", template="security_notice", context=context, now=now)
    with full_disk(), pytest.raises(OperationalError):
        mail.send_due(lambda: now)
    assert not inbox.taken
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("queued", 0)
    assert mail.send_due(lambda: now) == 1
    assert mail.send_due(lambda: now + mail.LEASE) == 0
    assert len(inbox.taken) == 1


def test_a_page_that_only_reads_still_opens(lea: Client) -> None:
    session = lea.session
    session["active_at"] = 1_000 + session.get("active_at", int(timezone.now().timestamp())) - 1_100
    session.save()
    with full_disk():
        assert lea.get(reverse("account")).status_code == 200, "the moment of the last activity is all it would write"


def test_a_password_is_never_given_back(volunteer: Any) -> None:
    browser = StrictClient(raise_request_exception=False)
    with full_disk():
        # The session of somebody who signs in is written.
        refused = browser.post("/connexion/", {"login": volunteer.email, "password": PASSWORD})
    assert refused.status_code == 503
    assert PASSWORD not in refused.content.decode()
    assert "revenez à la page précédente" in text(refused)


def test_a_database_that_stops_is_said_too(lea: Client, held: Any, monkeypatch: Any) -> None:
    elsewhere = {"NAME": "/nulle-part/base.sqlite3"} if connection.vendor == "sqlite" else {"HOST": "::1", "PORT": "1"}
    connection.close()
    with monkeypatch.context() as patch:
        for key, value in elsewhere.items():
            patch.setitem(connection.settings_dict, key, value)
        typed = {"comment": COMMENT, "submission": str(held.call.submission)}
        refused = lea.post(url("record", held.case.pk), typed, headers={"Sec-Fetch-Site": "same-origin"})
        foreign = lea.post(url("record", held.case.pk), typed)
        page = lea.get(url("call", held.case.pk))
    assert refused.status_code == page.status_code == 503
    assert "La base de données de la plateforme ne répond pas" in text(page)
    assert COMMENT in text(refused)
    assert COMMENT not in text(foreign), "a form of another site is not sent from here"
    assert "Réessayer" in text(page)
