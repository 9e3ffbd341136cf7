"""What writes texts in a child under limits (`drafts.child`), away from who is typing.

python -m drafts.exchange.setting_work SHARED_FILE MEMORY
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from drafts import child
from drafts.exchange import formats, packing
from drafts.exchange.paper import Format


def write(
    head: dict[str, Any], parts: list[bytes], _at: Callable[[int], None]
) -> tuple[dict[str, Any], Sequence[bytes]]:
    """Parts: a packed paper. Answers the file, or {error} with the kind of failure: its words may hold the text."""
    try:
        return {}, (formats.write(Format(head["form"]), packing.unpacked(parts)),)
    except Exception as error:
        return {"error": type(error).__name__}, ()


if __name__ == "__main__":
    shared, memory = map(int, sys.argv[1:])
    sys.exit(child.serve({"write": write}, shared, memory))
