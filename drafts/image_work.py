"""What is done to an image in a child under limits (`drafts.child`): decoded, made small, written anew.

python -m drafts.image_work SHARED_FILE MEMORY

The one place that knows Pillow. Decoders of images are where strangers' bytes do harm, so none runs in the server,
and only four of them may run at all. What comes out was drawn again from pixels: no EXIF, no place, no thumbnail,
no colour profile, nothing after the end of the picture.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

from PIL import Image

from drafts import child

FORMATS = ("JPEG", "PNG", "GIF", "WEBP")
# 40 megapixels: the cameras of today's telephones stay below; decoded they are 160 MB.
MOST_PIXELS = 40_000_000
# Twice the widest column of a page, for sharp screens.
LONGEST_SIDE = 1600
# What a page on a thin line can bear: ten seconds at 50 kbit/s.
AIM = 60_000
# Below 45 the blocks show. A smaller picture is better then, and 800 pixels still fill a telephone.
QUALITIES = (80, 72, 64, 54, 45)
SIDES = (LONGEST_SIDE, 1280, 1024, 800)
# A JPEG with a second picture inside (a preview, a depth map) is what many telephones make: its first is taken.
_SEVERAL_MEAN_MOVING = ("GIF", "PNG", "WEBP")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class Refusal(Exception):
    """The picture is not taken; the argument is a code that `drafts.images` has words for."""


def re_encode(
    _head: dict[str, Any], parts: list[bytes], _at: Callable[[int], None]
) -> tuple[dict[str, Any], Sequence[bytes]]:
    """Part: the bytes as they came. Answers {width, height} and the WebP, or {code}."""
    try:
        picture = _decoded(parts[0])
        content, size = _written(picture)
    except Refusal as refusal:
        return {"code": str(refusal)}, ()
    except MemoryError:
        return {"code": "too_many_pixels"}, ()
    except Exception:
        # Pillow says OSError, ValueError, SyntaxError, struct.error and others of bytes it cannot read.
        return {"code": "unreadable"}, ()
    return {"width": size[0], "height": size[1]}, (content,)


def _decoded(given: bytes) -> tuple[Image.Image, bool]:
    """The picture upright, fitted into LONGEST_SIDE, in RGB or RGBA; and whether it may be a drawing."""
    # Only the header is read here; our own bound stands in for Pillow's, which warns before it refuses.
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(BytesIO(given), formats=FORMATS) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise Refusal("too_many_pixels")
        if opened.format in _SEVERAL_MEAN_MOVING and getattr(opened, "n_frames", 1) > 1:
            raise Refusal("moving")
        opened.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
        opened.load()
        turned = opened.getexif().get(0x0112, 1)
        picture = _plain(opened)
        is_drawing = opened.format in ("GIF", "PNG")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return _upright(picture, turned), is_drawing


def _plain(opened: Image.Image) -> Image.Image:
    """Its pixels in RGB, or RGBA where something shows through."""
    if opened.mode.startswith("I"):
        # Grey in 16 bits: Pillow would cut the light half off.
        opened = opened.point(lambda value: value * (1 / 256)).convert("L")
    shows_through = "A" in opened.getbands() or "transparency" in opened.info
    return opened.convert("RGBA" if shows_through else "RGB")


def _upright(picture: Image.Image, turned: int) -> Image.Image:
    """As the camera was held (EXIF 2.3, table of orientations): the note that says so is left behind."""
    if (how := _TURNS.get(turned)) is not None:
        picture = picture.transpose(how)
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean


def _written(given: tuple[Image.Image, bool]) -> tuple[bytes, tuple[int, int]]:
    """The WebP, and (width, height). The largest and best that fits into AIM; else the smallest we would make."""
    picture, is_drawing = given
    if is_drawing and len(exact := _webp(picture, lossless=True)) <= AIM:
        return exact, picture.size
    content = b""
    for side in SIDES:
        if side != SIDES[0] and max(picture.size) <= side:
            continue
        smaller = picture.copy()
        smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
        # The worst quality first: when that is too large there is no need to try the others.
        content = _webp(smaller, quality=QUALITIES[-1])
        if len(content) > AIM:
            picture = smaller
            continue
        for quality in QUALITIES[:-1]:
            better = _webp(smaller, quality=quality)
            if len(better) <= AIM:
                return better, smaller.size
        return content, smaller.size
    return content, picture.size


def _webp(picture: Image.Image, **how: Any) -> bytes:
    out = BytesIO()
    picture.save(out, "WEBP", method=4, exif=b"", xmp=b"", icc_profile=b"", **how)
    return out.getvalue()


if __name__ == "__main__":
    shared, memory = map(int, sys.argv[1:])
    sys.exit(child.serve({"re_encode": re_encode}, shared, memory))
