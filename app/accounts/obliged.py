"""Who has to prove themselves twice: decided here and nowhere else, person by person.

Roles that publish or administer wait until the sign-in has a second factor. What a person may do without them they do
from the first moment on. The persons of the demonstration are never obliged: their password is printed in the guide,
their instance stays on one machine (or says on every page what it is), and who looks at it has to get in at once.
Commands and jobs that act in somebody's name have no sign-in, and nothing to prove.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.accounts.key_models import PersonalToken
from app.accounts.models import Person, SignIn
from app.policy import PortalRole

ROLES = frozenset({PortalRole.ADMINISTRATOR, PortalRole.PORTAL_EDITOR})


def is_obliged(person: Person, roles: Iterable[PortalRole]) -> bool:
    """Whether this person needs a second factor for what their roles open."""
    return not person.is_demo and not ROLES.isdisjoint(roles)


def held_back(
    person: Person, roles: frozenset[PortalRole], opened: SignIn | PersonalToken | None
) -> frozenset[PortalRole]:
    """The roles that wait in this sign-in, or with this token."""
    if opened is None or opened.second_factor or not is_obliged(person, roles):
        return frozenset()
    return roles & ROLES
