"""What the pages of the drafts take."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.errors import DomainError
from app.extensions import gettext as _
from drafts import vocabulary

# (address of the field, what is wrong with it): what the summary above a form shows.
Faults = list[tuple[str, str]]
# As in drafts.review, which says it again with its own words.
LONGEST_NOTE = 500
LONGEST_REASON = 2000


class BoxesField(SelectMultipleField):
    """Several choices, each a box to tick; a choice that is kept but no longer offered stays."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def offer(self, known: dict[str, str], kept: list[str]) -> None:
        self.choices = [*known.items(), *((slug, slug) for slug in kept if slug not in known)]


class _Explained(FlaskForm):
    """A form that says in words what is wrong with its fields."""

    def words(self) -> dict[str, str]:
        """What to say of each field that may be wrong."""
        return {}

    def faults_of(self, error: DomainError, **names: str) -> Faults:
        """What a verb found wrong. `names` says which field here stands for a field of the verb.

        A fault of the text itself names its block, so that the sentence leads there.
        """
        if several := error.detail.get("faults"):
            assert isinstance(several, list | tuple)
            return [(f"#{block or ''}", sentence) for block, sentence in several]
        name = names.get(str(error.detail.get("field")), "")
        if name not in self:
            return [("", error.message)]
        self[name].errors = [error.message]
        return [(f"#{self[name].id}", error.message)]

    def faults(self) -> Faults:
        words = self.words()
        found: Faults = []
        for name, field in self._fields.items():
            if field.errors:
                field.errors = [words.get(name, _("Ce champ n’est pas rempli comme il faut."))]
                found.append((f"#{field.id}", field.errors[0]))
        return found


class NewDraftForm(_Explained):
    titre = StringField(validators=[InputRequired(), Length(max=200)])
    responsable = SelectField(coerce=int)
    competentes = BoxesField(coerce=int, validators=[InputRequired()])
    themes = BoxesField()

    def __init__(self, administrations: list[Any], own: int | None, **kwargs: Any) -> None:
        super().__init__(data={"responsable": own, "competentes": [own] if own else []}, **kwargs)
        self.responsable.choices = administrations
        self.competentes.choices = administrations
        self.themes.offer(vocabulary.themes(), [])

    def words(self) -> dict[str, str]:
        return {
            "titre": _("Donnez un titre de 200 caractères au plus."),
            "responsable": _("Choisissez l’administration responsable de la fiche."),
            "competentes": _("Choisissez au moins une administration compétente."),
        }


class FieldsForm(_Explained):
    titre = StringField(validators=[InputRequired(), Length(max=200)])
    themes = BoxesField()
    situations = BoxesField()
    publics = BoxesField()
    territoires = BoxesField()
    verifier_avant = DateField(validators=[Optional()])

    def __init__(self, title: str, fields: dict[str, Any], verify_before: Any, **kwargs: Any) -> None:
        kept = {name: list(fields.get(field) or []) for name, field in FIELD_NAMES.items()}
        super().__init__(data={"titre": title, "verifier_avant": verify_before, **kept}, **kwargs)
        self.themes.offer(vocabulary.themes(), kept["themes"])
        self.situations.offer(vocabulary.life_events(), kept["situations"])
        self.publics.offer(vocabulary.audiences(), kept["publics"])
        self.territoires.offer(vocabulary.territories(), kept["territoires"])

    def words(self) -> dict[str, str]:
        return {
            "titre": _("Donnez un titre de 200 caractères au plus."),
            "verifier_avant": _("Donnez une date, par exemple 31/12/2027."),
        }

    def changes(self) -> dict[str, Any]:
        """The named fields as `service.set_fields` takes them."""
        found: dict[str, Any] = {field: list(self[name].data or []) for name, field in FIELD_NAMES.items()}
        found["title"] = self.titre.data or ""
        found["review_date"] = self.verifier_avant.data.isoformat() if self.verifier_avant.data else ""
        return found


# What a field of the form is called in the draft.
FIELD_NAMES = {
    "themes": "themes",
    "situations": "life_events",
    "publics": "audiences",
    "territoires": "territories",
}


class SubmitForm(_Explained):
    note = TextAreaField(validators=[Length(max=LONGEST_NOTE)])

    def words(self) -> dict[str, str]:
        return {"note": _("La note de modification est trop longue (500 caractères au plus).")}


class ReasonForm(_Explained):
    """A reason, wherever one is given: obligatory or not is for the verb to say."""

    motif = TextAreaField(validators=[Length(max=LONGEST_REASON)])

    def words(self) -> dict[str, str]:
        return {"motif": _("Cette explication est trop longue (2 000 caractères au plus).")}


class AnswerForm(ReasonForm):
    """A signature or an abstention: for whom, and on exactly which text."""

    administration = SelectField(coerce=int, validate_choice=False)
    empreinte = HiddenField(validators=[InputRequired()])
    relu = BooleanField()

    def words(self) -> dict[str, str]:
        return {
            **super().words(),
            "empreinte": _("Rechargez la page : elle ne dit plus quel texte vous avez lu."),
            "administration": _("Choisissez l’administration au nom de laquelle vous répondez."),
        }
