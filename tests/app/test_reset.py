"""A new password by mail: one link, once, thirty minutes; and the same answer whether there is an account or not."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app import clock, jobs, mail
from app.accounts import passwords, resets
from app.accounts import service as accounts
from app.accounts.key_models import PasswordReset, ResetRequest
from app.accounts.models import Person, PersonStatus, SignIn
from app.audit import AuditEntry
from app.db import OutboxRow, reading, session, unit_of_work
from app.policy import Actor
from tests import makers
from tests.clients import PageClient

EMAIL = "eloise@test.example"
NEW = "cerf volant pirogue lundi"


@pytest.fixture
def agent(client: PageClient) -> Actor:
    with unit_of_work():
        person = accounts.create_person(
            EMAIL, "Éloïse Martinelle", makers.make_administration(), makers.PASSWORD
        )
        return accounts.actor_for_person(person.id)


def asked(client: PageClient, email: str = EMAIL) -> str:
    """What one reads after asking for a link."""
    client.get("/connexion/oubli")
    client.send("/connexion/oubli", email=email)
    return client.follow().main


def links() -> list[str]:
    """The tokens that were mailed so far, as the worker would send them."""
    jobs.deliver_outbox()
    with reading():
        bodies = session().scalars(sa.select(mail.Mail.body).order_by(mail.Mail.id)).all()
    return [found[1] for body in bodies if (found := re.search(r"/connexion/oubli/(\S+)", body))]


def chosen(client: PageClient, token: str, status: int = 303, new: str = NEW, again: str = "") -> None:
    client.get(f"/connexion/oubli/{token}")
    client.send(f"/connexion/oubli/{token}", status, new=new, again=again or new)


def signs_in(client: PageClient, password: str, status: int = 303) -> None:
    client.sign_out().get("/connexion")
    client.send("/connexion", status, email=EMAIL, password=password)


def test_a_link_gives_a_new_password_once_and_ends_every_session(client: PageClient, agent: Actor) -> None:
    with unit_of_work():
        before = accounts.sign_in(agent.id)
    assert "si un compte d’agent existe" in asked(client).lower()
    (token,) = links()
    page = client.get(f"/connexion/oubli/{token}")
    assert page.response.headers["Cache-Control"] == "no-store"
    assert page.response.headers["Referrer-Policy"] == "same-origin"
    assert page.all("input", id="account")[0].get("value") == EMAIL
    chosen(client, token)
    assert "Votre mot de passe est changé." in client.follow().text
    with reading():
        assert accounts.actor_for_token(before.token).is_anonymous
        acts = set(session().scalars(sa.select(AuditEntry.act)))
        subjects = session().scalars(sa.select(mail.Mail.subject)).all()
    assert {"ask_reset", "reset_password"} <= acts
    assert subjects == ["Votre nouveau mot de passe", "Votre mot de passe a été changé"]
    # Once: neither opened again nor sent again.
    assert "ne sert plus" in client.get(f"/connexion/oubli/{token}", 404).main
    signs_in(client, makers.PASSWORD, 422)
    signs_in(client, NEW)


def test_nothing_tells_whether_there_is_an_account(
    client: PageClient, agent: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same page, the same rows; no digest of a password is counted for one and not for the other."""
    counted: list[str | None] = []
    monkeypatch.setattr(passwords, "_in_turn", lambda work: counted.append("") or work())
    written = []
    for email in (EMAIL, "personne@test.example"):
        said = asked(client, email)
        with reading():
            rows = [
                session().scalar(sa.select(sa.func.count()).select_from(table))
                for table in (ResetRequest, OutboxRow, mail.Mail, PasswordReset, AuditEntry)
            ]
            text = str(session().scalars(sa.select(OutboxRow.payload).order_by(OutboxRow.id.desc())).first())
        assert email not in text
        written.append((said, rows))
    (first, one), (second, two) = written
    assert first == second and [b - a for a, b in zip(one, two, strict=True)] == [1, 1, 0, 0, 0]
    assert counted == []
    assert len(links()) == 1
    with reading():  # what was typed is forgotten as soon as it was looked at
        assert session().scalars(sa.select(ResetRequest)).all() == []


@pytest.mark.parametrize("late", [timedelta(minutes=29), timedelta(minutes=30, seconds=1)])
def test_a_link_lasts_thirty_minutes(client: PageClient, agent: Actor, late: timedelta) -> None:
    asked(client)
    (token,) = links()
    with clock.shifted(late):
        client.get(f"/connexion/oubli/{token}", 200 if late < resets.LASTS else 404)


def test_a_wrong_link_and_a_suspended_person_get_nothing(client: PageClient, agent: Actor) -> None:
    asked(client)
    (token,) = links()
    client.get(f"/connexion/oubli/{token}")
    for wrong in (token[:-1], token + "A", "x" * 5000):
        client.get(f"/connexion/oubli/{wrong}", 404)
    with unit_of_work():
        session().get_one(Person, agent.id).status = PersonStatus.SUSPENDED
    client.get(f"/connexion/oubli/{token}", 404)
    asked(client)
    assert len(links()) == 1


