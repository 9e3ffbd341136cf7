"""Fixtures of the tests about providers of identities."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import db as database
from app.factory import create_app
from config import Settings
from tests import compiled
from tests.app import oidc_world
from tests.app.hostile_provider import HostileProvider
from tests.clients import PageClient


@pytest.fixture
def providers() -> Iterator[dict[str, HostileProvider]]:
    with ExitStack() as stack:
        yield oidc_world.three_providers(stack)


@pytest.fixture
def with_providers(_maker: Any, tmp_path: Path, providers: dict[str, HostileProvider]) -> Iterator[Flask]:
    settings = Settings.from_env(
        oidc_world.environ(providers),
        database_url=_maker.fresh(tmp_path),
        data_dir=tmp_path,
        secret_key="0123456789abcdef" * 4,
    )
    application = create_app(settings)
    application.testing = True
    compiled.share(application)
    yield application
    database.database().engine.dispose()


@pytest.fixture
def world(with_providers: Flask, providers: dict[str, HostileProvider]) -> oidc_world.World:
    return oidc_world.make_world(with_providers, PageClient(with_providers), providers)
