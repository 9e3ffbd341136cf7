"""Where a replay takes place: a server of its own on an empty database, or one that runs already.

In a house of its own two people of two administrations share a lab, and a draft of one empty paragraph, all made
through the services. In somebody else's, two people sign in through the form and write a paragraph of their own
at the end of a draft they are given.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from app import schema_versions
from app.db import database, unit_of_work
from app.factory import create_app
from app.policy import Actor
from config import Settings
from drafts.models import Draft
from labs.models import Lab
from tests import makers
from tests.live_server import SECRET, LiveServer
from tests.postgresql import own_database
from tests.scenes import token_for

BLOCK = "replay"
EMPTY = [{"type": "paragraph", "attrs": {"id": BLOCK}}]


@dataclass(frozen=True)
class Place:
    """A draft two people may write: whose cookies, which block.

    `has_log` when its database can be read here; `journal` is what the server writes about itself, if it is ours.
    """

    url: str
    cookies: tuple[str, str]
    draft_id: int
    block_id: str
    has_log: bool
    journal: Path | None = None

    def complaints(self) -> list[str]:
        """What the server warned of; nothing is known of one that is not ours."""
        lines = self.journal.read_text(errors="replace").splitlines() if self.journal is not None else []
        return [line for line in lines if '"WARNING"' in line or '"ERROR"' in line or "Traceback" in line]


def empty_draft(ana: Actor, lab: Lab) -> Draft:
    """A draft of one empty paragraph, made by `ana` in a lab she writes in. Call in a unit of work."""
    return makers.make_draft(ana, lab, lab.administration, title="Friends forever", tree=EMPTY)


@contextmanager
def own_house(database_url: str = "") -> Iterator[Place]:
    """A server as a child process with a DATA_DIR of its own, and its draft.

    `database_url` may name a PostgreSQL server; the replay makes a database of its own there, and removes it at
    the end. Otherwise it is SQLite in that folder: no database that exists is ever touched.
    """
    with tempfile.TemporaryDirectory(prefix="openlab-replay-") as folder, _own_database(database_url) as own:
        url = own or f"sqlite:///{Path(folder) / 'openlab.sqlite3'}"
        schema_versions.upgrade(url)
        server = LiveServer(Path(folder), url).start()
        try:
            create_app(Settings.from_env({}, database_url=url, data_dir=Path(folder), secret_key=SECRET))
            yield _two_people(server)
        finally:
            database().engine.dispose()
            server.stop()


@contextmanager
def _own_database(server_url: str) -> Iterator[str]:
    if not server_url.startswith("postgresql"):
        yield ""
        return
    if server_url.startswith("postgresql://"):
        server_url = server_url.replace("postgresql://", "postgresql+psycopg://", 1)
    with own_database(server_url) as url:
        yield url


def _two_people(server: LiveServer) -> Place:
    with unit_of_work():
        south, north = makers.make_administration("Province Sud"), makers.make_administration("Province Nord")
        facilitator, ana, ben = (makers.make_agent(place) for place in (south, south, north))
        lab = makers.make_lab(facilitator, south, ana, ben)
        draft_id = empty_draft(ana, lab).id
    cookies = (f"openlab={token_for(ana)}", f"openlab={token_for(ben)}")
    return Place(server.url, cookies, draft_id, BLOCK, has_log=True, journal=server.log)


def other_house(url: str, people: tuple[str, str], password: str, draft_id: int) -> Place:
    """A draft of a server that runs already, and the sign-in of two accounts that may write it."""
    url = url.rstrip("/")
    cookies = (_signed_in(url, people[0], password), _signed_in(url, people[1], password))
    return Place(url, cookies, draft_id, f"replay-{secrets.token_hex(4)}", has_log=False)


def _signed_in(url: str, email: str, password: str) -> str:
    browser = requests.Session()
    page = browser.get(f"{url}/connexion", timeout=15).text
    token = page.split('name="csrf_token"', 1)[1].split('value="', 1)[1].split('"', 1)[0]
    form = {"email": email, "password": password, "csrf_token": token}
    answer = browser.post(f"{url}/connexion", form, allow_redirects=False, timeout=15)
    if answer.status_code != 303:
        raise SystemExit(f"{email} could not sign in at {url} ({answer.status_code})")
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
