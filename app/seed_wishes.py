"""The wishes of the demonstration: filed, read and answered on days of the past."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from app import clock
from app.db import session, unit_of_work
from app.seed_known import actor_of, known
from labs import cycle_queries, wish_work, wishes
from labs.models import Lab
from labs.wish_models import Channel, Wish
from publish import personal, wish_answers


def add_wish(entry: dict[str, Any]) -> None:
    """A wish with what was done to it, and who supports it."""
    with unit_of_work():
        key = _digest(entry["key"])
        if known(Wish, key=key):
            return
        with clock.shifted(-timedelta(days=entry["days"])):
            wish = wishes.file_wish(
                actor_of(entry["by"]) if "by" in entry else None,
                entry["title"],
                entry["need"],
                key=key,
                held=bool(personal.findings(f"{entry['title']}\n{entry['need']}")),
                channel=Channel(entry.get("channel", "site")),
                source_url=entry.get("url", ""),
                note=entry.get("note", ""),
            )
        for number, act in enumerate(entry["acts"]):
            with clock.shifted(-timedelta(days=act["days"])):
                _do(wish, act)
            if number == 0:
                for reader in range(entry["supports"]):
                    wishes.support(_marks(reader), wish)


def _marks(reader: int) -> Callable[[int], str]:
    return lambda number: _digest(f"reader {reader} {number}")


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def _do(wish: Wish, act: dict[str, Any]) -> None:
    match act["act"]:
        case "show":
            wishes.show(actor_of(act["by"]), wish, wish.version)
        case "hide":
            wishes.refuse(actor_of(act["by"]), wish, wish.version, act["reason"])
        case "take_up":
            lab = session().scalars(sa.select(Lab).filter_by(slug=act["lab"])).one()
            wish_work.take_up(actor_of(act["by"]), lab, wish, wish.version)
        case "plan":
            wish_work.plan(actor_of(act["by"]), wish, cycle_queries.cycle_numbered(1), wish.version)
        case "refuse":
            wish_work.refuse_with_reason(actor_of(act["by"]), wish, wish.version, act["reason"])
        case "published":
            wish_answers.answer_with(actor_of(act["by"]), wish, act["article"], wish.version)
        case "merge":
            into = session().scalars(sa.select(Wish).filter_by(key=_digest(act["into"]))).one()
            wish_work.merge(actor_of(act["by"]), wish, into, wish.version)
        case "withdraw":
            wishes.withdraw(wish)
        case other:
            raise ValueError(f"app/demo names an act that nobody can do: {other}")
