"""What the grammar lets through the gate: names, marks, values, and what may stand in what.

The reader of documents (`drafts.grammar`) forgives what it does not know; the gate refuses it, since a
browser deletes for everybody a node that does not fit its schema.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from drafts.grammar import GRAMMAR, Attribute
from drafts.yupdate import GateRefusal

__all__ = ["NO_RULE", "RULES", "ROOT_RULE", "TEXT_RULE", "NodeRule", "check_attribute", "check_mark"]

_SCHEMA = json.loads(Path(__file__).with_name("schema.json").read_text(encoding="utf-8"))
# A link as the grammar has it: a known scheme, no control characters, no backslash (browsers read it as a
# slash). The empty link is the grammar's default.
_SCHEMES = "|".join(re.escape(scheme) for scheme in _SCHEMA["types"]["href"]["schemes"])
_HREF = re.compile(rf"(?:{_SCHEMES}):[^\x00-\x1f\x7f\\]*", re.IGNORECASE)
# y-prosemirror gives a mark that overlaps itself the key name--hash, with eight characters of Base64.
_HASH = re.compile(r"--[A-Za-z0-9+/=]{8}\Z")
# The longest value of a mark: a link of 2,000 characters, each escaped by JSON in six.
_MARK_BYTES = 16_384
# Whole numbers of the grammar are small; beyond 32 bits Python, JavaScript and Rust no longer agree.
_INTEGER_LIMIT = 2**31


@dataclass(frozen=True, slots=True)
class NodeRule:
    """What one kind of shared type may hold.

    `stands_in` and `holds` are "block", "inline" or "": a type may stand in another when they are equal.
    `text` says that an XmlText may stand in it, `inside` that it is an XmlText and holds words.
    """

    stands_in: str
    holds: str
    inside: bool
    attributes: Mapping[str, Attribute]

    @property
    def text(self) -> bool:
        return self.holds == "inline"


def _holds(content: str) -> str:
    # Every content expression of the grammar is block*, inline*, text* or nothing (a house test says so).
    return {"block*": "block", "inline*": "inline", "text*": "inline", "": ""}[content]


RULES: Mapping[str, NodeRule] = {
    name: NodeRule(
        stands_in=spec.get("group", ""),
        holds=_holds(spec.get("content", "")),
        inside=False,
        attributes=GRAMMAR.nodes[name].attributes,
    )
    for name, spec in _SCHEMA["nodes"].items()
    # `doc` is the root itself and `text` is no element.
    if name not in ("doc", "text")
}
ROOT_RULE = NodeRule(
    stands_in="", holds=_holds(_SCHEMA["nodes"]["doc"]["content"]), inside=False, attributes={}
)
TEXT_RULE = NodeRule(stands_in="inline", holds="", inside=True, attributes={})
NO_RULE = NodeRule(stands_in="", holds="", inside=False, attributes={})


def check_attribute(attribute: Attribute, value: Any) -> None:
    """Raise GateRefusal (schema) unless `value` is one the grammar gives this attribute."""
    if attribute.type == "integer":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise GateRefusal("schema", "an attribute is not a number")
        if not -_INTEGER_LIMIT < value < _INTEGER_LIMIT or value != int(value):
            raise GateRefusal("schema", "an attribute is not a whole number")
    elif not isinstance(value, str) or len(value) > attribute.longest:
        raise GateRefusal("schema", "an attribute is not a string, or too long")
    elif attribute.pattern is not None and not attribute.pattern.fullmatch(value):
        raise GateRefusal("schema", "an attribute does not have the form of the grammar")
    elif attribute.type == "href" and value and not _HREF.fullmatch(value):
        raise GateRefusal("schema", "a link does not lead to an allowed place")
    if attribute.values and value not in attribute.values:
        raise GateRefusal("schema", "an attribute has a value outside the grammar")


@lru_cache(maxsize=1024)
def _known_mark(key: str) -> Mapping[str, Attribute] | None:
    name = key[:-10] if _HASH.search(key) else key
    return GRAMMAR.marks.get(name) if len(name) <= 64 else None


def check_mark(key: str, value: str) -> None:
    """Raise GateRefusal unless a formatting mark has a name of the grammar and attributes to match.

    `value` is JSON as written by the peer: null where the mark ends, else the object of its attributes.
    """
    attributes = _known_mark(key) if len(key) <= 80 else None
    if attributes is None:
        raise GateRefusal("schema", "a mark outside the grammar")
    if value == "null" or value == "{}":
        return
    if len(value) > _MARK_BYTES:
        raise GateRefusal("schema", "a mark is too long")
    # No attribute of a mark is a list or an object: counting the brackets outside strings keeps the
    # parser from ever going deep, and a depth of two is already outside the grammar.
    if value.count("{") + value.count("[") > _MARK_BYTES // 64:
        raise GateRefusal("schema", "a mark is nested")
    try:
        parsed = json.loads(value, parse_constant=_no_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise GateRefusal("malformed", "a mark is not JSON") from None
    if parsed is None:
        return
    if not isinstance(parsed, dict):
        raise GateRefusal("schema", "a mark is not an object")
    for name, inner in parsed.items():
        attribute = attributes.get(name)
        if attribute is None:
            raise GateRefusal("schema", "a mark has an attribute outside the grammar")
        if isinstance(inner, str):
            if "\0" in inner:
                raise GateRefusal("malformed", "a string holds a NUL")
            try:
                inner.encode()
            except UnicodeEncodeError:
                raise GateRefusal("malformed", "a string holds half a surrogate pair") from None
        check_attribute(attribute, inner)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Of a name written twice only the last value would be looked at here, but peers parse the first too.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is written twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)
