"""The rules that write scripts: drafts changed part by part, frozen once published, kept by the calls."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from campaigns import calls, queue, scripts, welfare
from campaigns.models import Call, Campaign, Case, Script, WelfareCheck
from campaigns.models.script import PublishedScriptError, freeze, thaw
from campaigns.scripts import document
from campaigns.scripts.editing import default_document
from solidarites.models import JournalEntry
from tests import factories

QUESTION = {
    "key": "chauffage",
    "say": "Le chauffage fonctionne-t-il ?",
    "kind": "single",
    "choices": [
        {"key": "oui", "label": "Oui"},
        {"key": "non", "label": "Non, il est en panne", "need": "logement", "level": "U2"},
    ],
}


@pytest.fixture
def shipped(db: None) -> dict[str, Script]:
    return {one.kind: one for one in scripts.load_defaults(now=timezone.now())}


@pytest.fixture
def draft(shipped: dict[str, Script], coordinator: Any) -> Script:
    return scripts.copy(script=shipped["first"], by=coordinator, now=timezone.now())


def add(script: Script, by: Any, question: dict[str, Any] = QUESTION, **more: Any) -> Script:
    return scripts.save_question(
        script_id=script.pk, key="", question=question, seen="", by=by, now=timezone.now(), **more
    )


def keys(script: Script) -> list[str]:
    script.refresh_from_db()
    return [raw["key"] for raw in script.content["questions"]]


# Frozen --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [{"title": "Autre"}, {"content": {}}, {"status": "draft"}, {"version": 9}, {"kind": "welfare"}, {"key": "autre"}],
    ids=lambda change: next(iter(change)),
)
def test_the_database_refuses_to_change_a_published_version(shipped: Any, change: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Script.objects.filter(pk=shipped["first"].pk).update(**change)
    with connection.cursor() as cursor, pytest.raises(DatabaseError), transaction.atomic():
        cursor.execute("UPDATE campaigns_script SET title = 'Autre' WHERE id = %s", [shipped["first"].pk])
    assert Script.objects.get(pk=shipped["first"].pk).title == "Veille seniors"


def test_a_migration_takes_the_trigger_away_and_makes_it_again(shipped: Any) -> None:
    one = Script.objects.filter(pk=shipped["first"].pk)
    editor = SimpleNamespace(connection=connection)
    thaw(None, editor)
    assert one.update(title="Autre") == 1
    assert one.update(title="Veille seniors") == 1
    freeze(None, editor)
    freeze(None, editor)  # twice in place is once
    with pytest.raises(DatabaseError), transaction.atomic():
        one.update(title="Autre")


def test_a_draft_still_changes_and_an_account_may_still_go(shipped: Any, draft: Script, coordinator: Any) -> None:
    assert Script.objects.filter(pk=draft.pk).update(title="Autre") == 1
    Script.objects.filter(pk=draft.pk).update(title="Veille seniors")
    scripts.publish(script=Script.objects.get(pk=draft.pk), by=coordinator, now=timezone.now())
    assert Script.objects.filter(pk=draft.pk).update(published_by=None) == 1


def test_a_published_version_is_neither_deleted_nor_edited(shipped: Any, coordinator: Any) -> None:
    one = shipped["first"]
    with pytest.raises(PublishedScriptError):
        one.delete()
    for act in (
        lambda: scripts.delete_draft(script_id=one.pk, by=coordinator),
        lambda: add(one, coordinator),
        lambda: scripts.remove_question(script_id=one.pk, key="sante", by=coordinator, now=timezone.now()),
        lambda: scripts.save_part(
            script_id=one.pk, part="words", value={}, seen="", by=coordinator, now=timezone.now()
        ),
        lambda: scripts.publish(script=one, by=coordinator, now=timezone.now()),
    ):
        with pytest.raises(scripts.ScriptError, match="elle ne change plus"):
            act()


# Versions ------------------------------------------------------------------------------------------------


def test_a_script_has_one_next_version_at_a_time(shipped: Any, draft: Script, coordinator: Any) -> None:
    again = scripts.copy(script=shipped["first"], by=coordinator, now=timezone.now())
    assert (again.pk, again.version) == (draft.pk, 2)
    assert JournalEntry.objects.filter(action="script.copied").count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        Script.objects.create(key=draft.key, version=7, title="Encore")


def test_a_duplicate_is_another_script(shipped: Any, coordinator: Any) -> None:
    first = scripts.duplicate(script=shipped["first"], by=coordinator, now=timezone.now())
    second = scripts.duplicate(script=shipped["first"], by=coordinator, now=timezone.now())
    assert len({first.key, second.key, shipped["first"].key}) == 3
    assert (first.version, first.status) == (1, Script.Status.DRAFT)
    assert first.content["questions"] == shipped["first"].content["questions"]


@pytest.mark.parametrize("kind", Script.Kind.values)
def test_a_new_script_begins_with_an_opening_that_can_be_published(db: None, coordinator: Any, kind: str) -> None:
    made = scripts.create(kind=kind, title="Canicule 2026", by=coordinator, now=timezone.now())
    assert (made.key, made.title, made.content["title"]) == ("canicule_2026", "Canicule 2026", "Canicule 2026")
    assert len(made.content["questions"]) == 1
    assert scripts.errors(made.content, kind) == []
    scripts.delete_draft(script_id=made.pk, by=coordinator)
    assert not Script.objects.exists()
    actions = JournalEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["script.created", "script.deleted"]


# One question --------------------------------------------------------------------------------------------


def test_a_question_is_added_after_another_and_moved(draft: Script, coordinator: Any) -> None:
    add(draft, coordinator, after="logement")
    order = keys(draft)
    assert order[order.index("logement") + 1] == "chauffage"
    now = timezone.now()
    scripts.move_question(script_id=draft.pk, key="chauffage", step=-1, by=coordinator, now=now)
    assert keys(draft).index("chauffage") == order.index("logement")
    scripts.move_question(script_id=draft.pk, key="accueil", step=-1, by=coordinator, now=now)
    assert keys(draft)[0] == "accueil"
    copied = scripts.duplicate_question(script_id=draft.pk, key="chauffage", by=coordinator, now=now)
    assert keys(draft)[keys(draft).index("chauffage") + 1] == copied == "chauffage_2"
    scripts.remove_question(script_id=draft.pk, key="chauffage", by=coordinator, now=now)
    assert "chauffage" not in keys(draft)
    with pytest.raises(scripts.ScriptError, match="n'est plus dans la trame"):
        scripts.remove_question(script_id=draft.pk, key="chauffage", by=coordinator, now=now)


def test_an_answer_makes_a_later_question_asked_and_no_more(draft: Script, coordinator: Any) -> None:
    raw = document.question_of(draft.content, "courses")
    assert raw is not None
    save = {"script_id": draft.pk, "key": "courses", "question": raw, "by": coordinator, "now": timezone.now()}
    scripts.save_question(**save, seen=document.seen_of(draft.content, "courses"), asks={"aide": ["repas", "manger"]})
    draft.refresh_from_db()
    assert document.question_of(draft.content, "repas")["shown_if"] == ["courses.aide"]
    assert document.question_of(draft.content, "manger")["shown_if"] == [
        "courses.personne", "sante.pas_bien", "courses.aide",
    ]  # fmt: skip
    scripts.save_question(**save, seen=document.seen_of(draft.content, "courses"), asks={"aide": []})
    draft.refresh_from_db()
    assert "shown_if" not in document.question_of(draft.content, "repas")
    assert document.question_of(draft.content, "manger")["shown_if"] == ["courses.personne", "sante.pas_bien"]


def test_what_depended_on_an_answer_taken_out_says_so_and_is_not_asked_of_everybody(
    draft: Script, coordinator: Any
) -> None:
    raw = deepcopy(document.question_of(draft.content, "moral"))
    raw["choices"] = raw["choices"][:2]
    scripts.save_question(
        script_id=draft.pk, key="moral", question=raw, asks={"bon": [], "variable": []},
        seen=document.seen_of(draft.content, "moral"), by=coordinator, now=timezone.now(),
    )  # fmt: skip
    draft.refresh_from_db()
    assert document.question_of(draft.content, "idees_noires")["shown_if"] == ["moral.tres_bas"]
    assert any("réponse qui n'existe pas" in text for text in scripts.errors(draft.content))


def test_a_new_identifier_is_followed_by_what_depends_on_it(draft: Script, coordinator: Any) -> None:
    raw = deepcopy(document.question_of(draft.content, "moral"))
    raw["key"], raw["choices"][2]["key"] = "humeur", "basse"
    scripts.save_question(
        script_id=draft.pk, key="moral", question=raw, renamed={"tres_bas": "basse"},
        seen=document.seen_of(draft.content, "moral"), by=coordinator, now=timezone.now(),
    )  # fmt: skip
    draft.refresh_from_db()
    assert document.question_of(draft.content, "idees_noires")["shown_if"] == ["humeur.basse"]
    assert scripts.errors(draft.content) == []


def test_an_identifier_is_used_once(draft: Script, coordinator: Any) -> None:
    with pytest.raises(scripts.ScriptError, match="déjà l'identifiant"):
        add(draft, coordinator, {**QUESTION, "key": "sante"})


# Two at once ---------------------------------------------------------------------------------------------


def test_what_another_changed_meanwhile_is_not_overwritten(draft: Script, coordinator: Any) -> None:
    hugues = factories.make_user("hugues2@exemple.fr", "Hugues", "Perrin", "coordinator")
    seen = {key: document.seen_of(draft.content, key) for key in ("sante", "moral")}
    now = timezone.now()
    theirs = {**document.question_of(draft.content, "sante"), "say": "Comment allez-vous aujourd'hui ?"}
    scripts.save_question(script_id=draft.pk, key="sante", question=theirs, seen=seen["sante"], by=hugues, now=now)
    mine = {**theirs, "say": "Ça va ?"}
    with pytest.raises(scripts.StaleError, match="Hugues a modifié"):
        scripts.save_question(
            script_id=draft.pk, key="sante", question=mine, seen=seen["sante"], by=coordinator, now=now
        )
    # Another question is nobody's business.
    other = {**document.question_of(draft.content, "moral"), "say": "Et le moral ?"}
    scripts.save_question(script_id=draft.pk, key="moral", question=other, seen=seen["moral"], by=coordinator, now=now)
    draft.refresh_from_db()
    assert document.question_of(draft.content, "sante")["say"] == "Comment allez-vous aujourd'hui ?"
    assert document.question_of(draft.content, "moral")["say"] == "Et le moral ?"


def test_what_was_read_before_publishing_is_what_is_published(draft: Script, coordinator: Any) -> None:
    seen = document.fingerprint(draft.content)
    add(draft, coordinator)
    with pytest.raises(scripts.StaleError):
        scripts.publish(script=draft, by=coordinator, now=timezone.now(), seen=seen)
    draft.refresh_from_db()
    scripts.publish(script=draft, by=coordinator, now=timezone.now(), seen=document.fingerprint(draft.content))
    draft.refresh_from_db()
    assert (draft.status, draft.published_by) == (Script.Status.PUBLISHED, coordinator)


# Campaigns and calls ---------------------------------------------------------------------------------------


@pytest.fixture
def begun(shipped: Any, volunteer: Any) -> tuple[Case, Call]:
    campaign = factories.make_campaign(
        volunteers=[volunteer], script=shipped["first"], follow_up_script=shipped["follow_up"],
        welfare_script=shipped["welfare"],
    )  # fmt: skip
    factories.make_case(campaign)
    given = queue.claim_next(campaign=campaign, by=volunteer, now=timezone.now())
    assert given.case is not None
    assert given.call is not None
    return given.case, given.call


def test_a_call_keeps_the_version_it_began_with(begun: Any, draft: Script, coordinator: Any, volunteer: Any) -> None:
    case, call = begun
    first = call.script_id
    scripts.remove_question(script_id=draft.pk, key="courses", by=coordinator, now=timezone.now())
    scripts.save_question(
        script_id=draft.pk, key="manger", question={**document.question_of(draft.content, "manger"), "shown_if": []},
        seen=document.seen_of(Script.objects.get(pk=draft.pk).content, "manger"), by=coordinator, now=timezone.now(),
    )  # fmt: skip
    scripts.publish(script=Script.objects.get(pk=draft.pk), by=coordinator, now=timezone.now())
    draft.refresh_from_db()
    scripts.use_in_campaign(script=draft, campaign=case.campaign, by=coordinator, now=timezone.now())
    saved = calls.save_draft(
        case_id=case.pk, by=volunteer, answers={"courses": {"": "moi"}}, comment="", extra={}, now=timezone.now()
    )
    assert saved.answers == {"courses": {"": "moi"}}
    recorded = factories.record_call(
        case_id=case.pk, by=volunteer, submission=call.submission, outcome="no_answer", now=timezone.now(),
        answers={"courses": {"": "moi"}},
    )  # fmt: skip
    assert (recorded.script_id, recorded.answers) == (first, {"courses": {"": "moi"}})
    # The next call follows the new one.
    Case.objects.filter(pk=case.pk).update(next_call_at=timezone.now() - timedelta(minutes=1))
    campaign = Campaign.objects.get(pk=case.campaign_id)
    given = queue.claim_next(campaign=campaign, by=volunteer, now=timezone.now())
    assert given.call is not None
    assert given.call.script_id == draft.pk


def test_a_campaign_takes_only_published_versions_and_for_their_sort_of_call(
    shipped: Any, draft: Script, coordinator: Any
) -> None:
    campaign = factories.make_campaign()
    with pytest.raises(scripts.ScriptError, match="Publiez d'abord"):
        scripts.use_in_campaign(script=draft, campaign=campaign, by=coordinator, now=timezone.now())
    for one in shipped.values():
        scripts.use_in_campaign(script=one, campaign=campaign, by=coordinator, now=timezone.now())
    campaign.refresh_from_db()
    assert (campaign.script, campaign.follow_up_script, campaign.welfare_script) == (
        shipped["first"], shipped["follow_up"], shipped["welfare"],
    )  # fmt: skip
    over = factories.make_campaign(status="closed")
    with pytest.raises(scripts.ScriptError, match="terminée"):
        scripts.use_in_campaign(script=shipped["first"], campaign=over, by=coordinator, now=timezone.now())


@pytest.mark.parametrize(
    ("kind", "check", "expected"),
    [("first", False, "first"), ("follow_up", False, "follow_up"), ("asked", False, "first"),
     ("asked", True, "welfare"), ("follow_up", True, "welfare"), ("first", True, "welfare")],
)  # fmt: skip
def test_a_call_made_while_a_check_is_open_follows_its_script(
    shipped: Any, coordinator: Any, kind: str, check: bool, expected: str
) -> None:
    campaign = factories.make_campaign(
        script=shipped["first"], follow_up_script=shipped["follow_up"], welfare_script=shipped["welfare"]
    )
    case = factories.make_case(campaign, next_call_kind=kind)
    if check:
        welfare.open_check(case=case, origin=WelfareCheck.Origin.COORDINATOR, now=timezone.now(), by=coordinator)
        case = Case.objects.select_related("campaign").get(pk=case.pk)
    assert scripts.script_for(case) == shipped[expected].pk
    campaign.welfare_script = campaign.follow_up_script = None
    assert scripts.script_for(Case(pk=case.pk, campaign=campaign, next_call_kind=kind)) == shipped["first"].pk


def test_what_the_words_may_name_is_what_a_call_fills(shipped: Any, volunteer: Any) -> None:
    case = factories.make_case(factories.make_campaign())
    assert set(calls.placeholders(calls.with_household(case.pk), volunteer)) | {"partenaire"} == set(
        scripts.PLACEHOLDERS
    )
    for kind in Script.Kind.values:
        assert set(default_document(kind)[1]["placeholders"]) == set(scripts.PLACEHOLDERS)
