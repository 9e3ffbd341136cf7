"""Pictures on their way: bytes by a key in what comes in, and as data: addresses or PNG in what goes out."""

from __future__ import annotations

import base64
import binascii
import re
from io import BytesIO
from urllib.parse import unquote_to_bytes

from PIL import Image

from drafts.exchange.losses import Losses
from drafts.grammar import GRAMMAR

# As many pictures as an article may have, and one that no camera makes larger.
MOST_PICTURES = 200
LARGEST_PICTURE = 20 * 1024 * 1024
_DATA = re.compile(r"data:image/[a-z0-9.+-]+(?:;[a-z0-9=.-]+)*?(;base64)?,", re.IGNORECASE)
_SLUG = GRAMMAR.nodes["image"].attributes["image"]


class Pictures:
    """What a reader has found, by key: the name an image had in a file of ours, else a number."""

    def __init__(self, losses: Losses) -> None:
        self.found: dict[str, bytes] = {}
        self._losses = losses

    def take(self, content: bytes, alt: str, name: str = "") -> str | None:
        """The key under which these bytes are kept; None when there are too many or none."""
        if not content or len(content) > LARGEST_PICTURE:
            self._losses.add("picture_unreadable", alt)
            return None
        for key, known in self.found.items():
            if known == content and (not name or key == name):
                return key
        if len(self.found) >= MOST_PICTURES:
            self._losses.add("picture_unreadable", alt)
            return None
        key = name if name and name == _SLUG.cast(name) else ""
        while not key or key in self.found:
            key = f"picture-{len(self.found) + 1}" if not key else f"{key[:100]}-{len(self.found) + 1}"
        self.found[key] = content
        return key

    def take_address(self, address: str, alt: str, name: str = "") -> str | None:
        """As `take`, for what an image's address says. Nothing is ever fetched."""
        data = _DATA.match(address)
        if data is None:
            remote = re.match(r"(?:[a-z][a-z0-9+.-]*:)?//", address, re.IGNORECASE) is not None
            self._losses.add("picture_remote" if remote else "picture_missing", alt or address[:120])
            return None
        written = address[data.end() :]
        try:
            # A line may be broken anywhere in it.
            content = (
                base64.b64decode(re.sub(r"\s+", "", written), validate=True)
                if data[1]
                else unquote_to_bytes(written)
            )
        except (binascii.Error, ValueError):
            content = b""
        return self.take(content, alt, name)


def as_address(content: bytes) -> str:
    """A picture as an address that holds it whole."""
    return f"data:image/{kind_of(content)};base64,{base64.b64encode(content).decode('ascii')}"


def kind_of(content: bytes) -> str:
    """The kind of a picture by its first bytes; stored ones are WebP."""
    if content.startswith(b"\x89PNG"):
        return "png"
    if content.startswith(b"\xff\xd8"):
        return "jpeg"
    return "gif" if content.startswith(b"GIF8") else "webp"


def as_png(content: bytes) -> tuple[bytes, int, int]:
    """A stored picture as PNG, which every office suite reads, with its width and height in pixels.

    The pictures of a text were drawn by this software (`drafts.image_work`), so decoding them here is not the
    decoding of strangers' bytes.
    """
    with Image.open(BytesIO(content)) as picture:
        picture.load()
        out = BytesIO()
        drawn = picture if picture.mode in ("RGB", "RGBA", "L", "P") else picture.convert("RGBA")
        drawn.save(out, "PNG")
        return out.getvalue(), picture.width, picture.height
