"""What the forms of every room share: they say in words what is wrong, and each sentence leads to its field."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from app.errors import DomainError
from app.extensions import gettext as _

# (address of the field, what is wrong with it): what the summary above a form shows.
Faults = list[tuple[str, str]]


class BoxesField(SelectMultipleField):
    """Several choices, each a box to tick; a choice that is kept but no longer offered stays."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def offer(self, known: dict[str, str], kept: list[str]) -> None:
        self.choices = [*known.items(), *((slug, slug) for slug in kept if slug not in known)]


class Explained(FlaskForm):
    """A form that says in words what is wrong with its fields."""

    def words(self) -> dict[str, str]:
        """What to say of each field that may be wrong."""
        return {}

    def faults_of(self, error: DomainError, **names: str) -> Faults:
        """What a verb found wrong. `names` says which field here stands for a field of the verb."""
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
