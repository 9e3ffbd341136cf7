"""Pages of séances: planned, changed, cancelled, with calendars that a strict reader takes; the agenda; the room without
its script; the minutes. Success and refusal share their set-up."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from app import clock, mail
from app.db import reading, session
from labs import minutes, minutes_set, minutes_text
from labs.models import LabSession, SessionStatus
from tests.clients import PageClient
from tests.labs.strict_calendar import event_of, parsed
from tests.labs.workshop_world import World, make_world

FIELDS = {
    "titre": "Écrire ensemble\u202f; puis relire, à voix haute\u00a0: «\u00a0tout le texte\u00a0»",
    "jour": "2031-03-03",
    "debut": "08:30",
    "fin": "11:00",
    "lieu": "Salle des Niaoulis, Nouméa",
    "video": "https://visio.exemple.nc/salle-1",
}


@pytest.fixture
def world(client: PageClient) -> World:
    return make_world(is_open=False)


def calendars(subject: str) -> list[tuple[str, Any]]:
    """(recipient, calendar) of the mails whose subject begins so."""
    with reading():
        return [
            (one.recipient, parsed(one.calendar or ""))
            for one in mail.waiting()
            if " ".join(one.subject.split()).startswith(subject)
        ]


def planned(client: PageClient, world: World, **changes: str) -> int:
    client.get(f"/labs/{world.slug}/seances/nouvelle")
    page = client.send(f"/labs/{world.slug}/seances/nouvelle", **{**FIELDS, **changes})
    found = re.fullmatch(rf"/labs/{world.slug}/seances/(\d+)/preparer", page.location)
    assert found, page.location
    return int(found[1])


def test_a_seance_is_planned_and_calendars_are_told(client: PageClient, world: World) -> None:
    client.sign_in(world["facilitator"])
    number = planned(client, world)
    with reading():
        seance = session().get_one(LabSession, number)
        assert seance.starts_at == datetime(2031, 3, 2, 21, 30, tzinfo=UTC)
    page = client.get(f"/labs/{world.slug}/seances/{number}")
    assert "lundi 3 mars 2031" in page.main and "Pacific/Noumea" in page.main
    assert "https://visio.exemple.nc/salle-1" in page.links()
    sent = calendars("Séance : Écrire ensemble")
    assert len(sent) == 6, "everybody of the lab, and nobody else"
    for recipient, calendar in sent:
        event = event_of(calendar)
        assert calendar["METHOD"] == "REQUEST" and event["SEQUENCE"] == "0"
        assert event["DTSTART"] == datetime(2031, 3, 2, 21, 30, tzinfo=UTC)
        assert event["DTEND"] == datetime(2031, 3, 3, 0, 0, tzinfo=UTC)
        assert event["SUMMARY"] == FIELDS["titre"] and event["LOCATION"] == FIELDS["lieu"]
        assert event["ATTENDEE"].casefold() == f"mailto:{recipient}"
        assert event["ORGANIZER"].casefold() == f"mailto:{world['facilitator'].email}"


def test_an_update_and_a_cancellation_match_what_was_sent(client: PageClient, world: World) -> None:
    client.sign_in(world["facilitator"])
    number = planned(client, world)
    address = f"/labs/{world.slug}/seances/{number}"
    first = event_of(parsed(client.http.get(f"{address}.ics").get_data(as_text=True)))
    client.get(f"{address}/preparer")
    client.send(f"{address}/preparer", debut="09:00", fin="11:00")
    assert "est modifiée" in client.follow().main
    client.send(f"{address}/preparer")
    assert "Rien n’a changé" in client.follow().main
    client.send(f"{address}/annuler")
    changed = event_of(calendars("Séance modifiée")[0][1])
    (_who, calendar), *_others = calendars("Séance annulée")
    cancelled = event_of(calendar)
    assert first["UID"] == changed["UID"] == cancelled["UID"]
    assert [int(one["SEQUENCE"]) for one in (first, changed, cancelled)] == [0, 1, 2]
    assert changed["DTSTART"] == datetime(2031, 3, 2, 22, 0, tzinfo=UTC)
    assert calendar["METHOD"] == "CANCEL" and cancelled["STATUS"] == "CANCELLED"
    assert changed["ORGANIZER"] == cancelled["ORGANIZER"]
    answer = client.http.get(f"{address}.ics")
    assert answer.content_type == "text/calendar; charset=utf-8; method=CANCEL"
    assert event_of(parsed(answer.get_data(as_text=True)))["SEQUENCE"] == "2"
    client.get(f"{address}/preparer")
    with reading():
        assert session().get_one(LabSession, number).status is SessionStatus.CANCELLED


def test_a_mail_carries_its_calendar(client: PageClient, world: World, tmp_path: Path) -> None:
    client.sign_in(world["facilitator"])
    planned(client, world)
    with reading():
        one = next(one for one in mail.waiting() if one.subject.startswith("Séance\u00a0: Écrire ensemble"))
    mail.send(one, "", "lab@test.example", tmp_path / "mail")
    mail.send(one, "", "lab@test.example", tmp_path / "mail")
    (stored,) = (tmp_path / "mail").iterdir()
    parts = {part.get_content_type(): part for part in message_from_bytes(stored.read_bytes()).walk()}
    calendar = parts["text/calendar"]
    assert calendar.get_param("method") == "REQUEST"
    text = calendar.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert event_of(parsed(text.replace("\n", "\r\n")))["SUMMARY"] == FIELDS["titre"]
    plain = parts["text/plain"].get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "heure de Nouméa" in plain and "Présentez-vous" not in plain


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("titre", "", "un titre"),
        ("jour", "demain", "le jour"),
        ("debut", "25:99", "l’heure du début"),
        ("fin", "08:30", "après son début"),
        ("video", "http://visio.exemple.nc/salle", "https://"),
        ("video", "https://moi:secret@visio.exemple.nc/", "https://"),
        ("video", "https://localhost/", "https://"),
        ("video", "javascript:alert(1)", "https://"),
    ],
)
def test_a_field_that_is_wrong_is_said_and_nothing_typed_is_lost(
    client: PageClient, world: World, field: str, value: str, words: str
) -> None:
    client.sign_in(world["facilitator"]).get(f"/labs/{world.slug}/seances/nouvelle")
    page = client.send(f"/labs/{world.slug}/seances/nouvelle", 422, **{**FIELDS, field: value})
    assert words in page.main
    kept = page.form(f"/labs/{world.slug}/seances/nouvelle").values
    assert kept["lieu"] == FIELDS["lieu"] and kept[field] == value


def test_only_a_facilitator_prepares(client: PageClient, world: World) -> None:
    for who in ("ana", "rose", "stranger"):
        client.sign_out().sign_in(world[who])
        token = client.get("/espace").form("/deconnexion").values["csrf_token"]
        for path in ("/preparer", "/annuler", "/ordre-du-jour", "/compte-rendu", "/compte-rendu/envoyer"):
            client.post(world.address + path, {"csrf_token": token}, 403)
        client.get(world.address + "/preparer", 403)
        client.get(f"/labs/{world.slug}/seances/nouvelle", 403)
    client.get(world.address, 403)
    client.get(world.address + ".ics", 403)
    assert client.sign_out().sign_in(world["rose"]).http.get(world.address + ".ics").status_code == 200
    with reading():
        assert not [one for one in mail.waiting() if one.subject.startswith("Séance annulée")]


def test_the_agenda_is_ordered_without_a_script(client: PageClient, world: World) -> None:
    client.sign_in(world["facilitator"]).get(world.address + "/preparer")
    agenda = world.address + "/ordre-du-jour"
    token = client.page.form("/deconnexion").values["csrf_token"]  # type: ignore[union-attr]

    def send(status: int = 303, **fields: Any) -> Any:
        return client.post(agenda, {"csrf_token": token, **fields}, status)

    def titles() -> list[str]:
        return [item["title"] for item in world.row().agenda]

    send(faire="ajouter", intitule="Relire", minutes="20", brouillon=str(world.draft))
    assert titles() == ["Tour de table", "Écrire", "Et après\u202f?", "Relire"]
    send(faire="monter", point="4")
    send(faire="monter", point="4")
    send(faire="descendre", point="1")
    assert titles() == ["Relire", "Tour de table", "Écrire", "Et après\u202f?"]
    send(faire="retirer", point="2")
    page = client.get(f"{world.address}/preparer?passage=4")
    assert "Présentez-vous à la mairie." in page.main, "the passages of the text can be chosen"
    send(
        faire="changer",
        point="4",
        intitule="Relire le début",
        minutes="",
        brouillon=str(world.draft),
        passage="b2",
    )
    item = world.row().agenda[0]
    assert (item["title"], item["minutes"], item["draft"], item["block"]) == (
        "Relire le début",
        None,
        world.draft,
        "b2",
    )
    for fields in (
        {"faire": "ajouter", "intitule": ""},
        {"faire": "ajouter", "intitule": "Trop", "minutes": "900"},
        {"faire": "ajouter", "intitule": "Ailleurs", "brouillon": "999999"},
        {"faire": "retirer", "point": "77"},
        {"faire": "danser"},
    ):
        send(422, **fields)
    assert titles() == ["Relire le début", "Tour de table", "Et après\u202f?"]
    page = client.get(world.address)
    assert f"/brouillons/{world.draft}#b2" in page.links()


def test_the_room_works_without_its_script(client: PageClient, world: World) -> None:
    room = world.address + "/salle"

    def act(verb: str, status: int = 303, **fields: Any) -> Any:
        assert client.page is not None
        form = next(
            one
            for one in client.page.forms
            if one.action == room
            and one.values.get("faire") == verb
            and all(
                one.values.get(name) == value
                for name, value in fields.items()
                if name == {"item": "item", "floor": "person"}.get(verb)
            )
        )
        page = client.post(room, {**form.values, **fields}, status)
        return client.get(world.address) if status == 303 else page

    client.sign_in(world["facilitator"]).get(world.address)
    page = act("open")
    assert "Séance ouverte" in page.main and "Aucun point n’est en cours." in page.main
    page = act("item", item="next")
    assert "Tour de table" in page.main and "Il reste 14 minutes." in page.main or "15 minutes" in page.main
    act("show", about=f"{world.draft}/b2")
    page = act("poll", question="On publie\u202f?", secret="1", about=str(world.draft))
    assert "Vote secret" in page.main
    for who in ("ana", "ben", "chloe", "dan"):
        client.sign_out().sign_in(world[who]).get(world.address)
        act("hand_up")
        page = act("vote", choice="0")
        assert "Votre réponse est comptée." in page.main and not [
            one for one in page.forms if one.values.get("faire") == "vote"
        ]
    client.sign_out().sign_in(world["facilitator"]).get(world.address)
    page = act("floor", person=str(world["ana"].id))
    assert f"{world['ana'].name} a la parole." in page.main
    page = act("close_poll")
    assert "Oui : 4" in page.main and "Non : 0" in page.main
    page = act("decide", text="On publie.", about=f"{world.draft}/b2")
    assert "On publie." in page.main and "état n° 1" in page.main
    page = act("action", text="Relire une fois.", person=str(world["ben"].id), due="2031-01-15")
    assert "Relire une fois." in page.main
    page = act("say", 422, text="x" * 600)
    assert "500 caractères" in page.main
    page = act("say", text="Merci à tous", mentions=str(world["ana"].id))
    assert "Merci à tous" in page.main and world["facilitator"].name in page.main
    assert "Merci à tous" in client.get(world.address + "/messages").main
    client.sign_out().sign_in(world["ana"])
    page = client.get(world.address)
    assert "Vous avez la parole." in page.main
    assert not [
        one for one in page.forms if one.values.get("faire") in ("open", "close", "item", "decide", "poll")
    ]
    act("floor")
    client.sign_out().sign_in(world["facilitator"]).get(world.address)
    page = act("close")
    assert "La séance est close." in page.main and world.address + "/compte-rendu" in page.links()


def worked_through(world: World) -> None:
    """Half an hour of a séance."""
    world.act("facilitator", "open")
    world.act("facilitator", "item", item="next")
    with clock.shifted(timedelta(minutes=17)):
        world.act("facilitator", "item", item="next")
        poll = world.act("facilitator", "poll", question="Publier\u202f?", about=f"{world.draft}/b2").number
        for who, choice in (("ana", 0), ("ben", 1)):
            world.act(who, "vote", poll=poll, choice=choice)
        world.act("facilitator", "close_poll", poll=poll)
        world.act("facilitator", "decide", text="La page est bonne.", about=str(world.draft))
        struck = world.act("facilitator", "decide", text="Pas vraiment décidé.").number
        world.act("facilitator", "strike", number=struck)
        world.act("facilitator", "action", text="Relire *tout*.", person=world["ben"].id, due="2031-01-15")
        world.act("facilitator", "close")


def test_the_page_of_the_lab_tells_what_was_decided(client: PageClient, world: World) -> None:
    page = client.sign_in(world["rose"]).get(f"/labs/{world.slug}")
    assert "Ce que les séances ont décidé" not in page.main
    worked_through(world)
    main = client.get(f"/labs/{world.slug}").main
    assert "La page est bonne. (sur «\u00a0Changer d’adresse\u00a0»)" in main.replace(
        "« ", "«\u00a0"
    ).replace(" »", "\u00a0»")
    assert "Pas vraiment décidé." not in main
    assert f"Relire *tout*. {world['ben'].name} – pour le 15 janvier 2031" in main
    with clock.shifted(timedelta(days=3000)):
        # What was to be done by a day that is over is in the minutes.
        later = client.sign_out().sign_in(world["rose"]).get(f"/labs/{world.slug}").main
        assert "La page est bonne." in later and "Relire *tout*." not in later
    assert (
        "La page est bonne."
        not in client.sign_out().sign_in(world["stranger"]).get(f"/labs/{world.slug}").main
    )


def test_the_minutes_write_themselves(client: PageClient, world: World) -> None:
    from app.db import unit_of_work
    from drafts.models import Draft
    from drafts.remarks import open_remark
    from drafts.service import replace_text
    from labs import attendance

    with unit_of_work():
        open_remark(world["ana"], session().get_one(Draft, world.draft), "Quel guichet\u202f?")
    world.act("facilitator", "open")
    with unit_of_work():
        attendance.come(world["ana"], world.seance)
        replace_text(
            world["ben"],
            session().get_one(Draft, world.draft),
            [
                {
                    "type": "paragraph",
                    "attrs": {"id": "b9"},
                    "content": [{"type": "text", "text": "Écrit en séance."}],
                }
            ],
        )
    world.act("facilitator", "item", item="next")
    with clock.shifted(timedelta(minutes=17)):
        world.act("facilitator", "item", item="next")
        poll = world.act("facilitator", "poll", question="Publier\u202f?").number
        for who, choice in (("ana", 0), ("ben", 1)):
            world.act(who, "vote", poll=poll, choice=choice)
        world.act("facilitator", "close_poll", poll=poll)
        world.act("facilitator", "decide", text="La page est bonne.", about=str(world.draft))
        struck = world.act("facilitator", "decide", text="Pas vraiment décidé.").number
        world.act("facilitator", "strike", number=struck)
        world.act("facilitator", "action", text="Relire *tout*.", person=world["ben"].id, due="2031-01-15")
        world.act("facilitator", "close")
    path = world.address + "/compte-rendu"
    page = client.sign_in(world["rose"]).get(path)
    assert "en cours de rédaction" in page.main
    minutes.write_wanted()
    main = client.get(path).main
    row = world.row()
    assert row.opened_at is not None
    assert (
        f"{world['ana'].name}, de {' '.join(minutes_text.hour(row.opened_at).split())} à" in main
        and "1 personne de 1 administration." in main
    )
    assert "Tour de table (15 minutes prévues, 17 minutes réelles)" in main
    assert "Province du Nord, " in main and "caractères écrits" in main
    assert "La page est bonne. (sur « Changer d’adresse », état n° " in main and "empreinte" in main
    assert "Pas vraiment décidé" not in main
    assert f"Oui 1 ({world['ana'].name}), Non 1 ({world['ben'].name})" in main
    assert f"Relire *tout*. – {world['ben'].name}, pour le 15 janvier 2031." in main
    assert f"« Changer d’adresse », {world['ana'].name} : Quel guichet ?" in main
    # Nobody changed anything: written again it is the same version.
    client.sign_out().sign_in(world["facilitator"]).get(path)
    client.send(path + "/rediger")
    minutes.write_wanted()
    with reading():
        assert [one.number for one in minutes.versions(world.row())] == [1]


def test_the_minutes_are_put_right_sent_and_exported(
    client: PageClient, world: World, tmp_path: Path
) -> None:
    import io
    import zipfile

    from pypdf import PdfReader

    worked_through(world)
    minutes.write_wanted()
    path = world.address + "/compte-rendu"
    client.sign_in(world["facilitator"]).get(path + "?changer=1")
    client.send(
        path, **{"part-notes": "À relire avec la mairie.\r\n\r\nMerci\u202f!", "part-votes": "Un vote."}
    )
    client.follow()
    with reading():
        last, first = minutes.versions(world.row())
    assert (last.number, last.made_by, first.made_by) == (2, world["facilitator"].name, "")
    assert next(one.text for one in last.sections if one.key == "votes") == "Un vote."
    # From a page of the version before: it is said, and what was typed stays.
    token = client.page.form("/deconnexion").values["csrf_token"]  # type: ignore[union-attr]
    page = client.post(path, {"csrf_token": token, "version": "1", "part-notes": "Tapé ailleurs."}, 409)
    assert "Une autre version a été enregistrée" in page.main
    assert page.form(path).values["part-notes"] == "Tapé ailleurs."
    client.post(path, {"csrf_token": token, "version": "2", "part-notes": "x" * 20_001}, 422)
    client.get(path)
    client.send(path + "/envoyer")
    assert "envoyé à 6 personnes" in client.follow().main
    client.post(path + "/envoyer", {"csrf_token": token}, 409)
    with reading():
        sent = [one for one in mail.waiting() if one.subject.startswith("Compte rendu")]
    assert len(sent) == 6 and all(path in one.body and "La page est bonne" not in one.body for one in sent)
    client.get(path + ".pdf", 503)
    minutes_set.set_waiting()
    markdown = client.http.get(path + ".md")
    assert markdown.content_type == "text/markdown; charset=utf-8"
    text = markdown.get_data(as_text=True)
    assert (
        text.startswith("# Compte rendu\u00a0: Écrire la page commune")
        and "- À relire avec la mairie." in text
    )
    assert r"Relire \*tout\*." in text
    pdf = PdfReader(io.BytesIO(client.http.get(path + ".pdf").data))
    words = " ".join(page.extract_text() for page in pdf.pages)
    assert "La page est bonne." in words and "À relire avec la mairie." in words
    archive = zipfile.ZipFile(io.BytesIO(client.http.get(path + ".docx").data))
    document = archive.read("word/document.xml").decode()
    assert "La page est bonne." in document and "Un vote." in document
    # The version before can still be read.
    assert "Publier" in client.get(path + "?version=1").main
    client.sign_out().sign_in(world["stranger"])
    for form in ("md", "pdf", "docx"):
        client.get(f"{path}.{form}", 403)
