"""What the pages that prepare a séance take."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from wtforms import DateField, IntegerField, SelectField, StringField, TimeField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from app import clock
from app.errors import Invalid
from app.extensions import gettext as _
from app.forms import Explained, Faults
from labs import texts
from labs.agenda import LONGEST_TITLE, MOST_MINUTES, Item
from labs.models import LabSession


class _Refused(Explained):
    """A form of a verb that names the field it refuses; what it says of none stands at one field."""

    def refused(self, error: Invalid, field: str) -> Faults:
        name = str(error.detail.get("field", field))
        return self.faults_of(error, **{str(error.detail.get("field")): name})


class SessionForm(_Refused):
    titre = StringField(validators=[InputRequired(), Length(max=200)])
    jour = DateField(validators=[InputRequired()])
    debut = TimeField(validators=[InputRequired()])
    fin = TimeField(validators=[InputRequired()])
    lieu = StringField(validators=[Optional(), Length(max=200)])
    video = StringField(validators=[Optional(), Length(max=500)])

    def words(self) -> dict[str, str]:
        return {
            "titre": _("Donnez à la séance un titre de 200 caractères au plus."),
            "jour": _("Choisissez le jour de la séance."),
            "debut": _("Indiquez l’heure du début, par exemple 08:30."),
            "fin": _("Indiquez l’heure de la fin, par exemple 11:00."),
            "lieu": _("Écrivez le lieu en 200 caractères au plus."),
            "video": _("Le lien de visioconférence a 500 caractères au plus."),
        }

    @property
    def starts_at(self) -> datetime:
        return _moment(self.jour.data, self.debut.data)

    @property
    def ends_at(self) -> datetime:
        """The end, on the day of the beginning: a séance that goes over midnight ends the next day."""
        ends = _moment(self.jour.data, self.fin.data)
        return ends + timedelta(days=1) if ends < self.starts_at else ends

    def values(self) -> dict[str, Any]:
        return {
            "title": self.titre.data or "",
            "starts_at": self.starts_at,
            "ends_at": self.ends_at,
            "place": self.lieu.data or "",
            "video_link": self.video.data or "",
        }


def _moment(day: date | None, hour: time | None) -> datetime:
    assert day is not None and hour is not None
    return datetime.combine(day, hour, tzinfo=clock.NOUMEA)


def session_form(seance: LabSession, **given: Any) -> SessionForm:
    """The form as the séance is."""
    starts, ends = clock.local(seance.starts_at), clock.local(seance.ends_at)
    return SessionForm(
        **given,
        titre=seance.title,
        jour=starts.date(),
        debut=starts.time(),
        fin=ends.time(),
        lieu=seance.place,
        video=seance.video_link,
    )


class ItemForm(_Refused):
    """One item of the agenda. Several stand on one page: each has its ids under a name of its own."""

    intitule = StringField(validators=[InputRequired(), Length(max=LONGEST_TITLE)])
    minutes = IntegerField(validators=[Optional(), NumberRange(1, MOST_MINUTES)])
    brouillon = SelectField(validate_choice=False, default="")
    passage = SelectField(validate_choice=False, default="")

    def __init__(self, lab_id: int, item: Item | None = None, **more: Any) -> None:
        super().__init__(**more)
        titles = texts.shelf().titles(lab_id)
        self.brouillon.choices = [
            ("", _("Aucun brouillon")),
            *((str(key), name) for key, name in titles.items()),
        ]
        self.passage.choices = [("", _("Le texte entier"))]
        for field in self:
            if item is not None and field.name != "csrf_token":
                field.id = f"{field.name}-{item.id}"

    def words(self) -> dict[str, str]:
        return {
            "intitule": _("Donnez au point un titre de 200 caractères au plus."),
            "minutes": _("Un point dure de 1 à 480 minutes."),
        }

    @property
    def draft(self) -> int | None:
        chosen = str(self.brouillon.data or "")
        return int(chosen) if chosen.isdecimal() and len(chosen) < 16 else None


def item_form(lab_id: int, item: Item, blocks: tuple[texts.Block, ...] = ()) -> ItemForm:
    """The form of an item as it is. `blocks`: those of its text, when one is to be chosen."""
    form = ItemForm(
        lab_id,
        item,
        formdata=None,
        intitule=item.title,
        minutes=item.minutes,
        brouillon=str(item.draft or ""),
        passage=item.block or "",
    )
    known = [(block.id, block.words[:80]) for block in blocks]
    if item.block and all(block != item.block for block, _words in known):
        known.append((item.block, _("Le passage choisi")))
    form.passage.choices = [("", _("Le texte entier")), *known]
    return form
