"""The page of a lab, which several forms come back to with what is wrong with them."""

from __future__ import annotations

from typing import Any

from app.db import reading
from app.forms import Faults
from app.policy import Act, acts_for
from app.web import current_actor, page
from labs import cycle_queries, people_queries, queries, session_queries
from labs.forms import AskForm, guest_right_choices, right_choices


def lab_page(slug: str, status: int = 200, faults: Faults | None = None, ask: AskForm | None = None) -> Any:
    with reading():
        actor, lab = current_actor(), queries.lab_called(slug)
        acts = acts_for(actor, lab)
        return page(
            "labs/lab.html",
            status,
            lab=lab,
            card=queries.card_of(actor, lab),
            acts=acts,
            people=queries.people_of(lab),
            sessions=queries.sessions_in_order(lab),
            outcomes=session_queries.outcomes(lab) if Act.LAB_READ in acts else None,
            cycle=cycle_queries.cycle_of(lab),
            standing=people_queries.standing_of(actor, lab) if Act.LAB_READ not in acts else None,
            waiting=len(people_queries.requests_of(lab)) if Act.LAB_LEAD in acts else 0,
            ask=ask or AskForm(formdata=None),
            right_choices=right_choices(),
            guest_right_choices=guest_right_choices(),
            faults=faults or [],
        )
