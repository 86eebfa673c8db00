"""The editor of scripts: every screen, the ritual of permissions, nothing lost by opening and saving."""

from __future__ import annotations

import html
import re
from copy import deepcopy
from html.parser import HTMLParser
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from campaigns import scripts
from campaigns.calls.tests.caller_cast import hold, running_campaign, url, well
from campaigns.models import Script
from campaigns.scripts import document
from solidarites.models import JournalEntry
from tests.factories import make_case

PARTS = ("reglages", "paroles", "reactions", "aide")


class Fields(HTMLParser):
    """The fields of a form of the page, as a browser would send them back."""

    def __init__(self, wanted: str = "") -> None:
        super().__init__()
        self.wanted, self.inside = wanted, not wanted
        self.data: dict[str, list[str]] = {}
        self.area: str | None = None
        self.select: str | None = None
        self.first: str | None = None
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = dict(attrs)
        name = at.get("name") or ""
        if tag == "form":
            self.inside = not self.wanted or at.get("id") == self.wanted
        if not self.inside or not (name or tag == "option"):
            return
        if tag == "input" and at.get("type") not in ("submit", "button", "file"):
            if at.get("type") in ("checkbox", "radio") and "checked" not in at:
                return
            self.data.setdefault(name, []).append(at.get("value") or ("on" if at.get("type") == "checkbox" else ""))
        elif tag == "textarea":
            self.area, self.text = name, ""
        elif tag == "select":
            self.select, self.first = name, None
        elif tag == "option" and self.select:
            value = at.get("value") or ""
            self.first = value if self.first is None else self.first
            if "selected" in at:
                self.data[self.select] = [value]

    def handle_data(self, data: str) -> None:
        if self.area:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area:
            self.data[self.area] = [self.text.removeprefix("\n").replace("\n", "\r\n")]
            self.area = None
        elif tag == "select" and self.select:
            self.data.setdefault(self.select, [self.first or ""])
            self.select = None
        elif tag == "form":
            self.inside = False


def fields(page: Any, form: str = "") -> dict[str, list[str]]:
    reader = Fields(form)
    reader.feed(page.content.decode())
    return {name: values for name, values in reader.data.items() if name != "csrfmiddlewaretoken"}


def form_of(page: Any) -> dict[str, list[str]]:
    """The one form of the page that holds what was seen."""
    forms = re.findall(r"<form\b.*?</form>", page.content.decode(), re.S)
    mine = next(form for form in forms if 'name="seen"' in form)
    reader = Fields()
    reader.feed(mine)
    return {name: values for name, values in reader.data.items() if name != "csrfmiddlewaretoken"}


def said(page: Any) -> str:
    """The page as it is written: entities and non-breaking spaces made plain."""
    return html.unescape(page.content.decode()).replace("\u00a0", " ")


@pytest.fixture
def shipped(db: None) -> dict[str, Script]:
    return {one.kind: one for one in scripts.load_defaults(now=timezone.now())}


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def draft(shipped: dict[str, Script], coordinator: Any) -> Script:
    return scripts.duplicate(script=shipped["first"], by=coordinator, now=timezone.now())


def content(script: Script) -> dict[str, Any]:
    return Script.objects.values_list("content", flat=True).get(pk=script.pk)


@pytest.mark.parametrize("kind", ["first", "follow_up", "welfare"])
def test_opening_and_saving_every_form_changes_nothing(shipped: Any, nadia: Any, coordinator: Any, kind: str) -> None:
    draft = scripts.copy(script=shipped[kind], by=coordinator, now=timezone.now())
    before = deepcopy(content(draft))
    for part in PARTS:
        address = f"/trames/{draft.pk}/{part}/"
        assert nadia.post(address, form_of(nadia.get(address))).status_code == 302, part
        assert content(draft) == before, part
    for raw in before["questions"]:
        address = f"/trames/{draft.pk}/questions/{raw['key']}/"
        answer = nadia.post(address, form_of(nadia.get(address)))
        assert answer.status_code == 302, raw["key"]
        assert content(draft) == before, raw["key"]
    assert JournalEntry.objects.filter(action="script.changed", object_id=draft.pk).count() == len(
        before["questions"]
    ) + len(PARTS)


