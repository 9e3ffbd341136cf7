"""What keeps a text from being submitted: each rule broken by itself, and a text that breaks none."""

import unicodedata
from typing import Any

import pytest

from app.directory.catalogue import Office, Service
from drafts import patterns
from drafts.cards import Contact, References
from drafts.checks import check_text
from drafts.findings import Code
from drafts.grammar import blocks, inline_text
from tests.drafts.every_block import EVERY


def words(text: str, href: str | None = None, *marks: str) -> dict[str, Any]:
    typed: list[dict[str, Any]] = [{"type": mark} for mark in marks]
    if href is not None:
        typed.append({"type": "link", "attrs": {"href": href}})
    return {"type": "text", "text": text, **({"marks": typed} if typed else {})}


def block(name: str, ident: str, /, *content: dict[str, Any], **attrs: Any) -> dict[str, Any]:
    return {"type": name, "attrs": {"id": ident, **attrs}, "content": list(content)}


def table(cell: str) -> dict[str, Any]:
    first = block(cell, "c1", block("paragraph", "p1", words("Province")))
    second = block("table_cell", "c2", block("paragraph", "p2", words("Sud")))
    return block("table", "t1", block("table_row", "r1", first), block("table_row", "r2", second))


LEAD = block("lead", "b1", words("Le permis, en bref."))
TEXT = block("paragraph", "b2", words("Vous déposez votre dossier."))
GOOD = [
    LEAD,
    block("heading", "h1", words("Qui est concerné ?")),
    TEXT,
    block("heading", "h2", words("À Nouméa"), level=3),
    block("paragraph", "b3", words("Voir "), words("le service", "https://service.gouv.nc"), words(".")),
    block("heading", "h3", words("Où ?"), level=4),
    block("heading", "h4", words("Combien ?")),
    table("table_header"),
]


def codes(
    tree: list[dict[str, Any]], title: str = "Le permis", administration: bool = True, **about: Any
) -> list[tuple[Code, Any]]:
    found = check_text(tree, title=title, has_lead_administration=administration, **about)
    assert all(finding.message for finding in found)
    return [(finding.code, finding.block_id) for finding in found]


def test_a_good_text_has_no_finding() -> None:
    assert codes(GOOD) == []


def test_nothing_at_all() -> None:
    assert codes([], title=" ", administration=False) == [
        (Code.TITLE_MISSING, None),
        (Code.LEAD_ADMINISTRATION_MISSING, None),
        (Code.LEAD_MISSING, None),
        (Code.TEXT_EMPTY, None),
    ]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ([TEXT], (Code.LEAD_MISSING, None)),
        ([block("lead", "b1", words("  ")), TEXT], (Code.LEAD_MISSING, None)),
        ([block("lead", "b1", words("x" * 301)), TEXT], (Code.LEAD_TOO_LONG, "b1")),
        ([LEAD, TEXT, block("lead", "b9", words("encore"))], (Code.LEAD_REPEATED, "b9")),
        ([LEAD, block("heading", "h1", words("Seul"))], (Code.TEXT_EMPTY, None)),
        ([LEAD, TEXT, block("heading", "h1", words("Trop bas"), level=3)], (Code.HEADING_ORDER, "h1")),
        (
            [
                LEAD,
                TEXT,
                block("heading", "h1", words("Bien")),
                block("heading", "h2", words("Trop"), level=4),
            ],
            (Code.HEADING_ORDER, "h2"),
        ),
        ([LEAD, TEXT, block("heading", "h1")], (Code.HEADING_EMPTY, "h1")),
        ([LEAD, TEXT, block("paragraph", "b3", words(" ", "https://a.nc"))], (Code.LINK_EMPTY, "b3")),
        ([LEAD, block("paragraph", "b3", words("ici", ""))], (Code.LINK_WITHOUT_TARGET, "b3")),
        ([LEAD, block("paragraph", "b3", words("ici", "javascript:alert(1)"))], (Code.LINK_UNSAFE, "b3")),
        ([LEAD, block("paragraph", "b3", words("ici", "//evil.example"))], (Code.LINK_UNSAFE, "b3")),
        ([LEAD, TEXT, table("table_cell")], (Code.TABLE_WITHOUT_HEADERS, "t1")),
    ],
)
def test_each_rule_by_itself(tree: list[dict[str, Any]], expected: tuple[Code, Any]) -> None:
    assert codes(tree) == [expected]


def label(text: str) -> dict[str, Any]:
    return block("label", "lb", words(text)) if text else block("label", "lb")


def marked(kind: str, **attrs: str) -> dict[str, Any]:
    return block(
        "paragraph", "b3", {"type": "text", "text": "mot", "marks": [{"type": kind, "attrs": attrs}]}
    )


