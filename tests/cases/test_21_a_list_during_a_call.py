"""Case 21: a list comes while somebody is on the phone, and says that she left; the text is kept, the page says why."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from campaigns.calls.tests.caller_cast import hold, running_campaign, text, url, well
from campaigns.models import Call
from tests.factories import make_case, make_household
from tests.pages import press

pytestmark = pytest.mark.django_db
FOLDER = Path(__file__).parent / "21-import-pendant-appel"


def test_the_text_is_kept_and_the_page_says_that_a_list_came(
    client_of: Any, volunteer: Any, volunteer2: Any, landlord: Any, capsys: Any
) -> None:
    household = make_household(landlord, reference="UG100318", last_name="RIGAL", first_name="Pierrette")
    household.tenants.update(reference="L1003181")
    case = make_case(running_campaign(volunteer, volunteer2), household)
    past = timezone.now() - timedelta(days=3)
    Call.objects.create(
        case=case,
        volunteer=volunteer2,
        state="recorded",
        outcome="no_answer",
        started_at=past,
        recorded_at=past,
    )
    lea = client_of(volunteer)
    hold(case, volunteer)
    page = lea.get(url("call", case.pk))
    call_command("import_tenants", str(FOLDER / "liste.csv"), "--landlord", landlord.code)
    capsys.readouterr()
    answer = press(lea, page, "Enregistrer l'appel", **well(case), comment="Elle garde la clé chez la voisine.")
    said = text(lea.get(answer["Location"]))
    assert "Une nouvelle liste du bailleur dit que plus personne n'habite ici. Votre texte est gardé" in said
    assert "repris par" not in said
    assert "RIGAL" in said
    assert "Foyer sans nom" not in said
    call = Call.objects.get(volunteer=volunteer)
    assert (call.state, call.comment) == (Call.State.PENDING, "Elle garde la clé chez la voisine.")
