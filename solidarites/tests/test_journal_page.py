"""The journal's page: sentences, links, filters, pages that count nothing, a file, and only for administrators."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.models import Alert, Case
from solidarites import accounts, journal, journal_page, roles
from solidarites.journal_page import Filters
from solidarites.journal_words import WORDS
from solidarites.models import JournalEntry, User
from tests.factories import PASSWORD, make_user
from tests.strict import count_queries

pytestmark = pytest.mark.django_db
PAGE = "/administration/journal/"
EXPORT = f"{PAGE}export.csv"


@pytest.fixture
def hugues(client_of: Any, administrator: Any) -> Any:
    return client_of(administrator)


def write(action: str = "case.read", *, at: datetime | None = None, **fields: Any) -> JournalEntry:
    row = journal.entry(action, **fields)
    row.at = at or timezone.now()
    row.save()
    return row


def text(response: Any) -> str:
    return response.content.decode().replace("\xa0", " ").replace("&#x27;", "'")


def shown(client: Any, query: str = "") -> list[str]:
    """What the lines say, the reading of the journal itself left out."""
    return [line.what for line in client.get(f"{PAGE}?{query}").context["lines"] if line.what != "a lu le journal"]


def exported(response: Any) -> list[list[str]]:
    data = b"".join(response.streaming_content)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data[3:].decode()), delimiter=";"))


# Who -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", [PAGE, EXPORT])
def test_administrators_alone(client, client_of, coordinator, volunteer, hugues, path):
    assert client.get(path).status_code == 302
    for other in (coordinator, volunteer):
        assert client_of(other).get(path).status_code == 403
    assert hugues.get(path).status_code == 200
    assert hugues.post(path).status_code == 405


def test_the_menu_leads_there(client_of, coordinator, hugues):
    assert f'href="{PAGE}"' in hugues.get("/personnes/").content.decode()
    assert f'href="{PAGE}"' not in client_of(coordinator).get("/personnes/").content.decode()


def test_reading_and_exporting_are_written_with_what_was_looked_for(hugues, administrator):
    hugues.get(f"{PAGE}?genre=lectures&foyer=12")
    exported(hugues.get(f"{EXPORT}?du=2026-01-02"))
    rows = JournalEntry.objects.filter(action__startswith="journal.").order_by("pk")
    assert [(row.action, row.user, row.detail) for row in rows] == [
        ("journal.read", administrator, {"kind": "lectures", "household": 12}),
        ("journal.exported", administrator, {"first_day": "2026-01-02"}),
    ]


# Words -----------------------------------------------------------------------------------------------------
def test_a_row_is_a_sentence_with_links_to_what_may_be_opened(hugues, case: Case, coordinator, volunteer):
    alert = Alert.objects.create(kind=Alert.Kind.MESSAGE, key="x", case=case, campaign=case.campaign)
    write("alert.taken", obj=alert, by=coordinator, campaign_id=case.campaign_id, level="U1")
    write("case.read", obj=case, by=coordinator, household_id=case.household_id)
    write("account.deactivated", obj=volunteer, by=coordinator)
    write("account.roles", obj=volunteer, by=coordinator, roles="coordinator,volunteer")
    write("cases.listed", by=coordinator, cases=[1, 2, 3])
    page = text(hugues.get(PAGE))
    for link in (
        f'<a href="/alertes/{alert.pk}/">alerte n° {alert.pk}</a>',
        f'<a href="/campagnes/{case.campaign.slug}/">campagne « {case.campaign.name} »</a>',
        f'<a href="/dossiers/{case.pk}/">dossier n° {case.pk}</a>',
        f'<a href="/dossiers/{case.pk}/">foyer n° {case.household_id}</a>',
        f'<a href="/personnes/{volunteer.pk}/">Léa Bonnet</a>',
        f'<a href="/personnes/{coordinator.pk}/">Nadia Benali</a>',
    ):
        assert link in page, link
    for words in (
        "a pris une alerte",
        "(niveau U1)",
        "a désactivé un compte",
        "rôles : coordination, bénévole",
        "3 dossiers",
    ):
        assert words in page, words


def test_every_link_shown_opens(hugues, case: Case, coordinator):
    write("case.read", obj=case, by=coordinator, household_id=case.household_id, campaign_id=case.campaign_id)
    line = next(line for line in hugues.get(PAGE).context["lines"] if line.action == "case.read")
    assert len(line.about) == 3
    for thing in (line.who, *line.about):
        assert hugues.get(thing.path).status_code == 200, thing


def test_what_is_gone_is_named_by_its_number_without_a_link(hugues, case: Case, volunteer2):
    number = volunteer2.pk
    write("case.closed", obj=Case(pk=999_999), household_id=888_888, campaign_id=777_777)
    write("account.withdrawn", obj=volunteer2, by=volunteer2)
    User.objects.filter(pk=number).delete()
    page = text(hugues.get(PAGE))
    assert "dossier n° 999999 · foyer n° 888888 · campagne n° 777777" in " ".join(page.split())
    assert f"compte n° {number}, effacé" in page
    assert "Compte effacé" in page


@pytest.mark.parametrize(
    ("actor", "words"), [("system", "Système"), ("partner", "Partenaire"), ("public", "Personne non connectée")]
)
def test_who_has_no_account_has_a_word(hugues, actor, words):
    write("alert.raised", actor=actor)
    assert next(line for line in hugues.get(PAGE).context["lines"] if line.action == "alert.raised").who.words == words


def test_an_act_of_an_earlier_version_is_shown_by_its_code(hugues):
    write("former.thing")
    assert "« former.thing »" in text(hugues.get(PAGE))


# Filters ---------------------------------------------------------------------------------------------------
def test_filters_narrow_and_add_up(hugues, case: Case, coordinator, volunteer):
    old = timezone.now() - timedelta(days=10)
    write("case.read", obj=case, by=coordinator, household_id=case.household_id, campaign_id=case.campaign_id)
    write("alert.raised", campaign_id=case.campaign_id, at=old)
    write("account.deactivated", obj=volunteer, by=coordinator)
    write("call.recorded", by=volunteer, household_id=987_654)
    assert shown(hugues, "genre=lectures") == ["a lu un dossier"]
    assert shown(hugues, f"campagne={case.campaign_id}") == ["a lu un dossier", "a levé une alerte"]
    assert shown(hugues, f"foyer={case.household_id}") == ["a lu un dossier"]
    assert shown(hugues, f"personne={coordinator.pk}") == ["a désactivé un compte", "a lu un dossier"]
    assert shown(hugues, f"personne={volunteer.pk}") == ["a enregistré un appel", "a désactivé un compte"], "and about"
    assert shown(hugues, "personne=system") == ["a levé une alerte"]
    day = timezone.localdate(old).isoformat()
    assert shown(hugues, f"du={day}&au={day}") == ["a levé une alerte"], "both days included"
    assert shown(hugues, f"campagne={case.campaign_id}&genre=alertes&du={timezone.localdate().isoformat()}") == []


def test_days_are_those_of_france(hugues):
    """Half past midnight in Paris is still the day before in UTC."""
    write("alert.raised", at=datetime.fromisoformat("2026-01-12T23:30:00+00:00"))
    assert shown(hugues, "du=2026-01-13&au=2026-01-13") == ["a levé une alerte"]
    assert shown(hugues, "du=2026-01-12&au=2026-01-12") == []


@pytest.mark.parametrize("path", [PAGE, EXPORT])
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("du=32/13/2026", "Écrivez la date ainsi"),
        ("du=2026-02-01&au=2026-01-01", "La fin vient avant le début"),
        ("personne=999999", "Sélectionnez un choix valide"),
        ("genre=%00", "Sélectionnez un choix valide"),
        ("genre=zz", "Sélectionnez un choix valide"),
        ("campagne=x", "Sélectionnez un choix valide"),
        ("foyer=abc", "nombre entier"),
        ("foyer=" + "9" * 40, "inférieure ou égale"),
        ("foyer=-1", "supérieure ou égale"),
    ],
)
def test_a_bad_filter_is_refused_in_french_and_shows_nothing(hugues, path, query, words):
    write()
    answer = hugues.get(f"{path}?{query}")
    assert answer.status_code == 400
    page = text(answer)
    assert words in page
    assert "<tbody>" not in page
    assert not JournalEntry.objects.filter(action__startswith="journal.").exists()


@pytest.mark.parametrize("value", ["abc", "0", "-1", "9" * 40])
def test_a_strange_page_is_refused_or_empty(hugues, value):
    assert hugues.get(f"{PAGE}?avant={value}").status_code in (200, 400)


def test_nothing_found_and_nothing_older_say_so(hugues):
    assert "Rien ne correspond" in text(hugues.get(f"{PAGE}?foyer=3"))
    first = JournalEntry.objects.order_by("pk").first()
    assert "Rien de plus ancien" in text(hugues.get(f"{PAGE}?avant={first.pk}"))


# Pages -----------------------------------------------------------------------------------------------------
def test_pages_follow_each_other_and_lose_nothing_even_within_a_moment(hugues):
    same = timezone.now() - timedelta(hours=1)
    expected = [write(f"x.{index:03d}", at=same).action for index in range(120)]
    seen: list[str] = []
    answer = hugues.get(f"{PAGE}?personne=system")
    for _ in range(5):
        lines = answer.context["lines"]
        assert len(lines) <= 50
        seen += [line.action for line in lines]
        older = answer.context["older"]
        if older is None:
            break
        assert "Plus anciennes" in answer.content.decode()
        assert f"avant={older}" in answer.content.decode()
        answer = hugues.get(f"{PAGE}?personne=system&avant={older}")
        assert "Les plus récentes" in answer.content.decode()
    assert seen == expected[::-1]


def test_by_a_person_and_about_them_come_in_one_order(hugues, volunteer, coordinator):
    now = timezone.now() - timedelta(hours=1)
    for index in range(70):
        write("call.recorded", by=volunteer, at=now + timedelta(seconds=2 * index))
        write("account.roles", obj=volunteer, by=coordinator, at=now + timedelta(seconds=2 * index + 1))
    rows = []
    last = None
    while page := journal_page.rows_after(Filters(person=str(volunteer.pk)), last, 50):
        rows += page
        last = (page[-1].at, page[-1].pk)
    assert len({row.pk for row in rows}) == len(rows) == 140
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)


def test_a_page_of_fifty_costs_what_a_page_of_one_costs(hugues, case: Case, coordinator, volunteer):
    def row(index: int) -> None:
        write(
            "case.read", obj=case, by=coordinator, household_id=case.household_id, campaign_id=case.campaign_id,
            volunteer=volunteer.pk,
        )  # fmt: skip

    query = f"{PAGE}?genre=lectures&personne={coordinator.pk}"
    row(0)
    hugues.get(query)
    with count_queries() as few:
        assert len(hugues.get(query).context["lines"]) == 1
    for index in range(60):
        row(index)
    with count_queries() as many:
        assert len(hugues.get(query).context["lines"]) == 50
    assert len(many) == len(few) <= 16, [one["sql"] for one in many]
    assert not any("COUNT(" in one["sql"] for one in many)


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(household_id=7), "journal_household"),
        (Filters(campaign_id=7), "journal_campaign"),
        (Filters(person="7"), "journal_user"),
        (Filters(kind="installation"), "journal_action"),
    ],
)
def test_each_filter_has_its_index_on_this_database(filters, index):
    codes = sorted(WORDS)
    JournalEntry.objects.bulk_create(
        [journal.entry(codes[n % len(codes)], household_id=n, campaign_id=n % 40 + 10) for n in range(1000, 5000)]
    )
    with connection.cursor() as cursor:
        # This table alone: what is counted of the others, empty here, would slow the tests that follow.
        cursor.execute("ANALYZE solidarites_journalentry")
    plan = journal_page._selected(filters)[0][:51].explain()
    assert index in plan, plan


# As a file ---------------------------------------------------------------------------------------------------
def test_the_file_holds_what_is_looked_for_all_pages(hugues, coordinator, monkeypatch):
    monkeypatch.setattr(journal_page, "CHUNK", 7)
    for index in range(30):
        write("case.read", by=coordinator, household_id=index + 1)
    write("alert.raised")
    answer = hugues.get(f"{EXPORT}?genre=lectures&personne={coordinator.pk}")
    assert answer["Content-Type"].startswith("text/csv")
    assert "attachment" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-store"
    heading, *rows = exported(answer)
    assert heading == ["Date", "Qui", "Quoi", "Sur quoi", "Précisions", "Code"]
    assert [row[3].replace("\xa0", " ") for row in rows] == [f"foyer n° {index}" for index in range(30, 0, -1)]
    assert {row[1] for row in rows} == {"Nadia Benali"}


def test_no_cell_is_a_formula(hugues):
    trap = make_user("zoe@exemple.fr", "=HYPERLINK(1)", "Marin", roles.VOLUNTEER)
    write("case.read", by=trap)
    rows = exported(hugues.get(f"{EXPORT}?personne={trap.pk}"))
    assert rows[1][1] == "'=HYPERLINK(1) Marin"


# Signing in and out -----------------------------------------------------------------------------------------
def test_signing_in_and_out_are_written(client, volunteer):
    client.post("/connexion/", {"login": volunteer.email, "password": PASSWORD})
    client.post("/deconnexion/")
    rows = JournalEntry.objects.filter(object_type="solidarites.user").order_by("pk")
    assert [(row.action, row.user) for row in rows] == [
        ("account.signed_in", volunteer),
        ("account.signed_out", volunteer),
    ]


def test_a_session_that_ends_by_itself_is_written_as_such(client_of, volunteer):
    client = client_of(volunteer)
    client.get("/compte/")
    session = client.session
    session["active_at"] -= 5 * 60 * 60
    session.save()
    client.get("/compte/")
    assert list(JournalEntry.objects.values_list("action", flat=True)) == ["account.session_ended"]


def test_a_link_given_reads_as_a_sentence(hugues, administrator, volunteer):
    accounts.give_link(user=volunteer, by=administrator, now=timezone.now())
    assert "a donné un lien pour choisir un nouveau mot de passe" in shown(hugues)


@pytest.mark.parametrize("address", ["/administration/journal/", "/administration/journal/export.csv"])
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_that_no_calendar_knows_is_left_out(client_of: Any, administrator: Any, address: str, day: str) -> None:
    answer = client_of(administrator).get(f"{address}?du={day}&au={day}")
    assert answer.status_code < 500
    assert b"".join(answer) is not None
