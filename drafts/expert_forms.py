"""What the pages about experts take."""

from __future__ import annotations

from typing import Any

from wtforms import IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from app.accounts.models import NAME_LENGTH
from app.extensions import gettext as _
from drafts.expert_models import LONGEST_ADVICE, LONGEST_REASON, Opinion
from drafts.expert_queries import opinion_word
from drafts.experts import LONGEST_STAY
from drafts.forms import _Explained


class InviteExpertForm(_Explained):
    nom = StringField(validators=[InputRequired(), Length(max=NAME_LENGTH)])
    courriel = StringField(validators=[InputRequired(), Length(max=320)])
    jours = IntegerField(validators=[InputRequired(), NumberRange(1, LONGEST_STAY)], default=10)
    raison = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_REASON)])

    def words(self) -> dict[str, str]:
        return {
            "nom": _("Donnez le nom de la personne (128 caractères au plus)."),
            "courriel": _("Donnez une adresse électronique entière, comme nom@exemple.nc."),
            "jours": _("Choisissez une durée de 1 à 30 jours."),
            "raison": _("Dites en une phrase au moins ce que vous attendez de cet avis."),
        }


class OpinionForm(_Explained):
    avis = RadioField(validators=[InputRequired()], validate_choice=True)
    texte = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_ADVICE)])

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.avis.choices = [(str(one), opinion_word(one)) for one in Opinion]

    def words(self) -> dict[str, str]:
        return {
            "avis": _("Choisissez un des trois avis."),
            "texte": _("Expliquez votre avis (4 000 caractères au plus)."),
        }


class ExpertRemarkForm(_Explained):
    passage = SelectField(validate_choice=False, default="")
    remarque = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_ADVICE)])

    def __init__(self, passages: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.passage.choices = passages

    def words(self) -> dict[str, str]:
        return {"remarque": _("Écrivez votre remarque (4 000 caractères au plus).")}
