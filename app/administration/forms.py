"""What the forms of these pages take. Lengths and meanings are judged by the verbs, which name the field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields import DateTimeLocalField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app import clock
from app.administration.doors import number
from app.directory import catalogue
from app.extensions import gettext as _
from app.forms import BoxesField, Explained
from app.policy import PortalRole

# What no field of these forms is longer than; the verbs know better.
LONGEST = 4000


def role_names() -> dict[PortalRole, str]:
    return {
        PortalRole.ADMINISTRATOR: _("Administrateur"),
        PortalRole.PORTAL_EDITOR: _("Éditeur du portail"),
        PortalRole.MODERATOR: _("Modérateur"),
        PortalRole.COMMUNICATION: _("Agent de communication"),
        PortalRole.REVIEWER: _("Référent d’une administration"),
        PortalRole.MEDIATOR: _("Médiateur numérique"),
    }


class PlaceField(SelectField):
    """One administration, or none; its number as text."""

    def offer(self, places: Iterable[tuple[int, str]], kept: tuple[int, str] | None = None) -> None:
        known = [(str(ident), name) for ident, name in places]
        if kept is not None and str(kept[0]) not in dict(known):
            known.append((str(kept[0]), kept[1]))
        self.choices = [("", _("Aucune")), *known]

    @property
    def chosen(self) -> int | None:
        return number(self.data)


class Button(Explained):
    """A form that is one button."""


class PersonForm(Explained):
    nom = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    courriel = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    administration = PlaceField(validate_choice=True)
    NAMES = {"name": "nom", "email": "courriel", "administration": "administration"}

    def words(self) -> dict[str, str]:
        return {
            "nom": _("Donnez le nom de la personne (128 caractères au plus)."),
            "courriel": _("Donnez une adresse électronique entière, comme nom@exemple.nc."),
            "administration": _("Choisissez une administration de la liste."),
        }


class RoleForm(Explained):
    role = SelectField()
    pour = PlaceField()
    NAMES = {"role": "role", "place": "pour", "administration": "pour"}

    def offer(self, places: Iterable[tuple[int, str]]) -> None:
        self.role.choices = [
            ("", _("Choisissez")),
            *((str(role), said) for role, said in role_names().items()),
        ]
        self.pour.offer(places)

    def words(self) -> dict[str, str]:
        return {"role": _("Choisissez un rôle."), "pour": _("Choisissez une administration de la liste.")}


class ReasonForm(Explained):
    raison = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    NAMES = {"reason": "raison"}

    def words(self) -> dict[str, str]:
        return {"raison": _("Dites pourquoi, en 300 caractères au plus.")}


class OfficeForm(Explained):
    nom = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    sigle = StringField(validators=[Length(max=LONGEST)])
    genre = SelectField()
    territoire = SelectField()
    site = StringField(validators=[Length(max=LONGEST)])
    domaines = TextAreaField(validators=[Length(max=LONGEST)])
    publie = BooleanField()
    NAMES = {
        "name": "nom", "acronym": "sigle", "kind": "genre", "territory": "territoire", "site": "site",
        "link_domains": "domaines",
    }  # fmt: skip

    def offer(self, territories: Mapping[str, str], kept: str = "") -> None:
        self.genre.choices = [(str(kind), said) for kind, said in catalogue.kind_names().items()]
        more = [(kept, kept)] if kept and kept not in territories else []
        self.territoire.choices = [("", _("Toute la Nouvelle-Calédonie")), *territories.items(), *more]

    def words(self) -> dict[str, str]:
        return {
            "nom": _("Donnez le nom de l’administration (200 caractères au plus)."),
            "genre": _("Choisissez le type de l’administration."),
            "territoire": _("Choisissez un territoire de la liste."),
        }


class CloseForm(Explained):
    successeur = PlaceField()
    NAMES = {"successor": "successeur"}

    def words(self) -> dict[str, str]:
        return {"successeur": _("Choisissez une administration de la liste.")}


class CounterForm(Explained):
    nom = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    adresse = StringField(validators=[Length(max=LONGEST)])
    commune = StringField(validators=[Length(max=LONGEST)])
    telephone = StringField(validators=[Length(max=LONGEST)])
    courriel = StringField(validators=[Length(max=LONGEST)])
    horaires = StringField(validators=[Length(max=LONGEST)])
    NAMES = {
        "name": "nom", "address": "adresse", "commune": "commune", "phone": "telephone", "email": "courriel",
        "hours": "horaires",
    }  # fmt: skip

    def words(self) -> dict[str, str]:
        return {"nom": _("Donnez le nom du guichet (200 caractères au plus).")}


class ServiceForm(Explained):
    titre = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    genre = SelectField()
    adresse = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    compte = SelectField()
    resume = TextAreaField(validators=[Length(max=LONGEST)])
    administrations = BoxesField()
    NAMES = {
        "title": "titre", "kind": "genre", "url": "adresse", "login": "compte", "summary": "resume",
        "owners": "administrations",
    }  # fmt: skip

    def offer(self, places: Iterable[tuple[int, str]]) -> None:
        self.genre.choices = [(str(kind), said) for kind, said in catalogue.service_kinds().items()]
        self.compte.choices = [(str(way), said) for way, said in catalogue.logins().items()]
        self.administrations.choices = [(str(ident), name) for ident, name in places]

    @property
    def owners(self) -> frozenset[int]:
        return frozenset(found for one in self.administrations.data or () if (found := number(one)))

    def words(self) -> dict[str, str]:
        return {
            "titre": _("Donnez le titre du service (200 caractères au plus)."),
            "adresse": _("Donnez une adresse entière, qui commence par https://."),
            "genre": _("Choisissez ce que l’on peut faire avec ce service."),
            "compte": _("Choisissez le compte qui est nécessaire."),
            "administrations": _("Choisissez des administrations de la liste."),
        }


class OutageForm(Explained):
    """The moments are those of the territory's clocks."""

    message = StringField(validators=[Length(max=LONGEST)])
    debut = DateTimeLocalField(validators=[Optional()])
    fin = DateTimeLocalField(validators=[Optional()])
    NAMES = {"words": "message", "begins": "debut", "ends": "fin"}

    def moment(self, name: str) -> datetime | None:
        typed: datetime | None = self[name].data
        if typed is None or not 2000 <= typed.year <= 9000:
            return None
        return typed.replace(tzinfo=clock.NOUMEA)

    def words(self) -> dict[str, str]:
        said = _("Donnez un jour et une heure, ou laissez vide.")
        return {"debut": said, "fin": said, "message": _("%(count)s caractères au plus.", count=300)}


class SpaceForm(Explained):
    nom = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    commune = StringField(validators=[InputRequired(), Length(max=LONGEST)])
    adresse = StringField(validators=[Length(max=LONGEST)])
    telephone = StringField(validators=[Length(max=LONGEST)])
    horaires = StringField(validators=[Length(max=LONGEST)])
    ordinateurs = IntegerField(validators=[InputRequired(), NumberRange(0, 500)], default=0)
    apporter = StringField(validators=[Length(max=LONGEST)])
    aide = StringField(validators=[Length(max=LONGEST)])
    NAMES = {
        "name": "nom", "commune": "commune", "address": "adresse", "phone": "telephone", "hours": "horaires",
        "computers": "ordinateurs", "bring": "apporter", "mediation": "aide",
    }  # fmt: skip

    def words(self) -> dict[str, str]:
        return {
            "nom": _("Donnez le nom de l’espace (200 caractères au plus)."),
            "commune": _("Donnez la commune (80 caractères au plus)."),
            "ordinateurs": _("Donnez le nombre d’ordinateurs, de 0 à 500."),
        }
