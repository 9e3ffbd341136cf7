"""What the form that publishes takes."""

from __future__ import annotations

from datetime import datetime

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, HiddenField, TextAreaField, TimeField
from wtforms.validators import InputRequired, Length, Optional

from app import clock
from app.extensions import gettext as _
from drafts.review import LONGEST_REASON
from publish.service import LONGEST_NOTE


def number_in(text: str | None) -> int | None:
    """The number that a hidden field carries; None when it carries none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


class MomentForm(FlaskForm):
    """A moment to come, on the clocks of Nouméa."""

    jour = DateField(id="publier-jour", validators=[Optional()])
    heure = TimeField(id="publier-heure", validators=[Optional()])

    def moment(self) -> datetime | None:
        """The instant that was chosen; None when day or hour is missing."""
        if self.jour.data is None or self.heure.data is None:
            return None
        return datetime.combine(self.jour.data, self.heure.data, tzinfo=clock.NOUMEA)

    def instant(self) -> datetime:
        """The same, once it is known that nothing is missing."""
        at = self.moment()
        assert at is not None
        return at

    def faults_of_the_moment(self) -> list[tuple[str, str]]:
        if self.jour.data is None:
            self.jour.errors = [_("Choisissez le jour de la publication.")]
        if self.heure.data is None:
            self.heure.errors = [_("Choisissez l’heure de la publication.")]
        return [(f"#{field.id}", field.errors[0]) for field in (self.jour, self.heure) if field.data is None]


class UrgentForm(FlaskForm):
    actes = HiddenField(id="urgence-actes", validators=[Length(max=9)])
    empreinte = HiddenField(id="urgence-empreinte", validators=[InputRequired(), Length(max=64)])
    note = TextAreaField(id="urgence-note", validators=[Length(max=LONGEST_NOTE)])
    motif = TextAreaField(id="urgence-motif", validators=[InputRequired(), Length(max=LONGEST_REASON)])

    @property
    def seen(self) -> int | None:
        return number_in(self.actes.data)

    def faults(self) -> list[tuple[str, str]]:
        found = []
        if self.motif.errors:
            found.append(
                (
                    f"#{self.motif.id}",
                    _("Dites en une phrase pourquoi cela ne peut pas attendre la relecture."),
                )
            )
        if self.note.errors:
            found.append(
                (f"#{self.note.id}", _("La note de modification est trop longue (500 caractères au plus)."))
            )
        return found or [("", _("Rechargez la page de relecture, puis recommencez."))]


class PublishForm(MomentForm):
    # The number of the article's last act that the page showed.
    actes = HiddenField(id="publier-actes", validators=[Length(max=9)])
    empreinte = HiddenField(id="publier-empreinte", validators=[InputRequired(), Length(max=64)])
    note = TextAreaField(id="publier-note", validators=[Length(max=LONGEST_NOTE)])
    relu = BooleanField(id="publier-relu")

    @property
    def seen(self) -> int | None:
        return number_in(self.actes.data)

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
