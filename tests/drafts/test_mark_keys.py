"""The keys under which overlapping marks stand in a shared text are those that y-prosemirror writes."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from drafts.grammar import GRAMMAR
from drafts.mark_keys import key_of, remark_key

IDS = ["r1", "a-Zb_9", "x" * 32, "0"]
ROOT = Path(__file__).parents[2]


def test_what_y_prosemirror_writes_of_the_same_marks():
    node = shutil.which("node")
    assert node is not None
    script = (
        "import { hashOfJSON } from './node_modules/y-prosemirror/src/utils.js';"
        "const ids = JSON.parse(process.argv[1]);"
        "console.log(JSON.stringify(ids.map(id => hashOfJSON({ type: 'remark', attrs: { id } }))));"
    )
    told = subprocess.run(
        [node, "--input-type=module", "-e", script, json.dumps(IDS)],
        cwd=ROOT, capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert [remark_key(one) for one in IDS] == [f"remark--{found}" for found in json.loads(told.stdout)]


@pytest.mark.parametrize("name", ["strong", "link", "insertion", "deletion"])
def test_a_mark_that_stands_once_has_its_name_for_a_key(name):
    assert key_of(name, {}) == name


def test_two_remarks_at_the_same_words_are_two_marks():
    given = {remark_key(one): {"id": one} for one in ("k9", "k7")} | {"strong": {}}
    found = GRAMMAR.type_marks(given)
    assert [(mark["type"], mark.get("attrs", {}).get("id")) for mark in found] == [
        ("remark", "k7"), ("remark", "k9"), ("strong", None),
    ]  # fmt: skip
