"""What stands in the evidence beside the answers: an urgency, the advice of experts; and what leaves it alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from pypdf import PdfReader

from app import audit, clock, jobs, worker
from app.accounts import passwords
from app.accounts.models import Person
from app.audit import AuditEntry
from app.db import reading, session, unit_of_work
from app.errors import Invalid
from app.policy import ANONYMOUS
from drafts import evidence_file, experts, forgetting, review, seal, trusted_keys
from drafts.expert_models import ExpertInvitation, Opinion
from drafts.expert_policy import seat_at
from drafts.models import ArticleState
from publish import evidence, fates, urgent, verifying
from publish.evidence_models import EditionEvidence
from publish.fate_stages import Fate
from publish.models import Edition
from tests.clients import PageClient
from tests.drafts.review_world import refused_by_database
from tests.publish.fates_world import Life, make_life
from tests.publish.press import Press, draft_called
from tests.publish.test_evidence import file_of, past_the_triggers, wrong
from tests.publish.test_urgent import WHY, hurry


@pytest.fixture
def hurried(press: Press) -> tuple[int, str]:
    """(draft, fingerprint) of a text that is out while its review goes on."""
    draft_id = press.draft()
    fingerprint = press.submit(draft_id)
    hurry(press, draft_id, fingerprint)
    return draft_id, fingerprint


@pytest.fixture
def approved(press: Press, hurried: tuple[int, str]) -> tuple[int, str]:
    """The same, approved by the others afterwards."""
    press.sign(*hurried)
    jobs.deliver_outbox(), jobs.deliver_outbox()
    return hurried


def sections(number: int = 1) -> dict[str, object]:
    found: dict[str, object] = json.loads(file_of(1, number))["sections"]
    return found


def examined(edition_id: int = 1) -> list[str]:
    with reading():
        return evidence.examine(session().get_one(Edition, edition_id))


def test_what_is_published_urgently_says_so(
    press: Press, client: PageClient, hurried: tuple[int, str]
) -> None:
    raw = file_of(1)
    assert wrong(raw) == [] and examined() == []
    found = sections()
    urgency = found["urgency"]
    assert isinstance(urgency, dict)
    assert (urgency["person"], urgency["reason"]) == (press.editor.id, WHY)
    assert date.fromisoformat(urgency["approve_by"]) > clock.local(clock.now()).date()
    assert found["outcome"] is None and found["sign_offs"] == []
    assert found["file"] == {"number": 1, "supersedes": None}
    says = [check.says for check in evidence_file.examine(raw, seal.public_keys())]
    assert any("published urgently by person" in line and "not approved yet" in line for line in says)
    with reading():
        entry = session().scalars(sa.select(AuditEntry).where(AuditEntry.act == evidence.KEPT)).one()
        assert entry.person_id == press.editor.id
    page = client.get("/preuves/1")
    for words in ("Publiée en urgence", WHY, "Aucune signature", "Tout correspond", "pas encore"):
        assert words in page.main, words
    assert "a été lue et signée" not in page.main and press.editor.name not in page.main
    assert press.editor.name in client.sign_in(press.writer).get("/preuves/1").main


def test_its_approval_keeps_a_complete_file_that_supersedes_the_first(
    press: Press, client: PageClient, hurried: tuple[int, str]
) -> None:
    first = file_of(1)
    press.sign(*hurried)
    jobs.deliver_outbox(), jobs.deliver_outbox()
    assert file_of(1) == first and wrong(first) == [] and wrong(file_of(1, 2)) == [] and examined() == []
    found = sections(2)
    assert found["file"] == {"number": 2, "supersedes": evidence.digest_of(first)}
    assert found["outcome"] is not None and found["urgency"] is not None
    assert {line["administration"] for line in found["sign_offs"]} == {"province-du-sud", "kone"}  # type: ignore[attr-defined,index]
    acts = found["acts"]
    assert isinstance(acts, list) and acts[-1]["deed"] == "publish"

    page = client.get("/preuves/1")
    assert "publiée en urgence, puis lue et signée" in page.main and "/preuves/1-1" in page.links()
    earlier = client.get("/preuves/1-1")
    assert "remplace celle-ci" in earlier.main and "/preuves/1" in earlier.links()
    assert "Aucune signature" in earlier.main and "Tout correspond" in earlier.main
    assert (
        client.http.get("/preuves/1.json").data == file_of(1, 2) == client.http.get("/preuves/1-2.json").data
    )
    assert client.http.get("/preuves/1-1.json").data == first
    for path in ("/preuves/1-3", "/preuves/1-0", "/preuves/1-3.json", "/preuves/2-1", "/preuves/1-"):
        client.get(path, 404)

    worker.keep_evidence("https://portail.example")
    for path, words in (("/preuves/1-1.pdf", "Pas encore à ce moment"), ("/preuves/1.pdf", "Mairie de Koné")):
        text = PdfReader(BytesIO(client.http.get(path).data)).pages[0].extract_text()
        assert "".join(words.split()) in "".join(text.split()), path
        assert "".join(WHY.split()) in "".join(text.split())


def test_both_files_are_verified(approved: tuple[int, str], app: Flask, tmp_path: Path) -> None:
    keys = tmp_path / "cles.json"
    keys.write_bytes(trusted_keys.written(seal.public_keys(), {}))
    run = app.test_cli_runner().invoke
    for number, words in ((1, "not approved yet"), (2, "in the place of")):
        file = tmp_path / f"{number}.json"
        file.write_bytes(file_of(1, number))
        said = run(args=["evidence-verify", str(file), "--keys", str(keys)])
        assert said.exit_code == 0 and words in said.output, said.output
    with unit_of_work():
        audit.seal()
    said = run(args=["audit-verify"])
    assert said.exit_code == 0 and "1 editions looked at." in said.output
    # A changed column is named once, not for each file.
    past_the_triggers("UPDATE edition SET title = 'Autre'")
    said = run(args=["audit-verify"])
    assert said.exit_code == 1 and said.output.count("the column title was changed") == 1


def test_a_file_that_was_taken_away_is_missed(approved: tuple[int, str]) -> None:
    row = {"edition_id": 1, "number": 4, "content": b"x", "digest": "0" * 64, "made_at": clock.now()}
    assert "without a gap" in refused_by_database(sa.insert(EditionEvidence).values(**row))
    assert "append-only" in refused_by_database(sa.delete(EditionEvidence).where(EditionEvidence.number == 1))
    past_the_triggers("DELETE FROM edition_evidence WHERE number = 1")
    assert any("evidence file 2: it is not the one that has this number" in line for line in examined())
    with reading():
        assert any("is not the one that was kept" in line for line in evidence.lost())


@pytest.mark.parametrize("left_out", ["urgency", "file", "outcome"])
def test_nobody_approved_it_and_nobody_answers_for_it(hurried: tuple[int, str], left_out: str) -> None:
    """Sealed by the instance's own key, as who holds it could: it still has to say why it was public."""
    value = sections()
    value[left_out] = None if left_out != "outcome" else "oui"
    forged = evidence_file.written(value, clock.now(), seal.sign)
    assert [line for line in wrong(forged) if line.startswith(("outcome", "file", "sign-offs"))]