def test_the_pages_stand(shipped: Any, nadia: Any, draft: Script) -> None:
    pages = ["/trames/", "/trames/nouvelle/"]
    for one in (*shipped.values(), draft):
        pages += [f"/trames/{one.pk}/", f"/trames/{one.pk}/apercu/"]
    pages += [f"/trames/{draft.pk}/{page}/" for page in ("publier", "supprimer", "nouvelle-question", *PARTS)]
    for address in pages:
        assert nadia.get(address).status_code == 200, address


# Who, and what does not exist ---------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["", "apercu/", "publier/", "fichier/", "questions/sante/", "reglages/"])
def test_coordinators_and_administrators_alone(
    draft: Script, client: Any, client_of: Any, volunteer: Any, administrator: Any, switchboard: Any, page: str
) -> None:
    address = f"/trames/{draft.pk}/{page}"
    assert client.get(address).status_code == 302
    for who in (volunteer, switchboard):
        assert client_of(who).get(address).status_code == 403
    assert client_of(administrator).get(address).status_code == 200


def test_what_does_not_exist_is_not_found(nadia: Any, draft: Script) -> None:
    for address in ("/trames/999999/", "/trames/999999/publier/", f"/trames/{draft.pk}/questions/inconnue/"):
        assert nadia.get(address).status_code == 404
    for address in (f"/trames/{draft.pk}/copier/", f"/trames/{draft.pk}/questions/sante/agir/"):
        assert nadia.get(address).status_code == 405
    assert nadia.post(f"/trames/{draft.pk}/campagne/", {"campaign": "nulle-part"}).status_code == 302


def test_nothing_of_a_published_version_is_edited(nadia: Any, shipped: Any) -> None:
    one = shipped["first"]
    before = content(one)
    pages = ["questions/sante/", "nouvelle-question/", "supprimer/", "publier/", *(f"{part}/" for part in PARTS)]
    for page in pages:
        for method in (nadia.get, nadia.post):
            assert method(f"/trames/{one.pk}/{page}").url == f"/trames/{one.pk}/", page
    nadia.post(f"/trames/{one.pk}/questions/sante/agir/", {"act": "remove"})
    assert content(one) == before


# Writing ----------------------------------------------------------------------------------------------------


def test_a_script_begins_from_its_sort_of_call(nadia: Any, shipped: Any) -> None:
    page = nadia.post("/trames/nouvelle/", {"title": " ", "kind": "welfare"})
    assert "Donnez un titre" in said(page)
    answer = nadia.post("/trames/nouvelle/", {"title": "Coupure de courant", "kind": "welfare"})
    made = Script.objects.get(title="Coupure de courant")
    assert answer.url == f"/trames/{made.pk}/"
    assert (made.kind, made.status) == ("welfare", Script.Status.DRAFT)


def test_a_question_with_its_answers_from_the_form(nadia: Any, draft: Script) -> None:
    address = f"/trames/{draft.pk}/nouvelle-question/?apres=logement"
    data = form_of(nadia.get(address)) | {
        "say": "L'eau chaude fonctionne-t-elle ?", "c-0-label": "Non, depuis hier", "c-0-need": "logement",
        "c-0-level": "U2", "c-0-lonely": "12",
    }  # fmt: skip
    page = said(nadia.post(address, data))
    assert "Un nombre de 0 à 9." in page
    assert "Non, depuis hier" in page
    answer = nadia.post(address, {**data, "c-0-lonely": "", "act": "more"})
    assert answer.url == f"/trames/{draft.pk}/questions/l_eau_chaude_fonctionne_t_elle/#reponse-1"
    questions = content(draft)["questions"]
    place = [raw["key"] for raw in questions].index("logement")
    assert questions[place + 1] == {
        "key": "l_eau_chaude_fonctionne_t_elle", "section": "Logement et gestes de protection",
        "say": "L'eau chaude fonctionne-t-elle ?", "kind": "single",
        "choices": [{"key": "non_depuis_hier", "label": "Non, depuis hier", "need": "logement", "level": "U2"}],
    }  # fmt: skip


