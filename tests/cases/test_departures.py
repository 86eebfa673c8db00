"""Lists where a word or an empty cell could close or bring back the wrong person, with their right answers.

Each folder holds the lists in the order in which they come, what they are (README) and what must come of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone

from campaigns.models import Campaign, Case
from campaigns.setup import enrolment
from tenants import households
from tenants.imports import departures, jobs, work
from tenants.models import Household, ListImport, PhoneNumber, Tenant
from tests.factories import make_campaign
from tests.strict import StrictClient

CASES = Path(__file__).parent
WORDS, SILENCE, WIDOW = "10-mots-apres-le-nom", "16-decede-puis-liste-sans-situation", "17-veuve-decedee"
HEAD = "Référence locataire;N° contrat;Civilité;Nom;Prénom;Date de naissance;Téléphone;Situation\n"
YVES = "T3;C2;M.;CAMBON;Yves;01/02/1939;05 36 49 01 02;"
pytestmark = pytest.mark.django_db
Give = Callable[..., dict[str, Any]]


@pytest.fixture
def give(capsys: pytest.CaptureFixture[str], tmp_path: Path, landlord: Any) -> Give:
    """Import a file of a case, or a text, by the command, and what its report says."""

    def run(*parts: str, text: str = "", options: tuple[str, ...] = ()) -> dict[str, Any]:
        path = CASES.joinpath(*parts)
        if text:
            path = tmp_path / "liste.csv"
            path.write_text(text, encoding="utf-8")
        call_command("import_tenants", str(path), "--json", "--landlord", landlord.code, *options)
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        written = sum(said[f"tenants_{kind}"] for kind in ("created", "updated", "unchanged"))
        assert said["rows"] == written + said["tenants_skipped"] + said["tenants_rejected"]
        assert said["tenants_skipped"] == len({one["row"] for one in said["skipped"]})
        return said

    return run


def statuses() -> dict[str, str]:
    return dict(Tenant.objects.values_list("reference", "status"))


def remarks(said: dict[str, Any]) -> list[tuple[int, str, str]]:
    return [(issue["row"], issue["code"], issue["value"]) for issue in said["issues"]]


def checked(landlord: Any, text: str) -> ListImport:
    row = jobs.upload(
        landlord=landlord, file=ContentFile(text.encode()), file_name="liste.csv", by=None, now=timezone.now()
    )
    jobs.set_columns(list_import=row, fields={}, by=None, now=timezone.now())
    work.run_all()
    row.refresh_from_db()
    assert row.state == ListImport.State.CHECKED, row.message
    return row


# 10: words beside a name or in the situation that only look like a departure ------------------------------


def test_real_people_whose_name_or_situation_looks_like_a_departure_are_all_kept(give: Give) -> None:
    said = give(WORDS, "liste.csv")
    assert (said["tenants_created"], said["tenants_skipped"], said["skipped"]) == (9, 0, [])
    assert set(statuses().values()) == {"present"}
    names = set(Tenant.objects.values_list("last_name", flat=True))
    assert names == {"MARTIN", "PETIT", "LE FEU", "ROUX", "NOEL", "VIDAL", "BLANC", "DEFUNT", "MORT"}
    assert [one for one in remarks(said) if one[1] in ("name_doubt", "status_doubt", "status_unknown")] == [
        (2, "name_doubt", "MARTIN (ex DURAND)"),
        (3, "name_doubt", "PETIT (ancien gardien)"),
        (5, "status_doubt", "Ancien combattant"),
        (6, "status_doubt", "Départ en retraite"),
        (7, "status_doubt", "Inactif"),
        (8, "status_doubt", "Soldé"),
        (10, "status_doubt", "Conjoint décédé"),
    ]


def test_widows_the_sick_and_the_absent_are_all_kept_with_a_remark(give: Give) -> None:
    said = give(WORDS, "liste2.csv")
    assert (said["tenants_created"], said["tenants_skipped"]) == (11, 0)
    assert set(statuses().values()) == {"present"}
    assert Tenant.objects.filter(last_name="DE FEU", first_name="Jean").exists()
    assert Tenant.objects.filter(last_name="LOPEZ", first_name="Maria").exists()
    words = {row: value for row, code, value in remarks(said) if code in ("name_doubt", "status_doubt")}
    assert words == {
        2: "PETIT (ancienne gardienne)",
        3: "Ancienne employée",
        6: "GARCIA (D)",
        7: "Maria (Vve Succ.)",
        8: "Congé maladie",
        9: "Décès du conjoint",
        10: "Veuve, mari en EHPAD",
        11: "Sortie d'hôpital",
        12: "Absente jusqu'en mars",
    }


def test_a_second_import_of_these_people_changes_nothing(give: Give) -> None:
    for name in ("liste.csv", "liste2.csv"):
        Household.objects.all().delete()
        first = give(WORDS, name)
        again = give(WORDS, name)
        assert again["tenants_unchanged"] == first["tenants_created"]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("Décédé(e)", "deceased"),
        ("DCD le 03/05/2020", "deceased"),
        ("Décédée à l’hôpital", "deceased"),
        ("Décès", "deceased"),
        ("Sorti par décès", "deceased"),
        ("Parti(e)", "moved"),
        ("Sortie le 12 mars 2019", "moved"),
        ("Contrat résilié", "moved"),
        ("Résilié au 31/12/2020", "moved"),
        ("En EHPAD depuis mars", "care_home"),
    ],
)
def test_plain_words_about_the_person_close_them_and_the_report_says_by_which(
    give: Give, word: str, reason: str
) -> None:
    said = give(text=HEAD + YVES + word + "\n")
    assert said["skipped"] == [
        {
            "row": 2,
            "column": "Situation",
            "code": "gone_in_status",
            "name": "M. Yves CAMBON",
            "word": word,
            "reason": "gone_in_status",
        }
    ]
    assert not Tenant.objects.exists()
    give(text=HEAD + YVES + "Présent\n")
    give(text=HEAD + YVES + word + "\n")
    assert statuses() == {"T3": reason}


@pytest.mark.parametrize(
    "word",
    [
        "Hospitalisée", "Partie en vacances", "Partie chez sa fille", "Partie du 3 au 20 mars", "Parti le 31/12/2999",
        "Sortie prévue", "Mari décédé", "DCD : son mari", "Décédé ?", "Décédé non confirmé", "Décès du titulaire",
        "EHPAD temporaire", "En EHPAD jusqu'en mars", "Sortie d'EHPAD", "Ancien agent", "D", "Succession", "Clos",
        "Résiliation en cours", "Non renseigné", "Mystère", "Veuf", "1",
    ],
)  # fmt: skip
def test_no_other_word_closes_or_skips_anybody(give: Give, word: str) -> None:
    give(text=HEAD + YVES + word + "\n")
    assert statuses() == {"T3": "present"}
    give(text=HEAD + YVES + word + "\n")
    assert statuses() == {"T3": "present"}


@pytest.mark.parametrize(
    ("last", "first", "word", "code"),
    [
        ("BERNARD", "Odette (DCD)", "DCD", "deceased_in_name"),
        ("BERNARD (décédé(e))", "Odette", "décédée", "deceased_in_name"),
        ("BERNARD (partie)", "Odette", "partie", "left_in_name"),
    ],
)
def test_a_plain_note_beside_the_name_is_said_with_its_word(
    give: Give, last: str, first: str, word: str, code: str
) -> None:
    said = give(text=HEAD + f"T1;C1;;{last};{first};1938;;\n")
    assert [(one["word"], one["code"]) for one in said["skipped"]] == [(word, code)]
    assert said["skipped"][0]["name"].endswith("BERNARD")


@pytest.mark.parametrize(
    "name", ["FEU", "LE FEU", "DEFUNT", "MORT", "PARTI", "SORTI", "DECEZ", "MORTIER", "SUCCAR", "DU FEU", "CLOS"]
)
def test_a_surname_is_never_a_word(give: Give, name: str) -> None:
    said = give(text=HEAD + f"T1;C1;M.;{name};Alice;1938;;\n")
    assert list(Tenant.objects.values_list("last_name", "status")) == [(name, "present")]
    assert not [one for one in remarks(said) if one[1] == "name_doubt"]


def test_an_estate_is_nobody_to_call_and_is_said_unless_a_civility_or_a_birth_speaks_of_somebody(give: Give) -> None:
    said = give(text=HEAD + "T1;C1;;SUCCESSION BERNARD;;;;\nT2;C2;Mme;SUCCESSION BERNARD;;1938;;\n")
    assert [(one["row"], one["code"], one["word"]) for one in said["skipped"]] == [(2, "estate", "SUCCESSION")]
    assert statuses() == {"T2": "present"}
    assert (3, "name_doubt", "SUCCESSION BERNARD") in remarks(said)


def test_an_estate_under_a_known_reference_closes_nobody(give: Give) -> None:
    give(text=HEAD + YVES + "\n")
    said = give(text=HEAD + "T3;C2;;SUCCESSION CAMBON;;;;\n")
    assert statuses() == {"T3": "present"}
    assert (2, "estate", "SUCCESSION") in remarks(said)
    assert Tenant.objects.get().last_name == "CAMBON"


@pytest.mark.parametrize(
    "name", ["BERNARD DCD", "BERNARD †", "FEU MARTIN", "MARTIN SUCC.", "Vve MARTIN DCD", "MARTIN (mari décédé)"]
)
def test_a_doubtful_name_is_kept_and_shown(give: Give, name: str) -> None:
    said = give(text=HEAD + f"T1;C1;Mme;{name};Alice;1938;;\n")
    assert statuses() == {"T1": "present"}
    assert (2, "name_doubt", name) in remarks(said)


def test_a_death_or_an_exit_of_somebody_else_is_not_read_as_the_persons(give: Give) -> None:
    give(
        text="Référence locataire;Nom;Prénom;Date décès conjoint;Date sortie hôpital\n"
        "T1;MARTIN;Jeanne;03/05/2020;04/05/2020\n"
    )
    assert statuses() == {"T1": "present"}


def test_an_exit_closes_once_its_date_has_come_and_a_year_only_once_it_is_over(give: Give) -> None:
    head = "Référence locataire;Nom;Prénom;Date de sortie\n"
    year = timezone.localdate().year
    said = give(
        text=head + f"T1;A;Jeanne;31/01/2020\nT2;B;Luce;31/12/2999\nT3;C;Ana;{year}\nT4;D;Zoé;{year - 1}\n"
        "T5;E;Eve;sortie d’hôpital\n"
    )
    assert set(statuses()) == {"T2", "T3", "T5"}
    assert [(one["row"], one["word"], one["code"]) for one in said["skipped"]] == [
        (2, "31/01/2020", "exit_date_past"),
        (5, str(year - 1), "exit_date_past"),
    ]
    assert (6, "exit_unreadable", "sortie d’hôpital") in remarks(said)


def test_the_preview_shows_who_is_skipped_with_name_row_word_and_reason(
    client_of: Callable[[Any], StrictClient], administrator: Any, landlord: Any
) -> None:
    row = checked(
        landlord,
        (CASES / WORDS / "liste2.csv").read_text()
        + "C20;T20;Mme;DUPUY;Rose;1/1/1930;05 36 49 01 30;3 rue du Port;33000;Bordeaux;DCD\n"
        "C21;T21;M.;FAURE;Guy;1/1/1930;;3 rue du Port;33000;Bordeaux;Parti(e)\n",
    )
    client = client_of(administrator)
    page = client.get(f"/administration/imports/{row.pk}/").text
    for text in ("Mme Rose DUPUY", "(DCD)", "M. Guy FAURE", "(Parti(e))", "Décès ou départ dit par la situation"):
        assert text in page
    for text in ("À vérifier", "Décès du conjoint", "Veuve, mari en EHPAD", "Maria (Vve Succ.)"):
        assert text in page
    every = client.get(f"/administration/imports/{row.pk}/lignes/skip/").text
    assert "Mme Rose DUPUY" in every
    assert "Zoe" in client.get(f"/administration/imports/{row.pk}/lignes/a-verifier/").text
    # Nothing of theirs is kept but the name and the word, and these go with the writing.
    assert "536490130" not in str(list(row.rows.values()))
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    work.run_all()
    assert "DUPUY" not in str(list(row.rows.values()))


# 16: deceased, then lists that do not say it ---------------------------------------------------------------


@pytest.fixture
def campaign(landlord: Any) -> Campaign:
    return make_campaign(now=timezone.now())


def enrolled_and_open(campaign: Campaign) -> set[str]:
    """Contracts of the households somebody may call."""
    enrolment.enrol(campaign=campaign, now=timezone.now())
    found = Case.objects.filter(campaign=campaign).exclude(status=Case.Status.CLOSED)
    return set(found.values_list("household__reference", flat=True))


def test_the_dead_stay_dead_under_a_list_without_a_situation_or_with_its_cell_empty(
    give: Give, campaign: Campaign
) -> None:
    give(SILENCE, "1-liste.csv")
    assert enrolled_and_open(campaign) == {"C1", "C2"}
    give(SILENCE, "2-deces.csv")
    dead = {"T1": "present", "T2": "deceased", "T3": "deceased"}
    assert statuses() == dead
    for name in ("3-telephones.csv", "3b-situation-vide.csv"):
        said = give(SILENCE, name)
        assert statuses() == dead
        assert [row for row, code, _ in remarks(said) if code == "still_closed"] == [3, 4]
        assert enrolled_and_open(campaign) <= {"C1"}
    # The widow's new number is hers; the dead man's is not dialled at her door.
    assert set(PhoneNumber.objects.filter(e164__startswith="+3363998").values_list("e164", flat=True)) == {
        "+33639980101"
    }


def test_the_dead_known_before_a_campaign_are_not_enrolled_by_a_silent_list(give: Give, campaign: Campaign) -> None:
    give(SILENCE, "1-liste.csv")
    give(SILENCE, "2-deces.csv")
    give(SILENCE, "3b-situation-vide.csv")
    assert enrolled_and_open(campaign) == {"C1"}


@pytest.mark.parametrize("status", ["deceased", "moved", "care_home"])
@pytest.mark.parametrize("word", ["", "Hospitalisé", "Sortie d’hôpital", "Marié"])
def test_who_a_call_closed_stays_closed_whatever_a_list_does_not_say(give: Give, status: str, word: str) -> None:
    give(text=HEAD + YVES + "Présent\n")
    households.close_person(tenant=Tenant.objects.get(), status=status, now=timezone.now())
    give(text=HEAD + YVES + word + "\n")
    assert statuses() == {"T3": status}


@pytest.mark.parametrize("word", ["", "Hospitalisé", "Marié", "Retraité"])
def test_who_a_list_said_gone_stays_gone_whatever_a_list_does_not_say(give: Give, word: str) -> None:
    give(text=HEAD + YVES + "Présent\n")
    give(text=HEAD + YVES + "Parti\n")
    give(text=HEAD + YVES + word + "\n")
    assert statuses() == {"T3": "moved"}


@pytest.mark.parametrize("word", ["Présent(e)", "occupant", "En cours", "Toujours présent"])
def test_who_a_list_said_gone_is_back_by_a_word_that_says_present(give: Give, word: str) -> None:
    give(text=HEAD + YVES + "Présent\n")
    give(text=HEAD + YVES + "Parti\n")
    said = give(text=HEAD + YVES + word + "\n")
    assert (statuses(), said["tenants_updated"]) == ({"T3": "present"}, 1)


@pytest.mark.parametrize(
    ("status", "by_list", "says"),
    [
        ("deceased", True, "décédé"),
        ("deceased", False, "décédé"),
        ("moved", False, "parti"),
        ("care_home", False, "en EHPAD"),
    ],
)
def test_who_is_said_present_against_a_death_or_a_call_stays_closed_and_is_shown(
    client_of: Callable[[Any], StrictClient], administrator: Any, give: Give, landlord: Any, campaign: Campaign,
    status: str, by_list: bool, says: str,
) -> None:  # fmt: skip
    give(text=HEAD + YVES + "\n")
    assert enrolled_and_open(campaign) == {"C2"}
    households.close_person(tenant=Tenant.objects.get(), status=status, now=timezone.now(), by_list=by_list)
    row = checked(landlord, HEAD + YVES + "Présent\n")
    client = client_of(administrator)
    page = client.get(f"/administration/imports/{row.pk}/").text.replace("\u00a0", " ")
    assert f"La liste dit présent, la fiche dit {says} : à vérifier (Présent)" in page
    assert "M. Yves CAMBON" in page
    jobs.confirm(list_import=row, by=None, now=timezone.now())
    work.run_all()
    assert statuses() == {"T3": status}
    assert enrolled_and_open(campaign) == set()


def test_who_was_only_absent_from_a_complete_list_is_back_with_a_row_until_a_list_says_gone(landlord: Any) -> None:
    odette = "T1;C1;Mme;ROUX;Odette;01/02/1939;05 36 49 01 03;"

    def import_(text: str, **options: bool) -> None:
        jobs.confirm(list_import=checked(landlord, text), by=None, now=timezone.now(), **options)
        work.run_all()

    import_(HEAD + odette + "\n" + YVES + "\n")
    import_(HEAD + odette + "\n", absent_left=True, absent_sure=True)
    assert statuses() == {"T1": "present", "T3": "moved"}
    import_(HEAD + YVES + "\n")
    assert statuses()["T3"] == "present"
    import_(HEAD + odette + "\n", absent_left=True, absent_sure=True)
    import_(HEAD + YVES + "Parti\n")
    import_(HEAD + YVES + "\n")
    assert statuses()["T3"] == "moved"


def test_a_dead_persons_reference_given_to_somebody_else_hides_nobody(give: Give) -> None:
    give(SILENCE, "1-liste.csv")
    give(SILENCE, "2-deces.csv")
    new = "T3;C2;Mme;CAMBON;Odile;05/06/1941;05 36 49 01 02;"
    for _ in range(2):
        said = give(text=HEAD + new + "\n")
        assert (2, "reference_of_closed", "T3") in remarks(said)
        assert Tenant.objects.get(first_name="Odile").status == "present"
        assert Tenant.objects.get(first_name="Yves").status == "deceased"


def test_another_first_name_without_a_birth_date_changes_nobody_and_is_shown(give: Give) -> None:
    give(SILENCE, "1-liste.csv")
    give(SILENCE, "2-deces.csv")
    said = give(text="Référence locataire;Nom;Prénom\nT3;CAMBON;Odile\n")
    assert remarks(said)[-1] == (2, "closed_other_name", "Odile")
    assert Tenant.objects.get(reference="T3").first_name == "Yves"


# 17: the widow --------------------------------------------------------------------------------------------


def test_a_widow_whose_situation_becomes_her_husbands_death_lives_and_is_still_called(
    give: Give, campaign: Campaign
) -> None:
    give(WIDOW, "1-liste.csv")
    assert enrolled_and_open(campaign) == {"C1"}
    said = give(WIDOW, "2-liste.csv")
    assert statuses() == {"T1": "present"}
    assert enrolled_and_open(campaign) == {"C1"}
    assert [one for one in remarks(said) if one[1] != "commune_unknown"] == [(2, "status_doubt", "Décès du conjoint")]


@pytest.mark.parametrize(("code", "word"), [(one.code, word) for one in departures.MEANINGS for word in one.examples])
def test_every_word_of_the_table_means_what_the_table_says(code: str, word: str) -> None:
    today = timezone.localdate()
    assert departures.meaning(word, today) == code
    closes = code in ("deceased", "moved", "care_home")
    assert (departures.in_status(word, today).status == code) is (closes or code == "present")
    assert (departures.in_remark(word, today).status == code) is closes


def test_the_guide_shows_the_table(client_of: Callable[[Any], StrictClient], administrator: Any) -> None:
    page = client_of(administrator).get("/administration/imports/guide/").text
    assert all(word.replace("’", "’") in page for one in departures.MEANINGS for word in one.examples)


@pytest.mark.parametrize("text", ["Décédé=0", "DCD : N", "Décédé : non", "Parti le :", "Sortie : "])
def test_a_label_without_a_value_closes_nobody(text: str) -> None:
    assert departures.closing(text, timezone.localdate()) == ""
