"""The evidence of an edition: sealed once, readable for ever, and one changed byte is named by the verifiers."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import rfc8785
import sqlalchemy as sa
from flask import Flask

from app import audit, jobs, worker
from app.accounts import erasing
from app.audit import AuditEntry
from app.db import database, reading, session, unit_of_work
from drafts import evidence_file, seal, trusted_keys
from drafts.models import Article
from drafts.review_models import SignOff
from publish import evidence, fates
from publish.evidence_models import EditionEvidence, EvidencePdf
from publish.models import Edition
from tests.clients import PageClient
from tests.house.tree import ROOT, tracked
from tests.publish.press import RICH, Press, block


@pytest.fixture
def edition(press: Press) -> int:
    press.published()
    with reading():
        return session().scalars(sa.select(Edition.id)).one()


def file_of(edition_id: int, number: int = 1) -> bytes:
    with reading():
        return session().get_one(EditionEvidence, (edition_id, number)).content


def wrong(raw: bytes, keys: dict[str, bytes] | None = None) -> list[str]:
    """What does not hold, as the command says it."""
    try:
        checks = evidence_file.examine(raw, seal.public_keys() if keys is None else keys)
    except evidence_file.NotEvidence as error:
        return [str(error)]
    return [check.says for check in checks if not check.holds]


def past_the_triggers(*statements: str) -> None:
    """What somebody at the database's prompt could do: the triggers that refuse it are taken away first."""
    with unit_of_work() as current:
        if current.get_bind().dialect.name == "sqlite":
            for name in current.scalars(
                sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            ).all():
                current.execute(sa.text(f"DROP TRIGGER {name}"))
            current.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        else:
            current.execute(sa.text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            current.execute(sa.text(statement))


def test_it_is_made_with_the_edition_and_holds(press: Press, edition: int) -> None:
    raw = file_of(edition)
    assert wrong(raw) == [] and raw == rfc8785.dumps(json.loads(raw))
    found = json.loads(raw)["sections"]
    assert found["edition"]["address"] == "/fiches/changer-d-adresse" and found["edition"]["number"] == 1
    assert {line["administration"] for line in found["sign_offs"]} == {"province-du-sud", "kone"}
    assert found["acts"][-1]["deed"] == "publish" and found["administrations"]["kone"] == "Mairie de Koné"
    with reading():
        entry = session().scalars(sa.select(AuditEntry).where(AuditEntry.act == evidence.KEPT)).one()
        assert entry.detail == {"number": 1, "digest": evidence.digest_of(raw)}
        assert entry.person_id == press.editor.id
    for person in (press.writer, press.sud_reviewer, press.nord_reviewer, press.editor):
        assert person.name.encode() not in raw and person.email.encode() not in raw


def test_it_is_never_changed_afterwards(press: Press, edition: int) -> None:
    before = file_of(edition)
    draft_id = 1
    press.rewrite(draft_id, [*RICH, block("paragraph", "Une phrase de plus.", id="b99")])
    press.again(draft_id)
    assert file_of(edition) == before
    for change in (sa.update(EditionEvidence).values(digest="0" * 64), sa.delete(EditionEvidence)):
        with pytest.raises(sa.exc.IntegrityError), unit_of_work():
            session().execute(change)
    assert file_of(edition) == before


def test_a_changed_byte_anywhere_is_seen(edition: int) -> None:
    raw = file_of(edition)
    drawn = random.Random(2026)
    for at in sorted({*range(0, len(raw), 97), *drawn.sample(range(len(raw)), 150), len(raw) - 1}):
        for bit in (1, 128):
            changed = bytearray(raw)
            changed[at] ^= bit
            assert wrong(bytes(changed)), f"byte {at}: {raw[at : at + 1]!r}"
    assert wrong(raw + b"\n") and wrong(raw[:-1]) and wrong(b" " + raw)


def test_every_field_that_is_changed_is_named(edition: int) -> None:
    raw = file_of(edition)
    value = json.loads(raw)

    def leaves(node: object, path: tuple[object, ...]) -> list[tuple[object, ...]]:
        items = (
            node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else None
        )
        return (
            [path]
            if items is None
            else [leaf for key, inner in items for leaf in leaves(inner, (*path, key))]
        )

    for path in leaves(value["sections"], ()):
        changed = json.loads(raw)
        node = changed["sections"]
        for key in path[:-1]:
            node = node[key]
        old = node[path[-1]]
        node[path[-1]] = (
            not old if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"{old or ''}x"
        )
        said = wrong(rfc8785.dumps(changed))
        assert any(f"section {path[0]}: it was changed (bytes " in line for line in said), (path, said)
        if path[0] == "text":
            assert any("text: its fingerprint is" in line for line in said)
        if path[0] == "sign_offs" and path[2] in ("person", "decision", "signature", "at", "revision"):
            assert any(line.startswith(f"sign-off {int(str(path[1])) + 1}") for line in said), said


def test_a_forger_who_counts_the_digests_again_needs_the_key(edition: int, tmp_path: Path) -> None:
    value = json.loads(file_of(edition))
    value["sections"]["edition"]["title"] = "Autre titre"
    own = seal.Ed25519PrivateKey.generate()
    own_id = seal._id_of(own.public_key())
    with reading():
        at = session().get_one(EditionEvidence, (edition, 1)).made_at
    forged = evidence_file.written(value["sections"], at, lambda content: (own.sign(content), own_id))
    assert f"seal: the key {own_id} is not one that you trust" in wrong(forged)
    value["digests"]["edition"] = evidence_file._digest(value["sections"]["edition"])
    assert any(line.startswith("seal: it does not hold") for line in wrong(rfc8785.dumps(value)))


@pytest.mark.parametrize(
    "raw",
    [b"", b"{}", b"[" * 200_000, b'{"kind":' * 5_000, b"\xff\xfe", b"1" * 10_000, b'{"kind":"openlab-edition-evidence"}',
     b'{"digests":[],"format":1,"kind":"openlab-edition-evidence","seal":{},"sections":{}}',
     b'{"digests":{},"format":1,"kind":"openlab-edition-evidence","seal":{},"sections":{"sign_offs":[{}],"text":1}}',
     b'{"digests":{"a":1e999},"format":1,"kind":"openlab-edition-evidence","seal":{"at":NaN},"sections":{"a":NaN}}',
     b" " * (evidence_file.LARGEST_FILE + 1)],
    ids=range(11),
)  # fmt: skip
def test_hostile_files_are_refused_in_words(raw: bytes) -> None:
    assert wrong(raw, {})


def test_a_changed_row_is_named(press: Press, edition: int) -> None:
    with reading():
        assert evidence.examine(session().get_one(Edition, edition)) == []
    for column, value in (
        ("body", "body || '<p>.</p>'"),
        ("title", "'Autre'"),
        ("published_by", str(press.writer.id)),
    ):
        past_the_triggers(f"UPDATE edition SET {column} = {value}")
        with reading():
            said = evidence.examine(session().get_one(Edition, edition))
        assert f"edition {edition}: row: the column {column} was changed" in said


def test_a_changed_signature_text_or_file_is_named(edition: int) -> None:
    with reading():
        first = session().scalars(sa.select(SignOff.id).order_by(SignOff.id)).first()
    past_the_triggers(
        f"UPDATE sign_off SET signature = (SELECT signature FROM sign_off WHERE id > {first}) WHERE id = {first}",
        "UPDATE edition_evidence SET digest = '" + "0" * 64 + "'",
    )
    with reading():
        said = evidence.examine(session().get_one(Edition, edition))
        assert f"edition {edition}: sign-off {first}: its seal does not hold" in said
        assert f"edition {edition}: evidence file 1: its bytes are not those of its digest" in said
        assert any(
            f"edition {edition}: its evidence file is not the one that was kept" in line
            for line in evidence.lost()
        )


def test_the_page_says_who_signed_and_that_it_holds(press: Press, edition: int, client: PageClient) -> None:
    history = client.get("/fiches/changer-d-adresse/historique")
    assert f"/preuves/{edition}" in history.links()
    assert f"/preuves/{edition}" in client.get("/fiches/changer-d-adresse").links()
    page = client.get(f"/preuves/{edition}")
    for words in (
        "Tout correspond",
        "Province du Sud",
        "Mairie de Koné",
        "Signature valide",
        "evidence-verify",
    ):
        assert words in page.main, words
    assert (
        press.sud_reviewer.name not in page.main and not page.all("script") and len(page.source) < 24 * 1024
    )
    raw = client.http.get(f"/preuves/{edition}.json")
    assert raw.data == file_of(edition) and raw.content_type == "application/json"
    again = client.http.get(f"/preuves/{edition}.json", headers={"If-None-Match": raw.headers["ETag"]})
    assert again.status_code == 304
    assert press.sud_reviewer.name in client.sign_in(press.writer).get(f"/preuves/{edition}").main


def test_the_page_names_what_does_not_hold(edition: int, client: PageClient) -> None:
    past_the_triggers("UPDATE edition SET body = 'autre chose'")
    assert "the column body was changed" in client.get(f"/preuves/{edition}").main


def test_what_is_masked_or_unknown_is_not_shown(press: Press, edition: int, client: PageClient) -> None:
    for path in ("/preuves/987654", "/preuves/abc", "/preuves/0", "/preuves/1.xml", "/preuves/" + "9" * 30):
        client.get(path, status=404)
    with unit_of_work():
        fates.mask(press.editor, session().scalars(sa.select(Article)).one(), "Un numéro faux.")
    for path in (f"/preuves/{edition}", f"/preuves/{edition}.json", f"/preuves/{edition}.pdf"):
        assert "Changer d’adresse" not in client.get(path, status=410).source


def test_the_worker_sets_the_sheet_and_fills_in_what_is_missing(edition: int, client: PageClient) -> None:
    from io import BytesIO

    from pypdf import PdfReader

    client.get(f"/preuves/{edition}.pdf", status=503)
    past_the_triggers("DELETE FROM edition_evidence")
    client.get(f"/preuves/{edition}", status=503)
    worker.keep_evidence("https://portail.example")
    raw = client.http.get(f"/preuves/{edition}.pdf").data
    sheet = PdfReader(BytesIO(raw))
    text = "\n".join(page.extract_text() for page in sheet.pages)
    flat = "".join(text.split())
    for words in (
        "Changer d’adresse",
        "Mairie de Koné",
        json.loads(file_of(edition))["sections"]["edition"]["fingerprint"],
        "valide",
    ):
        assert "".join(words.split()) in flat, words
    assert sheet.metadata is not None and "Changer d’adresse" in str(sheet.metadata.title)
    assert sheet.trailer["/Root"]["/Lang"] == "fr-FR"  # type: ignore[index]
    box = sheet.pages[0].mediabox
    assert (round(box.width), round(box.height)) == (595, 842)
    with reading():
        before = session().scalars(sa.select(EvidencePdf.made_at)).one()
    worker.keep_evidence("https://portail.example")
    with reading():
        assert session().scalars(sa.select(EvidencePdf.made_at)).one() == before


def test_the_worker_asks_for_evidence_when_there_may_be_some(
    press: Press, client: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, after a publication, after a failure; not every five seconds of every day."""
    asked = 0

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal asked
        asked += "edition_evidence" in statement

    def rounds() -> int:
        """How often the database was asked in some turns of the worker."""
        nonlocal asked
        asked = 0
        for _turn in range(4):
            jobs.deliver_outbox()
            worker._attempt(partial(worker.keep_evidence_when_due, "https://portail.example"))
        return asked

    monkeypatch.setattr(worker, "_evidence_is_due", True)
    engine = database().engine
    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        assert rounds() == 2 and rounds() == 0, "once for each of its two questions"
        _draft, slug = press.published()
        assert rounds() > 0 and rounds() == 0
        assert client.http.get("/preuves/1.pdf").status_code == 200
        press.published("Ouvrir une école")
        with monkeypatch.context() as broken:
            broken.setattr(worker.evidence_pdf, "made", lambda *_args: 1 / 0)
            assert rounds() > 0
            assert client.http.get("/preuves/2.pdf").status_code == 503
        assert rounds() > 0 and client.http.get("/preuves/2.pdf").status_code == 200
        assert rounds() == 0
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)


def test_the_keys_are_public_and_old_evidence_outlives_a_rotation(edition: int, client: PageClient) -> None:
    raw = file_of(edition)
    old, new = seal.rotate()
    content = client.http.get("/preuves/cles.json").data
    keys = trusted_keys.read(content)
    assert set(keys) == {old, new} and wrong(raw, keys) == []
    assert seal.sign(b"ensuite")[1] == new
    page = client.get("/preuves/cles")
    assert old in page.main and new in page.main
    # Who knows the old key only, by another way, has a reason to believe in the new one; not the other way round.
    assert set(trusted_keys.read(content, old)) == {old, new} and set(trusted_keys.read(content, new)) == {
        new
    }
    forged = json.loads(content)
    forged["keys"][1]["sealed_by"]["at"] = "2020-01-01"
    with pytest.raises(trusted_keys.KeysUnreadable, match="was not sealed"):
        trusted_keys.read(json.dumps(forged).encode())
    for bad in (b"", b"[]", b"{}", b"[" * 100_000, content.replace(b"openlab", b"autre")):
        with pytest.raises(trusted_keys.KeysUnreadable):
            trusted_keys.read(bad)


def test_the_command_on_a_copy_without_a_database(edition: int, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for path in tracked("*.py", "drafts/schema.json", "app/**", "drafts/**"):
        if not path.is_relative_to(ROOT / "tests"):
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    (tmp_path / "preuve.json").write_bytes(file_of(edition))
    (tmp_path / "cles.json").write_bytes(trusted_keys.written(seal.public_keys(), seal.successions()))
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "evidence-verify", "../preuve.json", "--keys", "../cles.json"],
        cwd=copy, capture_output=True, text=True, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "Everything holds." and "for the whole text" in done.stdout
    assert not list(copy.rglob("*.sqlite3*"))


def test_the_command_says_what_does_not_hold_and_what_it_cannot_read(
    edition: int, app: Flask, tmp_path: Path
) -> None:
    raw = file_of(edition)
    good, forged, keys = (tmp_path / name for name in ("preuve.json", "fausse.json", "cles.json"))
    good.write_bytes(raw)
    forged.write_bytes(raw.replace(b"sentez-vous", b"sentez vous"))
    keys.write_bytes(trusted_keys.written(seal.public_keys(), {}))
    run = app.test_cli_runner().invoke
    assert run(args=["evidence-verify", str(good)]).exit_code == 0, "by this instance's own keys"
    assert run(args=["evidence-verify", str(good), "--keys", str(keys)]).exit_code == 0
    said = run(args=["evidence-verify", str(forged)])
    assert said.exit_code == 1 and "section text: it was changed" in said.output
    assert "text: its fingerprint is" in said.output and "NOT" in said.output
    for call in (
        ["evidence-verify"], ["evidence-verify", str(tmp_path / "none.json")], ["evidence-verify", str(tmp_path)],
        ["evidence-verify", str(good), "--keys", str(good)], ["evidence-verify", str(good), "--root", "0" * 64],
    ):  # fmt: skip
        assert run(args=call).exit_code == 2, call
    assert run(args=["evidence-verify", str(keys)]).exit_code == 1
    seal.configure(tmp_path / "nowhere")
    assert run(args=["evidence-verify", str(good)]).exit_code == 2, "no key here to trust"


def test_audit_verify_looks_at_editions_too(edition: int, app: Flask) -> None:
    run = app.test_cli_runner().invoke
    with unit_of_work():
        audit.seal()
    said = run(args=["audit-verify"])
    assert said.exit_code == 0 and "1 editions looked at." in said.output
    past_the_triggers("UPDATE edition SET lead = 'Autre chose'")
    said = run(args=["audit-verify"])
    assert said.exit_code == 1 and f"edition {edition}: row: the column lead was changed" in said.output


def test_an_erased_person_changes_nothing_of_it(press: Press, edition: int, client: PageClient) -> None:
    with unit_of_work():
        audit.seal()
    for person in (press.sud_reviewer, press.writer):
        with unit_of_work():
            erasing.erase(None, person.id)
    with unit_of_work():
        audit.seal()
    with reading():
        assert evidence.examine(session().get_one(Edition, edition)) == [] and audit.verify() is None
    assert wrong(file_of(edition)) == []
    page = client.sign_in(press.editor).get(f"/preuves/{edition}")
    assert "Personne effacée" in page.main and press.sud_reviewer.name not in page.main
