"""The difference between two texts: nothing lost, nothing hidden, said in words."""

import json
from typing import Any

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.directory.catalogue import Desk, Office, Service
from drafts.cards import Contact, References
from drafts.compare import AttributeChange, Change, Stretch, compare, differs
from drafts.compare_page import render_changes
from drafts.grammar import blocks, inline_text, normalise, with_ids
from tests.drafts.every_block import EVERY

FIXED = settings(derandomize=True, max_examples=150, deadline=None, database=None)
STRONG = ("strong", "{}")


def words(text: str, *marks: Any) -> dict[str, Any]:
    typed = [mark if isinstance(mark, dict) else {"type": mark} for mark in marks]
    return {"type": "text", "text": text, **({"marks": typed} if typed else {})}


def block(name: str, ident: str, /, *content: dict[str, Any], **attrs: Any) -> dict[str, Any]:
    return {"type": name, "attrs": {"id": ident, **attrs}, "content": list(content)}


def p(ident: str, text: str) -> dict[str, Any]:
    return block("paragraph", ident, words(text))


def test_the_same_text_has_no_difference() -> None:
    tree = [p("b1", "un"), block("bullet_list", "l", block("list_item", "i", p("b2", "deux")))]
    assert [change.change for change in compare(tree, tree)] == [Change.SAME, Change.SAME]
    assert not differs(tree, tree)
    assert differs(tree, tree[:1])


def test_words_are_compared_whole() -> None:
    (change,) = compare(
        [p("b1", "Le permis est délivré en mairie.")], [p("b1", "Le permis est délivré en ligne.")]
    )
    assert change.stretches == (
        Stretch(Change.SAME, "Le permis est délivré en "),
        Stretch(Change.REMOVED, "mairie"),
        Stretch(Change.ADDED, "ligne"),
        Stretch(Change.SAME, "."),
    )


def test_formatting_alone_is_a_difference() -> None:
    link = {"type": "link", "attrs": {"href": "https://a.nc"}}
    other = {"type": "link", "attrs": {"href": "https://b.nc"}}
    (change,) = compare(
        [block("paragraph", "b1", words("un deux trois "), words("ici", link))],
        [
            block(
                "paragraph",
                "b1",
                words("un "),
                words("deux", "strong"),
                words(" trois "),
                words("ici", other),
            )
        ],
    )
    assert [(stretch.change, stretch.text) for stretch in change.stretches] == [
        (Change.SAME, "un "),
        (Change.MARKED, "deux"),
        (Change.SAME, " trois "),
        (Change.MARKED, "ici"),
    ]
    assert change.stretches[1].marks_after == (STRONG,)
    assert change.change is Change.CHANGED


def test_attributes_and_places_are_differences() -> None:
    (change,) = compare(
        [block("heading", "h1", words("Qui ?"))], [block("heading", "h1", words("Qui ?"), level=3)]
    )
    assert (change.change, change.attributes) == (Change.CHANGED, (AttributeChange("level", None, 3),))
    (change,) = compare([p("b1", "un")], [block("bullet_list", "l", block("list_item", "i", p("b1", "un")))])
    assert (change.within_before, change.within_after) == ((), ("bullet_list", "list_item"))
    assert change.change is Change.CHANGED
    (change,) = compare(
        [block("note", "n", p("b1", "un"))], [block("note", "n", p("b1", "un"), kind="warning")]
    )
    assert change.attributes == (AttributeChange("note.kind", None, "warning"),)
    (change,) = compare([p("b1", "un")], [block("heading", "b1", words("un"))])
    assert (change.type_before, change.type_after) == ("paragraph", "heading")


def test_a_block_that_moved_is_not_lost_and_found() -> None:
    before = [p("b1", "un"), p("b2", "deux"), p("b3", "trois")]
    changes = compare(before, [before[2], before[0], before[1]])
    assert [(change.block_id, change.change, change.moved) for change in changes] == [
        ("b3", Change.SAME, True),
        ("b1", Change.SAME, False),
        ("b2", Change.SAME, False),
    ]


