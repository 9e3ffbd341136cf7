"""What the forms take that decide what becomes of an article."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from app.extensions import gettext as _
from drafts.review import LONGEST_REASON
from publish.fate_stages import BY_TWO
from publish.forms import number_in

Faults = list[tuple[str, str]]


class _Seen(FlaskForm):
    """A form about an article as it was shown: `actes` is the number of its last act."""

    actes = HiddenField(validators=[Length(max=9)])

    @property
    def seen(self) -> int | None:
        return number_in(self.actes.data)


class MaskForm(_Seen):
    motif = TextAreaField(id="masquer-motif", validators=[InputRequired(), Length(max=LONGEST_REASON)])

    def faults(self) -> Faults:
        if not self.motif.errors:
            return [("", _("Rechargez la page, puis recommencez."))]
        self.motif.errors = [_("Dites pourquoi, en une phrase au moins (2 000 caractères au plus).")]
        return [(f"#{self.motif.id}", self.motif.errors[0])]


class ProposeForm(_Seen):
    sort = RadioField(id="sort", validators=[InputRequired()])
    explication = TextAreaField(id="explication", validators=[InputRequired(), Length(max=LONGEST_REASON)])
    cible = StringField(id="cible", validators=[Optional(), Length(max=300)])

    def __init__(self, choices: tuple[tuple[str, str], ...] = (), **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.sort.choices = list(choices) or [(str(fate), str(fate)) for fate in sorted(BY_TWO)]

    @property
    def target_slug(self) -> str:
        """The last part of the address that was typed or pasted: `/fiches/<slug>`, whole or not; "" for none."""
        typed = (self.cible.data or "").strip()
        try:
            path = urlsplit(typed).path
        except ValueError:
            return typed
        return path.rstrip("/").rpartition("/")[2] or typed

    def faults(self) -> Faults:
        words = {
            "sort": _("Choisissez ce que la fiche doit devenir."),
            "explication": _("Expliquez-le en une phrase au moins (2 000 caractères au plus)."),
            "cible": _("Cette adresse est trop longue."),
        }
        found: Faults = []
        for name, sentence in words.items():
            if self[name].errors:
                self[name].errors = [sentence]
                found.append((f"#{self[name].id}", sentence))
        return found or [("", _("Rechargez la page, puis recommencez."))]


class AnswerForm(_Seen):
    """The second person's answer to the proposal of that number."""

    numero = HiddenField(validators=[InputRequired(), Length(max=9)])
    motif = TextAreaField(id="reponse-motif", validators=[Optional(), Length(max=LONGEST_REASON)])

    @property
    def number(self) -> int:
        return number_in(self.numero.data) or 0

    def faults(self) -> Faults:
        if self.motif.errors:
            self.motif.errors = [_("Cette explication est trop longue (2 000 caractères au plus).")]
            return [(f"#{self.motif.id}", self.motif.errors[0])]
        return [("", _("Rechargez la page, puis recommencez."))]


class ExactForm(_Seen):
    prochaine = DateField(id="prochaine", validators=[InputRequired()])

    def faults(self) -> Faults:
        self.prochaine.errors = [_("Choisissez le jour de la prochaine vérification.")]
        return [(f"#{self.prochaine.id}", self.prochaine.errors[0])]


class ReviseForm(FlaskForm):
    lab = SelectField(id="lab", validators=[InputRequired()])

    def faults(self) -> Faults:
        self.lab.errors = [_("Choisissez un des labs proposés.")]
        return [(f"#{self.lab.id}", self.lab.errors[0])]


class DeskForm(FlaskForm):
    relu = BooleanField(id="publications-relu")
