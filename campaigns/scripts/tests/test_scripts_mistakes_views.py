"""Every mistake one may make in the editor of scripts: said in French where it is, what was typed kept, never a 500."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from campaigns import scripts
from campaigns.models import Script
from campaigns.scripts import document
from campaigns.scripts.tests.test_scripts_views import PARTS, content, form_of, said

LONG = "a" * 5000
MARKUP = "<script>alert(1)</script><b onclick='x'>gras</b>"
NUL = "avant\x00après"


@pytest.fixture
def nadia(client_of: Any, coordinator: Any) -> Any:
    return client_of(coordinator)


@pytest.fixture
def draft(db: None, coordinator: Any) -> Script:
    """The script of the first call, to be changed."""
    shipped = {one.kind: one for one in scripts.load_defaults(now=timezone.now())}
    return scripts.duplicate(script=shipped["first"], by=coordinator, now=timezone.now())


def page_of(script: Script, key: str) -> str:
    return f"/trames/{script.pk}/questions/{key}/"


def errors_of(script: Script) -> str:
    script.refresh_from_db()
    return "\n".join(scripts.errors(script.content, script.kind)).replace("\u00a0", " ")


# What is refused at its field ------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "5,000 characters to say": ({"say": LONG}, "au plus 1500 caractères"),
    "5,000 characters of advice": ({"guide": LONG}, "au plus 1500 caractères"),
    "5,000 characters in an answer": ({"c-0-label": LONG}, "au plus 120 caractères"),
    "5,000 characters as a part": ({"section": LONG}, "au plus 80 caractères"),
    "an identifier with spaces": ({"key": "Mon Identifiant"}, "Des lettres minuscules sans accent"),
    "an identifier of an answer too long": ({"c-0-key": LONG}, "au plus 50 caractères"),
    "another question's identifier": ({"key": "moral"}, "Une autre question porte déjà l'identifiant « moral »."),
    "two answers under one identifier": (
        {"c-1-key": "bien"}, "Une autre réponse porte déjà l'identifiant « bien »."
    ),
    "an answer emptied": ({"c-0-label": " "}, "Écrivez la réponse, ou cochez « Retirer cette réponse »."),
    "a new answer that leads somewhere, without its words": (
        {"c-4-label": "", "c-4-need": "courses", "c-4-level": "U2"}, "Écrivez la réponse : sans elle"
    ),
    "no number": ({"c-0-lonely": "beaucoup"}, "Un nombre de 0 à 9."),
    "too large a number": ({"c-0-lonely": "10"}, "Un nombre de 0 à 9."),
    "a need that does not exist": ({"c-0-need": "voiture"}, "voiture"),
    "a level that does not exist": ({"c-0-level": "U9"}, "U9"),
    "an outcome that does not exist": ({"c-0-outcome": "gagne"}, "gagne"),
    "a later question that does not exist": ({"c-0-asks_more": "nulle_part"}, "n'est plus dans la trame"),
    "a condition that does not exist": ({"shown_if": "nulle.part"}, "n'est plus dans la trame"),
    "answers under a free text": ({"kind": "text"}, "Une réponse libre n'a pas de réponses proposées"),
    "an unknown sort": ({"kind": "danse"}, "danse"),
    "a character that is none": ({"say": NUL}, "caractère nul"),
}  # fmt: skip


@pytest.mark.parametrize(("typed", "message"), REFUSED.values(), ids=REFUSED)
def test_a_mistake_is_said_at_its_field_and_what_was_typed_is_kept(
    nadia: Any,
    draft: Script,
    typed: dict[str, str],
    message: str,
) -> None:
    address = page_of(draft, "sante")
    before = deepcopy(content(draft))
    data = form_of(nadia.get(address))
    assert data["c-TOTAL_FORMS"] == ["4"] or int(data["c-TOTAL_FORMS"][0]) > 3
    last = int(data["c-TOTAL_FORMS"][0]) - 1
    # The row left to fill, wherever the script puts it.
    sent = {name.replace("c-4-", f"c-{last}-"): value for name, value in typed.items()}
    page = nadia.post(address, data | {"guide": "Un conseil tout neuf.", **sent})
    assert page.status_code == 200
    shown = said(page)
    assert message in shown
    assert "La question n'est pas enregistrée." in shown
    if "guide" not in typed:
        assert "Un conseil tout neuf." in shown
    for name, value in typed.items():
        if name in ("say", "c-0-label", "section", "key") and value.strip() and value != NUL:
            assert value in shown
    assert content(draft) == before


# What a draft may hold for a while, and that stops its publishing --------------------------------------------------


def question(draft: Script, key: str, **changes: Any) -> dict[str, Any]:
    raw = document.question_of(content(draft), key)
    assert raw is not None
    return {**deepcopy(raw), **changes}


def an_alert_without_level(raw: dict[str, Any]) -> None:
    raw["choices"][0] |= {"alert": True, "level": "", "need": ""}


def a_need_without_level(raw: dict[str, Any]) -> None:
    raw["choices"][0] |= {"need": "courses", "level": ""}


def a_placeholder_that_does_not_exist(raw: dict[str, Any]) -> None:
    raw["say"] = "Bonjour {surnom}, comment allez-vous ?"


def a_brace_alone(raw: dict[str, Any]) -> None:
    raw["say"] = "Bonjour {nom, comment allez-vous ?"


def it_depends_on_itself(raw: dict[str, Any]) -> None:
    raw["shown_if"] = [f"sante.{raw['choices'][0]['key']}"]


def it_depends_on_a_later_one(raw: dict[str, Any]) -> None:
    raw["shown_if"] = ["moral.bon"]


def it_depends_on_nothing_known(raw: dict[str, Any]) -> None:
    raw["shown_if"] = ["disparue.oui"]


def nobody_reaches_it(raw: dict[str, Any]) -> None:
    raw["shown_if"] = ["accueil.non"]


def no_words(raw: dict[str, Any]) -> None:
    raw["say"] = ""


def no_answers(raw: dict[str, Any]) -> None:
    raw["choices"] = []


def twice_the_same_answer(raw: dict[str, Any]) -> None:
    raw["choices"][1]["label"] = raw["choices"][0]["label"].upper()


HELD: dict[Callable[[dict[str, Any]], None], str] = {
    an_alert_without_level: "une alerte a besoin d'un niveau",
    a_need_without_level: "niveau manquant",
    a_placeholder_that_does_not_exist: "« {surnom} » n'existe pas",
    a_brace_alone: "une accolade est seule",
    it_depends_on_itself: "elle tourne en rond",
    it_depends_on_a_later_one: "elle tourne en rond",
    it_depends_on_nothing_known: "une question qui n'existe pas",
    nobody_reaches_it: "jamais posée",
    no_words: "aucun mot à dire",
    no_answers: "on ne peut pas en sortir",
    twice_the_same_answer: "deux réponses ont le même texte",
}


@pytest.mark.parametrize(("mistake", "message"), HELD.items(), ids=[one.__name__ for one in HELD])
def test_a_draft_that_does_not_hold_together_says_so_everywhere_and_is_not_published(
    nadia: Any,
    draft: Script,
    mistake: Any,
    message: str,
) -> None:
    raw = question(draft, "sante")
    mistake(raw)
    changed = document.with_question(content(draft), raw, key="sante")
    Script.objects.filter(pk=draft.pk).update(content=changed)
    assert message in errors_of(draft)
    for address in (f"/trames/{draft.pk}/", page_of(draft, "sante"), f"/trames/{draft.pk}/publier/"):
        page = nadia.get(address)
        assert page.status_code == 200
        assert message in said(page).lower() or message in said(page), address
    # The whole preview stands, and a post to publish changes nothing.
    assert nadia.get(f"/trames/{draft.pk}/apercu/").status_code == 200
    assert nadia.post(f"/trames/{draft.pk}/apercu/", {"q-accueil": "oui", "q-sante-0": "bien"}).status_code == 200
    nadia.post(f"/trames/{draft.pk}/publier/", {"seen": document.fingerprint(changed)})
    draft.refresh_from_db()
    assert draft.status == Script.Status.DRAFT
    # Opening the page and saving it again loses nothing, or says what to mend.
    page = nadia.post(page_of(draft, "sante"), form_of(nadia.get(page_of(draft, "sante"))))
    assert page.status_code in (200, 302)


def test_markup_is_words_like_others(nadia: Any, draft: Script) -> None:
    address = page_of(draft, "sante")
    typed = {"say": MARKUP, "guide": MARKUP, "section": MARKUP[:80], "c-0-label": MARKUP}
    assert nadia.post(address, form_of(nadia.get(address)) | typed).status_code == 302
    part = f"/trames/{draft.pk}/reactions/"
    nadia.post(part, form_of(nadia.get(part)) | {"r-0-title": MARKUP, "r-0-say": MARKUP})
    pages = ["", "apercu/", "publier/", "reactions/", "questions/sante/"]
    for name in pages:
        page = nadia.get(f"/trames/{draft.pk}/{name}").content.decode()
        assert "<script>alert" not in page, name
        assert "onclick='x'>" not in page.replace("&#x27;", ""), name
    assert MARKUP in said(nadia.get(address))


# Two coordinators ---------------------------------------------------------------------------------------------------


def test_a_mistake_does_not_make_one_forget_that_somebody_else_wrote(
    nadia: Any,
    draft: Script,
    client_of: Any,
    administrator: Any,
) -> None:
    """Refused once for a mistake, the corrected page still knows what it was made from."""
    address = page_of(draft, "sante")
    mine = form_of(nadia.get(address)) | {"say": "Ma version.", "c-0-lonely": "99"}
    theirs = client_of(administrator)
    theirs.post(address, form_of(theirs.get(address)) | {"say": "La sienne."})
    page = nadia.post(address, mine)
    assert "Un nombre de 0 à 9." in said(page)
    page = nadia.post(address, form_of(page) | {"c-0-lonely": ""})
    assert "Hugues a modifié cette partie" in said(page)
    assert "Ma version." in said(page)
    assert question(draft, "sante")["say"] == "La sienne."


def test_the_same_for_a_part(nadia: Any, draft: Script, client_of: Any, administrator: Any) -> None:
    address = f"/trames/{draft.pk}/reglages/"
    mine = form_of(nadia.get(address)) | {"title": "Mon titre", "threshold": "beaucoup"}
    theirs = client_of(administrator)
    theirs.post(address, form_of(theirs.get(address)) | {"title": "Le sien"})
    page = nadia.post(address, mine)
    assert "Un nombre de 1 à 99." in said(page)
    page = nadia.post(address, form_of(page) | {"threshold": "4"})
    assert "Hugues a modifié cette partie" in said(page)
    assert content(draft)["title"] == "Le sien"


@pytest.mark.parametrize("name", ["questions/sante/", "nouvelle-question/", *(f"{part}/" for part in PARTS)])
def test_a_version_published_meanwhile_keeps_what_was_being_written_in_sight(
    nadia: Any,
    draft: Script,
    coordinator: Any,
    name: str,
) -> None:
    address = f"/trames/{draft.pk}/{name}"
    data = form_of(nadia.get(address))
    field = next(one for one in ("say", "title", "voicemail_say", "r-0-title", "r-0-label") if one in data)
    scripts.publish(script=draft, by=coordinator, now=timezone.now())
    before = deepcopy(content(draft))
    page = nadia.post(address, data | {field: "Ce que j'avais écrit."})
    shown = said(page)
    assert "a été publiée depuis que vous l'avez ouverte" in shown
    assert "Ce que j'avais écrit." in shown
    assert f"/trames/{draft.pk}/copier/" in shown
    assert content(draft) == before


def test_a_draft_that_somebody_has_just_changed_is_not_deleted(
    nadia: Any, draft: Script, client_of: Any, administrator: Any
) -> None:
    address = f"/trames/{draft.pk}/supprimer/"
    asked = form_of(nadia.get(address))
    theirs = client_of(administrator)
    theirs.post(page_of(draft, "sante"), form_of(theirs.get(page_of(draft, "sante"))) | {"say": "La sienne."})
    page = said(nadia.post(address, asked, follow=True))
    assert "La trame a changé depuis que vous avez ouvert cette page." in page
    assert "par Hugues Perrin" in page
    assert question(draft, "sante")["say"] == "La sienne."
    assert nadia.post(address, form_of(nadia.get(address)))["Location"] == "/trames/"
    assert not Script.objects.filter(pk=draft.pk).exists()


# Files ----------------------------------------------------------------------------------------------------------------

GOOD = "title: Essai\nquestions: [{key: a, say: Bonjour, choices: [{key: b, label: B}]}]\n"
BROKEN = {
    "tabs": "title: Essai\n\tquestions: []",
    "a list of nothing": "title: Essai\nquestions: [null]",
    "answers that are words": "title: Essai\nquestions: [{key: a, say: x, choices: oui}]",
    "answers that are numbers": "title: Essai\nquestions: [{key: a, say: x, choices: [1, 2]}]",
    "conditions that are words": "title: Essai\nquestions: [{key: a, say: x, shown_if: a.b}]",
    "a number that is none": "title: Essai\nquestions: [{key: a, say: x, choices: [{key: b, label: B, lonely: .inf}]}]",
    "a date for a title": "title: 2020-03-17\nquestions: []",
    "a list for a sort": "title: Essai\nkind: [first]\nquestions: []",
    "needs that are a list": "title: Essai\nneeds: [courses]\nquestions: []",
    "needs that are nothing": "title: Essai\nneeds:\nquestions: []",
    "reactions that are nothing": "title: Essai\nreactions:\nquestions: []",
    "a mapping as a key": "? {a: 1}\n: 2\n",
    "a binary": "title: !!binary aGVsbG8=\nquestions: []",
    "5,000 characters": f"title: Essai\nquestions: [{{key: a, say: {LONG}}}]",
    "200 questions": "title: Essai\nquestions:\n" + "".join(f"- {{key: q{n}, say: x}}\n" for n in range(200)),
    "two documents": "title: Un\n---\ntitle: Deux\n",
    "a loneliness that is words": "title: Essai\nloneliness_rule: beaucoup\nquestions: []",
    "a level in a list": "title: Essai\nquestions: [{key: a, say: x, choices: [{key: b, label: B, level: [U1]}]}]",
    "a key of a thousand signs": f"title: Essai\nquestions: [{{key: {'k' * 1000}, say: x}}]",
    "the same question twice": GOOD.replace("questions: [", "questions: [{key: a, say: Encore}, "),
    "the same answer twice": GOOD.replace("{key: b, label: B}", "{key: b, label: B}, {key: b, label: C}"),
    "a NUL": 'title: "a\\0b"\nquestions: []',
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_in_french_and_leaves_nothing(nadia: Any, db: None, text: str) -> None:
    page = nadia.post("/trames/nouvelle/", {"act": "file", "file": SimpleUploadedFile("t.yaml", text.encode())})
    assert page.status_code == 200
    assert page.context["file_form"].errors["file"], text
    assert not Script.objects.exists()


ODD = {
    "no title": "questions: []",
    "a language nobody knows": f"{GOOD}language: klingon\n",
    "a title of 500 signs": f"title: {'t' * 500}\nquestions: []",
    "levels, outcomes and effects nobody knows": GOOD.replace(
        "label: B", "label: B, level: U9, outcome: gagne, opens: porte, cadence: parfois, plan: jamais, need: voiture"
    ),
    "markup": GOOD.replace("Bonjour", "'<script>alert(1)</script>'"),
    "a helpline checked one day": f"{GOOD}helplines: [{{number: 'douze', label: '', kind: ami, checked: hier}}]\n",
    "a consent without answers": f"{GOOD}consent: {{say: 'Puis-je le dire à {{partenaire}} ?'}}\n",
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_an_odd_file_becomes_a_draft_whose_every_page_stands(nadia: Any, db: None, text: str) -> None:
    nadia.post("/trames/nouvelle/", {"act": "file", "file": SimpleUploadedFile("t.yaml", text.encode())})
    made = Script.objects.get()
    pages = ["", "apercu/", "publier/", "supprimer/", "fichier/", "nouvelle-question/", *(f"{part}/" for part in PARTS)]
    pages += [f"questions/{raw['key']}/" for raw in made.content["questions"]]
    for name in pages:
        page = nadia.get(f"/trames/{made.pk}/{name}")
        assert page.status_code == 200, name
        assert b"<script>alert" not in page.content or name == "fichier/"
    for name in (*(f"{part}/" for part in PARTS), *(f"questions/{raw['key']}/" for raw in made.content["questions"])):
        address = f"/trames/{made.pk}/{name}"
        assert nadia.post(address, form_of(nadia.get(address))).status_code in (200, 302), name
    for act in ("up", "down", "twice", "remove", "xx", ""):
        if made.content["questions"]:
            assert (
                nadia.post(f"{page_of(made, made.content['questions'][0]['key'])}agir/", {"act": act}).status_code
                == 302
            )


# Whatever is sent ---------------------------------------------------------------------------------------------------

VALUES = ["", " ", "x", LONG, MARKUP, "{nom", "{surnom}", "-1", "9" * 20, "on", "é😀", "a.b", "accueil.oui", "U0",
          "courses", "callback", "text", "multi", "true", "null", "[]", "../..", NUL]  # fmt: skip
ACTS = ["", "more", "preview", "up:c-1", "down:c-0", "up:zzz", "down:", "up:r-2", "xx"]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_that_is_sent_breaks_a_page_of_the_editor(
    nadia: Any,
    draft: Script,
    seed: int,
) -> None:
    rng = random.Random(seed)
    pages = [*(f"{part}/" for part in PARTS), "questions/sante/", "questions/courses/", "nouvelle-question/"]
    for _ in range(10):
        address = f"/trames/{draft.pk}/{rng.choice(pages)}"
        answer = nadia.get(address)
        if answer.status_code == 404:
            continue
        data = form_of(answer)
        for name in rng.sample(sorted(data), min(len(data), rng.randint(1, 6))):
            data[name] = [rng.choice(VALUES)] if rng.random() < 0.8 else [rng.choice(VALUES), rng.choice(VALUES)]
        data["act"] = [rng.choice(ACTS)]
        headers = {"HX-Request": "true"} if rng.random() < 0.3 else {}
        assert nadia.post(address, data, headers=headers).status_code < 500
    for name in ("", "apercu/", "publier/"):
        assert nadia.get(f"/trames/{draft.pk}/{name}").status_code == 200
    assert nadia.post(
        f"/trames/{draft.pk}/apercu/", {f"q-{n}": rng.choice(VALUES) for n in ("sante-0", "accueil", "x")}
    )
