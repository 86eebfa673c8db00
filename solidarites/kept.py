"""Queries of the hottest paths, whose SQL is made once: saying it again in Python costs more than running it.

The query stays written with the ORM; afterwards only its values change. On PostgreSQL its plan is kept too, once a
connection has asked it a few times: the values travel apart from the text.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, CharField, Field, Model, QuerySet, TextField
from django.db.models.query import get_related_populators
from django.db.models.sql.compiler import SQLCompiler

Row = TypeVar("Row", bound=Model)
# Stand for the values while the text is made: no query has them of its own.
_MARKS: dict[type, Callable[[int], Any]] = {
    int: lambda place: 1_900_000_001 + place,
    str: lambda place: f"kept value {place}",
    datetime: lambda place: datetime(1900, 1, 1 + place, tzinfo=UTC),
    uuid.UUID: lambda place: uuid.UUID(int=1_900_000_001 + place),
}
_PLACES = re.compile(r"%(?:%|s|\((\w+)\)s)")


def database() -> BaseDatabaseWrapper:
    """This thread's connection itself: ``django.db.connection`` looks for it again at each attribute."""
    return connections[DEFAULT_DB_ALIAS]


def execute(sql: str, values: Any, db: BaseDatabaseWrapper | None = None) -> Any:
    """Run a statement, its plan kept on PostgreSQL; gives the cursor, to be read whole before the next statement.

    ``values``: a sequence for « %s », a mapping for « %(name)s ».
    """
    db = db or database()
    if db.vendor != "postgresql":
        asked = db.cursor()
    else:
        sql, names = _numbered(sql)
        asked = cast("Any", db).planned_cursor()
        values = [values[name] for name in names] if names else values
    asked.execute(sql, values)
    return asked


@lru_cache(maxsize=256)
def _numbered(sql: str) -> tuple[str, list[str]]:
    """The text with PostgreSQL's own $1, $2…, a name always the same number; the names in that order."""
    names: list[str] = []
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "%%":
            return "%"
        name = found[1]
        if name is None:
            count += 1
            return f"${count}"
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _PLACES.sub(number, sql), names


def adapt(value: Any, db: BaseDatabaseWrapper | None = None) -> Any:
    """A value as the database takes it; a number always of one size, or each size would have a plan of its own."""
    if value is None or type(value) is str:
        return value
    db = db or database()
    if db.vendor == "postgresql":
        from psycopg.types.numeric import Int8

        return Int8(value) if type(value) is int else value
    if isinstance(value, datetime):
        return db.ops.adapt_datetimefield_value(value)
    if isinstance(value, uuid.UUID) and not db.features.has_native_uuid_field:
        return value.hex
    return value


def _plain(mark: Any) -> Any:
    """A mark as it stands among the values of the text."""
    return mark if type(mark) is int else adapt(mark)


