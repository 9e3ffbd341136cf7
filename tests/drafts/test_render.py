"""A text as HTML: no active markup whatever the strings, valid whatever the nesting."""

from typing import Any

import html5lib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.directory.catalogue import Desk, Office, Service
from drafts.cards import NOTHING, Contact, References
from drafts.grammar import GRAMMAR, normalise
from drafts.marks import render_inline
from drafts.outline import outline
from drafts.render import long_date, plain_text, reading_minutes, render_blocks, stored_form, word_count
from tests.drafts.every_block import EVERY

FIXED = settings(derandomize=True, max_examples=200, deadline=None, database=None)

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</p></aside><svg/onload=alert(1)>",
    "<!--",
    "]]><b>",
    "{{7*7}}{%raw%}",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "%s {0} {name}",
    "\u202eflipped\u2066",
]
HOSTILE_LINKS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "//evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https://service.gouv.nc@evil.example/",
    "https:evil.example",
    "file:///etc/passwd",
    "blob:https://x",
    "",
]
TAGS = {
    "p",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "aside",
    "div",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "a",
    "strong",
    "em",
    "br",
    "dl",
    "dt",
    "dd",
    "figure",
    "img",
    "figcaption",
    "abbr",
    "address",
    "span",
}
ATTRIBUTES = {
    "id": TAGS,
    "class": {"p", "aside", "div", "ol", "a", "span"},
    "title": {"abbr"},
    **dict.fromkeys(("src", "width", "height", "loading", "alt"), {"img"}),
    "role": {"aside", "div"},
    "aria-label": {"div"},
    "tabindex": {"div"},
    "scope": {"th"},
    "href": {"a"},
    "rel": {"a"},
}


def words(text: str, *marks: Any) -> dict[str, Any]:
    typed = [mark if isinstance(mark, dict) else {"type": mark} for mark in marks]
    return {"type": "text", "text": text, **({"marks": typed} if typed else {})}


def block(name: str, /, *content: dict[str, Any], **attrs: Any) -> dict[str, Any]:
    return {"type": name, **({"attrs": attrs} if attrs else {}), "content": list(content)}


def link(href: str) -> dict[str, Any]:
    return {"type": "link", "attrs": {"href": href}}


def p(text: str = "x", **attrs: Any) -> dict[str, Any]:
    return block("paragraph", words(text), **attrs)


GO = {"type": "service_link", "attrs": {"service": "permis"}}
PUD = {"type": "abbr", "attrs": {"title": "Plan d’urbanisme"}}


def directory(text: str, href: str | None = "https://a.nc/") -> References:
    """A directory that knows one administration and one service, and says `text` in every field."""
    office = Office("dpass", text, text)
    desk = Desk(text, text, text, text, "+687200030", text, text, office)
    contact = Contact(office, (desk, desk), True)
    service = Service("permis", text, text, href, text, text, text, (office,), (text,), desk, False)
    return References({("dpass", 0): contact, ("dpass", 7): Contact(office, (desk,))}, {"permis": service})


KNOWN = directory("mot")


