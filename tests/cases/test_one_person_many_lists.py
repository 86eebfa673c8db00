"""Lists that follow one another: what follows a person, what does not. Each folder says its situation."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import timezone

from campaigns.models import Campaign, Case, FollowUpPlan, Parting
from campaigns.setup import enrolment
from tenants import erasure, households
from tenants.imports import jobs, work
from tenants.models import Confirmation, Household, ListImport, PhoneNumber, Tenant
from tests.factories import make_campaign

CASES = Path(__file__).parent
RELET, SHARED, DIVORCE = "01-relogement-meme-logement", "02-opposition-numero-commun", "03-divorce-telephone"
SPELT, MOVED = "08-opposition-accents", "25-demenagement-avec-suivi"
HEAD = "N° contrat;Référence locataire;Civilité;Nom;Prénom;Date de naissance;Téléphone;Adresse;CP;Ville;Situation\n"
pytestmark = pytest.mark.django_db
Give = Callable[..., dict[str, Any]]


def by_command(path: Path, landlord: Any, capsys: Any) -> dict[str, Any]:
    call_command("import_tenants", str(path), "--json", "--people", "--landlord", landlord.code)
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    return said


def by_screen(path: Path, landlord: Any) -> None:
    now = timezone.now()
    file = ContentFile(path.read_bytes())
    row = jobs.upload(landlord=landlord, file=file, file_name="liste.csv", by=None, now=now)
    jobs.set_columns(list_import=row, fields={}, by=None, now=now)
    work.run_all()
    jobs.confirm(list_import=ListImport.objects.get(pk=row.pk), by=None, now=now)
    work.run_all()
    row.refresh_from_db()
    assert row.state == ListImport.State.APPLIED, (row.state, row.message)
    assert row.recognised == {}


@pytest.fixture(params=["command", "screen"])
def give(request: Any, capsys: Any, tmp_path: Path, landlord: Any) -> Give:
    """Import a file of a case, or lines, by the command or as a person does; again, which changes nothing."""

    def run(*parts: str, lines: str = "") -> dict[str, Any]:
        path = CASES.joinpath(*parts)
        if lines:
            path = tmp_path / "liste.csv"
            path.write_text(HEAD + lines, encoding="utf-8")
        if request.param == "screen":
            by_screen(path, landlord)
        else:
            by_command(path, landlord, capsys)
        before = snapshot()
        said = by_command(path, landlord, capsys)
        assert said["tenants_created"] == said["tenants_updated"] == said["households_created"] == 0, said
        assert snapshot() == before
        return said

    return run


def snapshot() -> list[Any]:
    people = Tenant.objects.order_by("pk").values_list("pk", "household", "reference", "status", "opposed_at")
    numbers = PhoneNumber.objects.order_by("pk").values_list("pk", "household", "tenant", "held", "validity")
    homes = Household.objects.order_by("pk").values_list("pk", "reference", "opposed_at", "street")
    return [*people, *numbers, *homes]


@pytest.fixture
def campaign(landlord: Any, volunteer: Any) -> Campaign:
    return make_campaign(now=timezone.now(), volunteers=[volunteer])


def enrol(campaign: Campaign) -> None:
    enrolment.enrol(campaign=campaign, now=timezone.now())


def home_of(reference: str) -> Household:
    return Tenant.objects.select_related("household").get(reference=reference).household


def to_be_called(campaign: Campaign) -> set[str]:
    """References of the people whom somebody may call."""
    enrol(campaign)
    found = Case.objects.filter(campaign=campaign, status=Case.Status.OPEN, has_number=True)
    people = Tenant.objects.filter(household__cases__in=found, status="present", opposed_at=None)
    return set(people.values_list("reference", flat=True))


def plan_for(household: Household, campaign: Campaign, volunteer: Any) -> FollowUpPlan:
    enrol(campaign)
    case = Case.objects.get(household=household)
    case.set_next(kind=Case.Kind.FOLLOW_UP, at=None)
    case.save_moved()
    today = timezone.localdate()
    return FollowUpPlan.objects.create(
        case=case, household=household, cadence="weekly", weekdays=[2], time=time(14, 30), volunteer=volunteer,
        starts_on=today, review_on=today + timedelta(days=42), next_due_at=timezone.now() + timedelta(days=3),
    )  # fmt: skip


# 01: a dwelling let again ---------------------------------------------------------------------------------


def test_a_dwelling_let_again_is_a_new_household_that_inherits_nothing(give: Give, campaign: Campaign) -> None:
    give(RELET, "t1-2025.csv")
    former = home_of("T100")
    Household.objects.filter(pk=former.pk).update(notes="Sourde d'une oreille", language="es", fragile=True)
    enrol(campaign)
    households.record_opposition(household=former, now=timezone.now())
    give(RELET, "t2-2026.csv")
    new = home_of("T200")
    assert new.pk != former.pk
    assert (new.opposed_at, new.notes, new.language, new.fragile) == (None, "", "", False)
    assert [phone.e164 for phone in new.phones.all()] == ["+33536490202"]
    assert to_be_called(campaign) == {"T200"}


def test_a_newcomer_of_whom_the_list_alone_speaks_is_a_new_household_too(give: Give, campaign: Campaign) -> None:
    give(RELET, "t1-2025.csv")
    households.record_opposition(household=home_of("T100"), now=timezone.now())
    give(lines="LGT-0042;T200;M.;SOULIER;Bernard;11/09/1939;05 36 49 02 02;4 rue des Acacias;33000;Bordeaux;Présent\n")
    assert home_of("T200").pk != home_of("T100").pk


# 02: one number, several neighbours -----------------------------------------------------------------------


def test_a_shared_number_opposes_nobody_after_a_purge(give: Give, campaign: Campaign) -> None:
    give(SHARED, "liste.csv")
    households.record_opposition(household=home_of("T1"), now=timezone.now())
    erasure.erase_households(ids=list(Household.objects.values_list("pk", flat=True)))
    give(SHARED, "liste.csv")
    assert [home_of(one).opposed_at is not None for one in ("T1", "T2", "T3")] == [True, False, False]
    enrol(campaign)
    held = Case.objects.filter(hold_reason=Case.Hold.TO_CONFIRM).values_list("household__reference", flat=True)
    assert set(held) == {"C2", "C3"}
    asked = Confirmation.objects.waiting()
    assert {(one.household.reference, one.kind, one.blocks) for one in asked} == {
        ("C2", "opposition_number", True),
        ("C3", "opposition_number", True),
    }


def test_a_shared_number_is_dialled_for_nobody_from_the_moment_of_the_opposition(
    give: Give, campaign: Campaign
) -> None:
    give(SHARED, "liste.csv")
    enrol(campaign)
    households.record_opposition(household=home_of("T1"), now=timezone.now())
    assert to_be_called(campaign) == set()
    confirmation = Confirmation.objects.waiting().get(household=home_of("T2"))
    households.settle_confirmation(confirmation=confirmation, agreed=False, now=timezone.now(), by=None)
    assert to_be_called(campaign) == {"T2"}


def test_the_number_of_somebody_opposed_added_to_a_neighbour_is_not_dialled_and_her_own_is(
    give: Give, campaign: Campaign
) -> None:
    give(SHARED, "liste.csv")
    give(SHARED, "liste-1-c7.csv")
    enrol(campaign)
    households.record_opposition(household=home_of("T1"), now=timezone.now())
    give(SHARED, "liste-2-numero-ajoute.csv")
    home = home_of("T7")
    assert home.opposed_at is None
    assert [phone.e164 for phone in households.usable_phones(home)] == ["+33536490707"]
    assert "T7" in to_be_called(campaign)
    assert Confirmation.objects.get(household=home).kind == "opposition_number"


# 03: a couple parts ---------------------------------------------------------------------------------------


def test_a_number_follows_its_owner_and_the_plan_stays_until_a_coordinator_has_chosen(
    give: Give, campaign: Campaign, volunteer: Any, coordinator: Any
) -> None:
    give(DIVORCE, "avant.csv")
    plan = plan_for(home_of("T1"), campaign, volunteer)
    give(DIVORCE, "apres.csv")
    rose, victor = home_of("T1"), home_of("T2")
    assert rose.pk != victor.pk
    assert [phone.e164 for phone in rose.phones.all()] == ["+33536491111"]
    assert [phone.e164 for phone in victor.phones.all()] == ["+33639982222"]
    parting = Parting.objects.get()
    assert (parting.stays_id, parting.leaves_id) == (rose.pk, victor.pk)
    plan.refresh_from_db()
    assert (plan.status, plan.household_id, plan.volunteer_id) == ("active", rose.pk, volunteer.pk)
    enrol(campaign)
    assert not Case.objects.filter(household=victor).exists()


# 08: spelling ---------------------------------------------------------------------------------------------


def test_an_opposition_holds_under_another_reference_and_another_spelling(give: Give, campaign: Campaign) -> None:
    give(SPELT, "2025.csv")
    households.record_opposition(household=Household.objects.get(), now=timezone.now())
    erasure.erase_households(ids=list(Household.objects.values_list("pk", flat=True)))
    give(SPELT, "2026.csv")
    assert Household.objects.get().opposed_at is not None
    assert to_be_called(campaign) == set()


def test_a_first_of_january_opposes_nobody_else(give: Give) -> None:
    give(lines="C1;;Mme;PETIT;Anne;01/01/1940;05 36 49 01 01;1 rue du Port;33000;Bordeaux;\n")
    households.record_opposition(household=Household.objects.get(), now=timezone.now())
    give(lines="C9;;Mme;PETIT;Anne;01/01/1940;05 36 49 01 09;9 quai Sud;33000;Bordeaux;\n")
    assert Household.objects.get(reference="C9").opposed_at is None


# 16: who is remembered without being kept -----------------------------------------------------------------


def test_the_dead_of_a_first_list_are_not_raised_by_one_that_says_nothing(give: Give) -> None:
    yves = "C2;T3;M.;CAMBON;Yves;01/02/1939;05 36 49 01 02;2 rue du Port;33000;Bordeaux;"
    give(lines=yves + "Décédé\n")
    said = give(lines=yves + "\n")
    assert not Tenant.objects.exists()
    assert [one["code"] for one in said["skipped"]] == ["departed_before"]
    give(lines=yves + "Présent\n")
    assert Tenant.objects.get().status == "deceased"
    assert Confirmation.objects.get().kind == "dead_then_present"


@pytest.mark.parametrize("said", ["(DCD);01/01/1936;Dax;", ";02/03/1936;Dax;Décédé"])
def test_they_are_remembered_from_the_screen_alone(landlord: Any, tmp_path: Path, said: str) -> None:
    path = tmp_path / "liste.csv"
    head = "N° contrat;Référence;Occupant;Né(e) le;Ville;Situation\n"
    path.write_text(f"{head}C3;L3;DUCASSE Firmin {said}\n", encoding="utf-8")
    by_screen(path, landlord)
    assert landlord.departed.exists()
    birth = said.split(";")[1]
    path.write_text(f"{head}C3;L3;DUCASSE Firmin;{birth};Dax;\n", encoding="utf-8")
    by_screen(path, landlord)
    assert not Tenant.objects.exists()


# 25: a move inside the stock ------------------------------------------------------------------------------


def test_a_lonely_woman_who_moves_keeps_her_calls_notes_language_and_verdicts(
    give: Give, campaign: Campaign, volunteer: Any
) -> None:
    give(MOVED, "1.csv")
    home = home_of("T1")
    Household.objects.filter(pk=home.pk).update(notes="Parle fort", language="es")
    PhoneNumber.objects.filter(e164="+33639980101").update(validity="wrong")
    plan = plan_for(home, campaign, volunteer)
    due = plan.next_due_at
    give(MOVED, "2.csv")
    after = home_of("T1")
    assert (after.pk, after.reference, after.street) == (home.pk, "C9", "77 avenue Thiers")
    assert (after.notes, after.language) == ("Parle fort", "es")
    plan.refresh_from_db()
    assert (plan.status, plan.volunteer_id, plan.next_due_at) == ("active", volunteer.pk, due)
    assert [phone.e164 for phone in households.usable_phones(after)] == ["+33536490101"]
    enrol(campaign)
    assert Case.objects.count() == 1


@pytest.mark.parametrize("late", [False, True])
def test_a_widow_whose_lease_changes_keeps_her_plan(give: Give, campaign: Campaign, volunteer: Any, late: bool) -> None:
    rose = "T1;Mme;DELMAS;Rose;01/02/1940;05 36 49 11 11;1 rue du Port;33000;Bordeaux;"
    victor = "C1;T2;M.;DELMAS;Victor;05/06/1938;;1 rue du Port;33000;Bordeaux;"
    give(lines=f"C1;{rose}\n{victor}\n")
    plan = plan_for(home_of("T1"), campaign, volunteer)
    lines = [f"C2;{rose}\n", f"{victor}Décédé\n"]
    give(lines="".join(reversed(lines) if late else lines))
    plan.refresh_from_db()
    assert (plan.status, plan.volunteer_id, plan.household.reference) == ("active", volunteer.pk, "C2")
    assert plan.case.hold_reason == Case.Hold.PERSON_CLOSED


def test_two_references_of_one_list_are_two_people_and_a_new_reference_is_the_same_person(give: Give) -> None:
    anne = "Mme;PETIT;Anne;03/04/1940;;1 rue du Port;33000;Bordeaux;\n"
    give(lines=f"C1;T1;{anne}C2;T2;{anne}")
    assert Tenant.objects.count() == 2
    give(lines=f"C1;T1;{anne}C2;T22;{anne}")
    assert set(Tenant.objects.values_list("reference", flat=True)) == {"T1", "T22"}


def test_two_households_that_exchange_their_dwellings_keep_their_own(give: Give) -> None:
    one, two = "M.;ROUX;Guy;03/04/1940;05 36 49 01 01", "Mme;BLANC;Eve;05/06/1941;05 36 49 01 02"
    give(lines=f"C1;T1;{one};1 rue A;33000;Bordeaux;\nC2;T2;{two};2 rue B;33000;Bordeaux;\n")
    before = home_of("T1").pk, home_of("T2").pk
    give(lines=f"C1;T2;{two};1 rue A;33000;Bordeaux;\nC2;T1;{one};2 rue B;33000;Bordeaux;\n")
    assert (home_of("T1").pk, home_of("T2").pk) == before
    assert (home_of("T1").reference, home_of("T2").reference) == ("C2", "C1")


def test_of_two_homonyms_renumbered_in_one_list_each_keeps_her_household(give: Give) -> None:
    jeanne = "Mme;FABRE;Jeanne;18/11/1943"
    one, other = "05 36 49 02 66;1 rue du Port;33000;Bordeaux;", "05 36 49 02 67;9 rue du Port;33000;Bordeaux;"
    before = give(lines=f"C1;T1;{jeanne};{one}\nC9;T9;{jeanne};{other}\n")["people"]
    homes = {person["phones"][0]: person["household"] for person in before}
    after = give(lines=f"C9;N9;{jeanne};{other}\nC1;N1;{jeanne};{one}\n")["people"]
    assert {person["reference"] for person in after} == {"N1", "N9"}
    assert {person["phones"][0]: person["household"] for person in after} == homes


# 29: not to be called ---------------------------------------------------------------------------------------


def test_who_is_not_to_be_called_is_for_a_coordinator_and_a_wrong_number_is_not_dialled(give: Give) -> None:
    said = {one["reference"]: one for one in give("29-ne-pas-appeler", "liste.csv")["people"]}
    assert said["T1"]["to_confirm"] == said["T3"]["to_confirm"] == ["do_not_call"]
    assert said["T2"]["phones"] == []
    assert said["T4"]["phones"] == ["+33639980104"]
    campaign = make_campaign()
    enrolment.enrol(campaign=campaign, now=timezone.now())
    held = Case.objects.filter(status=Case.Status.ON_HOLD, hold_reason=Case.Hold.TO_CONFIRM)
    assert set(held.values_list("household__reference", flat=True)) >= {"C1", "C3"}