def test_a_stale_save_is_refused_and_its_text_kept(
    nadia: Any, draft: Script, client_of: Any, administrator: Any
) -> None:
    address = f"/trames/{draft.pk}/questions/sante/"
    mine = form_of(nadia.get(address)) | {"say": "Ça va, ces jours-ci ?"}
    theirs = client_of(administrator)
    theirs.post(address, form_of(theirs.get(address)) | {"say": "Comment allez-vous ce matin ?"})
    page = nadia.post(address, mine)
    shown = said(page)
    assert "Hugues a modifié cette partie" in shown
    assert "Ça va, ces jours-ci ?" in shown
    assert document.question_of(content(draft), "sante")["say"] == "Comment allez-vous ce matin ?"
    # Read, then saved again: it takes the place of the other text.
    assert nadia.post(address, form_of(page)).status_code == 302
    assert document.question_of(content(draft), "sante")["say"] == "Ça va, ces jours-ci ?"


def test_a_question_taken_out_meanwhile_is_kept_on_the_page(nadia: Any, draft: Script) -> None:
    address = f"/trames/{draft.pk}/questions/gestes/"
    data = form_of(nadia.get(address)) | {"say": "Reparlons des bons gestes ?"}
    nadia.post(f"{address}agir/", {"act": "remove"})
    page = nadia.post(address, data)
    assert "a été retirée de la trame" in said(page)
    assert nadia.post(address, form_of(page)).status_code == 302
    assert content(draft)["questions"][-1]["say"] == "Reparlons des bons gestes ?"


def test_a_part_changed_meanwhile_is_kept_on_the_page(nadia: Any, draft: Script) -> None:
    address = f"/trames/{draft.pk}/reactions/"
    data = form_of(nadia.get(address))
    nadia.post(address, data | {"r-0-title": "La personne dit non"})
    page = nadia.post(address, data | {"r-0-title": "Un refus"})
    assert "Votre texte est gardé" in said(page)
    assert content(draft)["reactions"][0]["title"] == "La personne dit non"
    nadia.post(address, form_of(page))
    assert content(draft)["reactions"][0]["title"] == "Un refus"


def test_rows_are_added_moved_and_taken_out(nadia: Any, draft: Script) -> None:
    address = f"/trames/{draft.pk}/aide/"
    data = form_of(nadia.get(address))
    last = int(data["r-TOTAL_FORMS"][0]) - 1
    nadia.post(
        address,
        data
        | {f"r-{last}-number": "3919", f"r-{last}-label": "Violences Femmes Info", "r-4-DELETE": "on", "act": "up:r-1"},
    )
    lines = content(draft)["helplines"]
    assert [line["number"] for line in lines[:2]] == ["18", "15"]
    assert lines[-1] == {"number": "3919", "label": "Violences Femmes Info", "kind": "support"}
    assert "17" not in [line["number"] for line in lines]


# Publishing, giving, copying -------------------------------------------------------------------------------------


def test_an_error_stops_publishing_and_a_warning_does_not(nadia: Any, draft: Script) -> None:
    address = f"/trames/{draft.pk}/questions/courses/"
    good = form_of(nadia.get(address))
    nadia.post(address, good | {"c-3-level": ""})
    page = said(nadia.get(f"/trames/{draft.pk}/"))
    assert "niveau manquant" in page
    assert f'href="{address}"' in page
    nadia.post(f"/trames/{draft.pk}/publier/")
    assert Script.objects.get(pk=draft.pk).status == Script.Status.DRAFT
    nadia.post(address, form_of(nadia.get(address)) | {"c-3-level": "U1"})
    page = nadia.get(f"/trames/{draft.pk}/publier/")
    assert "n'alerte personne" in said(page)
    nadia.post(f"/trames/{draft.pk}/publier/", form_of(page))
    assert Script.objects.get(pk=draft.pk).status == Script.Status.PUBLISHED


