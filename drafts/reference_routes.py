"""What a text may refer to, for the editor: searched, or asked for by name."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import jsonify, request

from app.errors import Invalid
from app.extensions import gettext as _
from app.policy import Act
from app.web import guarded, speaks_json
from drafts import queries, references
from drafts.doors import blueprint, draft_door


@blueprint.get("/brouillons/<int:draft_id>/references", endpoint="references")
@speaks_json
@guarded(Act.DRAFT_READ, draft_door)
def find_references(draft_id: int) -> Any:
    """`?sorte=contact|service&q=…` searches, and says `more` when it found more than it gives; `?contact=slug:0&contact=slug:12&service=slug` asks by name."""
    kind, query = request.args.get("sorte"), request.args.get("q", "")
    items: list[Any]
    more = False
    if kind == "contact":
        items = list(references.contacts(queries.draft_numbered(draft_id), query))
        more = len(items) > references.MOST
    elif kind == "service":
        items = list(references.services(query))
        more = len(items) > references.MOST
    elif kind is None:
        found = references.named(request.args.getlist("contact"), request.args.getlist("service"))
        items = [*found[0], *found[1]]
    else:
        raise Invalid(_("On cherche un contact ou une démarche en ligne."), field="sorte")
    if more:
        items = items[: references.MOST]
    return jsonify({"items": [asdict(item) for item in items], "more": more})
