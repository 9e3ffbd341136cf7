"""The blueprint, what its pages share, and the link in everybody's header."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, render_template, request
from markupsafe import Markup

from app import clock
from app.db import unit_of_work
from app.errors import Invalid, Missing, MovedOn
from app.extensions import gettext as _
from app.forms import Explained, Faults
from app.panels import panel
from app.policy import PORTAL, Act, Actor, acts_for

blueprint = Blueprint("administration", __name__, template_folder="templates", url_prefix="/admin")
# Lines of a list on one page.
AT_ONCE = 50
LARGEST_ID = 2**63 - 1


@panel("header", order=90)
def way_in(actor: Actor) -> Markup | None:
    """The link to the pages below, for administrators."""
    if Act.PORTAL_ADMINISTER not in acts_for(actor, PORTAL):
        return None
    return Markup(render_template("administration/header_panel.html"))  # noqa: S704 # nosec B704 # a template of ours


def number(words: str | None) -> int | None:
    """A number from an address or a form; None for anything else, and for what no database holds."""
    if not words or not words.isascii() or not words.isdigit() or len(words) > 19:
        return None
    found = int(words)
    return found if found <= LARGEST_ID else None


def known(ident: int) -> int:
    """A number out of an address. Raises Missing for one that no database holds."""
    if ident > LARGEST_ID:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return ident


def words_asked(name: str, longest: int) -> str:
    """What an address asks for in words, without characters that no page may show and no database takes."""
    given = request.args.get(name, "")[:longest]
    return "".join(character for character in given if character.isprintable()).strip()


def page_asked() -> int:
    return min(max(number(request.args.get("page", "")[:9]) or 1, 1), 100_000)


def day_asked(name: str) -> date | None:
    try:
        day = date.fromisoformat(request.args.get(name, "")[:10])
    except ValueError:
        return None
    # Beyond these a day more or less has no date.
    return day if 2000 <= day.year <= 9000 else None


def begin_of(day: date) -> datetime:
    """The first moment of a day, as the territory counts it."""
    return datetime.combine(day, time(), tzinfo=clock.NOUMEA)


def end_of(day: date) -> datetime:
    return begin_of(day + timedelta(days=1))


def seen() -> int:
    """The version the form was made from; 0, which nothing has, when it does not say."""
    return number(request.form.get("version", "")[:19]) or 0


@dataclass(frozen=True)
class Attempt:
    """What came of a form. `status` 0: it was done, and `made` is what the verb returned."""

    made: Any = None
    status: int = 0
    faults: Faults = field(default_factory=list)

    @property
    def moved(self) -> bool:
        """Somebody else was first: what is stored now is shown beside what was typed."""
        return self.status == MovedOn.status


UNTRIED = Attempt()


def attempt(form: Explained, verb: Callable[[], Any], names: Mapping[str, str] | None = None) -> Attempt:
    """Check a form and do the verb in a transaction. `names`: which field of the form stands for one of the verb."""
    if not form.validate_on_submit():
        return Attempt(None, Invalid.status, form.faults())
    try:
        with unit_of_work():
            return Attempt(verb())
    except (Invalid, MovedOn) as error:
        return Attempt(None, error.status, form.faults_of(error, **dict(names or {})))


def differences(form: Explained, stored: Mapping[str, object]) -> list[tuple[str, str]]:
    """(name of the field, what is stored) wherever that is not what the form says."""
    return [
        (name, shown)
        for name, value in stored.items()
        if name in form and (shown := _words(value)) != _words(form[name].data)
    ]


def _words(value: object) -> str:
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(sorted(str(one) for one in value))
    return "" if value is None else str(value)
