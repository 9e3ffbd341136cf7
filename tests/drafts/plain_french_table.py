"""How well the rules agree with the labels, as the Markdown of `docs/plain-french.md`.

python -m tests.drafts.plain_french_table
"""

from __future__ import annotations

from tests.drafts.plain_french_corpus import HELD_OUT, WORKED, Agreement, agreement


def table() -> str:
    """One line for each rule, then all of them; the counts are of labels in both halves and in the held-out one."""
    whole, held_out = agreement([WORKED, HELD_OUT]), agreement([HELD_OUT])
    rows = [
        "| rule | labels | precision | recall | labels, held out | precision | recall |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    rows += [_row(f"`{rule}`", whole[rule], held_out[rule]) for rule in whole]
    rows.append(_row("all", sum(whole.values(), Agreement()), sum(held_out.values(), Agreement())))
    return "\n".join(rows)


def _row(name: str, whole: Agreement, held_out: Agreement) -> str:
    cells = [name]
    for part in (whole, held_out):
        cells += [str(part.labelled), f"{part.precision:.2f}", f"{part.recall:.2f}"]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    print(table())
