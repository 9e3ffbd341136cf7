"""A LibreOffice for the tests of office files: the path of it, as `make/libreoffice.sh` finds it."""

from __future__ import annotations

import os
import shutil

import pytest


@pytest.fixture(scope="session")
def soffice() -> str:
    """The path of LibreOffice. Where tests may not be skipped, that there is none is a failure."""
    for name in (os.environ.get("SOFFICE", ""), "soffice", "libreoffice"):
        if name and (found := shutil.which(name)):
            return found
    if os.environ.get("CI") == "true":
        pytest.fail("No LibreOffice: install libreoffice-writer-nogui, or say where it is with SOFFICE.")
    pytest.skip("No LibreOffice (SOFFICE, soffice, libreoffice): office files are not converted.")
