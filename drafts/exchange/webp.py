"""How large a WebP picture is, by its first bytes: enough to give it a place on a sheet without decoding it."""

from __future__ import annotations

# RIFF container, then one of three kinds of picture (RFC 9649).
_HEAD = 30


def size_of(content: bytes) -> tuple[int, int] | None:
    """(width, height) in points; None for what is no WebP picture."""
    if len(content) < _HEAD or content[:4] != b"RIFF" or content[8:12] != b"WEBP":
        return None
    kind = content[12:16]
    if kind == b"VP8 " and content[23:26] == b"\x9d\x01\x2a":
        across, up = (int.from_bytes(content[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    elif kind == b"VP8L" and content[20] == 0x2F:
        packed = int.from_bytes(content[21:25], "little")
        across, up = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        across, up = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (24, 27))
    else:
        return None
    return (across, up) if across and up else None
