"""What search engines read of an article: its questions and answers, in the words of schema.org."""

from __future__ import annotations

from typing import Any

from drafts.grammar import Tree, blocks, normalise, parted_label, plain_text
from drafts.outline import made_title


def questions(tree: Tree) -> dict[str, Any] | None:
    """The questions of a text as an FAQPage; None when it answers none."""
    asked = []
    for block in blocks(normalise(tree)):
        if block["type"] != "question":
            continue
        _label, rest = parted_label(block)
        answer = plain_text(rest).strip()
        if (question := made_title(block)) and answer:
            asked.append(
                {
                    "@type": "Question",
                    "name": question,
                    "acceptedAnswer": {"@type": "Answer", "text": answer},
                }
            )
    if not asked:
        return None
    return {"@context": "https://schema.org", "@type": "FAQPage", "mainEntity": asked}
