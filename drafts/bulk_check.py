"""The bulk door's check, in a child process under limits.

A bulk update is up to 4 MiB: reading it would stall the people who type, and what it does inside pycrdt can
take more memory than the server has (50,000 structs of one character: 1.4 GB). So a child loads the
document, checks, applies and reads; only when it survives that is the update let through.
"""

from collections.abc import Iterable

from drafts.child import Child, ChildDied, ChildSlow
from drafts.gate import BULK, GateRefusal

__all__ = ["BulkChecker"]

# A check of a legitimate bulk update takes well under a second; see the module's tests for what takes longer.
_SECONDS = 5.0
_MEMORY = 1024 * 1024 * 1024
# The state of a draft with years of history is a few MiB; a refusal is better than a child out of memory.
_LONGEST = 64 * 1024 * 1024


class BulkChecker(Child):
    """The parent's hold on the child. One check at a time; the others wait their turn."""

    def __init__(self, seconds: float = _SECONDS) -> None:
        super().__init__(seconds=seconds, memory=_MEMORY, longest=_LONGEST)

    def check(
        self, state: bytes, update: bytes, allowed_clients: Iterable[int], *, suggests: bool = False
    ) -> None:
        """Return if the update may be applied to the document with this full state; else raise GateRefusal.

        `suggests`: its sender may only suggest.
        An update that kills the child, or keeps it longer than a few seconds, is refused as too_large.
        """
        if len(update) > BULK.size:
            raise GateRefusal("too_large", "the update has too many bytes for this door")
        try:
            asked = {"clients": sorted(allowed_clients), "suggests": suggests}
            answer, _ = self.ask("try_bulk", asked, (state, update))
        except ChildSlow:
            raise GateRefusal("too_large", "the check of the update took too long") from None
        except ChildDied:
            raise GateRefusal("too_large", "the check of the update did not survive it") from None
        except ValueError:
            raise GateRefusal("too_large", "the document is too large for this door") from None
        if "code" in answer:
            raise GateRefusal(answer["code"], answer["message"])
