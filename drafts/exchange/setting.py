"""Files made of texts while somebody waits: in one child of the process, under limits, with a short queue."""

from __future__ import annotations

import logging
import threading

from app.errors import Unavailable
from app.extensions import gettext as _
from drafts.child import Child, ChildDied
from drafts.exchange import packing
from drafts.exchange.paper import Format, Paper

logger = logging.getLogger(__name__)
# The longest text with two hundred pictures takes three seconds; the rest is for a processor with other things to do.
SECONDS = 30.0
MEMORY = 2 * 1024 * 1024 * 1024
LONGEST = 64 * 1024 * 1024
# Who waits for the child at once; the others are asked to try again.
WAITING = 4
_writer = Child(seconds=SECONDS, memory=MEMORY, longest=LONGEST, module="drafts.exchange.setting_work")
_places = threading.BoundedSemaphore(WAITING)


def made(form: Format, paper: Paper) -> bytes:
    """A text as a file. Waits for the child: never in a write transaction. Raises Unavailable."""
    if not _places.acquire(blocking=False):
        raise _unavailable()
    try:
        answer, parts = _writer.ask("write", {"form": form.value}, packing.packed(paper))
    except (ChildDied, ValueError) as death:
        logger.warning("the child that writes files did not answer (%s): %s", form, death)
        raise _unavailable() from None
    finally:
        _places.release()
    if "error" in answer:
        logger.error("a text could not be written as %s: %s", form, answer["error"])
        raise _unavailable()
    return parts[0]


def close() -> None:
    """End the child of this process, if there is one."""
    _writer.close()


def _unavailable() -> Unavailable:
    return Unavailable(
        _("Ce fichier ne peut pas être préparé en ce moment. Réessayez dans un instant."), retry_after=10.0
    )
