"""Frames of an OpenDocument file: pictures, text boxes, and what only an office suite can show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lxml import etree

from drafts.exchange.gathering import block, words_of
from drafts.exchange.odt_package import LARGEST_PICTURE, get, q, tag
from drafts.exchange.odt_words import SAID
from drafts.exchange.paper import Refused
from drafts.exchange.plainly import clean_text
from drafts.grammar import Tree, merge_runs

if TYPE_CHECKING:
    from drafts.exchange.odt_in import OdtText

_EMBEDDED = frozenset({"draw:object", "draw:object-ole", "draw:plugin", "draw:applet", "draw:floating-frame"})


def own_image(text: OdtText, dom: etree._Element, attrs: dict[str, Any]) -> Tree:
    """A section of ours around an image: its frame, then its caption."""
    name = attrs.pop("image", "")
    frame = next(dom.iter(q("draw:image")), None)
    if frame is not None:
        key = picture(text, frame, str(attrs.get("alt", "")), name)
        attrs.update({"image": key} if key is not None else {})
    elif name:
        text.losses.add("picture_missing", str(attrs.get("alt", "")))
    runs: Tree = []
    for child in dom.iterchildren(q("text:p"), q("text:h")):
        if SAID.lower() in text.styles.names("paragraph", get(child, "text:style-name")):
            continue
        line = text.line(child, plain=True)
        runs += [{"type": "hard_break"}] if runs and line.runs else []
        runs += line.runs
    return [block("image", merge_runs(runs), **attrs)]


def picture(text: OdtText, image: etree._Element, alt: str, name: str = "") -> str | None:
    href = get(image, "xlink:href").removeprefix("./")
    if re.match(r"(?:[a-z][a-z0-9+.-]*:|//|/|\.\.)", href, re.IGNORECASE):
        text.losses.add("picture_remote", alt or href)
        return None
    try:
        content = text.package.bytes(href, LARGEST_PICTURE)
    except Refused:
        content = b""
    if content is None:
        text.losses.add("picture_missing", alt or href)
        return None
    return text.pictures.take(content, alt, name)


def frame(text: OdtText, dom: etree._Element) -> Tree:
    """What a frame holds: a picture, or words that follow the paragraph it was tied to."""
    found: Tree = []
    title, told = dom.find(q("svg:title")), dom.find(q("svg:desc"))
    alt = next((" ".join(one.text.split()) for one in (told, title) if one is not None and one.text), "")
    embedded = next((child for child in dom if tag(child) in _EMBEDDED), None)
    if embedded is not None:
        # The picture beside it only stands for what it is.
        text.losses.add("object", alt or get(embedded, "xlink:href"))
        return []
    images = [child for child in dom if tag(child) == "draw:image"]
    if images:
        key = picture(text, images[-1] if len(images) == 1 else images[0], alt)
        decorative = get(dom, "loext:decorative") == "true"
        if key is not None:
            more: dict[str, Any] = {"decorative": 1} if decorative else {}
            found.append(block("image", image=key, alt=clean_text(alt)[:2000], **more))
        return found
    for child in dom:
        name = tag(child)
        if name in ("text:p", "text:h", "text:list", "table:table", "text:section"):
            text.one(child, name, found, False, 0)
        elif name == "draw:text-box":
            found.extend(text.flow(child))
        elif name in ("draw:frame", "draw:g", "draw:a", "draw:custom-shape", "draw:rect"):
            found.extend(frame(text, child))
    if found and any(one["type"] != "image" for one in found):
        text.losses.add("frame", words_of(found))
    return found
