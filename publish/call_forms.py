"""What the forms of calls and of reading tests take from agents."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, time
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, Optional

from app import clock
from app.extensions import gettext as _
from app.forms import Explained
from publish.call_models import (
    LONGEST_CHOICE,
    LONGEST_QUESTION,
    LONGEST_SOURCE,
    LONGEST_SUMMARY,
    LONGEST_TITLE,
    LONGEST_WORDS,
    MOST_CHOICES,
    Channel,
)
from publish.call_words import CODES, channel_word
from publish.reading_test_models import LONGEST_INTRO

_KEY = re.compile(r"[0-9a-f]{32}")
# By these an answer is keyed in: who reads the site answers there.
KEYED_IN = tuple(channel for channel in Channel if channel not in (Channel.SITE, Channel.POSTER))


def _moment(day: Any, hour: time | None) -> datetime:
    """On the clocks of Nouméa."""
    return datetime.combine(day, hour or time(), tzinfo=clock.NOUMEA)


class CallForm(Explained):
    titre = StringField(validators=[InputRequired(), Length(max=LONGEST_TITLE)])
    question = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_QUESTION)])
    choix = TextAreaField(validators=[Length(max=MOST_CHOICES * (LONGEST_CHOICE + 2) + 200)])
    lab = SelectField()
    debut = DateField(validators=[InputRequired()])
    debut_heure = TimeField(validators=[Optional()])
    fin = DateField(validators=[InputRequired()])
    fin_heure = TimeField(validators=[Optional()])
    resultats = BooleanField()

    def __init__(self, labs: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lab.choices = labs

    @property
    def opens_at(self) -> datetime:
        return _moment(self.debut.data, self.debut_heure.data)

    @property
    def closes_at(self) -> datetime:
        """Without an hour the last day counts whole."""
        return _moment(self.fin.data, self.fin_heure.data or time(23, 59))

    def words(self) -> dict[str, str]:
        return {
            "titre": _("Donnez à l’appel un titre de 150 caractères au plus."),
            "question": _("Écrivez la question en 500 caractères au plus."),
            "choix": _(
                "Proposez de deux à six réponses de 120 caractères au plus, une par ligne, ou aucune."
            ),
            "lab": _("Choisissez un lab de la liste."),
            "debut": _("Choisissez le premier jour."),
            "debut_heure": _("Écrivez une heure, par exemple 08:00, ou laissez vide."),
            "fin": _("Choisissez le dernier jour."),
            "fin_heure": _("Écrivez une heure, par exemple 17:00, ou laissez vide."),
        }


class EndForm(Explained):
    """Of a call that is open only its end may move, and whether its results are shown."""

    fin = DateField(validators=[InputRequired()])
    fin_heure = TimeField(validators=[Optional()])
    resultats = BooleanField()

    @property
    def closes_at(self) -> datetime:
        return _moment(self.fin.data, self.fin_heure.data or time(23, 59))

    def words(self) -> dict[str, str]:
        return {
            "fin": _("Choisissez le dernier jour."),
            "fin_heure": _("Écrivez une heure, par exemple 17:00, ou laissez vide."),
        }


class SummaryForm(Explained):
    bilan = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_SUMMARY)])

    def words(self) -> dict[str, str]:
        return {"bilan": _("Écrivez en 3 000 caractères au plus ce que vous en avez fait.")}


class KeyInForm(Explained):
    """An answer that came otherwise. `cle` says that it is this one, however often it is sent."""

    cle = HiddenField()
    canal = SelectField()
    choix = RadioField(validators=[Optional()])
    mots = TextAreaField(validators=[Length(max=LONGEST_WORDS)])
    source = StringField(validators=[Length(max=LONGEST_SOURCE)])

    def __init__(self, choices: list[str], channels: tuple[Channel, ...] = KEYED_IN, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.canal.choices = [(CODES[channel], channel_word(channel)) for channel in channels]
        self.choix.choices = [(str(number), label) for number, label in enumerate(choices)]
        if not _KEY.fullmatch(self.cle.data or ""):
            self.cle.data = secrets.token_hex(16)

    @property
    def choice(self) -> int | None:
        return int(self.choix.data) if self.choix.data else None

    def words(self) -> dict[str, str]:
        return {
            "canal": _("Choisissez par où la réponse est venue."),
            "choix": _("Choisissez une des réponses proposées."),
            "mots": _("Écrivez 1 000 caractères au plus."),
            "source": _("Écrivez 300 caractères au plus."),
        }


class ExtractForm(Explained):
    passage = RadioField()

    def __init__(self, passages: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.passage.choices = passages

    def words(self) -> dict[str, str]:
        return {"passage": _("Choisissez un passage de la fiche.")}


class ReadingTestForm(Explained):
    texte = SelectField(coerce=int)
    fin = DateField(validators=[InputRequired()])
    intro = TextAreaField(validators=[Length(max=LONGEST_INTRO)])

    def __init__(self, texts: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.texte.choices = texts

    @property
    def closes_at(self) -> datetime:
        return _moment(self.fin.data, time(23, 59))

    def words(self) -> dict[str, str]:
        return {
            "texte": _("Choisissez un texte de la liste."),
            "fin": _("Choisissez le dernier jour."),
            "intro": _("Écrivez 500 caractères au plus."),
        }