def test_publishing_says_what_changes_and_refuses_what_was_not_read(nadia: Any, shipped: Any) -> None:
    nadia.post(f"/trames/{shipped['first'].pk}/copier/", {"act": "version"})
    draft = Script.objects.get(status=Script.Status.DRAFT)
    address = f"/trames/{draft.pk}/questions/sante/"
    nadia.post(address, form_of(nadia.get(address)) | {"say": "Comment ça va ?"})
    page = nadia.get(f"/trames/{draft.pk}/publier/")
    assert "Comment allez-vous, ces jours-ci ?" in said(page)
    seen = form_of(page)
    nadia.post(f"/trames/{draft.pk}/questions/sante/agir/", {"act": "down"})
    nadia.post(f"/trames/{draft.pk}/publier/", seen)
    assert Script.objects.get(pk=draft.pk).status == Script.Status.DRAFT
    page = nadia.get(f"/trames/{draft.pk}/publier/")
    assert "Question déplacée" in said(page)


def test_a_published_version_is_given_to_a_campaign_from_its_page(nadia: Any, shipped: Any, campaign: Any) -> None:
    address = f"/trames/{shipped['welfare'].pk}/"
    assert "pas encore de trame" in said(nadia.get(address))
    nadia.post(f"{address}campagne/", {"campaign": campaign.slug})
    campaign.refresh_from_db()
    assert campaign.welfare_script == shipped["welfare"]
    assert "Cette version" in said(nadia.get(address))
    assert campaign.name in said(nadia.get("/trames/"))
    assert JournalEntry.objects.filter(action="campaign.script_chosen", campaign_id=campaign.pk).count() == 1


def test_a_draft_is_deleted_after_a_confirmation(nadia: Any, draft: Script) -> None:
    nadia.get(f"/trames/{draft.pk}/supprimer/")
    assert Script.objects.filter(pk=draft.pk).exists()
    assert nadia.post(f"/trames/{draft.pk}/supprimer/").url == "/trames/"
    assert not Script.objects.filter(pk=draft.pk).exists()


# The preview ----------------------------------------------------------------------------------------------------


def test_the_preview_follows_the_answers_and_writes_nothing(nadia: Any, draft: Script, campaign: Any) -> None:
    from campaigns.models import Call, Case

    address = f"/trames/{draft.pk}/apercu/"
    before = JournalEntry.objects.count()
    shown = said(nadia.post(address, {"q-accueil": "oui", "q-sante-0": "pas_bien", "q-courses": "personne"}))
    assert re.search(r'data-question="manger"\s[^>]*data-required[^>]*data-shown-if="[^"]*">', shown)
    assert "Courses et approvisionnement, sous 48" in shown
    end = said(nadia.post(address, {"q-accueil": "vexe"}))
    assert "rappel par quelqu'un d'autre" in end.lower()
    couple = said(nadia.post(address, {"personnes": "2"}))
    assert 'id="q-sante-1"' in couple
    assert (JournalEntry.objects.count(), Call.objects.count(), Case.objects.count()) == (before, 0, 0)


def test_the_preview_of_a_follow_up_knows_of_its_plan(nadia: Any, shipped: Any) -> None:
    address = f"/trames/{shipped['follow_up'].pk}/apercu/"
    assert "le suivi continue" in said(nadia.post(address, {"q-accueil": "oui"})).lower()
    assert "Le suivi s'arrête" in said(nadia.post(address, {"q-accueil": "oui", "q-suite": "arreter"}))