class Kept(Generic[Row]):
    """``Kept(lambda case_id: Case.objects.filter(pk=case_id), int)``: called with the id, gives the list of rows.

    The values are numbers, texts, moments or UUIDs, of the kinds named. One that locks is first asked in a transaction.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]], *kinds: type) -> None:
        self.build, self.kinds = build, kinds
        self.made: dict[str, _Made] = {}

    def __call__(self, *values: Any) -> list[Row]:
        db = database()
        made = self.made.get(db.vendor)
        if made is None:
            marks = [_MARKS[kind](place) for place, kind in enumerate(self.kinds)]
            made = self.made[db.vendor] = _Made(self.build(*marks), marks)
        return cast("list[Row]", made.rows(values, db))


class _Made:
    """One query for one kind of database: its text, where its values go, how its rows become instances."""

    def __init__(self, queryset: QuerySet[Any], marks: Sequence[Any]) -> None:
        compiler: SQLCompiler = queryset.query.get_compiler(connection=connection)
        self.sql, found = compiler.as_sql()
        places = {_plain(mark): index for index, mark in enumerate(marks)}
        # Where each value goes; what is no mark is a value of the query itself.
        self.values = [(places.get(value) if isinstance(value, int | str | datetime | uuid.UUID) else None, value)
                       for value in found]  # fmt: skip
        self.compiler = compiler
        self.converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
        klass: Any = compiler.klass_info
        fields = klass["select_fields"]
        self.start, self.end = fields[0], fields[-1] + 1
        self.model = klass["model"]
        self.names = [column[0].target.attname for column in compiler.select[self.start : self.end]]
        self.related = get_related_populators(klass, compiler.select, "default")  # type: ignore[call-arg]
        self.annotations = list((compiler.annotation_col_map or {}).items())

    def rows(self, values: Sequence[Any], db: BaseDatabaseWrapper) -> list[Any]:
        given = [adapt(value if place is None else values[place], db) for place, value in self.values]
        rows = execute(self.sql, given, db).fetchall()
        if self.converters and rows:
            rows = self.compiler.apply_converters(rows, self.converters)
        return [self._instance(row) for row in rows]

    def _instance(self, row: Sequence[Any]) -> Any:
        instance = self.model.from_db("default", self.names, row[self.start : self.end])
        for related in self.related:
            related.populate(row, instance)
        for name, place in self.annotations:
            setattr(instance, name, row[place])
        return instance


def insert(row: Model) -> None:
    """``row.save(force_insert=True)`` of a plain new row: its id is set. Model.save is not called, nor any signal."""
    db = database()
    sql, columns = _insert_text(type(row), db.vendor)
    row.pk = execute(sql, [_prepared(column, row, db, new=True) for column in columns], db).fetchall()[0][0]
    row._state.adding, row._state.db = False, "default"


@dataclass(frozen=True)
class Insert:
    """A plain new row, whose id nobody needs."""

    row: Model

    def text(self, vendor: str) -> tuple[str, list[_Column]]:
        return _insert_text(type(self.row), vendor)

    def values(self, columns: list[_Column], db: BaseDatabaseWrapper) -> list[Any]:
        return [_prepared(column, self.row, db, new=True) for column in columns]


@dataclass(frozen=True)
class Update:
    """``row.save(update_fields=names)`` of a row that exists. Model.save is not called, nor any signal."""

    row: Model
    names: tuple[str, ...]

    def text(self, vendor: str) -> tuple[str, list[_Column]]:
        return _update_text(type(self.row), self.names, vendor)

    def values(self, columns: list[_Column], db: BaseDatabaseWrapper) -> list[Any]:
        return [*(_prepared(column, self.row, db, new=False) for column in columns), adapt(self.row.pk, db)]


def write(*writes: Insert | Update) -> None:
    """Rows that do not depend on one another, each once: one statement on PostgreSQL, one each elsewhere.

    Raises DatabaseError when a row to update is gone.
    """
    db = database()
    texts = [one.text(db.vendor) for one in writes]
    given = [one.values(columns, db) for one, (_, columns) in zip(writes, texts, strict=True)]
    if db.vendor == "postgresql":
        whole = _together(tuple(text for text, _ in texts))
        counts = execute(whole, [value for values in given for value in values], db).fetchall()[0]
    else:
        counts = [len(execute(text, values, db).fetchall()) for (text, _), values in zip(texts, given, strict=True)]
    for one, count in zip(writes, counts, strict=True):
        if not count:
            raise DatabaseError(f"{one.row._meta.label} {one.row.pk} is gone")


@lru_cache(maxsize=64)
def _together(texts: tuple[str, ...]) -> str:
    named = ", ".join(f"w{place} AS ({text})" for place, text in enumerate(texts))
    counted = ", ".join(f"(SELECT count(*) FROM w{place})" for place in range(len(texts)))  # noqa: S608
    return f"WITH {named} SELECT {counted}"


class _Column:
    """A field, and whether its texts and booleans go to the database as they are."""

    def __init__(self, field: Field[Any, Any]) -> None:
        self.field, self.attname = field, field.attname
        self.usual = type(field).pre_save is Field.pre_save
        self.plain = isinstance(field, CharField | TextField | BooleanField)


def _prepared(column: _Column, row: Model, db: BaseDatabaseWrapper, *, new: bool) -> Any:
    value = getattr(row, column.attname) if column.usual else column.field.pre_save(row, new)
    if value is None or (column.plain and type(value) in (str, bool)):
        return value
    return adapt(column.field.get_db_prep_save(value, db), db)


@lru_cache(maxsize=64)
def _insert_text(model: type[Model], vendor: str) -> tuple[str, list[_Column]]:
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    table, key = model._meta.db_table, model._meta.pk.column
    places = ", ".join(["%s"] * len(fields))
    return f'INSERT INTO "{table}" ({columns}) VALUES ({places}) RETURNING "{key}"', [*map(_Column, fields)]  # noqa: S608


@lru_cache(maxsize=64)
def _update_text(model: type[Model], names: tuple[str, ...], vendor: str) -> tuple[str, list[_Column]]:
    fields = [cast("Field[Any, Any]", model._meta.get_field(name)) for name in names]
    columns = ", ".join(f'"{field.column}" = %s' for field in fields)
    text = f'UPDATE "{model._meta.db_table}" SET {columns} WHERE "{model._meta.pk.column}" = %s RETURNING 1'  # noqa: S608
    return text, [*map(_Column, fields)]


class Columns(Generic[Row]):
    """Some columns of a model, for a statement written by hand: their names, and instances of its rows."""

    def __init__(self, model: type[Row], *names: str) -> None:
        # In the model's own order: it is the one in which « from_db » takes values.
        wanted = {cast("Field[Any, Any]", model._meta.get_field(name)) for name in names}
        self.model, self.fields = model, [field for field in model._meta.concrete_fields if field in wanted]
        self.names = [field.attname for field in self.fields]
        self.text = ", ".join(str(field.column) for field in self.fields)
        self.converters: dict[str, list[tuple[int, Any, list[Any]]]] = {}

    def instance(self, row: Sequence[Any]) -> Row:
        """From a row that begins with these columns; the others are read when they are asked for."""
        values, db = list(row[: len(self.fields)]), database()
        for place, column, functions in self._converters(db):
            for function in functions:
                values[place] = function(values[place], column, db)
        return self.model.from_db("default", self.names, values)

    def _converters(self, db: BaseDatabaseWrapper) -> list[tuple[int, Any, list[Any]]]:
        if db.vendor not in self.converters:
            columns = [field.get_col(self.model._meta.db_table) for field in self.fields]
            found = [[*db.ops.get_db_converters(one), *one.get_db_converters(db)] for one in columns]
            self.converters[db.vendor] = [
                (place, columns[place], functions) for place, functions in enumerate(found) if functions
            ]
        return self.converters[db.vendor]


def insert_each(row: Model, source: str, given: dict[str, str]) -> str:
    """PostgreSQL's INSERT … SELECT, a row for each of ``source``: the columns of ``given`` (SQL), else ``row``'s."""
    from psycopg import sql

    fields = [field for field in row._meta.concrete_fields if not field.primary_key]
    values = [
        given.get(str(field.column))
        or sql.Literal(field.get_db_prep_save(field.pre_save(row, True), connection)).as_string()
        for field in fields
    ]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    return f'INSERT INTO "{row._meta.db_table}" ({columns}) SELECT {", ".join(values)} FROM {source}'  # noqa: S608
