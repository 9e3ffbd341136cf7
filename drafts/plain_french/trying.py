"""Tries a set of rules before it takes effect, in a child under limits (`drafts.child`): a pattern may never come to an end.

python -m drafts.plain_french.trying SHARED_FILE MEMORY

Every example of every rule has to hold, a rule that is switched off included: it may be switched on again tomorrow. Each
formula that an administrator wrote is tried at words that are made to keep it busy, too.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from drafts import child
from drafts.grammar import Node, Tree
from drafts.plain_french.reading import Reader
from drafts.plain_french.rules import Example, Rule, Rules

At = Callable[[int], None]
# A word of this length is longer than any; what takes a pattern long here takes it for ever in a text that somebody made.
_RUN = 400
# What is tried at the lengths of a paragraph.
_LONG = 20_000


@dataclass(frozen=True)
class ExampleFault:
    """An example that does not hold. `found`: what the rule finds in it, None for nothing; `better`: what it proposes."""

    rule: str
    is_right: bool
    text: str
    words: str | None
    found: str | None
    better: str | None = None


def tree_of(kind: str, text: str) -> Tree:
    """A text of one block, as an example of a rule stands in one."""
    run: Node = {"type": "text", "text": text}
    if kind == "link":
        run["marks"] = [{"type": "link", "attrs": {"href": "https://exemple.nc/"}}]
    block = "heading" if kind == "heading" else "paragraph"
    return [{"type": block, "attrs": {"id": "b"}, "content": [run]}]


def example_faults(rules: Rules) -> Iterator[ExampleFault]:
    """The examples that do not hold, rule by rule."""
    reader = Reader(rules)
    for rule in rules:
        for example in rule.right:
            yield from _fault(reader, rule, example, is_right=True)
        for example in rule.wrong:
            yield from _fault(reader, rule, example, is_right=False)


def _fault(reader: Reader, rule: Rule, example: Example, *, is_right: bool) -> Iterator[ExampleFault]:
    found = [one for one in reader.findings(tree_of(example.kind, example.text)) if one.rule is rule.code]
    words = " … ".join(one.words for one in found) if found else None
    holds = not found if is_right else [one.words for one in found] == [example.words]
    better = found[0].better if len(found) == 1 else None
    if holds and (example.better is None or example.better == better):
        return
    yield ExampleFault(rule.code, is_right, example.text, example.words, words, better)


def busy_words(say: str) -> Iterator[str]:
    """Texts that keep a pattern busy: runs of each sign that it names, and its own words again and again."""
    signs = sorted(set(re.sub(r"[^0-9a-zà-öø-ÿœ’ -]", "", say.lower())) | {"a", "e", " "})
    plain = re.sub(r"\{[^}]*\}|\(\?.|[\[\](){}?|*+]", "", say) or "a"
    for text in (*signs, plain, f"{plain} ", f"{plain}s "):
        repeated = text * (_RUN // len(text) + 1)
        yield repeated + "!"
        yield f"{plain} {repeated}!"
    yield (plain + " ") * (_LONG // (len(plain) + 1))


def try_rules(head: dict[str, Any], parts: list[bytes], at: At) -> tuple[dict[str, Any], Sequence[bytes]]:
    """Part: a whole file of rules. `busy`: the formulae that a person wrote, tried first; the child says which one it is at.

    Answers {faults: […]}, or {broken: code of the rule or ""} when the file does not hold together.
    """
    raw = json.loads(parts[0])
    # Examples of what is off hold as well.
    raw["off"] = []
    try:
        rules = Rules(raw)
        for number, say in enumerate(head["busy"], start=1):
            at(number)
            pattern = rules.compiled(say)
            for text in busy_words(say):
                for _found in pattern.finditer(text):
                    pass
        at(0)
        faults = [vars(one) for one in example_faults(rules)]
    except (KeyError, ValueError, TypeError, re.error, OverflowError, RecursionError) as error:
        return {"broken": type(error).__name__}, ()
    return {"faults": faults}, ()


if __name__ == "__main__":
    shared, memory = map(int, sys.argv[1:])
    sys.exit(child.serve({"try": try_rules}, shared, memory))
