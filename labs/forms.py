"""What the pages of the labs take."""

from __future__ import annotations

from typing import Any

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from app.accounts.forms import CodeForm
from app.accounts.models import NAME_LENGTH
from app.directory.themes import themes
from app.extensions import gettext as _
from app.forms import BoxesField, Explained
from labs.cycle_models import LONGEST_GOAL, MOST_GOALS
from labs.guest_models import GUEST_RIGHTS
from labs.guests import LONGEST_STAY, USUAL_STAY
from labs.joining_models import LONGEST_SENTENCE
from labs.roles import LADDER, Right
from labs.service import LONGEST_PURPOSE, LONGEST_TITLE
from labs.words import guest_right_sentence, right_sentence

# What a select sends for a facilitator, beside the four rights.
FACILITATOR = "facilitator"


def right_choices(*, facilitator: bool = True) -> list[tuple[str, str]]:
    choices = [(str(right), right_sentence(right)) for right in LADDER]
    if facilitator:
        choices.append((FACILITATOR, _("Animation : tout cela, inviter et conduire le lab")))
    return choices


def guest_right_choices() -> list[tuple[str, str]]:
    return [(str(right), guest_right_sentence(right)) for right in GUEST_RIGHTS]


class RightForm(Explained):
    droit = SelectField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.droit.choices = right_choices()

    @property
    def right(self) -> Right:
        """The right that was chosen; a facilitator holds them all."""
        return Right.WRITE if self.facilitator else Right(self.droit.data)

    @property
    def facilitator(self) -> bool:
        return bool(self.droit.data == FACILITATOR)

    def words(self) -> dict[str, str]:
        return {"droit": _("Choisissez ce que la personne pourra faire.")}


class InviteForm(RightForm):
    """Agents that were ticked in what the search found."""

    personnes = SelectMultipleField(coerce=int, validate_choice=False, validators=[InputRequired()])

    def words(self) -> dict[str, str]:
        return {**super().words(), "personnes": _("Cochez au moins une personne.")}


class GuestForm(Explained):
    nom = StringField(validators=[InputRequired(), Length(max=NAME_LENGTH)])
    courriel = EmailField(validators=[InputRequired(), Length(max=320)])
    droit = SelectField()
    jours = IntegerField(validators=[InputRequired(), NumberRange(1, LONGEST_STAY)], default=USUAL_STAY)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.droit.choices = guest_right_choices()

    def words(self) -> dict[str, str]:
        return {
            "nom": _("Donnez le nom de la personne (128 caractères au plus)."),
            "courriel": _("Donnez une adresse électronique entière, comme nom@exemple.nc."),
            "droit": _("Choisissez ce que la personne pourra faire."),
            "jours": _("Choisissez une durée de 1 à 90 jours."),
        }


class GuestCodeForm(CodeForm):
    poste_partage = BooleanField()


class ListForm(Explained):
    """A list of people, as a file or as lines; a file goes before what stands in the field."""

    fichier = FileField()
    liste = TextAreaField()


class AskForm(Explained):
    phrase = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_SENTENCE)])

    def words(self) -> dict[str, str]:
        return {
            "phrase": _(
                "Dites en une phrase pourquoi vous voulez entrer dans ce lab (500 caractères au plus)."
            )
        }


class DeclineForm(Explained):
    raison = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_SENTENCE)])

    def words(self) -> dict[str, str]:
        return {"raison": _("Dites pourquoi : la personne recevra cette phrase (500 caractères au plus).")}


class DescribeForm(Explained):
    but = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_PURPOSE)])
    themes = BoxesField()
    ouvert = BooleanField()

    def __init__(self, kept: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.themes.offer(themes(), kept)

    def words(self) -> dict[str, str]:
        return {
            "but": _("Dites en quelques phrases ce que le lab veut obtenir (2 000 caractères au plus)."),
            "themes": _("Choisissez des thèmes de la liste."),
        }


class FoundForm(DescribeForm):
    titre = StringField(validators=[InputRequired(), Length(max=LONGEST_TITLE)])
    # The number of a wish that the lab is founded for, and of the last thing that was done to it.
    souhait = IntegerField(widget=HiddenInput(), validators=[Optional()])
    vu = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def words(self) -> dict[str, str]:
        return {"titre": _("Donnez au lab un titre de 200 caractères au plus."), **super().words()}


class FilterForm(Explained):
    """What the list of labs is narrowed to; from the address, so that it can be kept and sent on."""

    class Meta:
        csrf = False

    q = StringField(validators=[Optional(), Length(max=100)])
    theme = SelectField(validate_choice=False, default="")
    administration = SelectField(validate_choice=False, default="")

    def __init__(self, administrations: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theme.choices = [("", _("Tous les thèmes")), *themes().items()]
        self.administration.choices = [("", _("Toutes les administrations")), *administrations]


class CycleForm(Explained):
    debut = DateField(validators=[InputRequired()])
    buts = TextAreaField(validators=[InputRequired(), Length(max=MOST_GOALS * (LONGEST_GOAL + 2))])

    @property
    def lines(self) -> list[str]:
        """The goals, one a line."""
        return (self.buts.data or "").splitlines()

    def words(self) -> dict[str, str]:
        return {
            "debut": _("Donnez le premier jour du cycle."),
            "buts": _("Donnez un but par ligne (12 au plus, de 300 caractères au plus)."),
        }
