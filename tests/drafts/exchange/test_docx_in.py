"""Files of word processors as texts: what they become, and what is said to be lost."""

from __future__ import annotations

import pytest

from drafts.exchange.docx_in import read
from tests.drafts.exchange.office_files import OFFICE, Office
from tests.journeys.clipboard import written


@pytest.mark.parametrize("office", OFFICE, ids=lambda office: office.name)
def test_an_office_file_is_read(office: Office) -> None:
    brought = read(office.content)
    assert written(brought.tree) == office.expected
    assert brought.title == office.title
    assert {loss.code for loss in brought.losses} == office.losses, brought.losses
