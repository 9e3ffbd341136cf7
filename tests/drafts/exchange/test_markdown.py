"""Markdown: out and in again the same whatever the words, foreign files by their structure, hostile ones bounded."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drafts.exchange import markdown_in, markdown_out
from drafts.exchange.paper import Paper, Refused
from drafts.exchange.plainly import clean_text
from drafts.grammar import blocks, plain_text
from tests.drafts.every_block import EVERY
from tests.drafts.exchange.test_html import KNOWN, kinds
from tests.drafts.exchange.trees import PICTURES, likely, loose, paper, same

FIXED = settings(derandomize=True, max_examples=40, deadline=None, database=None)


def test_every_block_goes_out_and_comes_back() -> None:
    written = markdown_out.write(paper(EVERY, KNOWN))
    brought = markdown_in.read(written)
    assert same(brought.tree, EVERY)
    assert (brought.title, brought.losses, brought.pictures) == ("Un titre", (), PICTURES)
    lines = written.decode().split("\n")
    assert lines[:6] == ["---", "title: Un titre", "lang: fr", "openlab: 1", "État: en rédaction", "---"]
    for line in (
        "# Un titre",
        "## Avant de commencer",
        "[Pièces à fournir]{.said}",
        "- Le plan de masse",
        "[Réunir les pièces]{.label}",
        "[Coût\u00a0: ]{.said}12 000 F CFP",
        "| Province |",
        "6 route des Artifices, Nouméa\\",
        '::: {.legal number="n° 19" date="2001-06-08" href="https://loi.example/19"}',
        "Délibération sur le permis[, n° 19, 8 juin 2001]{.said}",
    ):  # fmt: skip
        assert line in lines


@FIXED
@given(st.integers(0, 10**6))
def test_any_text_comes_back(seed: int) -> None:
    for tree in (likely(seed), loose(seed)):
        assert same(markdown_in.read(markdown_out.write(paper(tree))).tree, tree)


@FIXED
@given(st.text(max_size=60), st.text(st.sampled_from("*_`[]<>&!|\\#+-=~:1.) \t\na"), min_size=1, max_size=40))
def test_any_words_come_back(title: str, words: str) -> None:
    tree = [
        {"type": kind, "content": [{"type": "text", "text": text}]}
        for kind in ("paragraph", "heading", "lead")
        for text in (title, words)
    ]
    brought = markdown_in.read(markdown_out.write(Paper(title, tree)))
    assert same(brought.tree, tree)
    assert brought.title.split() == clean_text(title)[:300].split()


FOREIGN = """---
titre: 'La carte d''identité'
author: Jean
---
Intro avec **gras**, *italique*, `code`, [un lien](https://gouv.nc/a) et [un piège](javascript:alert).
Suite de la phrase.\\
À la ligne.

## Une section

#### Trop profonde

1. un
   - sous

     second paragraphe
2. deux

> citation ![Un plan](https://ailleurs.example/a.png)

| A | B |
|---|---|
| 1 | **2** |

```python
x = 1
```

<script>alert(1)</script>

::: warning
Attention.
:::

::: {.note kind="warning"}
Un danger.
:::
"""


def test_a_file_from_elsewhere() -> None:
    brought = markdown_in.read(FOREIGN.encode())
    assert brought.title == "La carte d'identité"
    assert kinds(brought.tree) == [
        "paragraph", "heading", "heading", "ordered_list", "list_item", "paragraph", "bullet_list", "list_item", "paragraph", "paragraph",
        "list_item", "paragraph", "paragraph", "table", "table_row", "table_header", "paragraph", "table_header", "paragraph", "table_row",
        "table_cell", "paragraph", "table_cell", "paragraph", "paragraph", "paragraph", "paragraph", "note", "paragraph",
    ]  # fmt: skip
    words = plain_text(brought.tree)
    assert "code, un lien et un piège. Suite de la phrase.\nÀ la ligne." in words
    assert "<script>alert(1)</script>" in words
    assert brought.tree[-1]["attrs"] == {"kind": "warning"}
    assert [(loss.code, loss.count, loss.words) for loss in brought.losses] == [
        ("front_matter", 1, "author"),
        ("look", 2, "code"),
        ("link", 1, "javascript:alert"),
        ("levels", 1, "Trop profonde"),
        ("picture_remote", 1, "Un plan"),
    ]


def test_a_large_picture_is_named_and_said_to_be_missing() -> None:
    tree = [
        {
            "type": "image",
            "attrs": {"image": "grande", "alt": "Un plan"},
            "content": [{"type": "text", "text": "Sa légende"}],
        }
    ]
    written = markdown_out.write(Paper("T", tree, pictures={"grande": b"RIFF" + bytes(100_000)}))
    assert b"![Un plan](grande.webp)" in written
    brought = markdown_in.read(written)
    assert [loss.code for loss in brought.losses] == ["picture_missing"]
    assert brought.tree == [
        {"type": "image", "attrs": {"alt": "Un plan"}, "content": [{"type": "text", "text": "Sa légende"}]}
    ]


HOSTILE = {
    "quotes": b"> " * 50_000 + b"x",
    "quotes without spaces": b">" * 200_000,
    "lists": b"- " * 50_000 + b"x",
    "brackets": b"[" * 150_000,
    "links": b"[a](" * 30_000,
    "images": b"![" * 50_000,
    "spans": b"[" * 3_000 + b"x" + b"]{.em}" * 3_000,
    "divisions": b"::: {.note}\n" * 5_000 + b":::\n" * 5_000,
    "open divisions": b"::: {.note}\n" * 50_000,
    "braces": b"[a]{" + b'"\\' * 90_000,
    "attributes": b"::: {.note " + b'a="1" ' * 30_000 + b"}\nx\n:::",
    "stars": b"*a **b " * 15_000,
    "ticks": b"".join(b"`" * number + b" " for number in range(600)),
    "entities": b"&#x41;" * 30_000,
    "references": b"".join(b"[a%d]: x\n" % number for number in range(20_000)),
    "table": b"|a" * 2_000 + b"|\n" + b"|-" * 2_000 + b"|\n" + b"|x\n" * 2_000,
    "indented": b"".join(b" " * (2 * number) + b"- a\n" for number in range(600)),
    "lines": b"a\n\n" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_end_soon(name: str) -> None:
    began = time.process_time()
    try:
        brought = markdown_in.read(HOSTILE[name])
    except Refused as refusal:
        assert str(refusal) in ("too_deep", "too_long", "too_large")
    else:
        assert len(blocks(brought.tree)) <= 20_000
    assert time.process_time() - began < 5
