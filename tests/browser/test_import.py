"""A landlord's list from its upload to its report, with the progress bar seen moving, on a laptop and a phone."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from playwright.sync_api import Error as PlaywrightError

from tenants.imports import jobs, work
from tenants.models import Tenant
from tenants.tests.lists import write_csv
from tests.browser.conftest import LAPTOP, PHONE, accessibility_problems, layout_problems

PEOPLE = 200


@pytest.fixture
def slow_worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker of its own thread that takes its time over small chunks, so that an eye can follow."""
    monkeypatch.setattr(jobs, "ask_for", lambda task: None)
    monkeypatch.setattr(work, "CHUNK", 20)
    renew = work.renew

    def slowly(*args: object, **values: object) -> None:
        renew(*args, **values)  # type: ignore[arg-type]
        if values.get("rows_done"):
            time.sleep(0.0 if values.get("state") else 1.0)

    monkeypatch.setattr(work, "renew", slowly)
    over = threading.Event()

    def run() -> None:
        while not over.is_set():
            work.run_all()
            time.sleep(0.2)
        connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(timeout=60)


@pytest.mark.parametrize(("viewport", "dark"), [(LAPTOP, False), (PHONE, True)], ids=["laptop", "phone"])
def test_a_list_is_imported_and_its_progress_seen(
    open_browser, session_of, administrator, landlord, slow_worker, shot, tmp_path: Path, viewport, dark
):
    page = open_browser(viewport, dark=dark)
    session_of(page, administrator)
    path = write_csv(tmp_path / "liste-du-siege.csv", PEOPLE)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("T999;C999;Mme;;Odette;12/03/1938;0600000000;;1 rue Neuve;33000;Bordeaux;;;;\n")
        stream.write("T998;C998;Mme;Castaing;Odette;;0600000000;;1 rue Neuve;33999;Nulleville;;;;\n")
        stream.write("Total;242\n")
    wrong: list[str] = []

    def look(name: str) -> None:
        wrong.extend(f"{name}: {problem}" for problem in (*accessibility_problems(page), *layout_problems(page)))
        shot(page, f"import-{name}", full_page=True)

    page.goto("/administration/imports/")
    look("accueil")
    page.get_by_role("link", name="Importer une liste").first.click()
    page.locator("input[type=file]").set_input_files(path)
    look("depot")
    page.get_by_role("button", name="Déposer la liste").click()
    page.get_by_text("Loyer").first.wait_for()
    look("colonnes")
    page.get_by_role("button", name="Vérifier la liste").click()
    seen: set[str] = set()
    for _ in range(200):
        bar = page.locator("progress")
        if not bar.count():
            break
        try:
            value = bar.get_attribute("value", timeout=1000)
        except PlaywrightError:
            continue  # the fragment was being replaced
        if value and value not in seen:
            seen.add(value)
            if len(seen) == 3:
                page.reload()
                look("avancement")
        page.wait_for_timeout(150)
    assert len(seen) >= 3, f"the bar did not move: {seen}"
    page.get_by_role("heading", name="Ce qui va changer").wait_for()
    assert Tenant.objects.count() == 0
    look("apercu")
    page.get_by_role("link", name="Pas de nom").click()
    look("lignes")
    page.go_back()
    page.get_by_role("button", name="Confirmer et écrire").click()
    page.get_by_role("heading", name="Liste importée").wait_for(timeout=60_000)
    look("compte-rendu")
    assert Tenant.objects.count() > PEOPLE * 0.95
    for address, name in (("guide/", "guide"), ("doublons/", "doublons"), ("ages/", "ages"), ("", "historique")):
        page.goto(f"/administration/imports/{address}")
        look(name)
    assert not wrong, "\n".join(wrong)


LONG = "Vandenbrouckeghem-" * 11
HEAD = "N° locataire;N° contrat;Nom;Prénom;Date de naissance;Téléphone;Adresse;Code postal;Commune;Situation;IBAN\n"


