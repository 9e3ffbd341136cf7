"""Who moderates is not attacked by what they moderate: hostile words lie on the desk, are let through, and stay words everywhere."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Dialog, Page, Request, expect

from app.db import unit_of_work
from app.policy import PortalRole
from labs import wishes
from publish import comments
from publish.queries import Card, article_at
from tests import makers
from tests.journeys.test_axe import faults
from tests.live_server import LiveServer
from tests.publish.press import set_up
from tests.publish.test_hostile import STRINGS
from tests.scenes import Scene

MORE = [
    "<b onmouseover=alert(1)>survolez</b>",
    "<iframe src='https://ailleurs.example/'></iframe>",
    "<form action=https://ailleurs.example/ method=post><button>Publier</button></form>",
    "<base href=https://ailleurs.example/><meta http-equiv=refresh content='0;url=https://ailleurs.example/'>",
    "\u0130\u0049 <a href=javascript:alert(1)>ici</a>",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324" * 30,
]
# What an attack would leave: an element that nobody of ours made, a policy broken, a word to the outside.
WATCH = """
window.broken = [];
document.addEventListener('securitypolicyviolation', event => broken.push(event.violatedDirective + ' ' + event.blockedURI));
"""
INTRUDERS = """() => [...document.querySelectorAll('main *')].filter(node =>
    ['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'BASE', 'META', 'STYLE', 'LINK', 'IMG'].includes(node.tagName)
    || [...node.attributes].some(one => /^on/i.test(one.name) || /^\\s*javascript:/i.test(one.value))
    || (node.tagName === 'FORM' && !node.action.startsWith(location.origin))
).map(node => node.outerHTML.slice(0, 200))"""


def watched(page: Page, url: str) -> list[str]:
    """What happens on a page that should not."""
    seen: list[str] = []

    def asked(request: Request) -> None:
        if not request.url.startswith((url, "data:")):
            seen.append(request.url)

    def spoke(dialog: Dialog) -> None:
        seen.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("dialog", spoke)
    page.on("request", asked)
    page.on("pageerror", lambda error: seen.append(str(error)))
    return seen


def nothing_but_words(page: Page, seen: list[str]) -> None:
    assert seen == [] and page.evaluate("broken") == [] and page.evaluate(INTRUDERS) == []


def test_a_moderator_is_not_attacked_by_what_they_moderate(
    scene: Scene, server: LiveServer, profile: Callable[..., BrowserContext]
) -> None:
    press = set_up()
    _draft, slug = press.published()
    hostile = [words.replace("\u0000", "").replace("\u0008", "") for words in [*STRINGS, *MORE]]
    with unit_of_work():
        card = article_at(slug)
        assert isinstance(card, Card)
        for number, words in enumerate(hostile):
            comments.file_comment(f"{number:032x}", card, words[:60], words)
            wishes.file_wish(None, words[:150], words, key=f"{number:031x}w"[-32:])
        moderator = makers.make_agent(makers.make_administration(), PortalRole.MODERATOR)
    context = profile(moderator, server.url)
    context.add_init_script(WATCH)
    page = context.new_page()
    seen = watched(page, server.url)
    page.goto(f"{server.url}/moderation")
    nothing_but_words(page, seen)
    assert faults(page) == []
    for words in ("<iframe src='https://ailleurs.example/'></iframe>", "{{ 7*7 }}{% raw %}%(name)s"):
        expect(page.get_by_text(words).first).to_be_visible()
    # Accents that pile up do not cover the buttons of the line above.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for _comment in hostile:
        page.get_by_role("button", name="Publier").first.click()
        expect(page.get_by_role("status").first).to_contain_text("est publié")
        nothing_but_words(page, seen)
    for _wish in hostile:
        page.get_by_role("button", name="Mettre en ligne").first.click()
        page.wait_for_load_state()
        nothing_but_words(page, seen)
    expect(page.get_by_role("button", name="Mettre en ligne")).to_have_count(0)
    for path in (f"/fiches/{slug}/commentaires", f"/fiches/{slug}", "/souhaits", "/", "/moderation"):
        page.goto(f"{server.url}{path}")
        nothing_but_words(page, seen)
