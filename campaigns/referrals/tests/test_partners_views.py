"""Partners on screen: several addresses, hours, languages, and lists of partners."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from campaigns.models import Partner
from campaigns.models.levels import Level
from campaigns.referrals import deadlines, partners
from campaigns.referrals.forms import partner_lists
from solidarites.models import JournalEntry
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


def filled(**more: Any) -> dict[str, Any]:
    weekdays = {f"hours_{number}": "9:00-12:00, 14:00-17:00" if number < 5 else "" for number in range(7)}
    return {"kind": "ccas", "name": "CCAS de Pau", "email": "ccas@exemple.fr", "active": "on", **weekdays, **more}


def text(response: Any) -> str:
    return response.content.decode().replace("\u00a0", " ").replace("&#x27;", "'")


def test_a_partner_has_several_addresses_hours_and_languages(nadia: Any) -> None:
    sent = filled(other_emails="accueil@exemple.fr\nCCAS@exemple.fr", languages=["pt"], hours_1="")
    assert nadia.post("/partenaires/nouveau/", sent).status_code == 302
    partner = Partner.objects.get()
    assert partner.addresses == ["ccas@exemple.fr", "accueil@exemple.fr"]
    assert partner.languages == ["pt"]
    assert partner.hours["0"] == [["09:00", "12:00"], ["14:00", "17:00"]]
    assert "1" not in partner.hours
    page = text(nadia.get(f"/partenaires/{partner.pk}/"))
    assert "accueil@exemple.fr" in page
    assert "09:00-12:00, 14:00-17:00" in page


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("other_emails", "pas une adresse", "n'est pas une adresse e-mail"),
        ("other_emails", " ".join(f"a{n}@exemple.fr" for n in range(11)), "10 autres adresses au plus"),
        ("hours_0", "le matin", "ne se lit pas"),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field(nadia: Any, field: str, typed: str, said: str) -> None:
    answer = nadia.post("/partenaires/nouveau/", filled(**{field: typed}))
    assert said in text(answer)
    assert typed[:10] in text(answer)
    assert not Partner.objects.exists()


def test_a_partner_whose_hours_are_unknown_has_office_hours(nadia: Any) -> None:
    nadia.post("/partenaires/nouveau/", filled(**{f"hours_{number}": "" for number in range(7)}))
    assert list(Partner.objects.get().hours) == ["0", "1", "2", "3", "4"]


def test_delays_count_in_the_partners_own_days() -> None:
    tuesdays = Partner.objects.create(kind="ccas", name="CCAS", email="a@exemple.fr", hours={"1": [["09:00", "12:00"]]})
    monday = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
    assert deadlines.due("sent", Level.U2, monday, "33") == datetime(2026, 6, 3, 8, 0, tzinfo=UTC)
    due = deadlines.due("sent", Level.U2, monday, "33", tuesdays)
    assert due == datetime(2026, 6, 16, 7, 0, tzinfo=UTC)
    # What the coordination owes does not wait for the partner's days.
    assert deadlines.due("draft", Level.U2, monday, "33", tuesdays) == deadlines.due("draft", Level.U2, monday, "33")


def test_a_partner_who_speaks_the_language_comes_first_and_says_so() -> None:
    Partner.objects.create(kind="ccas", name="Premier", email="a@exemple.fr", communes=["33063"])
    Partner.objects.create(kind="ccas", name="Polyglotte", email="b@exemple.fr", communes=["33063"], languages=["pt"])
    household = factories.make_household(language="pt")
    found = partners.fits(categories=["repas"], **partners.place_of(household))
    assert [fit.partner.name for fit in found] == ["Polyglotte", "Premier"]
    assert found[0].why.endswith("parle portugais")
    assert "parle" not in found[1].why


# Lists ---------------------------------------------------------------------------------------------------
LIST = (
    "Annuaire 2026;;;;;;\r\n"
    "Type d'organisme;Partenaire;Courriel;Tél.;Communes;Besoins;Vérifié le\r\n"
    "C.C.A.S.;CCAS de Pau;ccas@exemple.fr;05 36 49 12 34;64000 Pau;repas / Démarches;17/03/2026\r\n"
    "Association;Les Voisins;voisins@exemple.fr;;33063;;\r\n"
    ";;;;;;\r\n"
    "Pompiers;Caserne;x@exemple.fr;;;;\r\n"
    "Mairie;Mairie sans adresse;;;;;31/02/2026\r\n"
    "CCAS;ccas de PAU;autre@exemple.fr;;;;\r\n"
).encode()


def upload(client: Any, content: bytes) -> Any:
    return client.post("/partenaires/importer/", {"file": SimpleUploadedFile("annuaire.csv", content)})


def confirm(client: Any, preview: Any) -> Any:
    context = preview.context
    return client.post("/partenaires/importer/", {"rows": context["rows"], "useful": context["useful"]})


def test_a_list_is_shown_then_written_once(nadia: Any) -> None:
    old = Partner.objects.create(kind="association", name="Les voisins", email="avant@exemple.fr", remarks="Gardé.")
    preview = upload(nadia, LIST)
    lines = {line.number: line for line in preview.context["lines"]}
    assert {number: line.what for number, line in lines.items()} == {
        3: "created",
        4: "updated",
        6: "rejected",
        7: "rejected",
        8: "rejected",
    }
    page = text(preview)
    assert "déjà à la ligne 3" in page
    assert "avant@exemple.fr → voisins@exemple.fr" in page
    assert Partner.objects.count() == 1
    assert confirm(nadia, preview).status_code == 302
    new = Partner.objects.get(name="CCAS de Pau")
    assert (new.kind, new.communes, new.categories, str(new.verified_on)) == (
        "ccas",
        ["64445"],
        ["repas", "administratif"],
        "2026-03-17",
    )
    old.refresh_from_db()
    assert (old.email, old.communes, old.remarks) == ("voisins@exemple.fr", ["33063"], "Gardé.")
    assert JournalEntry.objects.filter(action__in=["partner.created", "partner.changed"]).count() == 2
    again = upload(nadia, LIST)
    assert [line.what for line in again.context["lines"]][:2] == ["unchanged", "unchanged"]
    assert again.context["useful"] == 0


def test_the_model_comes_back_as_it_went(nadia: Any) -> None:
    model = nadia.get("/partenaires/modele.xlsx")
    assert "modele-partenaires.xlsx" in model["Content-Disposition"]
    [line] = upload(nadia, model.content).context["lines"]
    assert line.what == "created", line.errors
    assert line.partner.languages == ["pt"]


def test_what_changed_meanwhile_is_shown_again(nadia: Any) -> None:
    preview = upload(nadia, LIST)
    Partner.objects.create(kind="ccas", name="Les Voisins", email="voisins@exemple.fr", communes=["33063"])
    Partner.objects.update(kind="association")
    answer = confirm(nadia, preview)
    assert "ont changé entre-temps" in text(answer)
    assert Partner.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "vide"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 200, "image"),
        (b"a;b\r\n1;2\r\n", "Aucune ligne de titres"),
        (b"Nom;E-mail\r\n", "aucun partenaire"),
        (b"Nom;E-mail\r\n" + b"x;y\r\n" * 1001, "plus de 1000"),
    ],
)
def test_a_file_that_is_no_list_is_refused_at_its_field(nadia: Any, content: bytes, said: str) -> None:
    answer = upload(nadia, content)
    assert answer.status_code == 200
    assert said in text(answer)


def test_forged_rows_are_refused(nadia: Any) -> None:
    answer = nadia.post("/partenaires/importer/", {"rows": "forgé", "useful": "1"}, follow=True)
    assert "n'est plus valable" in text(answer)


def test_volunteers_import_nothing(client_of: Any, volunteer: Any) -> None:
    assert client_of(volunteer).get("/partenaires/importer/").status_code == 403


@pytest.mark.parametrize("text_", ["17/03/2026", "17-03-26", "2026-03-17 00:00:00", "2026-03-17"])
def test_days_as_people_and_workbooks_write_them(text_: str) -> None:
    assert partner_lists.read_cell("verified_on", text_) == "2026-03-17"