def test_the_newest_password_kills_the_other_links(client: PageClient, agent: Actor) -> None:
    asked(client)
    asked(client)
    first, second = links()
    chosen(client, second)
    client.get(f"/connexion/oubli/{first}", 404)


def test_nobodys_mailbox_is_filled(client: PageClient, agent: Actor) -> None:
    for _time in range(resets.MOST_AN_HOUR + 2):
        asked(client)
    assert len(links()) == resets.MOST_AN_HOUR
    with clock.shifted(timedelta(hours=1, minutes=1)):
        asked(client)
        assert len(links()) == resets.MOST_AN_HOUR + 1


def test_one_neighbourhood_asks_so_often_and_another_is_not_slowed(client: PageClient) -> None:
    client.get("/connexion/oubli")
    for number in range(20):
        client.send("/connexion/oubli", email=f"a{number}@test.example")
        client.get("/connexion/oubli")
    page = client.send("/connexion/oubli", 429, email="encore@test.example")
    assert int(page.response.headers["Retry-After"]) <= 31 and "Attendez" in page.main
    client.get("/connexion/oubli")
    client.post(
        "/connexion/oubli",
        {**client.page.form("/connexion/oubli").values, "email": EMAIL},  # type: ignore[union-attr]
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )


@pytest.mark.parametrize(
    ("new", "again", "said"),
    [
        ("court", "court", "douze caractères"),
        ("motdepasse2026", "motdepasse2026", "se devine"),
        ("eloise.martinelle1", "eloise.martinelle1", "se devine"),
        (NEW, NEW + "s", "ne sont pas les mêmes"),
        ("", "", "Écrivez le nouveau mot de passe"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_still_good(
    client: PageClient, agent: Actor, new: str, again: str, said: str
) -> None:
    asked(client)
    (token,) = links()
    chosen(client, token, 422, new, again)
    assert client.page is not None and said in client.page.main and not (new and new in client.page.source)
    chosen(client, token)


def test_a_link_lifts_the_delay_that_somebody_else_brought_about(client: PageClient, agent: Actor) -> None:
    client.get("/connexion")
    for _time in range(accounts.FREE_TRIES):
        client.send("/connexion", 422, email=EMAIL, password="faux mot de passe")
    client.send("/connexion", 429, email=EMAIL, password=makers.PASSWORD)
    asked(client)
    (token,) = links()
    chosen(client, token)
    signs_in(client, NEW)


def test_the_log_and_the_database_hold_no_token(
    client: PageClient, agent: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked(client)
    (token,) = links()
    chosen(client, token)
    assert token not in caplog.text
    with unit_of_work():
        for item in mail.waiting():
            mail.mark_sent(item.id)
    with reading():
        everything = str([
            session().execute(sa.select(table)).all() for table in sa.inspect(PasswordReset).mapper.registry.metadata.sorted_tables
        ])  # fmt: skip
    assert passwords.digest(token) in everything and token not in everything


def test_one_changes_ones_own_password_with_the_old_one(client: PageClient, agent: Actor) -> None:
    client.get("/connexion")
    client.send("/connexion", email=EMAIL, password=makers.PASSWORD)
    with unit_of_work():
        other = accounts.sign_in(agent.id)
    path = "/espace/compte/mot-de-passe"
    client.get(path)
    page = client.send(path, 422, old="faux mot de passe", new=NEW, again=NEW)
    assert "Ce n’est pas votre mot de passe actuel." in page.main and "#old" in page.links()
    token = client.http.get_cookie("openlab").value  # type: ignore[union-attr]
    client.send(path, old=makers.PASSWORD, new=NEW, again=NEW)
    assert client.http.get_cookie("openlab").value != token  # type: ignore[union-attr]
    assert "Votre mot de passe est changé." in client.follow().main
    with reading():
        assert accounts.actor_for_token(other.token).is_anonymous
        assert session().scalars(sa.select(mail.Mail.subject)).all() == ["Votre mot de passe a été changé"]
        good = session().scalars(sa.select(SignIn).where(SignIn.revoked_at.is_(None))).all()
    assert len(good) == 1
    signs_in(client, NEW)


WEAK = [
    "motdepasse123", "Motdepasse2026!", "azertyuiop12", "Azertyuiop2026", "123456789012", "nouvellecaledonie", "N0uvelleC@ledonie",
    "abcabcabcabc", "aaaaaaaaaaaa", "bienvenue2026!", "P@ssw0rd2026!", "openlab-demo-2026", "administrateur1", "qsdfghjklm12",
    "Soleil2025Soleil", "abcdefghijkl", "987654321098", "dupontmarie2026", "ProvinceSud2026",
]  # fmt: skip
STRONG = [
    NEW,
    makers.PASSWORD,
    "Le cagou ne vole pas",
    "pirogue-violette-9",
    "kX9#mQ2$vL7p",
    "quatre mots sans lien",
]


def test_what_is_guessed_first_is_refused() -> None:
    about = ("Marie Dupont", "marie.dupont@province-sud.example")
    assert [word for word in WEAK if passwords.weakness(word, *about) is None] == []
    assert [word for word in STRONG if passwords.weakness(word, *about)] == []
