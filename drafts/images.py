"""Images of texts: taken in from people, made anew in a child under limits, kept as the bytes that are sent.

Two steps, because decoding takes seconds and a write transaction must not wait: `made_of` outside any transaction,
then `keep` inside one. The id of an image is the digest of its bytes, so the same picture is stored once, whoever
brought it into however many texts.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from app import audit, clock
from app.db import insert, session
from app.errors import Invalid, Missing, RateLimited, TooLarge
from app.extensions import gettext as _
from app.policy import Act, Actor, require
from drafts.child import Child, ChildDied, ChildSlow
from drafts.grammar import Tree, blocks
from drafts.models import Draft, Image, ImageUse

# A photo of a telephone is 3 to 8 MB.
LONGEST = 10 * 1024 * 1024
# Four long articles with fifty pictures each; somebody who brings more in one day is a program.
OF_ONE_A_DAY = 200
# Each try may take the child for seconds: what does not become an image is counted too.
TRIES_A_MINUTE = 20
# 40 megapixels take 2 s on a slow processor; the rest is for one that has other things to do.
_SECONDS = 20.0
# 40 megapixels in four bytes are 160 MB, and a second copy of them exists for a moment.
_MEMORY = 1024 * 1024 * 1024

# A grey point in WebP: what an image shows that was taken away by a redaction.
NOTHING = bytes.fromhex(
    "52494646240000005745425056503820180000003001009d012a010001000cc0ce25a400037000fee2200000"
)

_decoder = Child(seconds=_SECONDS, memory=_MEMORY, longest=LONGEST + 64 * 1024, module="drafts.image_work")
_tries: dict[int, deque[float]] = {}


@dataclass(frozen=True)
class Made:
    """A picture as it will be stored and sent."""

    id: str
    content: bytes
    width: int
    height: int


def close() -> None:
    """End the child of this process, if there is one."""
    _decoder.close()


def _refusal(code: str) -> Invalid:
    sentences = {
        "too_many_pixels": _(
            "Cette image a plus de 40 millions de points : réduisez-la, puis envoyez-la de nouveau."
        ),
        "moving": _("Cette image est animée : choisissez une image fixe."),
        "too_slow": _(
            "Cette image demande trop de travail pour être lue : enregistrez-la de nouveau en JPEG ou en PNG."
        ),
    }
    unreadable = _(
        "Ce fichier n’est pas une image que le portail sait lire. Envoyez une image JPEG, PNG, WebP ou GIF ; "
        "un dessin SVG, une page PDF ou un fichier TIFF s’exporte d’abord en PNG."
    )
    return Invalid(sentences.get(code, unreadable), field="image", reason=code)


def allow(actor: Actor) -> None:
    """Raises RateLimited for somebody who has brought as many images as a person does. Counts this try."""
    now = time.monotonic()
    for person in [person for person, tries in _tries.items() if tries[-1] < now - 60]:
        del _tries[person]
    lately = _tries.setdefault(actor.id, deque(maxlen=TRIES_A_MINUTE))
    if len(lately) == TRIES_A_MINUTE and lately[0] > now - 60:
        raise RateLimited(
            _("Vous envoyez beaucoup d’images à la fois : attendez une minute, puis continuez."),
            retry_after=60.0,
        )
    lately.append(now)
    brought = session().scalar(
        sa.select(sa.func.count())
        .select_from(ImageUse)
        .where(ImageUse.person_id == actor.id, ImageUse.at > clock.now() - timedelta(days=1))
    )
    if (brought or 0) >= OF_ONE_A_DAY:
        raise RateLimited(
            _("Vous avez ajouté %(count)s images en un jour : continuez demain.", count=OF_ONE_A_DAY),
            retry_after=3600.0,
        )


def made_of(given: bytes) -> Made:
    """The picture in these bytes, whatever they were called. Waits for the child: never in a write transaction.

    Raises TooLarge, or Invalid with a sentence that says what to do.
    """
    if len(given) > LONGEST:
        raise TooLarge(_("Cette image pèse plus de 10 Mo : réduisez-la, puis envoyez-la de nouveau."))
    if not given:
        raise Invalid(_("Choisissez une image à envoyer."), field="image")
    try:
        answer, parts = _decoder.ask("re_encode", {}, (given,))
    except ChildSlow:
        raise _refusal("too_slow") from None
    except ChildDied:
        raise _refusal("unreadable") from None
    if "code" in answer:
        raise _refusal(answer["code"])
    return Made(hashlib.sha256(parts[0]).hexdigest(), parts[0], answer["width"], answer["height"])


def keep(actor: Actor, draft: Draft, made: Made) -> Image:
    """Store a picture for a draft. Who brought it is written down, once for each draft."""
    require(actor, Act.DRAFT_WRITE, draft)
    # Two people may bring the same picture at one moment.
    session().execute(
        insert(Image)
        .values(
            id=made.id,
            content=made.content,
            width=made.width,
            height=made.height,
            size=len(made.content),
            made_at=clock.now(),
        )
        .on_conflict_do_nothing()
    )
    _use(actor, draft, [made.id])
    audit.record(actor.id, "add_image", "draft", draft.id, image=made.id)
    return session().get_one(Image, made.id)


def take_along(actor: Actor, draft: Draft, image_id: str) -> Image:
    """An image that this person sees in another draft stands in this one too, as after a paste.

    Raises Missing for an image they do not see: knowing an id opens nothing.
    """
    require(actor, Act.DRAFT_WRITE, draft)
    image = image_called(image_id)
    require(actor, Act.IMAGE_READ, image)
    _use(actor, draft, [image.id])
    audit.record(actor.id, "add_image", "draft", draft.id, image=image.id)
    return image


def _use(actor: Actor, draft: Draft, image_ids: Iterable[str]) -> None:
    for image_id in image_ids:
        session().execute(
            insert(ImageUse)
            .values(image_id=image_id, draft_id=draft.id, person_id=actor.id, at=clock.now())
            .on_conflict_do_nothing()
        )


def carry(actor: Actor, source: Draft, target: Draft, tree: Tree) -> None:
    """A copy of a text shows the images of the first: those it was given, not every id that stands in it."""
    require(actor, Act.DRAFT_READ, source)
    given = session().scalars(sa.select(ImageUse.image_id).where(ImageUse.draft_id == source.id))
    _use(actor, target, sorted(set(given) & named_in(tree)))


def named_in(tree: Tree) -> frozenset[str]:
    """The ids of the images that a text shows, whether they exist or not."""
    named = {block.get("attrs", {}).get("image", "") for block in blocks(tree) if block["type"] == "image"}
    return frozenset(named - {""})


def image_called(image_id: str) -> Image:
    """The image with this id. Raises Missing."""
    image = session().get(Image, image_id)
    if image is None:
        raise Missing(_("Cette page n’existe pas, ou vous n’y avez pas accès."))
    return image


def content_of(image_id: str) -> bytes:
    """The bytes that are sent."""
    content: bytes = session().scalars(sa.select(Image.content).where(Image.id == image_id)).one()
    return content


def forget(draft: Draft) -> None:
    """The draft's words are gone: so are the images that stood in it alone, save those an edition shows."""
    brought = list(session().scalars(sa.select(ImageUse.image_id).where(ImageUse.draft_id == draft.id)))
    session().execute(sa.delete(ImageUse).where(ImageUse.draft_id == draft.id))
    elsewhere = set(session().scalars(sa.select(ImageUse.image_id).where(ImageUse.image_id.in_(brought))))
    for image_id in brought:
        if image_id in elsewhere:
            continue
        try:
            with session().begin_nested():
                session().execute(sa.delete(Image).where(Image.id == image_id))
        except sa.exc.IntegrityError:
            pass  # an edition shows it: the floor above holds it by its foreign key
