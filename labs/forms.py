"""What the pages of the labs take."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import EmailField, SelectField
from wtforms.validators import InputRequired, Length

from app.extensions import gettext as _
from labs.roles import LADDER, Right
from labs.words import right_sentence

# What a select sends for a facilitator, beside the four rights.
FACILITATOR = "facilitator"


def right_choices(*, facilitator: bool) -> list[tuple[str, str]]:
    choices = [(str(right), right_sentence(right)) for right in LADDER]
    if facilitator:
        choices.append((FACILITATOR, _("Animation : tout cela, inviter et conduire le lab")))
    return choices


class RightForm(FlaskForm):
    droit = SelectField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.droit.choices = right_choices(facilitator=True)

    @property
    def right(self) -> Right:
        """The right that was chosen; a facilitator holds them all."""
        return Right.WRITE if self.facilitator else Right(self.droit.data)

    @property
    def facilitator(self) -> bool:
        return bool(self.droit.data == FACILITATOR)


class InviteForm(RightForm):
    courriel = EmailField(validators=[InputRequired(), Length(max=320)])

    def faults(self) -> list[tuple[str, str]]:
        """(address of the field, what is wrong with it), in words."""
        found = []
        if self.courriel.errors:
            self.courriel.errors = [_("Indiquez l’adresse électronique de la personne à inviter.")]
            found.append(("#courriel", self.courriel.errors[0]))
        if self.droit.errors:
            self.droit.errors = [_("Choisissez ce que la personne pourra faire.")]
            found.append(("#droit", self.droit.errors[0]))
        return found
