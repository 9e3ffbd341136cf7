"""What the form that publishes takes."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length

from app.extensions import gettext as _
from publish.service import LONGEST_NOTE


class PublishForm(FlaskForm):
    empreinte = HiddenField(id="publier-empreinte", validators=[InputRequired(), Length(max=64)])
    note = TextAreaField(id="publier-note", validators=[Length(max=LONGEST_NOTE)])
    relu = BooleanField(id="publier-relu")

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
