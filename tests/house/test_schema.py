"""The grammar of a text stays loose.

y-prosemirror deletes, for everybody, a node whose content check fails: with `paragraph block*` two legal
deletions by two people made a whole list vanish. So no expression asks for anything; what must be there is
checked at submit.
"""

from __future__ import annotations

import json
from typing import Any

from tests.house.tree import ROOT

SCHEMA: dict[str, Any] = json.loads((ROOT / "drafts" / "schema.json").read_text(encoding="utf-8"))
NODES: dict[str, dict[str, Any]] = SCHEMA["nodes"]
MARKS: dict[str, dict[str, Any]] = SCHEMA["marks"]


def test_no_content_expression_asks_for_anything() -> None:
    strict = {name: node["content"] for name, node in NODES.items() if "content" in node}
    strict = {
        name: content for name, content in strict.items() if content not in ("block*", "inline*", "text*")
    }
    assert not strict, f"Only block*, inline* and text* are safe: {strict}"


def test_every_attribute_has_a_default_of_its_type() -> None:
    for name, thing in (NODES | MARKS).items():
        for attribute, rule in thing.get("attrs", {}).items():
            assert "default" in rule, f"{name}.{attribute} needs a default: old texts do not have it"
            assert rule["type"] in SCHEMA["types"], f"{name}.{attribute}: unknown type {rule['type']}"
            if "values" in rule:
                assert rule["default"] in rule["values"], (
                    f"{name}.{attribute}: the default is not one of the values"
                )


def test_every_block_can_be_named() -> None:
    nameless = [
        name for name, node in NODES.items() if node.get("group") == "block" and "id" not in node["attrs"]
    ]
    assert not nameless, f"Remarks, differences and scopes hang on block ids: {nameless}"


def test_the_schema_has_a_number_and_a_fragment() -> None:
    assert isinstance(SCHEMA["schema"], int) and SCHEMA["schema"] >= 1
    assert SCHEMA["fragment"] == "content"
