"""A word from the editor who writes it to the margin of who writes a text, and to the public."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.demo import MAIN_DRAFT, Demo

ASK = """async ([path, token, text]) => {
    const block = {type: 'paragraph', attrs: {id: 'essai'}, content: [{type: 'text', text}]};
    const answer = await fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json', 'X-CSRFToken': token},
                                      body: JSON.stringify({blocks: [block]})});
    return (await answer.json()).blocks.essai;
}"""


@pytest.mark.timeout(300)
def test_a_word_goes_from_its_editor_to_the_margin_and_to_the_public(demo: Demo) -> None:
    proposal = demo.sit("agent@dinum.example", "/espace/glossaire")
    proposal.get_by_role("link", name="Proposer un mot").click()
    proposal.locator("#mot").fill("cachet d’essai")
    proposal.locator("#definition").fill("Marque que l’on pose pour essayer.")
    proposal.get_by_role("button", name="Proposer").click()
    expect(proposal.get_by_role("status")).to_contain_text("un éditeur du portail va lire")

    editor = demo.sit("editeur@dinum.example", "/espace")
    editor.get_by_role("link", name="Accepter ou refuser ce mot du glossaire – cachet d’essai").click()
    expect(editor.get_by_role("heading", level=1)).to_have_text("cachet d’essai")
    editor.locator("#definition").fill("Marque posée sur un papier pour l’essayer.")
    editor.get_by_role("button", name="Accepter").click()
    expect(editor.get_by_role("status")).to_contain_text("le mot est dans le glossaire")

    # The margin asks the same address from the page of the text.
    told = _margin(demo, "Posez deux cachets d’essai.")
    (term,) = told["terms"]
    assert (term["term"], term["start"], term["end"]) == ("cachet d’essai", 11, 26)
    assert term["definition"] == "Marque posée sur un papier pour l’essayer."

    # The outbox makes the pages anew some seconds later, behind the news of a demonstration that was just made.
    give_up = time.monotonic() + 120
    while b'id="cachet-d-essai"' not in demo.fetch("/glossaire")[2]:
        assert time.monotonic() < give_up, "the public page does not know the word"
        time.sleep(0.5)
    public = demo.visitor(java_script_enabled=False)
    public.goto(f"{demo.url}/glossaire#cachet-d-essai")
    expect(public.locator("#cachet-d-essai + dd")).to_contain_text("Marque posée sur un papier")
    public.context.close()


def _margin(demo: Demo, text: str) -> dict[str, Any]:
    page = demo.sit("agent@dinum.example", "/espace")
    page.get_by_role("link", name=MAIN_DRAFT).first.click()
    page.wait_for_url("**/brouillons/*")
    token = page.locator("#sign-out input[name=csrf_token]").input_value()
    address = page.url.split("?")[0].split("#")[0] + "/francais-simple"
    told: dict[str, Any] = page.evaluate(ASK, [address, token, text])
    page.close()
    return told
