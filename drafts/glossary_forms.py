"""The forms of the glossary. Lengths and meanings are judged by the verbs, which name the field."""

from __future__ import annotations

from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.extensions import gettext as _
from app.forms import Explained
from drafts.glossary import TermWords
from drafts.glossary_queries import TermLine

# What no field of these forms is longer than; the verbs know better.
LONGEST = 4000


class TermForm(Explained):
    mot = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    definition = TextAreaField(validators=[InputRequired(), Length(max=LONGEST)])
    formes = StringField(validators=[Length(max=LONGEST)])
    en_toutes_lettres = StringField(validators=[Length(max=LONGEST)])
    source = StringField(validators=[Length(max=LONGEST)])
    lien = StringField(validators=[Length(max=LONGEST)])
    NAMES = {
        "term": "mot", "definition": "definition", "forms": "formes", "spelled_out": "en_toutes_lettres",
        "source": "source", "source_url": "lien",
    }  # fmt: skip

    def words(self) -> dict[str, str]:
        return {
            "mot": _("Donnez le mot ou le sigle (80 caractères au plus)."),
            "definition": _(
                "Expliquez le mot en 300 caractères au plus, comme à quelqu’un qui ne l’a jamais entendu."
            ),
        }

    @property
    def given(self) -> TermWords:
        return TermWords(
            term=self.mot.data or "", definition=self.definition.data or "", forms=self.formes.data or "",
            spelled_out=self.en_toutes_lettres.data or "", source=self.source.data or "", source_url=self.lien.data or "",
        )  # fmt: skip


class DecideForm(Explained):
    raison = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    NAMES = {"reason": "raison"}

    def words(self) -> dict[str, str]:
        return {"raison": _("Dites pourquoi, en 300 caractères au plus.")}


class BackForm(Explained):
    """A form that is one button."""


def stored(line: TermLine) -> dict[str, str]:
    """What the form shows of a word before anybody typed."""
    return {
        "mot": line.term, "definition": line.definition, "formes": ", ".join(line.forms),
        "en_toutes_lettres": line.spelled_out, "source": line.source, "lien": line.source_url,
    }  # fmt: skip
