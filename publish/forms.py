"""What the form that publishes takes."""

from __future__ import annotations

from datetime import datetime

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, HiddenField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length, Optional

from app import clock
from app.extensions import gettext as _
from publish.service import LONGEST_NOTE


class PublishForm(FlaskForm):
    empreinte = HiddenField(id="publier-empreinte", validators=[InputRequired(), Length(max=64)])
    note = TextAreaField(id="publier-note", validators=[Length(max=LONGEST_NOTE)])
    relu = BooleanField(id="publier-relu")
    # Only for a publication to come.
    jour = DateField(id="publier-jour", validators=[Optional()])
    heure = TimeField(id="publier-heure", validators=[Optional()])

    def faults(self) -> list[tuple[str, str]]:
        """(address of the field, what is wrong with it) for the summary above the form."""
        found = []
        if self.note.errors:
            found.append(
                (f"#{self.note.id}", _("La note de modification est trop longue (500 caractères au plus)."))
            )
        if not self.relu.data:
            found.append((f"#{self.relu.id}", _("Cochez la case qui dit que vous avez relu ce texte.")))
        if self.empreinte.errors:
            found.append(
                ("", _("Rechargez la page de relecture : il manque l’empreinte du texte à publier."))
            )
        return found

    def moment(self) -> datetime | None:
        """The instant that was chosen, on the clocks of Nouméa; None when day or hour is missing."""
        if self.jour.data is None or self.heure.data is None:
            return None
        return datetime.combine(self.jour.data, self.heure.data, tzinfo=clock.NOUMEA)

    def faults_of_the_moment(self) -> list[tuple[str, str]]:
        if self.jour.data is None:
            self.jour.errors = [_("Choisissez le jour de la publication.")]
        if self.heure.data is None:
            self.heure.errors = [_("Choisissez l’heure de la publication.")]
        return [(f"#{field.id}", field.errors[0]) for field in (self.jour, self.heure) if field.data is None]
