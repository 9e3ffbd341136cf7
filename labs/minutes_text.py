"""What the events of a séance say of it, in words: the sections of its minutes as the software writes them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app import clock
from app.extensions import day_in_words, ngettext
from app.extensions import gettext as _
from labs import attendance, fold, room, texts
from labs.models import LabSession
from labs.session_models import EventKind
from labs.session_queries import names_of

# The section that is the facilitator's own, kept when the software writes the others anew.
NOTES = "notes"


@dataclass(frozen=True)
class Section:
    key: str
    title: str
    text: str

    @property
    def lines(self) -> list[str]:
        return [line for line in self.text.splitlines() if line.strip()]

    def as_json(self) -> dict[str, str]:
        return {"key": self.key, "title": self.title, "text": self.text}


def composed(seance: LabSession) -> list[Section]:
    """What the events of a séance say of it, in words."""
    events = room.events_after(seance.id, 0)
    state = fold.empty()
    for event in events:
        fold.take_in(state, event)
    people = names_of(fold.people_in(state) | {one["by"] for one in state["actions"].values() if one["by"]})
    names = {person: one.name for person, one in people.items()}
    titles = texts.shelf().titles(seance.lab_id)
    return [
        Section("presence", _("Présences"), _lines(_presence(seance))),
        Section("deroule", _("Déroulé"), _lines(_course(state))),
        Section(
            "contributions", _("Contributions aux textes"), _lines(_contributions(seance, events, titles))
        ),
        Section("decisions", _("Décisions"), _lines(_decisions(state))),
        Section("votes", _("Sondages et votes"), _lines(_votes(state, names))),
        Section("actions", _("Actions"), _lines(_actions(state, names))),
        Section("remarques", _("Remarques encore ouvertes"), _lines(_remarks(seance))),
        Section(NOTES, _("Notes de l’animateur"), ""),
    ]


def _lines(found: Iterable[str]) -> str:
    return "\n".join(found)


def hour(at: datetime) -> str:
    local = clock.local(at)
    return f"{local.hour}\u00a0h\u00a0{local:%M}"


def instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _presence(seance: LabSession) -> Iterable[str]:
    found = attendance.stays(seance)
    count = sum(len(stays) for _place, stays in found)
    if not count:
        yield _("Personne n’a été vu dans la salle.")
        return
    yield _(
        "%(people)s de %(places)s.",
        people=ngettext("%(num)s personne", "%(num)s personnes", count),
        places=ngettext(
            "%(num)s administration", "%(num)s administrations", sum(bool(place) for place, _stays in found)
        ),
    )
    for place, stays in found:
        told = (
            _(
                "%(name)s, de %(from)s à %(to)s",
                **{"name": stay.name, "from": hour(stay.came_at), "to": hour(stay.left_at)},
            )
            for stay in stays
        )
        yield _("%(place)s : %(people)s.", place=place or _("Invités"), people="\u202f; ".join(told))


def _course(state: fold.State) -> Iterable[str]:
    phase = state["phase"]
    if phase["opened_at"]:
        yield _("Séance ouverte à %(at)s.", at=hour(instant(phase["opened_at"])))
    for entry in state["times"].values():
        started, ended = instant(entry["started_at"]), entry["ended_at"]
        real = round(((instant(ended) if ended else clock.now()) - started) / timedelta(minutes=1))
        planned = (
            ngettext("%(num)s minute prévue", "%(num)s minutes prévues", entry["minutes"])
            if entry["minutes"] is not None
            else _("sans durée prévue")
        )
        yield _(
            "%(from)s : %(title)s (%(planned)s, %(real)s).",
            **{
                "from": hour(started),
                "title": entry["title"],
                "planned": planned,
                "real": ngettext("%(num)s minute réelle", "%(num)s minutes réelles", real),
            },
        )
    if phase["closed_at"]:
        yield _("Séance close à %(at)s.", at=hour(instant(phase["closed_at"])))


def _contributions(
    seance: LabSession, events: list[fold.Happened], titles: Mapping[int, str]
) -> Iterable[str]:
    heads = {event.kind: event.payload["heads"] for event in events if "heads" in event.payload}
    since = {int(draft): seq for draft, seq in heads.get(EventKind.OPENED, {}).items()}
    closed = heads.get(EventKind.CLOSED)
    until = (
        {int(draft): seq for draft, seq in closed.items()}
        if closed is not None
        else texts.shelf().heads(seance.lab_id)
    )
    by_text: dict[int, list[str]] = defaultdict(list)
    for one in texts.shelf().contributions(seance.lab_id, since, until):
        by_text[one.draft_id].append(
            _(
                "%(place)s, %(inserted)s écrits et %(deleted)s retirés",
                place=one.administration,
                inserted=ngettext("%(num)s caractère", "%(num)s caractères", one.inserted),
                deleted=one.deleted,
            )
        )
    if not by_text:
        yield _("Aucun texte du lab n’a changé pendant la séance.")
    for draft, told in by_text.items():
        yield _("« %(title)s » : %(who)s.", title=titles.get(draft, "–"), who="\u202f; ".join(told))


def _decisions(state: fold.State) -> Iterable[str]:
    kept = [one for one in state["decisions"].values() if not one["struck"]]
    if not kept:
        yield _("Aucune décision n’a été notée.")
    for one in kept:
        if one["draft"]:
            print_ = one["fingerprint"]
            yield _(
                "%(words)s (sur « %(title)s », état n° %(seq)s%(print)s)",
                words=one["text"],
                title=one["title"],
                seq=one["seq"],
                print=_(", empreinte %(print)s", print=print_[:16]) if print_ else "",
            )
        else:
            yield one["text"]


def _votes(state: fold.State, names: Mapping[int, str]) -> Iterable[str]:
    if not state["polls"]:
        yield _("Aucun sondage n’a été ouvert.")
    for poll in state["polls"].values():
        facts = [_("vote secret") if poll["secret"] else _("vote nominatif")]
        if poll["passage"]:
            about = poll["passage"]
            facts.append(_("sur « %(title)s », état n° %(seq)s", title=about["title"], seq=about["seq"]))
        if poll["closed_at"] is None:
            results = _("encore ouvert.")
        else:
            facts.append(ngettext("%(num)s votant", "%(num)s votants", poll["voters"]))
            results = _results(poll, names)
        yield _(
            "%(question)s (%(facts)s) %(results)s",
            question=poll["question"],
            facts=", ".join(facts),
            results=results,
        )


def _results(poll: Mapping[str, Any], names: Mapping[int, str]) -> str:
    if poll["counts"] is None:
        return _("Moins de quatre votants : le résultat n’est pas montré.")
    told = []
    for place, (choice, count) in enumerate(zip(poll["choices"], poll["counts"], strict=True)):
        who = sorted(
            names.get(int(person), "–") for person, chosen in poll["votes"].items() if chosen == place
        )
        told.append(f"{choice} {count}" + (f" ({', '.join(who)})" if who else ""))
    return ", ".join(told) + "."


def _actions(state: fold.State, names: Mapping[int, str]) -> Iterable[str]:
    kept = [one for one in state["actions"].values() if not one["struck"]]
    if not kept:
        yield _("Aucune action n’a été notée.")
    for one in kept:
        who = names.get(one["person"], _("personne n’est nommé")) if one["person"] else _("à répartir")
        due = (
            _("pour le %(day)s", day=day_in_words(date.fromisoformat(one["due"]), "d MMMM y"))
            if one["due"]
            else _("sans date")
        )
        yield _("%(words)s – %(who)s, %(due)s.", words=one["text"], who=who, due=due)


def _remarks(seance: LabSession) -> Iterable[str]:
    found = texts.shelf().open_remarks(seance.lab_id)
    if not found:
        yield _("Aucune remarque n’est ouverte.")
    for one in found:
        words = " ".join(one.text.split(" "))[:200]
        blocks = _(" (bloquante)") if one.blocking else ""
        yield _(
            "« %(title)s », %(person)s%(blocks)s : %(words)s",
            title=one.title,
            person=one.person,
            blocks=blocks,
            words=words.replace("\n", " "),
        )
