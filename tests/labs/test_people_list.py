"""A list of people: what each line becomes, told before anything is sent, and nothing that was typed is lost."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa

from app.db import reading, session, unit_of_work
from app.errors import Invalid, RateLimited, Refused
from labs import bounds, people_list
from labs.guest_models import GuestLink
from labs.joining_models import LabInvitation
from labs.people_list import Fate
from labs.roles import Right
from tests.clients import PageClient
from tests.labs.people_world import GUEST, Workshop, invited, mails_to


def fates(workshop: Workshop, words: str) -> list[tuple[int, Fate]]:
    with reading():
        lines = people_list.read(workshop["facilitator"], workshop.lab, words)
        return [(line.number, line.fate) for line in lines]


def sent(workshop: Workshop) -> tuple[int, int]:
    with reading():
        return (
            session().scalar(sa.select(sa.func.count()).select_from(LabInvitation)) or 0,
            session().scalar(sa.select(sa.func.count()).select_from(GuestLink)) or 0,
        )


def test_each_line_has_its_fate(workshop: Workshop) -> None:
    invited(workshop, email="deja@ailleurs.example")
    lines = [
        "Courriel;Nom;Droit",
        f"{workshop['northerner'].email};;Écriture",
        "",
        f"{GUEST};Camille Wéa;suggestions",
        "sans arobase;Lui;lecture",
        f"{workshop['writer'].email};;lecture",
        f"{GUEST.upper()};Camille Wéa;remarques",
        "autre@ailleurs.example;;remarques",
        "autre2@ailleurs.example;Ana;lecture",
        "autre3@ailleurs.example;Ana;tout",
        "deja@ailleurs.example;Camille Wéa;remarques",
        f"{workshop['outsider'].email}",
        f'"{workshop["chief"].email}";"un "" guillemet',
    ]
    wrong = Fate.WRONG
    assert fates(workshop, "\r\n".join(lines)) == [
        (2, Fate.INVITE), (4, Fate.GUEST), (5, wrong), (6, wrong), (7, wrong), (8, wrong), (9, wrong), (10, wrong),
        (11, wrong), (12, Fate.INVITE), (13, Fate.INVITE),
    ]  # fmt: skip
    assert sent(workshop) == (0, 1), "looking at a list sends nothing"


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("a@b.example;Ana;remarques\nb@b.example;Ben;écriture", 2),
        ("a@b.example,Ana,remarques", 1),
        ("a@b.example\tAna\tsuggestions\nb@b.example\tBen", 2),
        ("e-mail,nom\na@b.example,Ana", 1),
    ],
)
def test_a_list_is_read_as_spreadsheets_write_it(workshop: Workshop, words: str, count: int) -> None:
    assert [fate for _number, fate in fates(workshop, words)] == [Fate.GUEST] * count


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_file_is_decoded_whichever_program_wrote_it(encoding: str) -> None:
    assert people_list.decoded("a@b.example;Rose Wéa".encode(encoding)) == "a@b.example;Rose Wéa"


def test_what_is_no_list_is_refused(workshop: Workshop) -> None:
    for content in (b"\x00\x01\xff\xfe" * 10, b"x" * (people_list.LARGEST + 1)):
        with pytest.raises(Invalid):
            people_list.decoded(content)
    for words in ("", " \n\n", "courriel;nom", "\n".join(f"a{n}@b.example;Ana" for n in range(201))):
        with reading(), pytest.raises(Invalid):
            people_list.read(workshop["facilitator"], workshop.lab, words)
    for who in ("writer", "outsider"):
        with reading(), pytest.raises(Refused):
            people_list.read(workshop[who], workshop.lab, "a@b.example;Ana")


def test_a_list_is_looked_at_then_sent_and_the_rest_stays(client: PageClient, workshop: Workshop) -> None:
    path = f"{workshop.page}/inviter/liste"
    client.sign_in(workshop["facilitator"]).get(path)
    assert "La liste est vide" in client.send(path, 422, faire="verifier").main
    good = f"{workshop['northerner'].email};;ecriture\n{GUEST};Camille Wéa;suggestions"
    file = (io.BytesIO(f"courriel;nom;droit\n{good}\nsans arobase;Lui;lecture".encode("cp1252")), "liste.csv")
    page = client.send(path, 200, fichier=file, faire="verifier")
    assert "2 lignes peuvent être envoyées. 1 ligne est à corriger." in page.main
    assert "la première colonne n’est pas une adresse" in page.main and sent(workshop) == (0, 0)
    kept = page.form(path).values["liste"]
    assert "sans arobase" in kept and "Camille Wéa" in kept

    # What was changed after the look is looked at again, not sent.
    client.send(path, 200, liste=kept + "\nautre@ailleurs.example;Ana", faire="envoyer")
    assert sent(workshop) == (0, 0)
    client.send(path, 200, liste=kept, faire="verifier")
    page = client.send(path, 200, faire="envoyer")
    assert sent(workshop) == (1, 1)
    assert page.form(path).values["liste"] == "sans arobase;Lui;lecture"
    assert "suggestions" not in page.form(path).values["liste"]
    assert "/invitation/" in mails_to(GUEST)[-1]

    client.send(path, 200, liste="lui@ailleurs.example;Lui;remarques", faire="verifier")
    client.send(path, faire="envoyer")
    assert "1 lien d’invité est envoyé" in client.follow().main and sent(workshop) == (1, 2)
    with reading():
        rights = dict(session().execute(sa.select(GuestLink.person_id, GuestLink.right)).all())
    assert sorted(rights.values()) == [Right.REMARK, Right.SUGGEST]


def test_a_list_is_sent_whole_or_not_at_all(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_INVITED_A_DAY", 1)
    with pytest.raises(RateLimited), unit_of_work():
        people_list.send(workshop["facilitator"], workshop.lab, "a@b.example;Ana\nb@b.example;Ben")
    assert sent(workshop) == (0, 0)
