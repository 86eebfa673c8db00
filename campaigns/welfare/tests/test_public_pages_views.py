"""The pages that anybody opens: a neighbour's worry, and the caretaker's list behind its link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from campaigns.models import Campaign, CaretakerRound, CaretakerVisit, NeighbourReport, Poster
from campaigns.neighbours.views import page as neighbour_page
from campaigns.welfare import caretakers
from campaigns.welfare.tests.welfare_cast import HOSTILE, make_door, make_residence, make_round, open_check
from solidarites.models import JournalEntry
from tests import factories

pytestmark = pytest.mark.django_db

SAID = {"place": "12 rue des Lilas, Pessac", "worries": ["mail"], "text": "Volets clos depuis lundi."}


def text(response: Any) -> str:
    return response.content.decode()


def lasting(response: Any) -> str:
    """The page without what changes at every request."""
    import re

    return re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", text(response))


# Neighbours ---------------------------------------------------------------------------------------------------------


def test_a_worry_becomes_a_report(client: Any, campaign: Campaign) -> None:
    page = client.get("/voisins/")
    assert "Danger en ce moment" in text(page)
    assert (page["X-Robots-Tag"], page["Cache-Control"]) == ("noindex, nofollow, noarchive", "no-store, private")
    answer = client.post("/voisins/", SAID | {"reporter_name": "M. Roche", "reporter_phone": "05 36 49 12 34"})
    assert (answer.status_code, answer["Location"]) == (302, "/voisins/merci/")
    report = NeighbourReport.objects.get()
    assert (report.place, report.worries, report.reporter_phone) == (SAID["place"], ["mail"], "+33536491234")
    assert "Merci" in text(client.get("/voisins/merci/"))


def test_the_answer_is_the_same_whoever_lives_there(client: Any, campaign: Campaign) -> None:
    residence = make_residence()
    make_door(campaign, residence, now=timezone.now(), street="12 rue des Lilas", city="Pessac")
    known = client.post("/voisins/", SAID, follow=True)
    unknown = client.post("/voisins/", SAID | {"place": "999 rue de Nulle Part"}, follow=True)
    assert lasting(known) == lasting(unknown)
    assert known.redirect_chain == unknown.redirect_chain


def test_a_posters_code_says_where_and_any_other_says_nothing(client: Any, campaign: Campaign) -> None:
    residence = make_residence()
    poster = Poster.objects.create(residence=residence)
    assert "Les Tilleuls" in text(client.get(f"/voisins/{poster.code}/"))
    client.post(f"/voisins/{poster.code.lower()}/", {"worries": ["alone"]})
    assert NeighbourReport.objects.get().residence == residence
    unknown = client.get("/voisins/ZZZZZZZZZZ/")
    assert unknown.status_code == 200
    assert lasting(unknown) == lasting(client.get("/voisins/"))


def test_what_is_missing_is_said_at_its_field_and_the_rest_is_kept(client: Any, campaign: Campaign) -> None:
    answer = client.post("/voisins/", {"text": "Volets clos.", "reporter_phone": "12"})
    form = answer.context["form"]
    assert set(form.errors) == {"place", "worries"}
    assert "Volets clos." in text(answer)
    assert "n&#x27;est pas parti" in text(answer) or "n'est pas parti" in text(answer)
    long = client.post("/voisins/", SAID | {"text": "x" * 301})
    assert "300 caractères" in text(long)
    assert not NeighbourReport.objects.exists()


def test_a_robot_that_fills_the_hidden_field_learns_nothing(client: Any, campaign: Campaign) -> None:
    answer = client.post("/voisins/", SAID | {"site": "https://exemple.fr"})
    assert (answer.status_code, answer["Location"]) == (302, "/voisins/merci/")
    assert not NeighbourReport.objects.exists()


def test_one_address_cannot_flood_and_all_together_neither(
    client: Any, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(neighbour_page.PER_ADDRESS):
        assert client.post("/voisins/", SAID | {"text": str(number)}).status_code == 302
    refused = client.post("/voisins/", SAID | {"text": "trop"})
    assert (refused.status_code, refused["Retry-After"]) == (429, "600")
    assert "15" in text(refused)
    # Somebody else still writes; past the limit of all, nobody.
    assert client.post("/voisins/", SAID | {"text": "autre"}, REMOTE_ADDR="198.51.100.7").status_code == 302
    monkeypatch.setattr(neighbour_page, "IN_ALL", 1)
    assert client.post("/voisins/", SAID | {"text": "encore"}, REMOTE_ADDR="198.51.100.8").status_code == 429
    assert NeighbourReport.objects.count() == neighbour_page.PER_ADDRESS + 1


def test_when_nobody_reads_the_page_says_so(client: Any) -> None:
    factories.make_campaign(status=Campaign.Status.CLOSED)
    for page in (client.get("/voisins/"), client.post("/voisins/", SAID)):
        assert page.status_code == 200
        assert "CCAS" in text(page)
    assert not NeighbourReport.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"place": "\x00", "worries": ["mail"]},
        {"place": "a\x00b", "worries": ["\x00"], "text": "\ud83d\ude00" if False else "é\x00"},
        {"place": HOSTILE, "worries": ["mail", "danger"], "text": "<script>alert(1)</script>" * 9},
        {"place": "x" * 100_000, "worries": ["mail"] * 900},
        {"place": ["a", "b"], "worries": "mail", "reporter_phone": "+" * 30},
        {"place": "a", "worries": "mail", "reporter_phone": "\u0661\u0662\u0663"},
        {},
    ],
)
def test_nothing_a_robot_sends_breaks_the_page(client: Any, campaign: Campaign, data: dict[str, Any]) -> None:
    assert client.post("/voisins/", data).status_code in (200, 302)


@pytest.mark.parametrize("path", ["%00/", "%FF%FE/", "a" * 5000 + "/", "..%2f..%2fetc/", "ABCDEFGHJ'/", "merci/x/"])
def test_no_address_of_a_robot_breaks_the_site(client: Any, campaign: Campaign, path: str) -> None:
    assert client.get(f"/voisins/{path}").status_code == 404


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b"--x\r\nContent-Disposition: form-data", "multipart/form-data; boundary=x"),
        (b"place=%FF%FE&worries=mail&text=%ED%A0%80", "application/x-www-form-urlencoded"),
    ],
)
def test_no_body_of_a_robot_breaks_the_site(client: Any, campaign: Campaign, body: bytes, kind: str) -> None:
    assert client.post("/voisins/", body, content_type=kind).status_code < 500


def test_forged_proxy_headers_break_nothing(client: Any, campaign: Campaign) -> None:
    for forged in ("pas-une-adresse", ",,,", "1.2.3.4, ::::", "\x00"):
        assert client.post("/voisins/", SAID, HTTP_X_FORWARDED_FOR=forged).status_code in (302, 429)


def test_no_other_method(client: Any, campaign: Campaign) -> None:
    assert client.put("/voisins/").status_code == 405
    assert client.post("/voisins/merci/").status_code == 405


# Caretakers -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def made(campaign: Campaign, coordinator: Any) -> CaretakerRound:
    now = timezone.now()
    residence = make_residence()
    checks = [
        open_check(make_door(campaign, residence, now=now, door=f"porte {number}"), coordinator, now)
        for number in range(2)
    ]
    return make_round(checks, coordinator, now)


def test_the_link_shows_names_and_dwellings_and_nothing_else(client: Any, made: CaretakerRound) -> None:
    visit = made.visits.select_related("check_row__case__household").first()
    assert visit is not None
    household = visit.check_row.case.household
    household.notes = "Entend mal"
    household.save()
    page = client.get(f"/gardien/{caretakers.token_of(made)}/")
    shown = text(page)
    tenant = household.tenants.get()
    assert tenant.last_name.upper() in shown
    assert household.door in shown
    for secret in (household.phones.get().e164[-9:], "Entend mal", "1941", household.reference):
        assert secret not in shown
    assert page["Cache-Control"] == "no-store, private"
    assert page["X-Robots-Tag"].startswith("noindex")
    assert page["Referrer-Policy"] == "same-origin"
    assert JournalEntry.objects.filter(action="caretaker.opened", object_id=made.pk).count() == 1


def test_an_answer_is_noted_and_can_change(client: Any, made: CaretakerRound) -> None:
    visit = made.visits.first()
    assert visit is not None
    url = f"/gardien/{caretakers.token_of(made)}/{visit.pk}/"
    assert "c'est noté" in text(client.post(url, {"answer": "absent"}, follow=True)).replace("&#x27;", "'")
    client.post(url, {"answer": "help"})
    visit.refresh_from_db()
    assert visit.answer == CaretakerVisit.Answer.HELP
    assert "trois réponses" in text(client.post(url, {"answer": "\x00"}, follow=True))
    assert client.get(url).status_code == 405


def test_every_link_that_does_not_open_says_the_same(client: Any, made: CaretakerRound, coordinator: Any) -> None:
    visit = made.visits.first()
    assert visit is not None
    unknown = lasting(client.get(f"/gardien/{'x' * 43}/"))
    assert lasting(client.post(f"/gardien/{'x' * 43}/{visit.pk}/", {"answer": "well"})) == unknown
    for token in ("x", "é" * 30, "x" * 400):
        assert lasting(client.get(f"/gardien/{token}/")) == unknown
    CaretakerRound.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert lasting(client.get(f"/gardien/{caretakers.token_of(made)}/")) == unknown
    CaretakerRound.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    caretakers.revoke(made=made, by=coordinator, now=timezone.now())
    assert lasting(client.get(f"/gardien/{caretakers.token_of(made)}/")) == unknown
    assert lasting(client.post(f"/gardien/{caretakers.token_of(made)}/{visit.pk}/", {"answer": "well"})) == unknown
    visit.refresh_from_db()
    assert visit.answer == ""
    assert not JournalEntry.objects.filter(action="caretaker.opened").exists()


def test_guessing_links_stops_soon(client: Any, made: CaretakerRound, monkeypatch: pytest.MonkeyPatch) -> None:
    from campaigns.welfare.views import caretaker_page

    monkeypatch.setattr(caretaker_page, "MOST", 3)
    cache.clear()
    codes = [client.get(f"/gardien/{'x' * 43}/").status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert client.get(f"/gardien/{caretakers.token_of(made)}/").status_code == 429


@pytest.mark.parametrize("path", ["%00%00/", "%FF/", "x/99999999999999999999/", "x/-1/"])
def test_no_strange_link_breaks_the_site(client: Any, made: CaretakerRound, path: str) -> None:
    assert client.get(f"/gardien/{path}").status_code in (200, 404, 405)