def test_words_that_stay_for_ever_name_nobody(press: Press, client: PageClient) -> None:
    draft_id = press.draft()
    fingerprint = press.submit(draft_id)
    with unit_of_work():
        session().get_one(Person, press.writer.id).name = "Hélène d’Artagnan"
    for reason in ("HÉLÈNE D’ARTAGNAN l’a demandé.", f"Voir avec {press.writer.email}."):
        with pytest.raises(Invalid, match="sans nommer personne"):
            hurry(press, draft_id, fingerprint, reason=reason)
    base = f"/brouillons/{draft_id}"
    client.sign_in(press.editor).get(f"{base}/relecture")
    reason = "Hélène d’Artagnan se trompe."
    refused = client.send(f"{base}/publication/urgence", 422, motif=reason)
    assert "sans nommer personne" in refused.main
    assert refused.form(f"{base}/publication/urgence").values["motif"] == reason
    hurry(press, draft_id, fingerprint, reason="Hélène l’a demandé, à la mairie d’Artagnan.")
    with unit_of_work():
        article = draft_called(draft_id).article
        for verb in (
            lambda: fates.mask(press.editor, article, reason),
            lambda: fates.propose(press.editor, article, Fate.WITHDRAW, reason),
        ):
            with pytest.raises(Invalid, match="sans nommer personne"):
                verb()


