"""A table may name a table of its own room or of a room further down, never one above or beside it."""

from __future__ import annotations

import importlib
from pathlib import Path

import sqlalchemy as sa

from app.db import Base
from tests.house.tree import STRANGERS, module_name, room_of, served_modules


def every_table() -> dict[str, str]:
    """Table name → the module that owns it: where its class is, or where a link table is written down."""
    modules = [importlib.import_module(module_name(path)) for path in served_modules() if holds_tables(path)]
    home = {mapper.local_table.name: mapper.class_.__module__ for mapper in Base.registry.mappers}  # type: ignore[attr-defined]
    mapped = set(home)
    # A link table is a plain Table; among the modules that can see it, the lowest one wrote it down.
    for module in sorted(modules, key=lambda found: room_of(found.__name__), reverse=True):
        for value in vars(module).values():
            if isinstance(value, sa.Table) and value.name not in mapped:
                home[value.name] = module.__name__
    return home


def holds_tables(path: Path) -> bool:
    source = path.read_text(encoding="utf-8")
    return "__tablename__" in source or "sa.Table(" in source


def test_foreign_keys_point_down() -> None:
    home = every_table()
    assert home, "no table was found: is app.db.Base still the base of all models?"
    wrong = []
    for table in Base.metadata.tables.values():
        for key in table.foreign_keys:
            from_floor, from_room = room_of(home[table.name])
            to_floor, to_room = room_of(home[key.column.table.name])
            if to_floor > from_floor or (to_floor == from_floor and {from_room, to_room} == STRANGERS):
                wrong.append(
                    f"{table.name}.{key.parent.name} ({from_room}) → {key.column.table.name} ({to_room})"
                )
    assert not wrong, f"Turn these round, with a link table in the upper room: {wrong}"


def test_every_table_is_owned_by_a_room() -> None:
    orphans = sorted(set(Base.metadata.tables) - set(every_table()))
    assert not orphans, (
        f"Keep these as a name in their room's models.py, so that it is known who owns them: {orphans}"
    )
