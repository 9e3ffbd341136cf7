"""The workshop of the tests about people, made once for each of them."""

from __future__ import annotations

import pytest

from app.db import unit_of_work
from tests.clients import PageClient
from tests.labs.people_world import Workshop, make_workshop


@pytest.fixture
def workshop(client: PageClient) -> Workshop:
    with unit_of_work():
        return make_workshop()