def first_list() -> str:
    rows = [
        f"T{n};C{n};{LONG if n == 1 else 'Martin'};Jeanne;12/03/19{30 + n};05 56 00 01 {n:02d};{n} rue du Port;"
        "33000;Bordeaux;;FR"
        for n in range(1, 11)
    ]
    return HEAD + "\n".join(rows) + "\nD1;C1;Martin;Jeane;12/03/1932;;2 rue du Port;33000;Bordeaux;;FR\n"


def second_list() -> str:
    """Nobody new but one; somebody changed, left, died; three are missing."""
    rows = first_list().splitlines()[1:8]
    rows[2] = rows[2].replace("3 rue du Port", "93 rue du Quai").replace("05 56 00 01 03", "06 51 20 01 03")
    rows[3] = rows[3].replace(";;FR", ";Décédé(e);FR")
    more = [
        "T77;C77;Petit;Odette;1940;0600000000;1 rue X;33000;Nulleville;;FR",
        "T78;C78;Roux;Max;01/02/30;;1 rue X;33000;Bordeaux;Parti;FR",
        "T79;C79;;Max;;;;;;;FR",
    ]
    return HEAD + "\n".join(rows + more) + "\nTotal;10\n"


@pytest.mark.parametrize(
    ("viewport", "dark"),
    [pytest.param(LAPTOP, False, id="laptop", marks=pytest.mark.soak), pytest.param(PHONE, False, id="phone")],
)
def test_a_second_shorter_list_with_every_kind_of_row(
    open_browser, session_of, administrator, landlord, shot, watcher, tmp_path: Path, viewport, dark, monkeypatch
):
    # What is refused at the form is answered with 422.
    watcher.expected.append("status of 422")
    page = open_browser(viewport, dark=dark)
    page.set_default_timeout(30_000)
    session_of(page, administrator)
    wrong: list[str] = []

    def look(name: str) -> None:
        wrong.extend(f"{name}: {problem}" for problem in (*accessibility_problems(page), *layout_problems(page)))
        shot(page, f"import-{name}", full_page=True)

    def send(text: str, name: str, profile: str = "") -> None:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        page.goto("/administration/imports/nouvelle-liste/")
        page.locator("input[type=file]").set_input_files(path)
        page.get_by_role("button", name="Déposer la liste").click()
        page.get_by_text("IBAN").first.wait_for()
        if profile:
            page.get_by_label("Garder ces choix").fill(profile)
        look("2-colonnes" + ("-profil" if not profile else ""))
        page.get_by_role("button", name="Vérifier la liste").click()
        page.get_by_role("heading", name="Vérification de la liste").wait_for()
        look("2-attente")

    def work_until(heading: str) -> None:
        work.run_all()
        page.get_by_role("heading", name=heading).wait_for()

    monkeypatch.setattr(jobs, "ask_for", lambda task: None)
    send(first_list(), "premiere.csv", profile="Export du siège")
    page.get_by_role("button", name="Annuler cet import").click()
    page.get_by_role("heading", name="Import annulé").wait_for()
    look("2-annule")
    send(first_list(), "premiere.csv")
    work_until("Ce qui va changer")
    page.get_by_role("button", name="Confirmer et écrire").click()
    page.get_by_role("heading", name="Écriture de la liste").wait_for()
    work_until("Liste importée")
    send(second_list(), "seconde-" + "tres-" * 30 + "longue.csv")
    work_until("Ce qui va changer")
    look("2-apercu")
    page.get_by_label("absentes de cette liste").check()
    page.get_by_role("button", name="Confirmer et écrire").click()
    page.get_by_text("confirmez une seconde fois").wait_for()
    assert page.get_by_label("absentes de cette liste").is_checked()
    look("2-seconde-fois")
    page.get_by_label("Je confirme").check()
    page.get_by_role("button", name="Confirmer et écrire").click()
    page.get_by_role("heading", name="Écriture de la liste").wait_for()
    work_until("Liste importée")
    look("2-compte-rendu")
    assert Tenant.objects.filter(status="moved").count() == 4
    assert Tenant.objects.filter(status="deceased").count() == 1
    page.goto("/administration/imports/")
    look("2-historique")
    page.goto("/administration/imports/doublons/")
    look("2-doublons")
    page.goto("/administration/imports/guide/")
    page.emulate_media(media="print")
    if viewport == LAPTOP:
        pages = page.pdf(format="A4", print_background=True, margin={"top": "15mm", "bottom": "15mm"})
        assert pages.count(b"/Type /Page\n") + pages.count(b"/Type /Page ") <= 1
    assert not wrong, "\n".join(wrong)


