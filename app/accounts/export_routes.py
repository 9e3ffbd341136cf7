"""One's own data, as a page and as a file."""

from __future__ import annotations

import json
from typing import Any

from flask import Response

from app.accounts import exporting
from app.accounts.routes import blueprint
from app.policy import Act
from app.web import current_actor, guarded, page


@blueprint.get("/espace/compte/mes-donnees")
@guarded(Act.ACCOUNT_LINK)
def my_data() -> Any:
    return page("accounts/my_data.html", told=exporting.export(current_actor().id))


@blueprint.get("/espace/compte/mes-donnees.json")
@guarded(Act.ACCOUNT_LINK)
def my_data_file() -> Any:
    written = json.dumps(exporting.export(current_actor().id), ensure_ascii=False, indent=1)
    return Response(
        written,
        mimetype="application/json",
        headers={
            "Content-Disposition": 'attachment; filename="mes-donnees.json"',
            "Cache-Control": "no-store",
        },
    )