def variants(*territories: str) -> dict[str, Any]:
    parts = [
        block("variant", f"v{number}", TEXT, territories=slugs) for number, slugs in enumerate(territories)
    ]
    return block("variants", "vs", *parts)


OFFICE = Office("dpass", "Direction", "D")
KNOWN = References(
    {("dpass", 0): Contact(OFFICE, ())},
    {"permis": Service("permis", "Permis", "", None, "", "", "", (), (), None, False)},
    frozenset({"ab"}),
)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (block("step", "x", label("Un titre"), TEXT), None),
        (block("step", "x", TEXT), Code.LABEL_MISSING),
        (block("step", "x", label(" "), TEXT), Code.LABEL_MISSING),
        (block("step", "x", TEXT, label("Trop tard")), Code.LABEL_MISSING),
        (block("question", "x", label("Où ?"), TEXT), None),
        (block("question", "x", TEXT), Code.LABEL_MISSING),
        (block("question", "x", label("Où ?")), Code.ANSWER_MISSING),
        (block("question", "x", label("Où ?"), block("service", "s", service="permis")), None),
        (block("situation", "x", TEXT), Code.LABEL_MISSING),
        (block("definition", "x", TEXT), Code.LABEL_MISSING),
        (block("definition", "x", label("Mot"), block("paragraph", "p")), Code.ANSWER_MISSING),
        (block("legal", "x", words("Loi"), date="2001-06-08", href="https://a.nc"), None),
        (block("legal", "x", number="n° 3"), Code.LEGAL_WITHOUT_TITLE),
        (block("legal", "x", words("Loi"), date="8 juin 2001"), Code.LEGAL_DATE_UNREADABLE),
        (block("legal", "x", words("Loi"), date="20010608"), Code.LEGAL_DATE_UNREADABLE),
        (block("legal", "x", words("Loi"), href="https://a.nc@evil.example"), Code.LINK_UNSAFE),
        (block("contact", "x", administration="dpass"), None),
        (block("contact", "x"), Code.CONTACT_MISSING),
        (block("contact", "x", administration="dpass", counter=4), Code.CONTACT_UNKNOWN),
        (block("service", "x", service="permis"), None),
        (block("service", "x"), Code.SERVICE_MISSING),
        (block("service", "x", service="disparu"), Code.SERVICE_UNKNOWN),
        (block("image", "x", image="ab", alt="Un plan"), None),
        (block("image", "x", image="ab", decorative=1), None),
        (block("image", "x", image="ab", alt=" "), Code.IMAGE_WITHOUT_ALTERNATIVE),
        (block("image", "x", words("Une légende n’en est pas un"), image="ab"), Code.IMAGE_WITHOUT_ALTERNATIVE),
        (block("image", "x", alt="Un plan"), Code.IMAGE_MISSING),
        (block("image", "x", image="cd", alt="Un plan"), Code.IMAGE_UNKNOWN),
    ],
)  # fmt: skip
def test_each_part_by_itself(part: dict[str, Any], expected: Code | None) -> None:
    assert codes([LEAD, TEXT, part], known=KNOWN) == ([(expected, "x")] if expected else [])
    # Where it stands changes nothing.
    inside = block("note", "n", block("bullet_list", "l", block("list_item", "i", part)))
    assert codes([LEAD, TEXT, inside], known=KNOWN) == ([(expected, "x")] if expected else [])


def test_marks_that_promise_something() -> None:
    assert codes([LEAD, marked("abbr", title="Plan")]) == []
    assert codes([LEAD, marked("abbr")]) == [(Code.ABBREVIATION_WITHOUT_TITLE, "b3")]
    assert codes([LEAD, marked("service_link", service="permis")], known=KNOWN) == []
    assert codes([LEAD, marked("service_link")], known=KNOWN) == [(Code.SERVICE_UNKNOWN, "b3")]
    runs = marked("service_link", service="disparu")["content"]
    bold = {**runs[0], "marks": [*runs[0]["marks"], {"type": "strong"}]}
    assert codes([LEAD, block("paragraph", "b3", *runs, bold)], known=KNOWN) == [
        (Code.SERVICE_UNKNOWN, "b3")
    ], "one link of two runs is one fault"