CASES = Path(__file__).parents[1] / "cases" / "10-mots-apres-le-nom"
GONE = (
    "C90;T90;Mme;DUPUY;Rose;01/02/1931;05 36 49 02 01;4 rue du Port;33000;Bordeaux;DCD le 03/05/2020\n"
    "C91;T91;M.;FAURE (DCD);Guy;01/02/1932;05 36 49 02 02;5 rue du Port;33000;Bordeaux;\n"
    "C92;T92;M.;BARON;Luc;01/02/1933;05 36 49 02 03;6 rue du Port;33000;Bordeaux;Parti(e)\n"
    "C93;T93;;SUCCESSION VIDAL;;;;7 rue du Port;33000;Bordeaux;\n"
)


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
@pytest.mark.parametrize("name", ["liste.csv", "liste2.csv"])
def test_the_preview_shows_who_is_kept_with_a_doubt_and_who_is_skipped_with_the_word(
    open_browser, session_of, administrator, landlord, shot, tmp_path: Path, viewport, name, monkeypatch
):
    monkeypatch.setattr(jobs, "ask_for", lambda task: None)
    page = open_browser(viewport)
    page.set_default_timeout(30_000)
    session_of(page, administrator)
    gone = GONE if name == "liste2.csv" else GONE.replace(";Mme;", ";").replace(";M.;", ";").replace(";;SUCC", ";SUCC")
    path = tmp_path / name
    path.write_text((CASES / name).read_text(encoding="utf-8").rstrip() + "\n" + gone, encoding="utf-8")
    page.goto("/administration/imports/nouvelle-liste/")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Déposer la liste").click()
    page.get_by_role("button", name="Vérifier la liste").click()
    page.get_by_role("heading", name="Vérification de la liste").wait_for()
    work.run_all()
    page.get_by_role("heading", name="Ce qui va changer").wait_for()
    shot(page, f"import-mots-{name.split('.')[0]}", full_page=True)
    skipped = page.locator("section", has=page.get_by_role("heading", name="Parties ou décédées"))
    rows = skipped.locator("tbody tr")
    assert rows.count() == 4
    for index, words in enumerate(
        (("DUPUY", "DCD le 03/05/2020"), ("FAURE", "DCD"), ("BARON", "Parti(e)"), ("VIDAL",))
    ):
        text = rows.nth(index).inner_text()
        assert all(word in text for word in words), text
    doubts = page.locator("section", has=page.get_by_role("heading", name="À vérifier")).inner_text()
    for word in {"liste.csv": ("Départ en retraite", "ex DURAND"), "liste2.csv": ("Décès du conjoint", "(D)")}[name]:
        assert word in doubts
    wrong = [*accessibility_problems(page), *layout_problems(page)]
    page.get_by_role("button", name="Confirmer et écrire").click()
    page.get_by_role("heading", name="Écriture de la liste").wait_for()
    work.run_all()
    page.get_by_role("heading", name="Liste importée").wait_for()
    people = Tenant.objects.filter(landlord=landlord)
    assert people.count() == {"liste.csv": 9, "liste2.csv": 11}[name]
    assert not people.exclude(status="present").exists()
    assert not wrong, "\n".join(wrong)