def test_a_block_with_another_id_is_known_by_its_words() -> None:
    (change,) = compare(
        [p("b1", "Vous déposez votre dossier en mairie")], [p("b9", "Vous déposez un dossier en mairie")]
    )
    assert (change.change, change.block_id) == (Change.CHANGED, "b9")
    changes = compare([p("b1", "tout autre chose")], [p("b9", "rien de commun")])
    assert [(change.change, change.block_id) for change in changes] == [
        (Change.REMOVED, "b1"),
        (Change.ADDED, "b9"),
    ]


def test_a_removed_block_stands_where_it_was() -> None:
    before = [p("b1", "un"), p("b2", "deux"), p("b3", "trois")]
    assert [change.block_id for change in compare(before, [before[0], before[2]])] == ["b1", "b2", "b3"]


def texts() -> st.SearchStrategy[list[dict[str, Any]]]:
    run = st.builds(
        lambda text, marks: words(text, *sorted(marks)),
        st.text("ab é🎉", min_size=1, max_size=8),
        st.sets(st.sampled_from(["strong", "em"])),
    )
    leaf = st.builds(
        lambda kind, ident, content: block(kind, ident, *content),
        st.sampled_from(["paragraph", "heading", "lead", "label", "legal", "image", "contact"]),
        st.sampled_from([f"b{number}" for number in range(8)]),
        st.lists(run | st.just({"type": "hard_break"}), max_size=4),
    )
    wrapped = st.builds(lambda inner: block("note", "n", inner), leaf)
    return st.lists(leaf | wrapped, max_size=6).map(lambda tree: with_ids(normalise(tree)))


