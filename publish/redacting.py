"""What the public gets, and what was sealed of it, without words that were taken out of a text (`drafts.redacting`).

An edition is made again of the redacted revision; its evidence files keep their seal and say what was done. Stored
pages, the sheet set of a file, and the index of the search are made again.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.db import session
from drafts import canonical, redacted_file, seal
from drafts.grammar import plain_text
from drafts.passages import Passage
from drafts.redacted_columns import Place, Scope
from drafts.redacting import note_digest
from drafts.redaction_models import RedactedDigest, Redaction
from drafts.render import stored_form
from drafts.review_models import Revision
from publish import evidence, search_index, store
from publish.download_models import EditionFile
from publish.evidence_models import EditionEvidence, EvidencePdf
from publish.models import CheckedLink, Edition, StoredPage
from publish.search_models import SearchedArticle
from publish.service import lead_of


def take_out(passage: Passage, scope: Scope, act: Redaction | None) -> list[Place]:
    """Editions, evidence, pages and search. Without an act it is only looked."""
    found: list[Place] = []
    for edition in session().scalars(sa.select(Edition).where(Edition.article_id.in_(scope.articles))).all():
        here = _edition(passage, edition, act)
        for file in evidence.all_of(edition.id):
            here += _file(passage, file, act)
        if here and act is not None:
            session().execute(sa.delete(EvidencePdf).where(EvidencePdf.edition_id == edition.id))
            searched = session().get(SearchedArticle, edition.article_id)
            if searched is not None and searched.edition_id == edition.id:
                search_index.index(edition)
        found += here
        if act is not None:
            # Files that the public takes home hold its words, and pictures that may have been taken away alone.
            session().execute(sa.delete(EditionFile).where(EditionFile.edition_id == edition.id))
    for link in session().scalars(sa.select(CheckedLink)):
        if passage.stands_in(link.url):
            found.append(Place("checked_link.url", link.digest))
            if act is not None:
                session().delete(link)
    if act is not None:
        # Also when only pictures go: whoever writes a file now has read what was there before.
        store.invalidate()
    if found and act is not None:
        # Bytes that were sent are kept nowhere; every process learns by the epoch that what it remembers is old.
        session().execute(sa.delete(StoredPage).where(StoredPage.path != store.EPOCH_PATH))
    session().flush()
    return found


def _edition(passage: Passage, edition: Edition, act: Redaction | None) -> list[Place]:
    revision = session().get_one(Revision, edition.revision_id)
    if act is None:
        holds = passage.stands_in(revision.tree) or _own_words(passage, edition)
        return [Place("edition.body", str(edition.id), tuple(passage.around(edition.plain)))] if holds else []
    redone = session().get(RedactedDigest, (act.id, "revision.canonical", str(revision.id)))
    if redone is None and not _own_words(passage, edition):
        return []
    tree, _fields = canonical.parse(revision.canonical)
    around = tuple(passage.around(edition.plain))
    before = evidence.row_digests(edition)
    session().execute(
        sa.update(Edition)
        .where(Edition.id == edition.id)
        .values(
            title=passage.out_of(edition.title)[:200],
            lead=lead_of(tree),
            body=str(stored_form(tree)),
            plain=plain_text(tree),
            fields=passage.out_of_value(edition.fields),
            change_note=passage.out_of(edition.change_note)[:500],
        ),
        execution_options={"synchronize_session": False},
    )
    session().refresh(edition)
    for name, after in evidence.row_digests(edition).items():
        if after != before[name]:
            note_digest(act, f"edition.{name}", edition.id, before[name], after)
    return [Place("edition.body", str(edition.id), around)]


def _own_words(passage: Passage, edition: Edition) -> bool:
    return any(
        passage.stands_in(value)
        for value in (edition.title, edition.lead, edition.plain, edition.fields, edition.change_note)
    )


def _file(passage: Passage, file: EditionEvidence, act: Redaction | None) -> list[Place]:
    before = evidence.digest_of(file.content)
    kept = redacted_file.redacted(
        file.content,
        passage.out_of_value,
        act=act.id if act is not None else 0,
        at=act.begun_at if act is not None else file.made_at,
        sign=seal.sign if act is not None else lambda _content: (b"", ""),
    )
    if kept is None:
        return []
    key = f"{file.edition_id},{file.number}"
    if act is not None:
        session().execute(
            sa.update(EditionEvidence)
            .where(EditionEvidence.edition_id == file.edition_id, EditionEvidence.number == file.number)
            .values(content=kept),
            execution_options={"synchronize_session": False},
        )
        session().refresh(file)
        note_digest(act, "edition_evidence.content", key, before, evidence.digest_of(kept))
    return [Place("edition_evidence.content", key)]