def test_a_question_shows_beside_its_form_while_it_is_typed(nadia: Any, draft: Script) -> None:
    address = f"/trames/{draft.pk}/questions/moral/"
    data = form_of(nadia.get(address)) | {"say": "Et {surnom}, le moral ?", "act": "preview"}
    page = nadia.post(address, data, headers={"HX-Request": "true"})
    assert "<html" not in said(page)
    assert "« {surnom} » n'existe pas" in said(page)
    assert document.question_of(content(draft), "moral")["say"] == "Et le moral, comment est-il ?"
    broken = nadia.post(address, data | {"c-0-lonely": "99"}, headers={"HX-Request": "true"})
    assert broken.status_code == 200


# Files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["first", "follow_up", "welfare"])
def test_a_file_brings_the_same_script_to_another_landlord(nadia: Any, shipped: Any, kind: str) -> None:
    answer = nadia.get(f"/trames/{shipped[kind].pk}/fichier/")
    assert answer["Content-Disposition"] == f'attachment; filename="{shipped[kind].key}-v1.yaml"'
    upload = SimpleUploadedFile("trame.yaml", answer.content)
    nadia.post("/trames/nouvelle/", {"act": "file", "file": upload})
    made = Script.objects.get(status=Script.Status.DRAFT)
    assert (made.kind, made.content) == (kind, shipped[kind].content)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe\x00", "n'est pas un texte"),
        (b"questions: [", "vers la ligne"),
        (b"juste un texte", "ne contient pas de trame"),
        (b"a: &a [1]\nb: *a", "pas lisible"),
        (b"!!python/object/apply:os.system ['true']", "pas lisible"),
        (b"title: Essai\nquestions: 3", "une liste de questions"),
        (b"title: Essai\nquestions: [{key: A B, say: x}]", "lettres minuscules"),
        (b"title: Essai\nquestions: [{key: a, say: 3}]", "doit être un texte"),
        (b"title: Essai\nquestions: [{key: a, say: x, couleur: vert}]", "couleur"),
        (b"title: Essai\nkind: autre\nquestions: []", "kind"),
        (b"title: Essai\nsurprise: 1\nquestions: []", "surprise"),
        (b"questions: " + b"[" * 3000, "pas lisible"),
        (b"# " + b"x" * 400_000, "trop grand"),
        (b"", "vide"),
    ],
    ids=range(14),
)
def test_a_file_that_is_no_script_is_refused_with_its_reason(nadia: Any, db: None, data: bytes, reason: str) -> None:
    page = nadia.post("/trames/nouvelle/", {"act": "file", "file": SimpleUploadedFile("trame.yaml", data)})
    assert reason in said(page)
    assert not Script.objects.exists()


def test_a_file_that_does_not_hold_together_becomes_a_draft_with_its_checks(nadia: Any, db: None) -> None:
    data = "title: Essai\nquestions: [{key: a, say: 'Bonjour {surnom}', choices: [{key: b, label: B, need: voiture}]}]"
    nadia.post("/trames/nouvelle/", {"act": "file", "file": SimpleUploadedFile("t.yaml", data.encode())})
    made = Script.objects.get()
    page = said(nadia.get(f"/trames/{made.pk}/"))
    assert "surnom" in page
    assert "voiture" in page
    nadia.get(f"/trames/{made.pk}/apercu/")
    nadia.get(f"/trames/{made.pk}/questions/a/")


# Budgets --------------------------------------------------------------------------------------------------------


def test_the_pages_cost_the_same_for_one_script_and_for_twenty(
    nadia: Any, shipped: Any, coordinator: Any, make_campaign: Any, count_queries: Any
) -> None:
    pages = ("/trames/", f"/trames/{shipped['first'].pk}/", f"/trames/{shipped['first'].pk}/apercu/")
    make_campaign(script=shipped["first"])
    costs = []
    for round_ in range(2):
        for page in pages:
            nadia.get(page)
        with count_queries() as queries:
            for page in pages:
                nadia.get(page)
        costs.append(len(queries))
        if not round_:
            for _ in range(10):
                scripts.duplicate(script=shipped["first"], by=coordinator, now=timezone.now())
                make_campaign(script=shipped["first"])
    assert costs[0] == costs[1]
    assert costs[0] <= 45


