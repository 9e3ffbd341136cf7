"""The form of a rule of plain French."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wtforms import BooleanField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.administration.plain_french_queries import RulePage
from app.extensions import gettext as _
from app.forms import BoxesField, Explained
from drafts.amending import NUMBERS, RuleWords

# 300 lines of the longest kind; the verbs know better.
LONGEST = 200_000


class RuleForm(Explained):
    """The names of the numbers are those of the rules' data."""

    active = BooleanField()
    nom = StringField(validators=[Length(max=LONGEST)])
    pourquoi = TextAreaField(validators=[Length(max=LONGEST)])
    max_words = IntegerField(validators=[Optional()])
    min_letters = IntegerField(validators=[Optional()])
    chain = IntegerField(validators=[Optional()])
    window = IntegerField(validators=[Optional()])
    reach = IntegerField(validators=[Optional()])
    span = IntegerField(validators=[Optional()])
    formules = TextAreaField(validators=[Length(max=LONGEST)])
    formules_retirees = TextAreaField(validators=[Length(max=LONGEST)])
    exceptions = TextAreaField(validators=[Length(max=LONGEST)])
    exceptions_retirees = TextAreaField(validators=[Length(max=LONGEST)])
    sigles = TextAreaField(validators=[Length(max=LONGEST)])
    sigles_retires = TextAreaField(validators=[Length(max=LONGEST)])
    corrects = TextAreaField(validators=[Length(max=LONGEST)])
    corrects_retires = BoxesField()
    fautifs = TextAreaField(validators=[Length(max=LONGEST)])
    fautifs_retires = BoxesField()
    raison = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    NAMES = {
        "name": "nom", "why": "pourquoi", "formulae": "formules", "formulae_out": "formules_retirees",
        "exceptions": "exceptions", "exceptions_out": "exceptions_retirees", "known": "sigles",
        "known_out": "sigles_retires", "right": "corrects", "right_out": "corrects_retires", "wrong": "fautifs",
        "wrong_out": "fautifs_retires", "reason": "raison",
        **{key: key for key in NUMBERS},
    }  # fmt: skip

    def words(self) -> dict[str, str]:
        number = _("Donnez un nombre entier.")
        return {
            **dict.fromkeys(NUMBERS, number),
            "raison": _("Dites pourquoi, en 300 caractères au plus."),
        }

    def offer(self, it: RulePage) -> None:
        """The examples of the release, each a box to tick."""
        for field, part in ((self.corrects_retires, "right"), (self.fautifs_retires, "wrong")):
            field.choices = [(one["text"], one["text"]) for one in it.shipped[part]]

    @property
    def given(self) -> RuleWords:
        return RuleWords(
            is_on=bool(self.active.data), name=self.nom.data or "", why=self.pourquoi.data or "",
            numbers={key: self[key].data for key in NUMBERS},
            formulae=self.formules.data or "", formulae_out=self.formules_retirees.data or "",
            exceptions=self.exceptions.data or "", exceptions_out=self.exceptions_retirees.data or "",
            known=self.sigles.data or "", known_out=self.sigles_retires.data or "",
            right=self.corrects.data or "", right_out=self.corrects_retires.data or (),
            wrong=self.fautifs.data or "", wrong_out=self.fautifs_retires.data or (),
        )  # fmt: skip


class RestoreForm(Explained):
    raison = StringField(validators=[Length(max=LONGEST)])
    NAMES = {"reason": "raison"}


def stored(it: RulePage) -> dict[str, Any]:
    """What the form shows of a rule before anybody typed."""
    change = it.change
    return {
        "active": it.line.is_on, "nom": it.line.name, "pourquoi": it.line.why, **it.numbers,
        "formules": _lines(_formula(one) for one in change.get("formulae", ())),
        "formules_retirees": _lines(change.get("formulae_out", ())),
        "exceptions": _lines(change.get("exceptions", ())), "exceptions_retirees": _lines(change.get("exceptions_out", ())),
        "sigles": _lines(change.get("known", ())), "sigles_retires": _lines(change.get("known_out", ())),
        "corrects": _lines(one["text"] for one in change.get("right", ())),
        "corrects_retires": list(change.get("right_out", ())),
        "fautifs": _lines(_wrong(one) for one in change.get("wrong", ())),
        "fautifs_retires": list(change.get("wrong_out", ())),
    }  # fmt: skip


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _formula(one: dict[str, str]) -> str:
    return f"{one['say']} = {one['better']}" if "better" in one else f"{one['say']} : {one['rather']}"


def _wrong(one: dict[str, str]) -> str:
    parts = [one["text"], one["words"], *([one["better"]] if "better" in one else [])]
    return " | ".join(parts)
