"""The messages in the Django admin: what became of each, for administrators alone, and nobody's address or words."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from solidarites import mail
from solidarites.models import OutgoingMail
from tests.strict import count_queries

pytestmark = pytest.mark.django_db
LIST = "/admin/solidarites/outgoingmail/"


@pytest.fixture
def row() -> OutgoingMail:
    to, said = ["lucienne.martin@bordeaux.fr", "accueil@ccas.fr"], {"reference": "un mot du contexte"}
    made = mail.queue_mail(key="referral:12:sent:1", to=to, template="referral_sent", context=said, now=timezone.now())
    OutgoingMail.objects.filter(pk=made.pk).update(attempts=3, error="SMTPDataError 451")
    made.refresh_from_db()
    return made


def test_an_administrator_reads_what_became_of_each_message(client_of: Any, administrator: Any, row: Any) -> None:
    hugues = client_of(administrator)
    for address in (LIST, f"{LIST}{row.pk}/change/"):
        page = hugues.get(address).content.decode()
        for word in ("un signalement", "en attente", "SMTPDataError 451", "…@bordeaux.fr, …@ccas.fr"):
            assert word in page, (address, word)
        for word in ("lucienne", "accueil@", "un mot du contexte", row.message_id.strip("<>")):
            assert word not in page, (address, word)


def test_messages_are_sorted_by_state_and_kind(client_of: Any, administrator: Any, row: Any) -> None:
    hugues = client_of(administrator)
    for query, shown in (("etat=queued", 1), ("etat=failed", 0), ("sorte=referral_sent", 1), ("sorte=invitation", 0)):
        assert hugues.get(f"{LIST}?{query}").content.decode().count("SMTPDataError") == shown
    assert hugues.get(f"{LIST}?etat=inconnu").status_code == 200


def test_nothing_of_a_message_is_changed_there(client_of: Any, administrator: Any, row: Any) -> None:
    hugues = client_of(administrator)
    for address in (f"{LIST}add/", f"{LIST}{row.pk}/delete/"):
        assert hugues.get(address).status_code == 403
    assert hugues.post(f"{LIST}{row.pk}/change/", {"to": "autre@exemple.fr"}).status_code == 403
    assert hugues.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk]}).status_code in (200, 302, 403)
    after = OutgoingMail.objects.get()
    assert (after.to, after.state) == (row.to, row.state)
    assert hugues.get(f"{LIST}999999/change/").status_code == 302


@pytest.mark.parametrize("who", ["volunteer", "coordinator", "switchboard"])
def test_nobody_else_reads_them(client: Any, client_of: Any, row: Any, who: str, request: Any) -> None:
    browser = client_of(request.getfixturevalue(who))
    for address in (LIST, f"{LIST}{row.pk}/change/"):
        assert browser.get(address).status_code in (302, 403)
        assert "SMTPDataError" not in browser.get(address, follow=True).content.decode()
        assert client.get(address).status_code == 302


def test_the_list_costs_the_same_for_one_message_and_for_fifty(client_of: Any, administrator: Any, row: Any) -> None:
    hugues = client_of(administrator)
    hugues.get(LIST)
    with count_queries() as one:
        hugues.get(LIST)
    for number in range(50):
        mail.queue_mail(key=f"a:{number}", to="a@exemple.fr", template="alert", context={}, now=timezone.now())
    with count_queries() as many:
        hugues.get(LIST)
    assert len(one) == len(many)


def test_every_template_has_its_word() -> None:
    folder = django_settings.BASE_DIR / "templates" / "emails"
    assert {path.stem for path in folder.glob("*.txt") if path.stem[0] != "_"} == set(mail.KINDS)