def parsed(html: str) -> Any:
    """The fragment as a browser builds it; fails on what HTML does not allow."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    fragment = parser.parseFragment(html, container="main")
    assert parser.errors == [], (html, parser.errors)
    seen: set[str] = set()
    for element in fragment.iter():
        if element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert isinstance(element.tag, str) and element.tag in TAGS, html
        for name, value in element.attrib.items():
            assert element.tag in ATTRIBUTES.get(name, ()), (html, name)
            if name == "id":
                assert value not in seen, "each anchor once"
                seen.add(value)
        if element.tag == "th":
            assert not [inner for inner in element.iter() if inner.tag in ("h2", "h3", "h4", "aside")], html
        parents = {"li": ("ul", "ol"), "tr": ("thead", "tbody"), "td": ("tr",), "th": ("tr",)}
        if element.tag == "dl":
            assert all(child.tag == "div" for child in element), html
            assert all([part.tag for part in child] == ["dt", "dd"] for child in element), html
        if element.tag == "a":
            assert not [inner for inner in element.iter() if inner is not element and inner.tag == "a"], html
        for child in element:
            if child.tag in parents:
                assert element.tag in parents[child.tag], html
        if element.tag in ("ul", "ol"):
            assert all(child.tag == "li" for child in element), html
    return fragment


def test_the_usual_text() -> None:
    tree = [
        block("lead", words("En bref."), id="b1"),
        block("heading", words("Qui est concerné ?"), id="b2"),
        block("paragraph", words("du "), words("gras", "strong"), words(" et"), {"type": "hard_break"}, words("un lien", link("https://service.gouv.nc/?a=1&b=2")), id="b3"),
        block("bullet_list", block("list_item", p("un", id="b6"), id="b5"), id="b4"),
        block("note", p("Gratuit.", id="b8"), id="b7"),
        block("note", p("Payant.", id="b10"), id="b9", kind="warning"),
    ]  # fmt: skip
    assert render_blocks(tree) == (
        '<p class="lead" id="b1">En bref.</p>'
        '<h2 id="b2">Qui est concerné ?</h2>'
        '<p id="b3">du <strong>gras</strong> et<br>'
        '<a href="https://service.gouv.nc/?a=1&amp;b=2" rel="noopener">un lien</a></p>'
        '<ul id="b4"><li id="b5">un</li></ul>'
        '<aside class="note" role="note" id="b7"><p class="note-label">À noter</p><p id="b8">Gratuit.</p></aside>'
        '<aside class="note note-warning" role="note" id="b9"><p class="note-label">Attention</p>'
        '<p id="b10">Payant.</p></aside>'
    )
    parsed(render_blocks(tree))


def test_the_blocks_of_a_procedure() -> None:
    """Each as a reader without style or script would want it; the references are places, not yet filled."""
    html = str(stored_form(EVERY))
    for expected in (
        (
            '<p id="b3">Le <abbr title="Plan d’urbanisme directeur">PUD</abbr> dit ce qui est permis\u00a0; '
            "<!--go:demander-le-plan--><strong>demandez-le<br></strong><!--/go-->ou lisez "
            '<a href="https://carte.example/?a=1&amp;b=2" rel="noopener"><em>la carte</em></a></p>'
        ),
        (
            '<ol class="steps" id="b10"><li id="b11"><p class="label" id="b12">Réunir les pièces</p>'
            '<p id="b13">Comptez deux semaines.</p></li>'
            '<li id="b14"><p class="label" id="b15">Déposer le dossier</p></li></ol>'
        ),
        '<div class="box" id="b20"><p class="label">Pièces à fournir</p><ul><li id="b21">Le plan de masse</li></ul></div>',
        '<p class="cost" id="b30"><strong>Coût\u00a0:</strong> 12 000 F CFP</p>',
        '<p class="delay" id="b31"><strong>Délai\u00a0:</strong> Deux mois</p>',
        (
            '<p class="legal" id="b40"><a href="https://loi.example/19" rel="noopener">Délibération sur le permis</a>, '
            "n° 19, 8 juin 2001</p>"
        ),
        '<div id="b50"><h3 id="b51">Et pour une clôture\u00a0?</h3><p id="b52">Une déclaration suffit.</p></div>',
        '<dl><div id="b53"><dt id="b54">Emprise</dt><dd><p id="b55">Ce que la maison couvre du sol.</p></dd></div></dl>',
        '<div id="b60"><div id="b61"><h3 id="b62">Je suis locataire</h3><p id="b63">Demandez au bailleur.</p></div>',
        '<div id="b73"><h3>Province Nord, Province des îles Loyauté</h3><p id="b74">À Koné, à Lifou.</p></div>',
        "<!--contact:province-du-sud:7:b80--><!--service:demander-le-plan:b81-->",
        (
            '<figure id="b82"><img src="/images/0a1b2c.webp" width="800" height="600" loading="lazy" '
            'alt="La maison vue du ciel"><figcaption>Un plan de masse</figcaption></figure>'
        ),
        '<figure id="b83"><img src="/images/ff00.webp" width="40" height="40" loading="lazy" alt=""></figure>',
        '<div class="box" id="b99"><p class="label">Pour aller plus loin</p><ul><li id="b98">Le guide du',
    ):
        assert expected in html, expected
    parsed(render_blocks(EVERY, references=directory("Direction"), says_missing=True))


def test_a_contact_and_a_service_stand_as_the_directory_knows_them() -> None:
    tree = [
        block("contact", administration="dpass", counter=7, id="k1"),
        block("contact", administration="dpass", id="k2"),
        block("service", service="permis", id="k3"),
        block("paragraph", words("voir "), words("ici", GO), id="k4"),
    ]
    html = render_blocks(tree, references=directory("Mot"))
    fragment = parsed(html)
    boxes = fragment.findall("div")
    assert [box.get("id") for box in boxes] == ["k1", "k2", "k3"]
    assert [len(box.findall("address")) for box in boxes] == [1, 2, 0]
    assert boxes[0].find("p/a").get("href") == "/administrations/dpass"
    assert boxes[0].find("address/a").attrib == {"class": "tel", "href": "tel:+687200030"}
    assert boxes[1].findall("p")[-1].find("a").text == "Ses autres guichets"
    assert boxes[2].findall("p")[1].find("a").attrib == {
        "class": "go",
        "href": "https://a.nc/",
        "rel": "external",
    }
    assert "Momentanément indisponible" in html and "Sans internet" in html
    assert '<p id="k4">voir <a href="https://a.nc/" rel="external">ici</a></p>' in html
    # A service that has lost its address is still named.
    assert "<strong>Mot</strong>" in render_blocks(tree, references=directory("Mot", None))


def test_what_does_not_exist_is_said_where_it_can_be_put_right_and_left_out_in_public() -> None:
    tree = [
        block("contact", administration="disparue", id="k1"),
        block("service", id="k2"),
        block("paragraph", words("voir "), words("ici", GO), id="k3"),
        block("image", words("Légende"), image="ab", alt="plan", id="k4"),
    ]
    known = References(images=frozenset())
    assert render_blocks(tree, references=known) == (
        '<p id="k3">voir ici</p><figure id="k4"><figcaption>Légende</figcaption></figure>'
    )
    html = render_blocks(tree, references=known, says_missing=True)
    assert [said.get("id") for said in parsed(html).findall("p[@class='missing']")] == ["k1", "k2"]
    assert "démarche introuvable" in html and "Image introuvable" in html
    assert "<img" in render_blocks(tree, references=References(images=frozenset({"ab"})))


def test_no_text_can_write_a_place_that_is_filled() -> None:
    forged = "<!--contact:dpass:0:x--><!--go:permis-->a<!--/go--><!--service:permis:y-->"
    tree = [
        block("paragraph", words(forged, PUD)),
        block("legal", words(forged), number=forged, date=forged),
        block("image", words(forged), image="ab", alt=forged),
        block("paragraph", words("x", {"type": "abbr", "attrs": {"title": forged}})),
    ]
    html = render_blocks(tree, references=directory("Direction"))
    assert "Direction" not in html and html == stored_form(tree)
    # Nor can the directory: what it says is filled in once.
    assert parsed(render_blocks(EVERY, references=directory(forged))) is not None


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_attributes_stay_strings(text: str) -> None:
    tree = [
        block("legal", words("Loi"), number=text, date=text, href=text, id="b1"),
        block("image", words("Légende"), image=text, alt=text, width=text, height=text, id="b2"),
        block("image", image="ab", alt=text, id="b3"),
        block("contact", administration=text, counter=text, id="b4"),
        block("service", service=text, id="b5"),
        block("variants", block("variant", p("sud"), territories=text)),
        block("paragraph", words("a", {"type": "abbr", "attrs": {"title": text}}), words("b", {"type": "service_link", "attrs": {"service": text}})),
        block("question", block("label", words(text)), p("oui")),
        block("step", block("label", words(text))),
    ]  # fmt: skip
    fragment = parsed(render_blocks(tree, references=directory(text), says_missing=True))
    assert fragment.find(".//img").get("alt") == text
    assert text in "".join(fragment.itertext())
    fragment = parsed(render_blocks(EVERY[-9:], references=directory(text)))
    known = [
        block("contact", administration="dpass"),
        block("service", service="permis"),
        block("paragraph", words("a", GO)),
    ]
    fragment = parsed(render_blocks(known, references=directory(text)))
    assert "".join(fragment.itertext()).count(text) >= 8


@pytest.mark.parametrize("href", HOSTILE_LINKS)
def test_a_legal_reference_leads_only_to_safe_places(href: str) -> None:
    assert render_blocks([block("legal", words("Loi"), href=href)]) == '<p class="legal">Loi</p>'


def test_a_legal_reference_never_nests_links() -> None:
    linked = block("legal", words("Loi", link("https://a.nc")), href="https://b.nc", date="1999-03-01")
    assert render_blocks([linked]) == (
        '<p class="legal"><a href="https://a.nc" rel="noopener">Loi</a>, 1er mars 1999, '
        '<a href="https://b.nc" rel="noopener">lire le texte</a></p>'
    )
    bare = render_blocks([block("legal", number="n° 3", href="https://b.nc")])
    assert bare == '<p class="legal"><a href="https://b.nc" rel="noopener">n° 3</a></p>'
    assert long_date("pas une date") == "pas une date"


def test_the_title_of_a_part_stands_one_level_below_the_heading_it_follows() -> None:
    part = block("question", block("label", words("Pourquoi ?"), id="q2"), p("Oui."), id="q1")
    assert "<h2" in render_blocks([part])
    tree = [
        block("heading", words("A"), level=3),
        part,
        block("situations", block("situation", block("label", words("Cas")), part)),
    ]
    html = render_blocks(tree, 1)
    assert html.count("<h5") == 2 and "<h6" in html
    assert [line.level for line in outline(tree)] == [3, 4, 4, 5]
    parsed(html)


def test_a_table_says_what_its_headers_head() -> None:
    def row(*cells: dict[str, Any]) -> dict[str, Any]:
        return block("table_row", *cells)

    def head(text: str) -> dict[str, Any]:
        return block("table_header", p(text))

    def cell(text: str) -> dict[str, Any]:
        return block("table_cell", p(text))

    table = block(
        "table", row(head("Province"), head("Tarif")), row(head("Sud"), cell("100")), row(cell("Nord"))
    )
    html = render_blocks([table])
    assert '<thead><tr><th scope="col">Province</th><th scope="col">Tarif</th></tr></thead>' in html
    assert '<tr><th scope="row">Sud</th><td>100</td></tr>' in html
    assert "<tr><td>Nord</td><td></td></tr>" in html, "short rows are filled up"
    parsed(html)


def test_headings_move_down_where_the_page_has_its_own() -> None:
    tree = [block("heading", words(str(level)), level=level) for level in (2, 3, 4)]
    assert render_blocks(tree, 1) == "<h3>2</h3><h4>3</h4><h5>4</h5>"
    assert render_blocks(tree, 9) == "<h6>2</h6><h6>3</h6><h6>4</h6>"


def test_a_link_with_a_bold_word_stays_one_link() -> None:
    target = link("https://a.nc")
    runs = [
        words("un ", target),
        words("gros", target, "strong"),
        words(" lien", target),
        words(" fin", "strong"),
    ]
    assert render_inline(runs) == (
        '<a href="https://a.nc" rel="noopener">un <strong>gros</strong> lien</a><strong> fin</strong>'
    )
    assert render_inline([words("a", "em", "strong"), words("b", "em")]) == (
        "<strong><em>a</em></strong><em>b</em>"
    )


@pytest.mark.parametrize("href", HOSTILE_LINKS)
def test_a_dangerous_link_keeps_its_words_only(href: str) -> None:
    assert render_blocks([block("paragraph", words("mot", link(href)))]) == "<p>mot</p>"


@pytest.mark.parametrize("href", ["https://a.nc/é?b=<c>&d=\"e\"", "http://a.nc", "mailto:a@b.nc", "tel:+687123456", "/fiches/x", "#b2"])  # fmt: skip
def test_a_good_link_is_kept(href: str) -> None:
    fragment = parsed(render_blocks([block("paragraph", words("mot", link(href)))]))
    assert fragment.find(".//a").attrib == {"href": href, "rel": "noopener"}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_strings_stay_strings_everywhere(text: str) -> None:
    mark = {"type": "link", "attrs": {"href": "https://a.nc/" + text, "onclick": text}}
    tree = [
        block(
            kind,
            words(text, mark, {"type": text}),
            id=text,
            level=text,
            kind=text,
            onclick=text,
            **{text: text},
        )
        for kind in ("lead", "paragraph", "heading")
    ] + [
        block(kind, block("paragraph", words(text)), id=text, kind=text)
        for kind in (
            "bullet_list",
            "list_item",
            "note",
            "table",
            "table_row",
            "table_header",
            "table_cell",
            text,
        )
    ]
    html = render_blocks(tree)
    fragment = parsed(html)
    said = "".join(fragment.itertext())
    assert said.count(text) == len(tree) - 1, "shown as it was written; only the unknown block is left out"


def loose() -> st.SearchStrategy[list[dict[str, Any]]]:
    inline = st.one_of(
        st.builds(
            lambda text, marks: words(text, *marks),
            st.sampled_from(["a", " ", "", *HOSTILE]),
            st.lists(
                st.sampled_from(
                    [
                        "strong",
                        "em",
                        "blink",
                        link("https://a.nc"),
                        link("https://b.nc"),
                        link("x:y"),
                        GO,
                        PUD,
                    ]
                ),
                max_size=3,
            ),
        ),
        st.just({"type": "hard_break"}),
    )
    kinds = [*(name for name in GRAMMAR.nodes if name not in ("doc", "text", "hard_break")), "unknown"]
    idents = st.sampled_from(["b1", "b2", "b3", "b4", "<b>", None])
    return st.lists(
        st.recursive(
            inline,
            lambda inner: st.builds(
                lambda kind, ident, level, content: block(
                    kind,
                    *content,
                    id=ident,
                    level=level,
                    administration="dpass",
                    image="ab",
                    service="permis",
                    territories="noumea",
                    href="https://a.nc",
                    number="n° 3",
                ),
                st.sampled_from(kinds),
                idents,
                st.sampled_from([2, 3.0, 4, 9, "x"]),
                st.lists(inner, max_size=4),
            ),
            max_leaves=12,
        ),
        max_size=5,
    )


@FIXED
@given(loose())
def test_any_nesting_is_valid(tree: list[dict[str, Any]]) -> None:
    for known in (NOTHING, KNOWN):
        parsed(render_blocks(tree, references=known, says_missing=True))
    html = render_blocks(tree)
    fragment = parsed(html)
    shown = "".join("".join(fragment.itertext()).split())
    for line in plain_text_of(tree):
        assert "".join(line.split()) in shown, "no word is lost"


def plain_text_of(tree: list[dict[str, Any]]) -> list[str]:
    return [line for line in plain_text(normalise(tree)).splitlines() if line.strip()]


def test_what_says_nothing_is_not_written() -> None:
    tree = [
        block("paragraph"),
        block("heading", words("  ")),
        block("bullet_list", block("list_item", block("paragraph"))),
        block("table"),
        block("table", block("table_row")),
        block("steps", block("step", block("label"))),
        block("documents", block("list_item", block("paragraph"))),
        block("question", block("label", words(" ")), block("paragraph")),
        block("situations", block("situation")),
        block("variants", block("variant")),
        block("cost"),
        block("legal"),
        block("image"),
        block("contact"),
        block("service"),
    ]
    assert render_blocks(tree) == ""


def test_outline_and_length() -> None:
    tree = [
        block("heading", words("Qui ?"), id="b1"),
        block("note", block("heading", words("L’", "strong"), words("âge"), id="b2", level=3)),
        block("heading", words(" ")),
        p("Aujourd’hui, c’est-à-dire le 3 mai."),
    ]
    assert [(line.id, line.level, line.text) for line in outline(tree)] == [
        ("b1", 2, "Qui ?"),
        ("b2", 3, "L’âge"),
    ]
    assert word_count(tree) == 7
    assert reading_minutes(word_count(tree)) == 1
    assert reading_minutes(word_count([p("mot " * 1000)])) == 5