@FIXED
@given(texts(), texts())
def test_both_texts_can_be_read_out_of_their_difference(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    changes = compare(before, after)

    def said(side: tuple[Change, ...]) -> list[str]:
        found = [
            "".join(
                stretch.text
                for stretch in change.stretches
                if stretch.change in (*side, Change.SAME, Change.MARKED)
            )
            for change in changes
            if change.change in (*side, Change.SAME, Change.CHANGED)
        ]
        return found

    def lines(tree: list[dict[str, Any]]) -> list[str]:
        return [inline_text(node) for node in blocks(tree) if node["type"] != "note"]

    assert said((Change.ADDED,)) == lines(after), "the new text in its order"
    assert sorted(said((Change.REMOVED,))) == sorted(lines(before)), "the old one, but for what moved"
    assert not differs(after, after)
    assert differs(before, after) or lines(before) == lines(after)
    parser = html5lib.HTMLParser()
    parser.parseFragment(render_changes(changes), container="main")
    assert parser.errors == []


def test_the_page_says_it_in_words() -> None:
    html = render_changes(
        compare(
            [
                p("b1", "Le tarif est de 100 francs."),
                p("b2", "parti"),
                p("b3", "reste"),
                p("b4", "reste aussi"),
            ],
            [block("paragraph", "b1", words("Le tarif est de "), words("200", "strong"), words(" francs."))]
            + [p("b3", "reste"), p("b4", "reste aussi"), block("heading", "b5", words("venu"))],
        ),
        collapse=True,
    )
    assert '<del><span class="visually-hidden">supprimé\u00a0: </span>100</del>' in html
    assert '<ins><span class="visually-hidden">ajouté\u00a0: </span><strong>200</strong></ins>' in html
    assert "Supprimé\u00a0: paragraphe" in html
    assert "Ajouté\u00a0: titre de niveau 2" in html
    assert "2 blocs inchangés" in html
    assert "reste" not in html


OFFICE = Office("dpass", "Direction provinciale", "D")
KNOWN = References(
    {
        ("dpass", 0): Contact(OFFICE, ()),
        ("dpass", 7): Contact(OFFICE, (Desk("Guichet de Koné", "", "", "", "", "", "", OFFICE),)),
    },
    {"permis": Service("permis", "Demander un permis", "", "https://a.nc", "", "", "", (), (), None, False)},
)


def told(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> str:
    html = render_changes(compare(before, after), KNOWN, collapse=True)
    fragment = html5lib.HTMLParser(namespaceHTMLElements=False).parseFragment(html, container="main")
    return " ".join(" ".join(fragment.itertext()).replace("\u00a0", " ").split())


def test_every_block_is_known_again_shown_and_missed() -> None:
    assert not differs(EVERY, EVERY)
    assert {change.change for change in compare([], EVERY)} == {Change.ADDED}
    assert {change.change for change in compare(EVERY, [])} == {Change.REMOVED}
    without_ids = normalise(json.loads(json.dumps(EVERY).replace('"id"', '"was"')))
    assert not differs(EVERY, without_ids), "blocks are known again by what they say and refer to"
    for removed, words_ in (
        ("contact", "province-du-sud, 7"),
        ("service", "demander-le-plan"),
        ("image", "La maison vue du ciel"),
        ("legal", "n° 19"),
    ):
        rest = list(EVERY)
        rest.remove(next(node for node in EVERY if node["type"] == removed))
        assert "Supprimé" in told(EVERY, rest) and words_ in told(EVERY, rest), removed


@pytest.mark.parametrize(
    ("kind", "before", "after", "said"),
    [
        ("contact", {"administration": "dpass"}, {"administration": "dpass", "counter": 7}, "contact : Direction provinciale → Direction provinciale, Guichet de Koné"),
        ("contact", {"administration": "perdue", "counter": 3}, {}, "contact : perdue, 3 → à choisir"),
        ("service", {"service": "autre"}, {"service": "permis"}, "démarche en ligne : autre → Demander un permis"),
        ("image", {"image": "ab", "width": 3}, {"image": "cd", "width": 4, "alt": "x"}, "texte de remplacement : rien → x · image remplacée (image : x)"),
        ("image", {"image": "ab"}, {"image": "ab", "decorative": 1}, "image déclarée décorative (image décorative)"),
        ("legal", {"number": "n° 3", "date": "2001-06-08"}, {"number": "n° 4"}, "date : 2001-06-08 → rien · numéro : n° 3 → n° 4"),
        ("legal", {"href": "https://a.nc"}, {"href": "https://b.nc"}, "adresse : https://a.nc → https://b.nc"),
    ],
)  # fmt: skip
def test_attributes_are_told_in_french(
    kind: str, before: dict[str, Any], after: dict[str, Any], said: str
) -> None:
    assert told([block(kind, "b1", **before)], [block(kind, "b1", **after)]).startswith(said)


def test_territories_labels_and_marks_are_told_in_french() -> None:
    before = [block("variants", "v", block("variant", "v1", p("b1", "Ici."), territories="noumea"))]
    after = [block("variants", "v", block("variant", "v1", p("b1", "Ici."), territories="noumea lifou"))]
    assert "territoires : Nouméa → Nouméa, Lifou" in told(before, after)
    assert "Ajouté : intitulé dans les étapes" in told(
        [], [block("steps", "s", block("step", "s1", block("label", "s2", words("Partir"))))]
    )
    go = {"type": "service_link", "attrs": {"service": "permis"}}
    short = {"type": "abbr", "attrs": {"title": "Plan"}}
    said = told(
        [p("b1", "ici et là")],
        [block("paragraph", "b1", words("ici", go), words(" et "), words("là", short))],
    )
    assert "simple → lien vers la démarche Demander un permis" in said
    assert "simple → abréviation de « Plan »" in said


def test_hostile_strings_stay_strings() -> None:
    hostile = "<script>alert(1)</script>\" onload='x"
    bad = {"type": "link", "attrs": {"href": "javascript:alert(1)"}}
    changes = compare(
        [block("paragraph", "b1", words(hostile)), block("paragraph", "b2", words("mot"))],
        [block("paragraph", hostile, words(hostile + "x", bad)), block("paragraph", "b2", words("mot", bad))],
    )
    html = render_changes(changes)
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    fragment = parser.parseFragment(html, container="main")
    assert parser.errors == []
    assert {element.tag for element in fragment.iter()} <= {
        "DOCUMENT_FRAGMENT", "div", "p", "span", "ins", "del", "mark", "br",
    }  # fmt: skip
    assert all(
        not name.startswith("on") and name != "href" for element in fragment.iter() for name in element.attrib
    )
