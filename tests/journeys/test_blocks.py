"""Every block put into a text by the menu and by the slash, written in place, moved by keyboard and by mouse."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from app.db import reading, unit_of_work
from drafts import log
from drafts.queries import draft_numbered
from drafts.service import replace_text
from tests.journeys.block_kinds import BY_MENU, BY_SLASH
from tests.journeys.blocks import (
    EDITOR,
    EVERY_BLOCK,
    PNG,
    answer_the_dialog,
    bare,
    ids,
    kinds,
    on_an_empty_line,
    order,
    set_up_desk,
    words,
)
from tests.journeys.conftest import open_draft
from tests.journeys.hands import same_text, saved, tool
from tests.journeys.test_axe import faults, runs_over


@pytest.fixture
def desk_and_page(scene, server, profile):
    context = profile(scene.ana, server.url)
    desk = set_up_desk(context)
    return desk, open_draft(context, server.url, scene.draft_id)


@pytest.fixture
def page(desk_and_page) -> Page:
    return desk_and_page[1]


def fill(scene, page: Page, tree) -> None:
    """The text of the draft, put there by the server while the page is open."""
    with unit_of_work():
        replace_text(scene.ana, draft_numbered(scene.draft_id), tree)
    expect(page.locator(EDITOR)).to_contain_text("Dernier paragraphe.")


def test_each_block_is_put_in_by_the_menu(scene, page):
    for kind, name in BY_MENU.items():
        on_an_empty_line(page)
        tool(page, name)
        answer_the_dialog(page, kind)
        expect(page.locator(f"{EDITOR} [data-block={kind}]").first).to_be_visible()
        page.keyboard.type("Mot")
    saved(page)
    assert set(kinds(scene.draft_id)) >= set(BY_MENU)
    assert len(set(ids(page))) == len(ids(page))


def test_each_block_is_put_in_by_the_slash(scene, page):
    for kind, letters in BY_SLASH.items():
        on_an_empty_line(page)
        page.keyboard.type(f"/{letters}")
        expect(page.get_by_role("option").first).to_be_visible()
        page.keyboard.press("Enter")
        answer_the_dialog(page, kind)
        expect(page.locator(f"{EDITOR} [data-block={kind}]").first).to_be_visible()
        expect(page.locator(EDITOR)).not_to_contain_text("/")
    saved(page)
    assert set(kinds(scene.draft_id)) >= set(BY_SLASH)


def test_the_slash_is_heard_walked_with_arrows_and_left_with_escape(page):
    on_an_empty_line(page)
    text = page.locator(EDITOR)
    page.keyboard.type("/")
    listbox = page.get_by_role("listbox", name="Blocs à insérer")
    expect(listbox).to_be_visible()
    expect(page.locator("[data-announce]")).to_contain_text("blocs à insérer")
    first = text.get_attribute("aria-activedescendant")
    assert first and page.locator(f"#{first}").inner_text() == "Étapes"
    page.keyboard.press("ArrowDown")
    second = text.get_attribute("aria-activedescendant")
    assert second != first
    expect(page.get_by_role("option", selected=True)).to_have_text("Pièces à fournir")
    page.keyboard.type("delai")
    expect(page.get_by_role("option")).to_have_text(["Délai"])
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(listbox).to_have_count(0)
    assert text.get_attribute("aria-activedescendant") is None
    page.keyboard.press("Enter")
    expect(text.locator("p", has_text=re.compile("^/delai$"))).to_have_count(1)
    # A slash inside a word is a slash, and one after a space opens the list again.
    page.keyboard.type("et/ou")
    expect(listbox).to_have_count(0)
    page.keyboard.type(" /co")
    expect(page.get_by_role("option").first).to_have_text("Coût")
    page.keyboard.press("Enter")
    expect(text.locator("[data-block=cost]")).to_have_count(1)
    expect(text.locator("p", has_text="et/ou")).to_have_count(1)
    saved(page)


def test_the_menus_are_worked_by_keyboard_alone(scene, page):
    on_an_empty_line(page)
    page.keyboard.press("Alt+F10")
    opener = page.locator("[data-tool=insert]")
    for _press in range(12):
        if opener.evaluate("it => it === document.activeElement"):
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("menuitem", name="Étapes")).to_be_focused()
    assert faults(page) == []
    page.keyboard.press("Escape")
    expect(opener).to_have_attribute("aria-expanded", "false")
    expect(opener).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("q")
    expect(page.get_by_role("menuitem", name="Qui contacter…")).to_be_focused()
    page.keyboard.press("q")
    expect(page.get_by_role("menuitem", name="Question et réponse")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("Où\n aller")
    saved(page)
    assert "question" in kinds(scene.draft_id)


def test_a_contact_is_searched_chosen_and_changed(desk_and_page, scene):
    desk, page = desk_and_page
    on_an_empty_line(page)
    tool(page, "Qui contacter…")
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("combobox")
    expect(field).to_be_focused()
    expect(dialog.get_by_role("option")).to_have_count(2)
    assert faults(page) == []
    page.keyboard.type("rien de tel")
    expect(dialog.get_by_role("status")).to_have_text("Aucun résultat")
    field.fill("accueil")
    expect(dialog.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    contact = page.locator(f"{EDITOR} [data-block=contact]")
    expect(contact).to_contain_text("Province Sud – Accueil de Nouméa")
    saved(page)
    with reading():
        stored = next(block for block in log.load(scene.draft_id).tree if block["type"] == "contact")
    assert stored["attrs"]["administration"] == "province-sud" and stored["attrs"]["counter"] == 12
    contact.get_by_role("button", name="Modifier").click()
    dialog.get_by_role("option").first.click()
    expect(contact).to_contain_text("Toute l’administration")
    expect(contact).to_have_count(1)
    # Names of all blocks of a page are asked for in one request, once.
    fill(scene, page, EVERY_BLOCK)
    expect(page.locator(EDITOR)).to_contain_text("Référence inconnue")
    asked = [query for query in desk.asked if "sorte" not in query]
    assert len(asked) == 1


def test_an_image_is_asked_about_before_it_stands_in_the_text(desk_and_page, scene):
    desk, page = desk_and_page
    on_an_empty_line(page)
    tool(page, "Image…")
    dialog = page.get_by_role("dialog")
    file, alt = dialog.get_by_label("Fichier de l’image"), dialog.get_by_label("Texte de remplacement")
    add = dialog.get_by_role("button", name="Insérer")
    add.click()
    expect(dialog.get_by_role("alert")).to_contain_text("Choisissez d’abord une image")
    file.set_input_files({"name": "x.svg", "mimeType": "image/svg+xml", "buffer": b"<svg/>"})
    expect(dialog.get_by_role("alert")).to_contain_text("pas une image acceptée")
    file.set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": PNG + b"\0" * 10_000_001})
    expect(dialog.get_by_role("alert")).to_contain_text("dépasse 10")
    assert desk.sent == [], "what would be refused is not sent over a slow line"
    desk.refuse_image = "Ce fichier ne contient pas d’image."
    file.set_input_files({"name": "faux.png", "mimeType": "image/png", "buffer": b"rien"})
    expect(dialog.get_by_role("alert")).to_have_text("Ce fichier ne contient pas d’image.")
    desk.refuse_image = ""
    file.set_input_files({"name": "plan.png", "mimeType": "image/png", "buffer": PNG})
    expect(dialog.get_by_role("status")).to_contain_text("plan.png est enregistrée")
    add.click()
    expect(dialog.get_by_role("alert")).to_contain_text("Écrivez ce que l’image montre")
    assert faults(page) == []
    alt.fill("Le plan du quartier")
    add.click()
    figure = page.locator(f"{EDITOR} [data-block=image]")
    expect(figure.get_by_role("img")).to_have_attribute("alt", "Le plan du quartier")
    page.keyboard.type("Plan d’accès")
    expect(figure.locator("figcaption")).to_have_text("Plan d’accès")
    figure.get_by_role("button", name="Modifier").click()
    dialog.get_by_label("Image décorative").check()
    dialog.get_by_role("button", name="Appliquer").click()
    expect(figure).to_contain_text("Image décorative")
    saved(page)
    with reading():
        stored = next(block for block in log.load(scene.draft_id).tree if block["type"] == "image")
    assert stored["attrs"]["decorative"] == 1 and "alt" not in stored["attrs"]


def test_a_dropped_image_file_is_asked_about(page):
    page.locator(f"{EDITOR} p").first.click()
    page.evaluate(
        """([editor, bytes]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], 'plan.png', {type: 'image/png'}));
            const target = document.querySelector(editor + ' p');
            const box = target.getBoundingClientRect();
            target.dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true,
                clientX: box.left + 5, clientY: box.top + 5}));
        }""",
        [EDITOR, list(PNG)],
    )
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("enregistrée")
    dialog.get_by_label("Texte de remplacement").fill("Le plan")
    page.keyboard.press("Enter")
    expect(page.locator(f"{EDITOR} [data-block=image] img")).to_have_attribute("src", "/images/abc123.webp")


def test_legal_reference_territories_and_abbreviation(scene, page):
    on_an_empty_line(page)
    tool(page, "Texte de référence")
    page.keyboard.type("Délibération sur les registres")
    legal = page.locator(f"{EDITOR} [data-block=legal]")
    legal.get_by_role("button", name="Modifier").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Numéro").fill("2021-12")
    dialog.get_by_label("Date").fill("2021-05-03")
    dialog.get_by_label("Adresse").fill("javascript:alert(1)")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("pas acceptée")
    dialog.get_by_label("Adresse").fill("juridoc.gouv.nc/texte")
    assert faults(page) == []
    page.keyboard.press("Enter")
    expect(legal).to_contain_text("n°\u00a02021-12 du 3 mai 2021 – https://juridoc.gouv.nc/texte")
    page.keyboard.press("Enter")
    tool(page, "Variantes selon le territoire")
    page.keyboard.type("Sur rendez-vous.")
    variant = page.locator(f"{EDITOR} [data-block=variant]")
    variant.get_by_role("button", name="Choisir les territoires").click()
    assert dialog.locator("fieldset").evaluate("it => it.scrollWidth <= it.clientWidth"), (
        "nothing is out of sight"
    )
    dialog.get_by_label("Lifou").check()
    dialog.get_by_label("Province Nord").check()
    assert faults(page) == []
    dialog.get_by_role("button", name="Appliquer").click()
    expect(variant).to_contain_text("Province Nord, Lifou")
    page.keyboard.type(" CAFAT")
    for _ in "CAFAT":
        page.keyboard.press("Shift+ArrowLeft")
    tool(page, "Abréviation…")
    dialog.get_by_label("Ce qu’elle veut dire").fill("Caisse de compensation")
    page.keyboard.press("Enter")
    expect(page.locator(f"{EDITOR} abbr")).to_have_attribute("title", "Caisse de compensation")
    saved(page)


def test_two_people_write_in_steps_at_once(scene, server, profile, page):
    other = open_draft(profile(scene.ben, server.url), server.url, scene.draft_id)
    fill(scene, page, [*EVERY_BLOCK[1:3], words("paragraph", "z9", "Dernier paragraphe.")])
    other.locator(f"{EDITOR} p", has_text="Par courrier").click()
    other.keyboard.press("End")
    page.locator(f"{EDITOR} p", has_text="Apportez").click()
    page.keyboard.press("End")
    page.wait_for_timeout(200)
    for left, right in zip(" Et une photo.", " Ou au guichet", strict=True):
        page.keyboard.type(left)
        other.keyboard.type(right)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.keyboard.type("Entre les deux")
    other.keyboard.press("Enter")
    other.keyboard.press("Enter")
    other.keyboard.type("À la fin")
    saved(page), saved(other)
    text = same_text(page, other)
    assert "Et une photo." in text and "Ou au guichet" in text
    labels = page.locator(f"{EDITOR} [data-block=label]")
    expect(labels, text).to_have_text(
        ["Prévenir la mairie", "Entre les deux", "Prévenir la province", "À la fin"]
    )
    expect(page.locator(f"{EDITOR} [data-block=step]")).to_have_count(4)
    assert ids(page) == ids(other)


def test_blocks_are_moved_by_keyboard_menu_and_mouse(scene, page):
    fill(scene, page, EVERY_BLOCK)
    before = order(page)
    page.locator(f"{EDITOR} [data-block=cost]").click()
    page.wait_for_timeout(150)
    page.keyboard.press("Alt+Shift+ArrowDown")
    expect(page.locator(f"{EDITOR} [data-block=delay] + [data-block=cost]")).to_have_count(1)
    assert sorted(order(page)) == sorted(before), "every block keeps its id"
    page.keyboard.press("Alt+Shift+ArrowUp")
    expect(page.locator(f"{EDITOR} [data-block=cost] + [data-block=delay]")).to_have_count(1)
    # By the menu of the step around the cursor.
    page.locator(f"{EDITOR} p", has_text="Par courrier").click()
    page.wait_for_timeout(150)
    tool(page, "Bloc")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("group", name="Étape 2")).to_be_visible()
    assert faults(page) == []
    menu.get_by_role("group", name="Étape 2").get_by_role("menuitem", name="Monter").click()
    labels = page.locator(f"{EDITOR} [data-block=steps] [data-block=label]")
    expect(labels).to_have_text(["Prévenir la province", "Prévenir la mairie"])
    # By the handle, with the mouse: the delay below the questions.
    delay = page.locator(f"{EDITOR} [data-block=delay]")
    delay.scroll_into_view_if_needed()
    page.evaluate("scrollBy(0, 250)")
    delay.hover()
    handle = page.get_by_role("button", name="Déplacer le bloc")
    grip, target = handle.bounding_box(), page.locator(f"{EDITOR} [data-block=service]").bounding_box()
    assert grip and target
    page.mouse.move(grip["x"] + 8, grip["y"] + 10)
    page.mouse.down()
    page.mouse.move(grip["x"] + 8, grip["y"] + 60, steps=3)
    page.mouse.move(grip["x"] + 8, target["y"] + target["height"] - 4, steps=5)
    expect(page.locator(".block-gap")).to_be_visible()
    page.mouse.up()
    expect(page.locator(f"{EDITOR} [data-block=service] + [data-block=delay]")).to_have_count(1)
    expect(page.locator("[data-announce]")).to_contain_text("Bloc déplacé.")
    assert sorted(order(page)) == sorted(before)
    # A click on the handle is the menu of the block.
    page.locator(f"{EDITOR} [data-block=delay]").hover()
    handle.click()
    expect(page.get_by_role("menu").get_by_role("group", name="Délai")).to_be_visible()
    page.get_by_role("menuitem", name="Supprimer").first.click()
    expect(page.locator(f"{EDITOR} [data-block=delay]")).to_have_count(0)
    saved(page)
    page.keyboard.press("Control+z")
    expect(page.locator(f"{EDITOR} [data-block=delay]")).to_have_count(1)
    saved(page)
    assert sorted(kinds(scene.draft_id)) == sorted(block["type"] for block in EVERY_BLOCK)


def test_axe_finds_nothing_where_every_block_stands(scene, page):
    fill(scene, page, EVERY_BLOCK)
    expect(page.locator(f"{EDITOR} [data-block=contact]").first).to_contain_text("Accueil")
    wrong = {}
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        wrong[f"{width}"] = faults(page) + runs_over(page)
        tool(page, "Bloc")
        wrong[f"{width}, menu"] = faults(page) + runs_over(page)
        page.keyboard.press("Escape")
    assert not any(wrong.values()), wrong


def test_on_a_phone_blocks_are_put_in_and_walked(scene, page):
    page.set_viewport_size({"width": 360, "height": 640})
    on_an_empty_line(page)
    page.keyboard.type("/pieces")
    option = page.get_by_role("option", name="Pièces à fournir")
    box = option.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 360
    option.click()
    page.keyboard.type("Une pièce d’identité")
    tool(page, "Choix de la situation")
    page.keyboard.type("Vous êtes locataire")
    tool(page, "Qui contacter…")
    dialog = page.get_by_role("dialog").bounding_box()
    assert dialog and dialog["x"] >= 0 and dialog["x"] + dialog["width"] <= 360
    expect(page.get_by_role("option").first).to_be_visible()
    page.get_by_role("option").first.click()
    expect(page.locator(f"{EDITOR} [data-block=situation] [data-block=contact]")).to_have_count(1)
    assert runs_over(page) == []
    saved(page)


def test_the_toolbar_is_one_row(page):
    page.set_viewport_size({"width": 1280, "height": 800})
    bar = page.get_by_role("toolbar").bounding_box()
    assert bar and bar["height"] < 45


def test_a_copy_of_all_blocks_keeps_them_with_their_values_and_gets_ids_of_its_own(scene, page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    fill(scene, page, EVERY_BLOCK)
    page.locator(f"{EDITOR} p").last.click()
    for keys in ("Control+a", "Control+c", "Control+End", "Enter", "Control+v"):
        page.wait_for_timeout(150)
        page.keyboard.press(keys)
    expect(page.locator(f"{EDITOR} [data-block=contact]")).to_have_count(4)
    saved(page)
    with reading():
        stored = log.load(scene.draft_id).tree
    first = [*stored[: len(EVERY_BLOCK)]]
    again = [block for block in stored[len(EVERY_BLOCK) :] if block.get("content") or "attrs" in block]
    assert bare(first) == bare(EVERY_BLOCK)
    assert [block["type"] for block in again[-len(EVERY_BLOCK) :]] == [block["type"] for block in EVERY_BLOCK]
    assert bare(again[-len(EVERY_BLOCK) :]) == bare(EVERY_BLOCK)
    assert len(set(ids(page))) == len(ids(page))
