"""A list as people write it: its columns, its preview and the correction of a row, on a laptop and a phone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenants.imports import jobs, work
from tenants.models import Tenant
from tests.browser.conftest import LAPTOP, PHONE, accessibility_problems, layout_problems

MESS = """Liste des locataires en place;;;;;;;;;;;
Éditée le 12/03/2026;;;;;;;;;;;
Contrat;;Locataire 1;;;;Locataire 2;;;Logement;;
N° contrat;Réf. loc.;Désignation;Né(e) le;Tél.;Observations;Nom;Prénom;Né le;Adresse;CP Ville;Loyer
C1;T1;MARTIN Jeanne (Mme);02/04/38;1) 0536490101 2) 0639980102;;MARTIN;Robert;1936;1 rue du Port;33000 BORDEAUX;412
C2;T2;M. et Mme DURAND Paul et Simone;15/08/1937;05 36 49 01 03 (ne plus appeler);;;;;2 rue du Port;33000 BORDEAUX;
C3;T3;Mme CLAVERIE Aimée;05/06/24;0536490104 faux numéro / 0639980104;Ne plus appeler;;;;3 rue du Port;33000 BORDEAUX;
C4;T4;BERNARD Odette (DCD);01/02/1932;05 36 49 01 05;;;;;4 rue du Port;33000 BORDEAUX;
C5;T5;ROUX DCD Yvette;01/02/1932;05 36 49 01 06;Veuve, mari en EHPAD;;;;5 rue du Port;33000 BORDEAUX;
C6;T6;SARL BOULANGERIE DU PORT;;05 36 49 01 07;;;;;6 rue du Port;33000 BORDEAUX;
C7;T7;SUCCESSION LARRIEU;;;;;;;7 rue du Port;33000 BORDEAUX;
C8;T8;M ou Mme BÉGUÉ;10/10/1939;05 36 49 01 08;;;;;8 rue du Port;33999 NULLEVILLE;
C9;;PETIT;;;;;;;9 rue du Port;33000 BORDEAUX;
TOTAL;9;;;;;;;;;;3 708
"""


@pytest.mark.parametrize("viewport", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_a_mess_is_read_shown_and_corrected(
    open_browser, session_of, administrator, landlord, monkeypatch, shot, watcher, tmp_path: Path, viewport
):
    monkeypatch.setattr(jobs, "ask_for", lambda task: None)
    watcher.expected.append("status of 422")
    page = open_browser(viewport)
    session_of(page, administrator)
    path = tmp_path / "liste-du-patrimoine.csv"
    path.write_bytes(MESS.encode("cp850"))
    wrong: list[str] = []

    def look(name: str) -> None:
        wrong.extend(f"{name}: {problem}" for problem in (*accessibility_problems(page), *layout_problems(page)))
        shot(page, f"fouillis-{name}", full_page=True)

    page.goto("/administration/imports/guide/")
    look("guide")
    page.goto("/administration/imports/nouvelle-liste/")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Déposer la liste").click()
    page.get_by_text("Locataire 2 – Nom").first.wait_for()
    look("colonnes")
    page.get_by_role("button", name="Vérifier la liste").click()
    page.get_by_text("Vérification").first.wait_for()
    work.run_all()
    page.reload()
    page.get_by_role("heading", name="À vérifier").wait_for()
    look("apercu")
    page.get_by_role("link", name="Corriger la ligne 7").first.click()
    page.get_by_label("Date de naissance").fill("jamais")
    page.get_by_role("button", name="Garder la correction").click()
    page.get_by_text("Écrivez une date de naissance").wait_for()
    look("corriger")
    page.get_by_label("Date de naissance").fill("05/06/1934")
    page.get_by_role("button", name="Garder la correction").click()
    page.get_by_text("1 correction gardée").wait_for()
    look("corrigee")
    page.get_by_role("button", name="Vérifier de nouveau").click()
    page.get_by_text("Vérification").first.wait_for()
    work.run_all()
    page.reload()
    page.get_by_text("Vos corrections sont prises en compte").wait_for()
    page.get_by_role("button", name="Confirmer et écrire").click()
    page.get_by_text("Écriture").first.wait_for()
    work.run_all()
    assert str(Tenant.objects.get(last_name="CLAVERIE").birth_date) == "1934-06-05"
    assert set(Tenant.objects.values_list("last_name", "first_name")) == {
        ("MARTIN", "Jeanne"), ("MARTIN", "Robert"), ("DURAND", "Paul"), ("DURAND", "Simone"), ("CLAVERIE", "Aimée"),
        ("ROUX", "Yvette"), ("BÉGUÉ", ""),
    }  # fmt: skip
    assert wrong == []
