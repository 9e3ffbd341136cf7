from __future__ import annotations

import pytest

from app.db import Database
from tests.publish.press import Press, set_up


@pytest.fixture
def press(db: Database) -> Press:
    return set_up()