@pytest.mark.parametrize(
    ("parts", "territories", "expected"),
    [
        (("province-sud", "province-nord province-iles"), (), []),
        (("province-sud", "province-nord"), (), [(Code.TERRITORY_MISSING, "vs")]),
        (("province-sud", "province-nord"), ("province-nord", "province-sud"), []),
        (("province-sud",), ("province-nord", "province-sud"), [(Code.TERRITORY_MISSING, "vs")]),
        (("nouvelle-caledonie",), ("noumea", "province-iles"), []),
        (("lifou", "mare ouvea"), ("province-iles",), []),
        (("lifou", "mare"), ("province-iles",), [(Code.TERRITORY_MISSING, "vs")]),
        (("noumea", "province-sud"), ("province-sud",), []),
        (("noumea", "noumea"), ("noumea",), [(Code.TERRITORY_REPEATED, "v1")]),
        (("noumea noumea",), ("noumea",), []),
        (("noumea", ""), ("noumea",), [(Code.VARIANT_WITHOUT_TERRITORY, "v1")]),
        (("noumea atlantide",), ("noumea",), [(Code.TERRITORY_UNKNOWN, "v0")]),
    ],
)
def test_every_territory_has_its_text(
    parts: tuple[str, ...], territories: tuple[str, ...], expected: list[tuple[Code, str]]
) -> None:
    assert codes([LEAD, variants(*parts)], territories=territories) == expected


def test_what_is_missing_is_named_as_shortly_as_it_can_be() -> None:
    def said(*parts: str) -> str:
        tree = [LEAD, variants(*parts)]
        (found,) = check_text(tree, title="x", has_lead_administration=True)
        return found.message

    assert said("province-sud", "lifou mare").endswith(": Province Nord, Ouvéa.")
    assert said("noumea").count(",") > 10, "of a province that has one text each other commune is named"


def test_every_block_of_the_grammar_passes_when_all_is_there() -> None:
    plan = Service("demander-le-plan", "Plan", "", None, "", "", "", (), (), None, False)
    known = References(
        {("province-du-sud", 7): Contact(OFFICE, ())}, {plan.slug: plan}, frozenset({"0a1b2c", "ff00"})
    )
    assert codes(EVERY, known=known) == []


def test_a_heading_in_a_part_follows_the_title_of_the_part() -> None:
    inner = block("heading", "h9", words("Détail"), level=4)
    part = block("question", "q", label("Où ?"), inner, TEXT)
    assert codes([LEAD, block("heading", "h1", words("Titre")), part]) == []
    assert codes([LEAD, part]) == [(Code.HEADING_ORDER, "h9")]


def test_the_lead_is_counted_in_characters_as_people_count_them() -> None:
    lead = unicodedata.normalize("NFD", "é" * 300)
    assert codes([block("lead", "b1", words(lead)), TEXT]) == []
    over = check_text([block("lead", "b1", words("é" * 302)), TEXT], title="x", has_lead_administration=True)
    assert "de 2 caractères" in over[0].message


def test_a_link_of_several_runs_is_judged_as_one() -> None:
    link = [
        words("Le ", "https://a.nc"),
        words(" ", "https://a.nc", "strong"),
        words("service", "https://a.nc"),
    ]
    assert codes([LEAD, block("paragraph", "b3", *link)]) == []
    assert codes([LEAD, TEXT, block("paragraph", "b3", words("\u00a0", "https://a.nc"), words("x"))]) == [
        (Code.LINK_EMPTY, "b3")
    ]


def test_an_empty_table_is_no_finding() -> None:
    assert codes([LEAD, TEXT, block("table", "t1")]) == []


def test_a_finding_quotes_little() -> None:
    found = check_text(
        [LEAD, TEXT, block("heading", "h1", words("long " * 100), level=4)],
        title="x",
        has_lead_administration=True,
    )
    assert len(found[0].message) < 140


def test_guidance_of_a_pattern_is_found_until_somebody_writes_over_it():
    guidance = next(
        inline_text(found)
        for found in blocks(patterns.text_of("demarche"))
        if found["type"] == "paragraph" and inline_text(found).startswith("[")
    )
    left = check_text(
        [LEAD, TEXT, block("paragraph", "g1", words(guidance))], title="T", has_lead_administration=True
    )
    assert [(finding.code, finding.block_id) for finding in left] == [(Code.GUIDANCE_LEFT, "g1")]
    assert guidance[:20] in left[0].message
    for kept in ("[texte retiré]", "[…]", guidance.strip("[]"), guidance.replace("[", "[Je ")):
        text = [LEAD, TEXT, block("paragraph", "g1", words(kept))]
        assert check_text(text, title="T", has_lead_administration=True) == []


def test_every_pattern_says_what_is_still_to_be_written():
    for pattern in patterns.patterns():
        if pattern.slug != patterns.EMPTY:
            found = check_text(patterns.text_of(pattern.slug), title="T", has_lead_administration=True)
            assert Code.GUIDANCE_LEFT in {finding.code for finding in found}
