"""Words taken out of a draft on a legal request: of its text, its log, its versions and all that was made of it.

The rows of the log are rewritten under the same clocks (`drafts.redacted_bytes`), checkpoints are made anew with the
authors of all other words, and the text goes on under a new `history`, so that every browser builds it again.
`[texte retiré]` stands where the words were to be read. What was sealed keeps its fingerprints and signatures; what
stands in its place says that it was redacted (docs/decisions/0017-redaction.md).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from app import audit, clock
from app.db import note, reading, session, unit_of_work
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.policy import PORTAL, Act, Actor, require
from drafts import canonical, faults, images, log, naming
from drafts.events import DraftTextMoved
from drafts.history_models import DraftVersion
from drafts.models import Checkpoint, Draft, DraftUpdate, Image, ImageUse, RefusedUpdate
from drafts.passages import Passage
from drafts.redacted_columns import Place, Scope, elsewhere, take_out_of
from drafts.redacted_text import Life, Text, mark, searched, with_marks
from drafts.redaction_models import LONGEST_REASON, LONGEST_REFERENCE, RedactedDigest, Redaction
from drafts.retelling import words_of
from drafts.review_models import Revision

__all__ = ["Redacted", "Seen", "look", "note_digest", "redact", "redacts"]

# (passage, scope, the open act or None when it is only looked) → where words stood.
Room = Callable[[Passage, Scope, Redaction | None], list[Place]]
_rooms: list[Room] = []


def redacts(verb: Room) -> None:
    """A room above takes the words out of what it makes of texts, before the columns are searched."""
    if verb not in _rooms:
        _rooms.append(verb)


@dataclass(frozen=True)
class Seen:
    """What a redaction would touch. `texts`: (draft, number of the row, what stands around) of each find in a text;
    `places`: columns; `others`: what belongs to something else, and stays."""

    drafts: tuple[int, ...]
    texts: tuple[tuple[int, int, str], ...]
    places: tuple[Place, ...]
    others: tuple[Place, ...]
    other_drafts: tuple[int, ...]

    @property
    def is_empty(self) -> bool:
        return not self.texts and not self.places


@dataclass(frozen=True)
class Redacted:
    """`mails`: ids of mails whose files have to go."""

    id: int
    seen: Seen
    mails: tuple[int, ...] = field(default=())


def scope_of(draft_id: int) -> Scope:
    """The draft, its article, and all drafts of that article: a text goes on from one to the next."""
    draft = log.draft_row(draft_id)
    others = session().scalars(
        sa.select(Draft.id).where(Draft.article_id == draft.article_id, Draft.purged_at.is_(None))
    )
    return Scope(tuple(sorted(others)), (draft.article_id,))


def look(actor: Actor | None, draft_id: int, words: str) -> Seen:
    """What would be taken out, and where; nothing is changed. Opens its own reading. Raises Missing, Invalid."""
    passage = Passage(words)
    with reading():
        _may(actor)
        scope = scope_of(draft_id)
        texts = [_prepared(number, passage) for number in scope.drafts]
        return _seen(passage, scope, texts, None)


def redact(
    actor: Actor | None,
    draft_id: int,
    words: str,
    *,
    reason: str,
    reference: str,
    pictures: Sequence[str] = (),
) -> Redacted:
    """Take `words` out of a draft and of all that was made of it; by an administrator, or a command (None).

    `reference` is how the request is called where it is kept, `reason` why it is right; both stay for ever, so they
    name nobody. `pictures` are ids of images of the draft to be taken away as well. An edge: it opens its own
    transactions. Raises Missing, Invalid, faults.TextDamaged, or MovedOn when there is nothing to take out.
    """
    passage = Passage(words)
    with reading():
        _may(actor)
        _check_words(passage, reason, reference)
        scope = scope_of(draft_id)
        texts = [_prepared(number, passage) for number in scope.drafts]
    with unit_of_work():
        for text in texts:
            text.catch_up(log.lock_draft(text.draft_id) if text.is_open else None)
        act = Redaction(
            draft_id=draft_id,
            person_id=actor.id if actor is not None else None,
            reference=reference.strip(),
            reason=reason.strip(),
            begun_at=clock.now(),
        )
        session().add(act)
        session().flush()
        return _redacted(actor, act, passage, scope, texts, pictures)


def _may(actor: Actor | None) -> None:
    if actor is not None:
        require(actor, Act.PORTAL_ADMINISTER, PORTAL)


def _check_words(passage: Passage, reason: str, reference: str) -> None:
    for words, field_, longest in (
        (reason, "reason", LONGEST_REASON),
        (reference, "reference", LONGEST_REFERENCE),
    ):
        if not words.strip() or len(words.strip()) > longest:
            raise Invalid(
                _("Dites le motif (1000 caractères au plus) et la référence de la demande (120 au plus)."),
                field=field_,
            )
        if passage.stands_in(words):
            raise Invalid(
                _("Le motif et la référence restent : n’y répétez pas les mots à retirer."), field=field_
            )
        naming.refuse_names(words, field_)


def _prepared(draft_id: int, passage: Passage) -> Text:
    draft = session().get_one(Draft, draft_id)
    session().refresh(draft)
    if draft.trashed_at is None and faults.fault_of(draft) is not None:
        raise faults.TextDamaged
    return searched(draft, passage)


def _seen(passage: Passage, scope: Scope, texts: Sequence[Text], act: Redaction | None) -> Seen:
    places = _revisions(act, passage, scope)
    for room in _rooms:
        places += room(passage, scope, act)
    if act is None:
        places += take_out_of(passage, scope, change=False)[0]
    return Seen(
        scope.drafts,
        tuple((text.draft_id, *place) for text in texts for life in text.lives for place in life.places),
        tuple(places),
        tuple(elsewhere(passage, scope)),
        tuple(_other_drafts(passage, scope)),
    )


def _other_drafts(passage: Passage, scope: Scope) -> list[int]:
    """Drafts of other articles that read so now: copies, which are redacted by themselves."""
    found = []
    for draft_id in session().scalars(
        sa.select(Draft.id)
        .where(Draft.id.not_in(scope.drafts), Draft.trashed_at.is_(None))
        .order_by(Draft.id)
    ):
        if passage.stands_in(log.text(draft_id).tree):
            found.append(draft_id)
    return found


def _redacted(
    actor: Actor | None,
    act: Redaction,
    passage: Passage,
    scope: Scope,
    texts: Sequence[Text],
    pictures: Sequence[str],
) -> Redacted:
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_rewrite(actor, act, passage, text))
    counts.update(_versions(passage, scope))
    counts.update(_pictures(scope, pictures))
    seen = _seen(passage, scope, texts, act)
    found, mails = take_out_of(passage, scope, change=True)
    counts.update(place.where for place in (*seen.places, *found))
    if not counts:
        raise MovedOn(_("Ces mots ne se trouvent ni dans ce texte, ni dans ce qui en a été conservé."))
    act.counts, act.finished_at = dict(counts), clock.now()
    session().flush()
    session().expire_all()
    audit.record(
        act.person_id,
        "redact",
        "draft",
        act.draft_id,
        redaction=act.id,
        drafts=list(scope.drafts),
        counts=dict(counts),
    )
    whole = Seen(seen.drafts, seen.texts, (*seen.places, *found), seen.others, seen.other_drafts)
    return Redacted(act.id, whole, tuple(mails))


def _rewrite(actor: Actor | None, act: Redaction, passage: Passage, text: Text) -> Counter[str]:
    """The log, the checkpoints and the head of one draft."""
    counts: Counter[str] = Counter()
    draft = session().get_one(Draft, text.draft_id)
    # Checkpoints that were made since the search say what rows say, and are made again.
    session().execute(
        sa.delete(Checkpoint).where(
            Checkpoint.draft_id == draft.id, Checkpoint.seq.not_in(text.checkpoint_seqs)
        )
    )
    for life in text.lives:
        counts.update(_rewrite_life(life, passage, draft.id))
    # What was refused is kept for a while to be looked at, and nobody can say whether it holds the words.
    dropped = session().execute(sa.delete(RefusedUpdate).where(RefusedUpdate.draft_id == draft.id))
    if not counts and not text.changes:
        return counts
    counts["refused_update.update_bytes"] += dropped.rowcount or 0  # type: ignore[attr-defined]
    if text.head is None:
        return +counts
    head = text.begin_again(secrets.token_hex(8))
    draft.history, draft.history_seq = head.history, head.seq
    session().add(head)
    session().flush()
    faults.forget(draft.id)
    if text.marks:
        client = log.free_client_ids(draft.id, 1)[0]
        nobody = actor.id if actor is not None else draft.created_by
        log.append_told(draft, [(0, None, client, with_marks(head.state, text.marks, client))], nobody=nobody)
    note(DraftTextMoved(draft_id=draft.id))
    counts["checkpoint.state"] += 1
    return +counts


def _rewrite_life(life: Life, passage: Passage, draft_id: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    for seq, update in life.rewritten_rows():
        session().execute(
            sa.update(DraftUpdate)
            .where(DraftUpdate.draft_id == draft_id, DraftUpdate.seq == seq)
            .values(update=update)
        )
        counts["draft_update.update_bytes"] += 1
    for seq, new in life.rewritten_checkpoints():
        session().execute(sa.delete(Checkpoint).where(Checkpoint.draft_id == draft_id, Checkpoint.seq == seq))
        if new is not None:
            session().add(new)
        counts["checkpoint.state"] += 1
    session().flush()
    return counts


def _versions(passage: Passage, scope: Scope) -> Counter[str]:
    """Named versions: the text, and whose words it holds."""
    counts: Counter[str] = Counter()
    for version in session().scalars(
        sa.select(DraftVersion)
        .where(DraftVersion.draft_id.in_(scope.drafts))
        .options(sa.orm.undefer(DraftVersion.tree), sa.orm.undefer(DraftVersion.authors))
    ):
        if passage.stands_in(version.tree):
            version.authors = mark(passage, version.tree, version.authors)
            version.tree = passage.out_of_value(version.tree)
            counts["draft_version.tree"] += 1
    session().flush()
    return counts


def _revisions(act: Redaction | None, passage: Passage, scope: Scope) -> list[Place]:
    """Frozen versions: what was signed stays known by its fingerprint, the words go. Without an act it is only looked."""
    found: list[Place] = []
    for revision in session().scalars(sa.select(Revision).where(Revision.draft_id.in_(scope.drafts))).all():
        tree, fields = canonical.parse(revision.canonical)
        beside = (revision.tree, revision.title, revision.fields, revision.change_note)
        if not any(map(passage.stands_in, (tree, fields, *beside))):
            continue
        found.append(Place("revision.canonical", str(revision.id), tuple(passage.around(words_of(tree)))))
        if act is None:
            continue
        kept = canonical.canonical_bytes(passage.out_of_value(tree), passage.out_of_value(fields))
        before, after = canonical.fingerprint(revision.canonical), canonical.fingerprint(kept)
        if after != before:
            note_digest(act, "revision.canonical", revision.id, before, after)
        session().execute(
            sa.update(Revision)
            .where(Revision.id == revision.id)
            .values(
                canonical=kept,
                tree=passage.out_of_value(revision.tree),
                title=passage.out_of(revision.title)[:200],
                fields=passage.out_of_value(revision.fields),
                change_note=passage.out_of(revision.change_note)[:500],
            ),
            execution_options={"synchronize_session": False},
        )
        session().refresh(revision)
    return found


def note_digest(act: Redaction, name: str, key: object, before: str, after: str) -> None:
    """What was sealed changes: `name` is the table and the column, `key` the row."""
    session().add(RedactedDigest(redaction_id=act.id, name=name, key=str(key), before=before, after=after))
    session().flush()


def _pictures(scope: Scope, pictures: Sequence[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for image_id in pictures:
        used = session().scalar(
            sa.select(ImageUse.draft_id).where(
                ImageUse.image_id == image_id, ImageUse.draft_id.in_(scope.drafts)
            )
        )
        image = session().get(Image, image_id)
        if used is None or image is None:
            raise Invalid(_("Cette image n’est pas dans ce texte."), field="pictures")
        # Its address stays, and shows nothing any more.
        image.content, image.size = images.NOTHING, len(images.NOTHING)
        counts["image.content"] += 1
    session().flush()
    return counts
