"""Two things named in one request, one of them another's: refused in every position, and nothing has changed.

(CVE-2026-41649, CVE-2026-43890: one of the two was looked at, the other one used.) Both wings have a facilitator; one
person facilitates both, so that only the pair is wrong and not the right.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.accounts.models import Person
from app.db import session, unit_of_work
from app.policy import Actor
from config import Settings
from labs.models import Lab
from labs.roles import Right
from labs.service import add_member
from tests.house.full_house import EXPERT, FullHouse, address, build, digest, line_of, methods, rules
from tests.house.tree import parsed, served_modules, shown

# What a request may change though it is refused: a session is kept alive, a refusal is counted.
KEPT_ALIVE = {"sign_in", "refusal"}
# The second argument is no thing of a wing: a number of the log, a format, a wish that is the whole portal's, a picture
# within a file that came in (each file calls its first one the same).
NO_PAIR = {"moment", "form", "wish_id", "key"}


@pytest.fixture
def house(app: Flask, settings: Settings) -> FullHouse:
    return build(app, settings)


@pytest.fixture
def both(house: FullHouse) -> Actor:
    """Who facilitates the labs of both wings and may write in all drafts."""
    with unit_of_work():
        leader = session().get_one(Person, house.own.leader.id)
        lab = session().get_one(Lab, house.other.lab_id)
        add_member(house.other.leader, lab, leader, Right.WRITE, facilitator=True)
    return house.own.leader


def pairs(house: FullHouse) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    """(method, path, the arguments, what it is) for each mixture of the two wings in an address of several things."""
    for rule in rules(house.app):
        names = sorted(rule.arguments - NO_PAIR)
        if len(names) < 2:
            continue
        own, other = house.own.fill(rule), house.other.fill(rule)
        for mixture in itertools.product((own, other), repeat=len(names)):
            if all(one is mixture[0] for one in mixture):
                continue
            values = {**own, **{name: one[name] for name, one in zip(names, mixture, strict=True)}}
            for method in methods(rule):
                yield method, address(house.app, rule, values), values, line_of(rule, method)


def status(house: FullHouse, method: str, path: str, actor: Actor, **sent: Any) -> int:
    client = house.app.test_client(use_cookies=False)
    if path.endswith(".json") and method == "POST":
        sent = {"json": {"do": "resolve"}}
    answer = client.open(path, method=method, headers=house.cookie_of(actor), **sent)
    if answer.status_code == 307:  # a reader whose browser keeps no cookie yet is asked once more
        own = answer.headers["Set-Cookie"].split(";")[0]
        cookies = "; ".join(filter(None, (house.cookie_of(actor).get("Cookie"), own)))
        answer = client.open(answer.headers["Location"], method=method, headers={"Cookie": cookies}, **sent)
    return answer.status_code


# What each form needs to be taken, if it were the right thing.
FILLED = {
    "faire": "annuler", "droit": "read", "raison": "Parce que.", "texte": "Un mot.", "jours": "5", "reponse": "oui",
    "titre": "Autre titre", "nom": "Un nom", "mots": "Un mot.", "choix": "publish", "geste": "answer", "version": "1",
}  # fmt: skip


def test_two_things_in_an_address_belong_together(house: FullHouse, both: Actor) -> None:
    administrator = house.people["an administrator"]
    everybody = (both, house.other.leader, house.other.writer, EXPERT)
    for actor in everybody:
        house.cookie_of(actor)
    before, wrong, count = digest(without=KEPT_ALIVE), [], 0
    for method, path, values, line in pairs(house):
        # Who administers sees all there is to see there, so that only the pair can be wrong.
        for actor in (*everybody, administrator) if path.startswith("/admin/") else everybody:
            form = {**FILLED, "administration": str(actor.administration_id or 0)}
            found = status(house, method, path, actor, data=form if method == "POST" else None)
            count += 1
            # Who does not see the first thing, or may not do that there, is told so before anybody looks at the second.
            # Which articles one answers for is no right of a lab: the other wing's are not both's.
            first = actor is not both or path.startswith(
                ("/expertise/", "/fiches/une-fiche-nord/", "/admin/")
            )
            meant = {403, 404} if first and actor is not administrator else {404}
            if actor is EXPERT:  # who has the link of the own wing, and is nobody elsewhere
                theirs = values.get("token") == house.own.things["/expertise"]["token"]
                meant = {404} if theirs else {302, 401, 403, 404}
            if found not in meant:
                wrong.append(f"{line} as {path}: {found}")
    assert not wrong, "\n".join(wrong)
    assert count > 50
    after = digest(without=KEPT_ALIVE)
    assert not [name for name in before if before[name] != after[name]]


def test_the_right_pair_would_have_been_taken(house: FullHouse, both: Actor) -> None:
    """Else everything above would be refused for another reason."""
    for room, path in (("own", house.own), ("other", house.other)):
        lab = path.things["/labs"]
        assert status(house, "GET", f"/labs/{lab['slug']}/seances/{lab['session_id']}", both) == 200, room
        close = f"/labs/{lab['slug']}/portes/liens/{lab['link_id']}/fermer"
        assert status(house, "POST", close, both, data=FILLED) == 303, room
        draft = path.things["/brouillons"]
        settle = f"/brouillons/{draft['draft_id']}/remarques/{draft['remark_id']}/resoudre"
        assert status(house, "POST", settle, both, data=FILLED) == 303, room


# Fields and questions that name a thing of a wing, each with where it is tried below.
NAMES_A_THING = {
    "lab", "lecture", "brouillon", "passage", "personnes", "mentions", "prevenir", "responsable", "competentes", "administration",
    "souhait", "texte", "de", "a", "parties", "id", "moment", "restauration", "personne", "point", "fiche", "reponse",
    "version", "numero", "bloc", "textes", "cible", "partie", "pour", "successeur", "compte", "administrations",
}  # fmt: skip
# Words, days, choices, marks of a form, pages of a list: nothing that belongs to anybody.
NAMES_NOTHING = {
    "after", "ancres", "avant", "continuer", "fait", "filtre", "limit", "merci", "next", "page", "preuve", "q", "sorte",
    "signale", "tout", "v", "abonnement", "bloquante", "canal", "champs", "choix", "clarte", "courriel", "faire",
    "geste", "joindre", "jour", "motif", "mots", "ouvrir", "permettre", "raison", "retirer", "retour", "rythme", "site", "suivre",
    "utile", "vu", "vue", "email", "password", "poste_partage", "code", "titre", "debut", "fin", "lieu", "video",
    "intitule", "minutes", "droit", "nom", "jours", "fichier", "liste", "phrase", "but", "themes", "ouvert", "theme",
    "buts", "avis", "remarque", "modele", "situations", "publics", "territoires", "verifier_avant", "note", "mineure",
    "pourquoi", "confirme", "empreinte", "relu", "question", "debut_heure", "fin_heure", "resultats", "bilan", "cle",
    "new", "again", "old", "role", "sigle", "genre", "territoire", "domaines", "publie", "adresse", "commune",
    "telephone", "horaires", "resume", "message", "ordinateurs", "apporter", "aide", "state",
    "mot", "definition", "formes", "en_toutes_lettres", "lien", "active", "max_words", "min_letters", "chain", "window", "reach", "span",
    "formules", "formules_retirees", "exceptions", "exceptions_retirees", "sigles", "sigles_retires", "corrects", "corrects_retires",
    "fautifs", "fautifs_retires",
    "source", "ensuite", "name", "scopes", "days", "intro", "heure", "actes", "sort", "explication", "prochaine", "changer", "contact", "service", "image",
}  # fmt: skip


def asked_names() -> dict[str, str]:
    """Every name under which a route or a form takes something, with the file that does."""
    found = {}
    for path in served_modules():
        for node in ast.walk(parsed(path)):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("get", "getlist")
                and isinstance(node.func.value, ast.Attribute)
                and node.func.value.attr in ("form", "args", "values", "files")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found[str(node.args[0].value)] = shown(path)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and "forms" in path.name:
                called = node.value.func
                if (
                    isinstance(called, ast.Name)
                    and called.id.endswith("Field")
                    and isinstance(node.targets[0], ast.Name)
                ):
                    found[node.targets[0].id] = shown(path)
    return found


def test_every_field_that_names_a_thing_is_known() -> None:
    unknown = {
        name: path for name, path in asked_names().items() if name not in NAMES_A_THING | NAMES_NOTHING
    }
    assert not unknown, (
        f"say in tests/house/test_two_ids.py whether these name a thing of somebody, and try another's: {unknown}"
    )


def crossed(house: FullHouse) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, form) of the own wing in which one field or question names a thing of the other wing."""
    own, other = house.own, house.other
    lab, theirs = own.things["/labs"], other.things["/labs"]
    draft, foreign = own.things["/brouillons"], other.things["/brouillons"]
    read = own.things["/brouillons/<int:draft_id>/experts"]["draft_id"]
    at, text = f"/labs/{lab['slug']}", f"/brouillons/{draft['draft_id']}"
    seance = f"{at}/seances/{lab['session_id']}"
    yield (
        "POST",
        f"{text}/dupliquer",
        {
            "titre": "Copie",
            "lab": str(other.lab_id),
            "responsable": str(own.place),
            "competentes": str(own.place),
        },
    )
    yield (
        "POST",
        f"{seance}/ordre-du-jour",
        {"faire": "ajouter", "intitule": "Un point", "brouillon": str(foreign["draft_id"])},
    )
    yield (
        "POST",
        f"{seance}/salle",
        {"faire": "say", "text": "Bonjour", "mentions": str(other.writer.id), "cle": "a" * 16},
    )
    yield "POST", f"{text}/remarques", {"texte": "Un mot.", "prevenir": str(other.writer.id)}
    yield "POST", f"{text}/suggestions/reponse", {"faire": "accept", "id": foreign["remark_id"]}
    yield "POST", f"{text}/historique/nommer", {"nom": "Un nom", "moment": "v987654"}
    yield (
        "POST",
        f"/brouillons/{read}/relecture/remarques",
        {"texte": "Un mot.", "bloc": "ailleurs", "version": "1"},
    )
    yield (
        "POST",
        f"{at}/lectures/nouvelle",
        {
            "texte": str(other.things["/brouillons/<int:draft_id>/experts"]["draft_id"] + 10**6),
            "fin": "2030-01-01",
        },
    )
    yield "POST", f"/cycles/{own.things['/cycles']['number']}/labs", {"lab": str(theirs["slug"])}
    yield (
        "POST",
        "/appels/nouveau",
        {
            "titre": "Un appel",
            "question": "Quoi ?",
            "choix": "Ceci\nCela",
            "lab": str(other.lab_id),
            "debut": "2030-01-01",
            "debut_heure": "08:00",
            "fin": "2030-01-09",
            "fin_heure": "08:00",
        },
    )


