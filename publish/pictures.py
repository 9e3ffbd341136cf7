"""Which images an edition shows: seen by everybody while it is live, else by who reads a draft that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from app.db import session
from app.policy import Act, Actor, judges
from drafts import images
from drafts.card_queries import existing_images
from drafts.models import Article, Image
from publish.fate_stages import READABLE
from publish.models import Edition, EditionImage


@dataclass(frozen=True)
class ShownImage:
    """An image that a live edition shows."""

    id: str


@judges(ShownImage)
def _acts_on_shown(_actor: Actor, _image: ShownImage) -> frozenset[Act]:
    return frozenset({Act.IMAGE_READ})


def is_shown(image_id: str) -> bool:
    """Whether an edition that the public reads now shows it."""
    shown = (
        sa.select(EditionImage.image_id)
        .join(Edition, Edition.id == EditionImage.edition_id)
        .join(Article, Article.shown_revision_id == Edition.revision_id)
        .where(EditionImage.image_id == image_id, Article.state.in_(READABLE))
        .limit(1)
    )
    return session().scalar(shown) is not None


def was_shown(image_id: str) -> bool:
    """Whether any edition ever showed it: its address was a public one then, and says so for ever."""
    shown = sa.select(EditionImage.image_id).where(EditionImage.image_id == image_id).limit(1)
    return session().scalar(shown) is not None


def image_called(image_id: str) -> ShownImage | Image:
    """What is judged at the address of an image. Raises Missing."""
    return ShownImage(image_id) if is_shown(image_id) else images.image_called(image_id)


def write_down(edition: Edition, image_ids: Iterable[str]) -> None:
    """Which images an edition shows, in the transaction that makes it."""
    for image_id in existing_images(image_ids):
        session().add(EditionImage(edition_id=edition.id, image_id=image_id))
    session().flush()
