"""What must never break is in the database: the migrations leave every constraint and index that the models name."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

from tests.house.source import APPS


@pytest.mark.django_db
@pytest.mark.parametrize("model", [m for m in apps.get_models() if m._meta.app_label in APPS], ids=str)
def test_the_database_has_every_constraint_and_index_of_the_model(model):
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    named = {one.name for one in (*model._meta.constraints, *model._meta.indexes)}
    assert named <= set(found), named - set(found)