def test_a_thing_of_others_in_a_form_is_refused(house: FullHouse) -> None:
    """By who leads one wing and has nothing to do with the other."""
    before, wrong = digest(without=KEPT_ALIVE), []
    for method, path, form in crossed(house):
        found = status(house, method, path, house.own.leader, data=form)
        after = digest(without=KEPT_ALIVE)
        changed = [name for name in before if before[name] != after[name]]
        if not 400 <= found < 500 or changed:
            wrong.append(f"{method} {path} {form}: {found}, changed {changed}")
        before = after
    assert not wrong, "\n".join(wrong)


def test_a_question_about_a_thing_of_others_is_refused(house: FullHouse) -> None:
    """The second name stands behind the question mark: no page shows a word of the other wing."""
    draft = house.own.things["/brouillons"]["draft_id"]
    foreign = house.other.things["/brouillons"]["draft_id"]
    lab = house.own.things["/labs"]
    for path in (
        f"/brouillons/{draft}/historique/comparer?de=v987654&a=0",
        f"/brouillons/{draft}/historique?personne={house.other.writer.id}",
        f"/brouillons/{draft}/historique?restauration=987654",
        f"/labs/{lab['slug']}/inviter?administration={house.other.place}",
        f"/labs/{lab['slug']}/seances/{lab['session_id']}/preparer?passage={foreign}",
    ):
        answer = house.app.test_client(use_cookies=False).get(path, headers=house.cookie_of(house.own.leader))
        assert answer.status_code in (200, 400, 404, 422), path
        assert "Un texte nord" not in answer.get_data(as_text=True), path
