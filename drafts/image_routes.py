"""An image is brought into a draft. Its address, `/images/<id>.webp`, belongs to `publish`: editions show it too."""

from __future__ import annotations

from typing import Any

from flask import jsonify, request

from app.db import reading, unit_of_work
from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act
from app.web import current_actor, guarded, speaks_json
from drafts import images, queries
from drafts.doors import blueprint, draft_door


@blueprint.url_value_preprocessor
def _let_images_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """More than others may send, and only from who is signed in: the form is read before the guard is asked."""
    if endpoint == "drafts.add_image" and current_actor().is_authenticated:
        # Somewhat more than an image may have: who is just above the bound hears what the bound is.
        request.max_content_length = images.LONGEST + 2 * 1024 * 1024


@blueprint.post("/brouillons/<int:draft_id>/images")
@speaks_json
@guarded(Act.DRAFT_WRITE, draft_door)
def add_image(draft_id: int) -> Any:
    """Takes a form with `image` (a file), or `id` (of an image one sees in another draft, as after a paste).

    Answers 201 with what an image block needs to know.
    """
    with reading():
        images.allow(current_actor())
    if known := request.form.get("id", ""):
        with unit_of_work():
            image = images.take_along(current_actor(), queries.draft_numbered(draft_id), known)
        return _described(image.id, image.width, image.height)
    given = request.files.get("image")
    if given is None:
        raise Invalid(_("Choisissez une image à envoyer."), field="image")
    made = images.made_of(given.read(images.LONGEST + 1))
    with unit_of_work():
        images.keep(current_actor(), queries.draft_numbered(draft_id), made)
    return _described(made.id, made.width, made.height)


def _described(image: str, width: int, height: int) -> Any:
    return jsonify({"image": image, "width": width, "height": height, "url": f"/images/{image}.webp"}), 201
