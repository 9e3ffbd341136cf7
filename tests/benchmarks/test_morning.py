"""The morning's load: what its public does, and when it says that something no longer holds."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from app.db import Database
from benchmarks import morning, morning_public
from tests.clients import PageClient
from tests.publish.press import set_up


def test_five_thousand_readers_a_minute_come_as_told() -> None:
    found = morning_public.visits(60, 5_000, ["a", "b"], random.Random(1))
    again = morning_public.visits(60, 5_000, ["a", "b"], random.Random(1))
    assert found == again and len(found) == 5_000
    assert [visit.at for visit in found] == sorted(visit.at for visit in found)
    kinds = Counter(visit.kind for visit in found)
    assert 3_300 < kinds["article"] < 3_700 and kinds["like"] > 25 and kinds["comment"] > 10
    # Nobody shares an address: the portal bounds what one address may send.
    assert len({morning_public.address_of(visit.person) for visit in found}) == 5_000


def test_the_hidden_fields_of_the_real_form_are_found(client: PageClient, db: Database) -> None:
    path = f"/fiches/{set_up().published()[1]}/commentaires"
    page = client.get(path)
    found = morning_public._fields(page.response.get_data(as_text=True), path)
    wanted = next(dict(form.values) for form in page.forms if form.action.startswith(path))
    assert found and found == {name: wanted[name] for name in found}


@pytest.mark.parametrize(
    ("letters", "page", "failed", "said"),
    [
        (249, 999, 0, []),
        (250, 999, 0, ["letters: p95 250 ms"]),
        (249, 1_000, 0, ["article: p95 1000 ms"]),
        (249, 999, 2, ["article: 2 failed"]),
    ],
)
def test_what_no_longer_holds_is_said(letters: int, page: int, failed: int, said: list[str]) -> None:
    found: dict[str, Any] = {
        "letters": {"p95_ms": letters},
        "pages": {"article": {"p95_ms": page, "failed": failed}},
    }
    assert morning.broken(found) == said
