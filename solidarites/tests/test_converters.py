"""A number that no row can have is the address of nothing, whatever the database would say to it."""

import pytest
from django.urls import Resolver404, resolve


@pytest.mark.parametrize("number", ["1", "999999999999999999"])
def test_a_number_that_a_row_may_have_leads_somewhere(number):
    assert resolve(f"/personnes/{number}/").kwargs == {"user_id": int(number)}


@pytest.mark.parametrize("number", ["9999999999999999999", "-1", "1.5", "٣", ""])
def test_any_other_leads_nowhere(number):
    with pytest.raises(Resolver404):
        resolve(f"/personnes/{number}/inconnu/")
    with pytest.raises(Resolver404):
        resolve(f"/personnes/{number}/lien/")


def test_an_administrator_who_types_one_is_told_that_there_is_no_such_page(client_of, administrator):
    assert client_of(administrator).get(f"/personnes/{10**30}/").status_code == 404
