"""What keeps a text from being submitted: each rule broken by itself, and a text that breaks none."""

import unicodedata
from typing import Any

import pytest

from drafts.checks import Code, check_text


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
    tree: list[dict[str, Any]], title: str = "Le permis", administration: bool = True
) -> list[tuple[Code, Any]]:
    found = check_text(tree, title=title, has_lead_administration=administration)
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
