"""Experts are forgotten: at once when somebody asks for it, by itself when their link is over. What they advised stays."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import clock, mail, purging
from app.accounts import erasing
from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.errors import Missing, MovedOn, Refused
from app.mail import Mail
from drafts import experts, forgetting, review
from drafts.expert_models import ExpertInvitation, ExpertOpinion, ExpertRemark
from drafts.expert_policy import LinkState, state_of
from drafts.opinions import opinions_on
from tests.clients import PageClient
from tests.drafts.review_world import make_world, refused_by_database, submitted
from tests.drafts.test_erasing import traces
from tests.drafts.test_experts import ADVICE, EMAIL, Study, confirmed, invited

NAME = "Camille Wéa"
WORDS = ("Camille Wéa", "camille.wea@")


@pytest.fixture
def study(client: PageClient) -> Study:
    """An expert who has advised, and whose name somebody else wrote in a mail."""
    with unit_of_work():
        world = make_world()
    submitted(world)
    made = invited(world)
    confirmed(client, made)
    client.send(f"{made.path}/avis", avis=["reserved"], texte=ADVICE)
    client.follow()
    client.send(f"{made.path}/remarques", passage="b5", remarque="Ouvert depuis mars.")
    with unit_of_work():
        mail.write("autre@test.example", f"{NAME} a répondu", f"De {EMAIL}.")
        made.invitation.reason = f"{NAME}, est-ce exact\u00a0?"
    return made


def test_an_expert_is_forgotten_at_once_everywhere(client: PageClient, study: Study) -> None:
    assert {"expert_invitation.name", "expert_invitation.email", "mail.recipient", "mail.subject"} <= set(
        traces(*WORDS)
    )
    with reading():
        before = opinions_on(study.revision_id)
    with unit_of_work():
        gone = forgetting.erase_expert(None, EMAIL.upper())
    assert traces(*WORDS) == [] and len(gone) >= 3
    with reading():
        assert opinions_on(study.revision_id) == before, (
            "what they advised stays, under the number of the invitation"
        )
        assert session().scalars(sa.select(ExpertOpinion.text)).one() == ADVICE
        assert session().scalars(sa.select(ExpertRemark.text)).one() == "Ouvert depuis mars."
        assert state_of(study.invitation, study.world.draft) is LinkState.EXPIRED
        entry = session().scalars(sa.select(AuditEntry).where(AuditEntry.act == "erase_expert")).one()
        assert entry.detail == {"invitations": [study.invitation_id]} and entry.person_id is None
        assert session().scalars(sa.select(Mail.subject).where(Mail.recipient == "autre@test.example")).one() == (
            "Personne effacée a répondu"
        )  # fmt: skip
    client.get(study.path, 404)
    shown = client.sign_in(study.world.writer).get(f"{study.page}/experts")
    assert (
        "Personne effacée" in shown.main and "Adresse effacée" in shown.main and "@erased" not in shown.source
    )
    assert "Avis favorable avec réserves" in client.get(f"{study.page}/relecture").main


def test_it_cannot_be_undone_and_is_done_once(study: Study) -> None:
    with unit_of_work():
        forgetting.erase_expert(None, EMAIL)
    with pytest.raises(Missing), unit_of_work():
        forgetting.erase_expert(None, EMAIL)
    back = sa.update(ExpertInvitation).values(name="Retour")
    assert "stays erased" in refused_by_database(back)
    with pytest.raises(MovedOn), unit_of_work():
        experts.revoke(study.world.writer, study.world.draft, study.invitation_id)


def test_who_may_forget_an_expert(study: Study) -> None:
    with pytest.raises(Refused), unit_of_work():
        forgetting.erase_expert(study.world.editor, EMAIL)
    assert traces(*WORDS)


def test_the_link_is_over_then_the_address_goes_then_the_name(study: Study, tmp_path: Path) -> None:
    """While the review is open, those who decide have to know who advises."""
    over = timedelta(days=10) + forgetting.KEPT_AFTER
    with clock.shifted(over - timedelta(hours=1)):
        purging.purge(tmp_path)
        assert study_of(study).email == EMAIL
    with reading():
        numbers = session().scalars(sa.select(Mail.id).where(Mail.recipient == EMAIL)).all()
    (tmp_path / "mail").mkdir(exist_ok=True)
    files = [mail.file_of(number, tmp_path / "mail") for number in numbers]
    for file in files:
        file.write_text("Votre code")
    with clock.shifted(over + timedelta(hours=1)):
        purging.purge(tmp_path)
        assert traces("camille.wea@") == ["mail.body"], "words of others to others"
        assert study_of(study).name == NAME and not any(file.exists() for file in files)
        purging.purge(tmp_path)
        assert study_of(study).erased_at is None
        with unit_of_work():
            review.request_changes(study.world.reviewer, study.world.draft, "À revoir.")
        purging.purge(tmp_path)
        row = study_of(study)
        assert row.name == f"Personne effacée (n°\u00a0{row.id})" and row.erased_at is not None
        assert traces("expert_invitation.name") == [] and "Wéa" not in row.reason
        purging.purge(tmp_path)


def study_of(study: Study) -> ExpertInvitation:
    with reading():
        return study.invitation


def test_an_address_that_is_still_needed_keeps_its_mails(client: PageClient, study: Study) -> None:
    """The same person was asked again later, or has an account."""
    with clock.shifted(timedelta(days=9)):
        with unit_of_work():
            experts.revoke(study.world.writer, study.world.draft, study.invitation_id)
        again = invited(study.world, days=30)
    with clock.shifted(timedelta(days=9) + forgetting.KEPT_AFTER + timedelta(hours=1)):
        with unit_of_work():
            assert forgetting.forget_over() == []
        assert not study_of(study).has_address and study_of(again).has_address
        with reading():
            assert session().scalar(sa.select(sa.func.count()).where(Mail.recipient == EMAIL))


def test_a_person_who_was_an_expert_is_erased_as_both(study: Study) -> None:
    with unit_of_work():
        person = session().get_one(Person, study.world.editor.id)
        person.email, person.name = EMAIL, NAME
    with unit_of_work():
        erasing.erase(None, study.world.editor.id)
    assert traces(*WORDS) == []


def test_the_command_asks_first(study: Study, app: Flask, tmp_path: Path) -> None:
    run = app.test_cli_runner().invoke
    asked = run(args=["erase-expert", EMAIL], input="n\n")
    assert asked.exit_code == 1 and NAME in asked.output and traces(*WORDS)
    assert "erase-expert" in run(args=["erase-person", EMAIL, "--yes"]).output
    with reading():
        number = session().scalars(sa.select(Mail.id).where(Mail.recipient == EMAIL)).first()
    (tmp_path / "mail").mkdir(exist_ok=True)
    file = mail.file_of(number or 0, tmp_path / "mail")
    file.write_text("Votre code")
    assert run(args=["erase-expert", EMAIL.upper(), "--yes"]).exit_code == 0
    assert traces(*WORDS) == [] and not file.exists()
    assert run(args=["erase-expert", EMAIL, "--yes"]).exit_code == 2