def advised(press: Press, draft_id: int, email: str = "camille.wea@universite.example") -> int:
    """The number of the invitation of an expert who has advised."""
    with unit_of_work():
        row = experts.invite(press.writer, draft_called(draft_id), "Camille Wéa", email, 10, "Est-ce exact ?")
        number, digest = row.id, row.token_digest
    with unit_of_work():
        # The token is in the mail only; the seat is that of who has typed in the code.
        row = session().get_one(ExpertInvitation, number)
        row.confirmed_at = clock.now()
        row.token_digest = passwords.digest("le jeton")
    with unit_of_work():
        seat = seat_at("le jeton", frozenset({number}))
        assert replace(seat, is_confirmed=True) == seat
        experts.give_opinion(ANONYMOUS, seat, Opinion.RESERVED, "Camille Wéa pense que le délai a changé.")
        experts.add_remark(ANONYMOUS, seat, "", "Ouvert depuis mars.")
        session().get_one(ExpertInvitation, number).token_digest = digest
    return number


def test_advice_stands_beside_the_answers_and_is_none(press: Press, client: PageClient) -> None:
    draft_id = press.draft()
    fingerprint = press.submit(draft_id)
    number = advised(press, draft_id)
    with unit_of_work():
        experts.invite(press.writer, draft_called(draft_id), "Autre", "autre@lycee.example", 3, "Un avis.")
    press.sign(draft_id, fingerprint)
    press.publish(draft_id, fingerprint)
    raw = file_of(1)
    assert wrong(raw) == [] and examined() == []
    given, silent = sections()["advice"]  # type: ignore[misc]
    assert (given["invitation"], given["opinion"], given["remarks"]) == (number, "reserved", 1)
    assert silent["opinion"] is None
    assert len(sections()["sign_offs"]) == 2  # type: ignore[arg-type]
    for words in ("Camille", "wea@", "le délai a changé", "Ouvert depuis mars"):
        assert words not in raw.decode(), words
    page = client.get("/preuves/1")
    for words in ("Avis favorable avec réserves", "il ne vaut pas visa", "aucun avis donné", "1 remarque"):
        assert words in page.main, words
    assert "Camille" not in page.source
    worker.keep_evidence("https://portail.example")
    sheet = PdfReader(BytesIO(client.http.get("/preuves/1.pdf").data))
    text = "".join("".join(one.extract_text().split()) for one in sheet.pages)
    assert "Avisfavorableavecréserves" in text and "ilnevautpasvisa" in text
    with unit_of_work():
        forgetting.erase_expert(None, "camille.wea@universite.example")
    assert file_of(1) == raw and examined() == [], "the file knows the number of the invitation only"


def test_what_becomes_of_the_page_changes_no_file(press: Press, client: PageClient) -> None:
    life: Life = make_life(press)
    raw = file_of(1)
    with unit_of_work():
        until = clock.local(clock.now()).date() + timedelta(days=100)
        verifying.still_exact(press.sud_reviewer, life.article, until)
    life.mask()
    client.get("/preuves/1", 410)
    for fate in (Fate.RESTORE, Fate.WITHDRAW, Fate.RESTORE, Fate.REMOVE, Fate.RESTORE):
        life.decide(fate)
        assert file_of(1) == raw and examined() == [], fate
    assert life.state is ArticleState.LIVE
    assert client.http.get("/preuves/1.json").data == raw
    with reading():
        assert session().scalar(sa.select(sa.func.count()).select_from(EditionEvidence)) == 1
        assert evidence.lost() == []


def test_urgency_after_urgency_has_a_file_for_each_edition(press: Press, hurried: tuple[int, str]) -> None:
    draft_id = hurried[0]
    with unit_of_work():
        review.request_changes(press.sud_reviewer, draft_called(draft_id), "Le délai est faux.")
    fingerprint = press.submit(draft_id, "Corrigée.")
    with unit_of_work():
        urgent.publish_urgently(press.editor, draft_called(draft_id), fingerprint, WHY, "Corrigée.")
    press.sign(draft_id, fingerprint)
    jobs.deliver_outbox(), jobs.deliver_outbox()
    with reading():
        kept = session().execute(sa.select(EditionEvidence.edition_id, EditionEvidence.number)).all()
    assert sorted(map(tuple, kept)) == [(1, 1), (2, 1), (2, 2)]
    assert examined(1) == [] and examined(2) == []
