from __future__ import annotations

import os
import shutil

import pytest

from app.db import Database
from tests.publish.press import Press, set_up


@pytest.fixture
def press(db: Database) -> Press:
    return set_up()


@pytest.fixture(scope="session")
def soffice() -> str:
    """The LibreOffice of this machine; with CI=true there has to be one (make/libreoffice.sh installs it)."""
    names = (os.environ.get("SOFFICE"), "soffice", "libreoffice")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no LibreOffice: run make/libreoffice.sh, or set SOFFICE")
        pytest.skip("no LibreOffice on PATH; set SOFFICE")
    return found
