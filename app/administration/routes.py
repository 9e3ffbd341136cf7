"""Everything under /admin."""

from __future__ import annotations

from app.administration import (
    journal_routes,  # noqa: F401 - each adds its addresses
    office_routes,  # noqa: F401
    people_routes,  # noqa: F401
    plain_french_routes,  # noqa: F401
    service_routes,  # noqa: F401
    space_routes,  # noqa: F401
    work_routes,  # noqa: F401
)
from app.administration.doors import blueprint

__all__ = ["blueprint"]
