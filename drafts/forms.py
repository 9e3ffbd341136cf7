"""What the pages of the drafts take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from app.errors import DomainError
from app.extensions import gettext as _
from app.forms import BoxesField, Explained, Faults
from drafts import patterns, vocabulary
from drafts.findings import EASY_PAGE
from drafts.plain_models import LONGEST_REASON as LONGEST_PLAIN_REASON

# The page of the article's fields, as a summary names it; its address is the route's to know.
FIELDS_PAGE = "champs"
# As in drafts.review, which says it again with its own words.
LONGEST_NOTE = 500
LONGEST_REASON = 2000
LONGEST_REMARK = 4000


class _Explained(Explained):
    """A form whose verb may find the text itself wrong, or a field of the article that stands on another page."""

    def faults_of(self, error: DomainError, **names: str) -> Faults:
        """What a verb found wrong. `names` says which field here stands for a field of the verb.

        A fault of the text itself names its block, so that the sentence leads there; one of a field of the article
        leads to FIELDS_PAGE.
        """
        if several := error.detail.get("faults"):
            assert isinstance(several, list | tuple)
            fields = error.detail.get("fields") or [None] * len(several)
            assert isinstance(fields, list)
            return [
                (_where(block, field), sentence)
                for (block, sentence), field in zip(several, fields, strict=True)
            ]
        return super().faults_of(error, **names)


def _where(block: str | None, field: str | None) -> str:
    if field == EASY_PAGE:
        return EASY_PAGE
    return f"#{block or ''}" if field is None else f"{FIELDS_PAGE}#{field}".rstrip("#")


class NewDraftForm(_Explained):
    titre = StringField(validators=[InputRequired(), Length(max=200)])
    responsable = SelectField(coerce=int)
    competentes = BoxesField(coerce=int, validators=[InputRequired()])
    themes = BoxesField()
    modele = RadioField(default=patterns.EMPTY)
    # The number of a wish of the lab, which the new text is to answer.
    souhait = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def __init__(self, administrations: list[Any], own: int | None, **kwargs: Any) -> None:
        given = {"responsable": own, "competentes": [own] if own else [], **kwargs.pop("data", {})}
        super().__init__(data=given, **kwargs)
        self.responsable.choices = administrations
        self.competentes.choices = administrations
        self.themes.offer(vocabulary.themes(), [])
        self.modele.choices = [(pattern.slug, pattern.title) for pattern in patterns.patterns()]
        # A program that knows of no patterns begins with an empty text, as it always did.
        self.modele.data = self.modele.data or patterns.EMPTY

    def words(self) -> dict[str, str]:
        return {
            "titre": _("Donnez un titre de 200 caractères au plus."),
            "responsable": _("Choisissez l’administration responsable de la fiche."),
            "competentes": _("Choisissez au moins une administration compétente."),
            "modele": _("Choisissez un des modèles proposés."),
        }


class CopyForm(_Explained):
    """A copy of a draft: its own title, its lab, and who answers for the new article."""

    titre = StringField(validators=[InputRequired(), Length(max=200)])
    lab = SelectField(validators=[InputRequired()])
    responsable = SelectField(coerce=int)
    competentes = BoxesField(coerce=int, validators=[InputRequired()])

    def __init__(
        self, administrations: list[Any], labs: list[Any], proposed: dict[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(data=proposed, **kwargs)
        self.lab.choices = labs
        self.responsable.choices = administrations
        self.competentes.choices = administrations

    def words(self) -> dict[str, str]:
        return {
            "titre": _("Donnez un titre de 200 caractères au plus."),
            "lab": _("Choisissez un lab où vous pouvez écrire."),
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
    mineure = BooleanField()
    # Why the text is proposed with findings of plain French left; asked for when there are some.
    raison = TextAreaField(validators=[Length(max=LONGEST_PLAIN_REASON)])

    def words(self) -> dict[str, str]:
        return {
            "note": _("La note de modification est trop longue (500 caractères au plus)."),
            "raison": _("Cette raison est trop longue (300 caractères au plus)."),
        }


class PartsForm(SubmitForm):
    """A submission that says what each administration signs: boxes "administration-block", none for the whole text."""

    parties = BoxesField()

    def __init__(
        self, places: Iterable[int], blocks: Iterable[str], kept: Mapping[int, Iterable[str]], **kwargs: Any
    ) -> None:
        ticked = [f"{place}-{ident}" for place, idents in kept.items() for ident in idents]
        super().__init__(data={**kwargs.pop("data", {}), "parties": ticked}, **kwargs)
        blocks = list(blocks)
        self.parties.choices = [(f"{place}-{ident}", ident) for place in places for ident in blocks]

    def words(self) -> dict[str, str]:
        return {
            **super().words(),
            "parties": _("Un passage choisi n’est plus dans le texte : vérifiez les parties à signer."),
        }

    def scopes(self) -> dict[int, list[str]]:
        """The blocks chosen for each administration."""
        known = dict(self.parties.choices)
        chosen: dict[int, list[str]] = {}
        for value in self.parties.data or []:
            if value in known:
                chosen.setdefault(int(value.partition("-")[0]), []).append(known[value])
        return chosen


class VersionForm(_Explained):
    """The name of a version."""

    nom = StringField(validators=[InputRequired(), Length(max=120)])

    def words(self) -> dict[str, str]:
        return {
            "nom": _("Donnez un nom de 120 caractères au plus, par exemple « Avant la réunion du 3 mars ».")
        }


class MomentForm(VersionForm):
    """A name for a moment of the text."""

    moment = HiddenField()


class ReasonForm(_Explained):
    """A reason, wherever one is given: obligatory or not is for the verb to say."""

    motif = TextAreaField(validators=[Length(max=LONGEST_REASON)])

    def words(self) -> dict[str, str]:
        return {"motif": _("Cette explication est trop longue (2 000 caractères au plus).")}


class CompetencesForm(ReasonForm):
    """Which administrations answer for an article, and why they are others now."""

    competentes = BoxesField(coerce=int, validators=[InputRequired()])

    def __init__(self, administrations: list[Any], competent: list[int], **kwargs: Any) -> None:
        super().__init__(data={"competentes": competent}, **kwargs)
        self.competentes.choices = administrations

    def words(self) -> dict[str, str]:
        return {
            **super().words(),
            "competentes": _("Choisissez au moins une administration compétente."),
        }


class HandOverForm(_Explained):
    """Which administration leads from now on, and why."""

    responsable = SelectField(coerce=int)
    pourquoi = TextAreaField(validators=[Length(max=LONGEST_REASON)])

    def __init__(self, administrations: list[Any], lead: int, **kwargs: Any) -> None:
        super().__init__(data={"responsable": lead}, **kwargs)
        self.responsable.choices = administrations

    def words(self) -> dict[str, str]:
        return {
            "responsable": _("Choisissez l’administration responsable de la fiche."),
            "pourquoi": _("Cette explication est trop longue (2 000 caractères au plus)."),
        }


class OverruleForm(ReasonForm):
    """Going on without an administration, or against its objection."""

    administration = SelectField(coerce=int, validate_choice=False)


class WithdrawForm(OverruleForm):
    """A carried signature that is taken back, which is said twice."""

    confirme = BooleanField()


class AnswerForm(ReasonForm):
    """A signature or an abstention: for whom, and on exactly which text."""

    administration = SelectField(coerce=int, validate_choice=False)
    empreinte = HiddenField(validators=[InputRequired()])
    relu = BooleanField()
    mineure = BooleanField()

    def words(self) -> dict[str, str]:
        return {
            **super().words(),
            "empreinte": _("Rechargez la page : elle ne dit plus quel texte vous avez lu."),
            "administration": _("Choisissez l’administration au nom de laquelle vous répondez."),
        }


class RemarkForm(_Explained):
    """A new remark: on one block, or on the whole text."""

    passage = SelectField(validate_choice=False, default="")
    texte = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_REMARK)])
    bloquante = BooleanField()
    prevenir = BoxesField(coerce=int)

    def __init__(self, passages: list[tuple[str, str]], people: list[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.passage.choices = passages
        self.prevenir.choices = people

    def words(self) -> dict[str, str]:
        return {
            "texte": _("Écrivez votre remarque (4 000 caractères au plus)."),
            "prevenir": _("Choisissez des personnes de la liste."),
        }


class BlockRemarkForm(_Explained):
    """A remark on a block of a frozen version."""

    version = IntegerField(widget=HiddenInput())
    bloc = StringField(validators=[InputRequired(), Length(max=32)])
    texte = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_REMARK)])
    bloquante = BooleanField()

    def words(self) -> dict[str, str]:
        return {
            "version": _("Rechargez la page : elle ne dit plus quelle version vous avez lue."),
            "bloc": _("Choisissez un passage de la version figée."),
            "texte": _("Écrivez votre remarque (4 000 caractères au plus)."),
        }


class ReplyForm(_Explained):
    """An answer in a thread."""

    texte = TextAreaField(validators=[InputRequired(), Length(max=LONGEST_REMARK)])

    def words(self) -> dict[str, str]:
        return {"texte": _("Écrivez votre réponse (4 000 caractères au plus).")}