# Published while somebody calls ------------------------------------------------------------------------------------


def test_an_open_call_ends_with_its_version_and_the_next_one_follows_the_new(
    nadia: Any, shipped: Any, volunteer: Any, client_of: Any
) -> None:
    campaign = running_campaign(volunteer)
    first, second = make_case(campaign), make_case(campaign)
    lea, call = client_of(volunteer), hold(first, volunteer).call
    mine = url("call", first.pk)
    nadia.post(f"/trames/{shipped['first'].pk}/copier/", {"act": "version"})
    draft = Script.objects.get(status=Script.Status.DRAFT)
    address = f"/trames/{draft.pk}/questions/sante/"
    nadia.post(address, form_of(nadia.get(address)) | {"say": "Tout va bien chez vous ?", "c-0-key": "tout_va_bien"})
    nadia.post(f"/trames/{draft.pk}/publier/", form_of(nadia.get(f"/trames/{draft.pk}/publier/")))
    nadia.post(f"/trames/{draft.pk}/campagne/", {"campaign": campaign.slug})
    campaign.refresh_from_db()
    assert campaign.script_id == draft.pk
    # The page that was open, read again, saved, recorded: the words and the answers of the version it began with.
    page = said(lea.get(mine))
    assert "Comment allez-vous, ces jours-ci ?" in page
    assert "Tout va bien chez vous ?" not in page
    typed = {**well(first), "submission": str(call.submission)}
    assert lea.post(url("save", first.pk), typed).status_code == 200
    lea.post(url("record", first.pk), typed)
    call.refresh_from_db()
    assert (call.state, call.script_id) == ("recorded", shipped["first"].pk)
    assert "bien" in call.answers["sante"].values()
    # What was said is read with the words it was said with.
    assert "Comment allez-vous, ces jours-ci ?" in said(nadia.get(f"/dossiers/{first.pk}/"))
    given = hold(second, volunteer)
    assert given.call.script_id == draft.pk
    assert "Tout va bien chez vous ?" in said(lea.get(url("call", second.pk)))


# The sheet that a question opens -------------------------------------------------------------------------


def test_the_question_of_good_gestures_opens_the_sheet_of_the_campaign(client_of: Any, volunteer: Any) -> None:
    campaign = running_campaign(volunteer, crisis="canicule")
    case = make_case(campaign)
    hold(case, volunteer)
    lea = client_of(volunteer)
    page = lea.get(url("call", case.pk)).content.decode()
    assert len(re.findall(r'href="/bons-gestes/canicule/"\s+target="_blank"\s+rel="noopener"', page)) == 1
    campaign.crisis = ""
    campaign.save(update_fields=["crisis"])
    assert 'href="/bons-gestes/"' in lea.get(url("call", case.pk)).content.decode()


def test_a_coordinator_chooses_the_sheet_of_a_question(nadia: Any, draft: Script) -> None:
    address = f"/trames/{draft.pk}/questions/logement/"
    fields = form_of(nadia.get(address))
    assert nadia.post(address, {**fields, "sheet": "tempete"}).status_code == 200
    assert nadia.post(address, {**fields, "sheet": "grand-froid"}).status_code == 302
    question = document.question_of(content(draft), "logement")
    assert question is not None
    assert question["sheet"] == "grand-froid"
    assert 'href="/bons-gestes/grand-froid/"' in nadia.get(f"/trames/{draft.pk}/apercu/").content.decode()
    nadia.post(address, {**form_of(nadia.get(address)), "sheet": ""})
    assert "sheet" not in (document.question_of(content(draft), "logement") or {})


def test_a_script_published_before_sheets_existed_stays_valid(shipped: Any) -> None:
    old = deepcopy(shipped["first"].content)
    for raw in old["questions"]:
        raw.pop("sheet", None)
    assert scripts.errors(old, "first") == []
    assert all(question.sheet == "" for question in scripts.build(old).questions)
