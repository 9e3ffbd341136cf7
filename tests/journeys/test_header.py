"""The frame of the agents' pages stays one line at a desk, whatever somebody and their administration are called."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext

from app.accounts.models import Person
from app.db import session, unit_of_work
from tests.live_server import LiveServer
from tests.scenes import Scene

# As long as real ones are, and as long as the table allows.
CALLED = {
    "short": ("Ana Poady", "Province Sud"),
    "long": (
        "Marie-Antoinette Wamytan-Chautard de La Houssaye",
        "Direction du travail, de l’emploi et de la formation professionnelle de la Nouvelle-Calédonie",
    ),
    "longest": (("Wamytan-" * 16)[:128], ("Direction générale " * 11)[:200].strip()),
}


@pytest.mark.parametrize("width", [900, 1024, 1280, 1920])
@pytest.mark.parametrize("called", CALLED)
def test_it_is_one_line_at_a_desk(
    server: LiveServer, scene: Scene, profile: Callable[..., BrowserContext], called: str, width: int
) -> None:
    with unit_of_work():
        person = session().get_one(Person, scene.ana.id)
        assert person.administration is not None
        person.name, person.administration.name = CALLED[called]
    page = profile(scene.ana, server.url, viewport={"width": width, "height": 800}).new_page()
    page.goto(f"{server.url}/espace")
    boxes = {
        part: page.locator(f".site-header-row {part}").bounding_box()
        for part in (".wordmark", ".site-nav", ".who", ".who-name", ".who button")
    }
    middles = {part: box["y"] + box["height"] / 2 for part, box in boxes.items() if box is not None}
    assert len(middles) == len(boxes) and max(middles.values()) - min(middles.values()) < 4, middles
    ends = [(box["x"], box["x"] + box["width"]) for box in boxes.values() if box is not None]
    assert all(0 <= start < end <= width for start, end in ends), ends
    # The links keep their line: what does not fit is the name, which is whole in its title.
    nav = boxes[".site-nav"]
    assert nav is not None and nav["height"] < 50, nav
    assert page.locator(".who-name").get_attribute("title") == " – ".join(CALLED[called])


def test_on_a_phone_it_is_read_whole(
    server: LiveServer, scene: Scene, profile: Callable[..., BrowserContext]
) -> None:
    with unit_of_work():
        person = session().get_one(Person, scene.ana.id)
        assert person.administration is not None
        person.name, person.administration.name = CALLED["long"]
    page = profile(scene.ana, server.url, viewport={"width": 360, "height": 800}).new_page()
    page.goto(f"{server.url}/espace")
    assert page.locator(".who-name").inner_text() == " – ".join(CALLED["long"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
