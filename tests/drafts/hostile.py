"""Updates that no editor of ours would send, as bytes, for the tests of the gate and of the sockets.

A small encoder of the Yjs update format (version 1), and `hostile_updates`, the list of everything that was
found to hang, crash or poison a document, or to forge somebody's words.
"""

import struct
from typing import Any, NamedTuple

from pycrdt import Doc, XmlText

from drafts import document
from drafts.gate import RoomIndex

ROOT = "content"
Id = tuple[int, int]


# The encoder


def number(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return number(len(raw)) + raw


def block(
    kind: int,
    content: bytes,
    origin: Id | None = None,
    right: Id | None = None,
    parent: Id | str | None = None,
    key: str | None = None,
) -> bytes:
    """One item; `kind` is the content reference, `content` what follows the references."""
    info = kind | (128 if origin else 0) | (64 if right else 0) | (32 if key is not None else 0)
    out = bytes([info])
    for reference in (origin, right):
        if reference:
            out += number(reference[0]) + number(reference[1])
    if not origin and not right:
        if isinstance(parent, str):
            out += b"\x01" + text(parent)
        elif parent is not None:
            out += b"\x00" + number(parent[0]) + number(parent[1])
        if key is not None:
            out += text(key)
    return out + content


def collected(length: int) -> bytes:
    return b"\x00" + number(length)


def words(value: str | bytes, **where: Any) -> bytes:
    return block(4, text(value), **where)


def element(name: str | bytes, **where: Any) -> bytes:
    return block(7, b"\x03" + text(name), **where)


def xml_text(**where: Any) -> bytes:
    return block(7, b"\x06", **where)


def shared(reference: int, **where: Any) -> bytes:
    return block(7, number(reference), **where)


def mark(name: str, value: str | bytes, **where: Any) -> bytes:
    return block(6, text(name) + text(value), **where)


def values(*encoded: bytes, **where: Any) -> bytes:
    return block(8, number(len(encoded)) + b"".join(encoded), **where)


def deleted(length: int, **where: Any) -> bytes:
    return block(1, number(length), **where)


def any_text(value: str | bytes) -> bytes:
    return b"\x77" + text(value)


def any_float(value: float) -> bytes:
    return b"\x7b" + struct.pack(">d", value)


def any_int(value: int) -> bytes:
    """A whole number from 0 to 63."""
    return b"\x7d" + bytes([value])


def update(
    *sections: tuple[int, int, list[bytes]], deletes: dict[int, list[tuple[int, int]]] | None = None
) -> bytes:
    """Sections (client, first clock, items) and deleted ranges (first clock, length)."""
    out = number(len(sections))
    for client, clock, items in sections:
        out += number(len(items)) + number(client) + number(clock) + b"".join(items)
    out += number(len(deletes or {}))
    for client, ranges in (deletes or {}).items():
        out += number(client) + number(len(ranges))
        out += b"".join(number(start) + number(length) for start, length in ranges)
    return out


# What is refused


class Hostile(NamedTuple):
    name: str
    update: bytes
    codes: frozenset[str]


def honest_update(client: int, start: int, words_: str = "honnête 😀 fin") -> bytes:
    """A paragraph with words at the head of the document, as an editor would write it."""
    return update((client, start, [*_paragraph(client, start), words(words_, parent=(client, start + 2))]))


def _paragraph(client: int, clock: int, name: str = "paragraph") -> list[bytes]:
    """Three clocks: an element at the head of the document, its id, its empty text."""
    at = (client, clock)
    return [
        element(name, parent=ROOT),
        values(any_text(f"b{clock}"), parent=at, key="id"),
        xml_text(parent=at),
    ]


def hostile_updates(client: int, other: int, state: bytes) -> list[Hostile]:
    """Every hostile update for a sender who may write as `client`, in a document with this full state.

    `other` is the client id of somebody who has written in it. Each update stands alone: `client` goes on
    where the state ends.
    """
    index = RoomIndex.of(state)
    start, others = index.end(client), index.end(other)
    assert others > 0, "the other person must have written something"
    found: list[Hostile] = []

    def refuse(name: str, data: bytes, *codes: str) -> None:
        found.append(Hostile(name, data, frozenset(codes)))

    p, t = (client, start), (client, start + 2)
    head = _paragraph(client, start)
    # The first clock after the paragraph and its empty text.
    at = start + 3

    def after(*items: bytes, deletes: dict[int, list[tuple[int, int]]] | None = None) -> bytes:
        return update((client, start, [*head, *items]), deletes=deletes)

    def chain(count: int, item: str = "x") -> list[bytes]:
        first = [words(item, parent=t)]
        return first + [words(item, origin=(client, at + n)) for n in range(count - 1)]

    # Shared types that hang or poison readers.
    array = [shared(0, parent=ROOT), words("😀", parent=(client, start))]
    refuse("array-emoji-xml", update((client, start, array)), "schema")
    refuse("array-emoji-root", update((client, start, [words("😀", parent="liste")])), "schema")
    refuse("array-emoji-map", update((client, start, [shared(0, parent="carte", key="k")])), "schema")
    for reference in (0, 1, 2, 4, 9, 15, 77):
        refuse(f"typeref-{reference}", update((client, start, [shared(reference, parent=ROOT)])), "schema")
    refuse("typeref-hook", update((client, start, [block(7, b"\x05" + text("h"), parent=ROOT)])), "schema")

    # Cyclic and doubled.
    section = (client, start, [*head, *chain(2)])
    refuse("dup-client-section", update(section, section), "malformed")
    refuse(
        "dup-delete-section",
        update(section)[:-1] + number(2) + (number(other) + b"\x01\x00\x01") * 2,
        "malformed",
    )
    refuse("self-origin", after(words("a", origin=(client, at))), "malformed")
    refuse("later-origin", after(words("a", origin=(client, at + 1)), words("b", parent=t)), "malformed")
    refuse(
        "self-parent", update((client, start, [element("paragraph", parent=(client, start))])), "malformed"
    )
    refuse("same-point", after(*[words("a", parent=t)] * 300), "malformed")
    refuse("same-key", after(*[values(any_int(2), parent=p, key="id")] * 3), "malformed", "schema")

    # Numbers that overflow or divide by zero.
    for name, item in {
        "string": words("", parent=t),
        "deleted": deleted(0, parent=t),
        "values": values(parent=p, key="id"),
        "collected": collected(0),
    }.items():
        refuse(f"empty-{name}", after(item), "malformed")
    refuse("empty-section", number(1) + number(0) + number(client) + number(start) + b"\x00", "malformed")
    refuse("empty-range", update(deletes={other: [(0, 0)]}), "malformed")
    for power in (31, 32, 52, 53, 63, 64, 70):
        refuse(f"clock-2p{power}", update((client, 2**power, head)), "malformed", "resync")
        refuse(f"gc-2p{power}", update((client, start, [collected(2**power)])), "malformed")
        refuse(f"deleted-2p{power}", after(deleted(2**power, parent=t)), "malformed")
        refuse(f"dsrange-2p{power}", update(deletes={other: [(others, 2**power)]}), "malformed")
        refuse(f"dsstart-2p{power}", update(deletes={other: [(2**power, 1)]}), "malformed", "forged")
        refuse(f"client-2p{power}", update((2**power + 7, 0, head)), "forged", "malformed")
        refuse(f"string-size-2p{power}", after(block(4, number(2**power), parent=t)), "malformed")
        refuse(
            f"struct-count-2p{power}", b"\x01" + number(2**power) + number(client), "too_large", "malformed"
        )
        refuse(f"sections-2p{power}", number(2**power), "too_large", "malformed")
        refuse(f"values-2p{power}", after(block(8, number(2**power), parent=p, key="id")), "malformed")
    refuse("gc-then-overflow", update((client, start, [collected(1), collected(2**32 - 1)])), "malformed")
    refuse("bigint", b"\x80" * 200_000, "malformed")
    refuse("bigint-clock", b"\x01\x01" + number(client) + b"\xff" * 200_000 + b"\x01", "malformed")
    refuse(
        "bigint-value",
        after(block(8, b"\x01\x7d" + b"\xff" * 200_000 + b"\x00", parent=p, key="id")),
        "malformed",
    )

    # Nesting.
    for depth in (9, 1_000, 30_000, 100_000):
        deep = after(block(8, b"\x01" + b"\x75\x01" * depth + b"\x7e", parent=p, key="id"))
        refuse(f"anynest-array-{depth}", deep, "schema", "malformed")
        deep = after(block(8, b"\x01" + (b"\x76\x01" + text("k")) * depth + b"\x7e", parent=p, key="id"))
        refuse(f"anynest-object-{depth}", deep, "schema", "malformed", "too_large")
        nested = b"[" * depth + b"]" * depth
        refuse(f"jsonnest-array-{depth}", after(mark("link", nested, parent=t)), "schema", "malformed")
        nested = b'{"href":' * depth + b"1" + b"}" * depth
        refuse(
            f"jsonnest-object-{depth}",
            after(mark("link", nested, parent=t)),
            "schema",
            "malformed",
            "too_large",
        )
    for depth in (33, 4_900):
        lists = [element("note", parent=ROOT)] + [
            element("note", parent=(client, start + level)) for level in range(depth - 1)
        ]
        refuse(f"xmlnest-{depth}", update((client, start, lists)), "schema")
    lists = [element("note", parent=ROOT)] + [
        element("note", parent=(client, start + level)) for level in range(50_000)
    ]
    refuse("xmlnest-50000", update((client, start, lists), deletes={client: [(start, 50_001)]}), "too_large")

    # Amounts.
    refuse("tiny-append-5001", after(*chain(5_001)), "too_large")
    refuse("large-stroke", after(words("x" * 300_000, parent=t)), "too_large")
    refuse("ranges-5001", update(deletes={other: [(0, 1)] * 5_001}), "too_large")
    refuse("delete-clients-5001", update(deletes={other + n: [] for n in range(5_001)}), "too_large")
    refuse("clients-50000", update(*[(10 + n, 0, [collected(1)]) for n in range(50_000)]), "too_large")
    refuse("clients-4000", update(*[(10**7 + n, 0, [collected(1)]) for n in range(4_000)]), "forged")
    keys = [values(any_int(1), parent=ROOT, key=f"k{n}") for n in range(4_000)]
    refuse("mapkey-4000", update((client, start, keys)), "schema")
    refuse(
        "heads-100", after(*[values(any_text(f"i{n}"), parent=p, key="id") for n in range(100)]), "malformed"
    )

    # Somebody else's words, now or later.
    refuse("victim-clock-steal", update((other, others, [collected(100_000)])), "forged")
    refuse(
        "victim-clock-steal-deleted",
        update((other, others, [collected(9)]), deletes={other: [(others, 9)]}),
        "forged",
    )
    refuse("forge-continue", update((other, others, [words("mot", origin=(other, others - 1))])), "forged")
    refuse("forge-new-client", update((other + 1_000, 0, head)), "forged")
    refuse(
        "forge-beside-own", update((client, start, head), (other, others, [deleted(1, parent=t)])), "forged"
    )
    refuse("delete-future", update(deletes={other: [(0, others + 1)]}), "forged")
    refuse("delete-stranger", update(deletes={other + 1_000: [(0, 1)]}), "forged")
    refuse("delete-own-future", update(deletes={client: [(start, 5)]}), "resync")

    # References.
    refuse("gap", update((client, start + 1, head)), "resync")
    refuse("unknown-origin", after(words("a", origin=(other, others + 5))), "resync")
    refuse("unknown-right", after(words("a", right=(other + 1_000, 0))), "resync")
    refuse("unknown-parent", after(xml_text(parent=(other, others))), "resync")
    refuse(
        "parent-is-string", after(words("abc", parent=t), words("d", parent=(client, at + 1))), "malformed"
    )
    refuse("parent-is-value", after(words("d", parent=(client, start + 1))), "malformed")
    refuse("parent-of-no-kind", after(b"\x04\x02" + number(client) + number(start) + text("a")), "malformed")
    two = [*head, words("a", parent=t), element("paragraph", origin=p), xml_text(parent=(client, at + 1))]
    second = (client, at + 2)
    elsewhere = [*two, words("b", parent=second)]
    crossed = words("c", origin=(client, at), right=(client, at + 3))
    refuse("origins-in-two-places", update((client, start, [*elsewhere, crossed])), "malformed")
    refuse("origin-in-attribute", after(words("c", origin=(client, start + 1))), "schema")
    refuse("origins-across-kinds", after(words("c", origin=(client, start + 1), right=p)), "malformed")
    keyed = values(any_text("n"), origin=(client, start + 1), right=(client, start + 1))
    refuse("right-origin-under-key", after(keyed), "malformed")
    emoji = words("a😀😀b", parent=t)
    refuse("emoji-split-origin", after(emoji, words("x", origin=(client, at + 1))), "malformed")
    refuse("emoji-split-right", after(emoji, words("x", right=(client, at + 4))), "malformed")
    refuse("emoji-split-delete", after(emoji, deletes={client: [(at + 2, 2)]}), "malformed")
    refuse("emoji-split-delete-end", after(emoji, deletes={client: [(at, 4)]}), "malformed")

    # Kinds of content and blocks that only a broken peer makes.
    refuse("skip", update((client, start, [*head, b"\x0a\x05", words("a", parent=t)])), "malformed")
    refuse("json-content", after(block(2, b"\x01" + text("1"), parent=t)), "schema")
    refuse("binary-content", after(block(3, text("abc"), parent=p, key="id")), "schema")
    refuse("embed", after(block(5, text('{"image":"x"}'), parent=t)), "schema")
    refuse("subdocument", after(block(9, text("guid") + b"\x76\x00", parent=t)), "schema")
    for kind in (11, 12, 20, 31):
        refuse(f"content-{kind}", after(block(kind, b"\x01", parent=t)), "malformed")
    refuse("gc-not-deleted", update((client, start, [collected(3)])), "malformed")
    refuse(
        "gc-half-deleted",
        update((client, start, [collected(3)]), deletes={client: [(start, 2)]}),
        "malformed",
    )
    refuse(
        "gc-with-references", update((client, start, [b"\x80" + number(other) + b"\x00\x03"])), "malformed"
    )
    for tag in (0, 1, 115, 200, 255):
        refuse(f"any-tag-{tag}", after(block(8, bytes([1, tag]), parent=p, key="id")), "malformed")

    # Bytes.
    honest = honest_update(client, start)
    refuse("nothing", b"", "malformed")
    refuse("trailing", honest + b"\x00", "malformed")
    refuse("twice", honest + honest, "malformed")
    for cut in range(1, len(honest)):
        refuse(f"cut-{cut}", honest[:cut], "malformed")
    refuse("nul", after(words("a\0b", parent=t)), "malformed")
    refuse("nul-in-name", update((client, start, [element("para\0graph", parent=ROOT)])), "malformed")
    refuse("nul-in-root", update((client, start, [element("paragraph", parent="content\0")])), "malformed")
    refuse("nul-in-mark", after(mark("link", '{"href":"https://a\\u0000b"}', parent=t)), "malformed")
    refuse("nul-in-value", after(values(any_text("a\0"), parent=p, key="id")), "malformed")
    for name, raw in {
        "half-pair": b"\xed\xa0\xbd",
        "other-half": b"\xed\xb8\x80",
        "cesu": b"\xed\xa0\xbd\xed\xb8\x80",
        "overlong": b"\xc0\xaf",
        "cut": b"\xf0\x9f\x98",
        "latin": b"\xe9t\xe9",
        "beyond": b"\xf4\x90\x80\x80",
    }.items():
        refuse(f"utf8-{name}", after(words(raw, parent=t)), "malformed")
        refuse(f"utf8-{name}-in-name", update((client, start, [element(raw, parent=ROOT)])), "malformed")
        refuse(f"utf8-{name}-in-value", after(values(any_text(raw), parent=p, key="id")), "malformed")
        refuse(
            f"utf8-{name}-in-mark",
            after(mark("link", b'{"href":"https://' + raw + b'"}', parent=t)),
            "malformed",
        )
    refuse("half-pair-in-json", after(mark("link", '{"href":"https://\\ud83d"}', parent=t)), "malformed")

    # The grammar.
    refuse("another-root", update((client, start, [element("paragraph", parent="contenu")])), "schema")
    for name in (
        "script",
        "doc",
        "text",
        "video",
        "UNDEFINED",
        "",
        "Paragraph",
        "<script src=//evil.test/x.js>",
        "x" * 9_000,
    ):
        refuse(f"node-{name[:12]}", update((client, start, [element(name, parent=ROOT)])), "schema")
    refuse("text-at-root", update((client, start, [xml_text(parent=ROOT)])), "schema")
    refuse("words-at-root", update((client, start, [words("nu", parent=ROOT)])), "schema")
    refuse("inline-at-root", update((client, start, [element("hard_break", parent=ROOT)])), "schema")
    refuse("words-in-element", after(words("nu", parent=p)), "schema")
    refuse("block-in-paragraph", after(element("paragraph", parent=p)), "schema")
    refuse("element-in-text", after(element("hard_break", parent=t)), "schema")
    refuse("text-in-text", after(xml_text(parent=t)), "schema")
    refuse("text-in-leaf", after(element("hard_break", origin=t), xml_text(parent=(client, at))), "schema")
    refuse("text-in-list", update((client, start, _paragraph(client, start, "bullet_list"))), "schema")
    refuse("values-in-text", after(values(any_text("a"), parent=t)), "schema")
    refuse("values-in-element", after(values(any_text("a"), parent=p)), "schema")
    refuse("mark-in-element", after(mark("strong", "{}", parent=p)), "schema")
    refuse("attribute-of-text", after(values(any_text("a"), parent=t, key="id")), "schema")
    refuse(
        "attribute-of-root", update((client, start, [values(any_text("a"), parent=ROOT, key="id")])), "schema"
    )
    refuse("attribute-as-words", after(words("b9", origin=(client, start + 1))), "schema")
    refuse("attribute-as-type", after(xml_text(origin=(client, start + 1))), "schema")
    for key in ("onclick", "style", "", "level", "x" * 5_000, '"><script>'):
        refuse(f"attribute-{key[:12]}", after(values(any_text("a"), parent=p, key=key)), "schema")
    for name, value in {
        "space": any_text("a b"),
        "empty": any_text(""),
        "long": any_text("a" * 33),
        "newline": any_text("abc\n"),
        "accent": any_text("é"),
        "number": any_int(4),
        "null": b"\x7e",
        "undefined": b"\x7f",
        "true": b"\x78",
        "bytes": b"\x74" + text("abc"),
        "object": b"\x76\x00",
        "list": b"\x75\x00",
        "bigint": b"\x7a" + bytes(8),
    }.items():
        refuse(f"id-{name}", after(values(value, origin=(client, start + 1))), "schema")
    heading = [element("heading", parent=ROOT)]
    for name, value in {
        "7": any_int(7),
        "text": any_text("2"),
        "half": any_float(2.5),
        "nan": any_float(float("nan")),
        "infinite": any_float(float("inf")),
        "huge": any_float(1e300),
        "true": b"\x78",
        "negative": b"\x7d\x42",
    }.items():
        level = values(value, parent=(client, start), key="level")
        refuse(f"level-{name}", update((client, start, [*heading, level])), "schema")
    note = [element("note", parent=ROOT), values(any_text("danger"), parent=(client, start), key="kind")]
    refuse("note-kind", update((client, start, note)), "schema")
    for name, kind, key, value in (
        ("contact-case", "contact", "administration", any_text("DPASS")),
        ("contact-path", "contact", "administration", any_text("../x")),
        ("contact-counter", "contact", "counter", any_text("12")),
        ("contact-long", "contact", "administration", any_text("a" * 121)),
        ("service-space", "service", "service", any_text("a b")),
        ("service-words", "service", "href", any_text("https://a.nc")),
        ("variant-case", "variant", "territories", any_text("Province Sud")),
        ("variant-newline", "variant", "territories", any_text("lifou\nmare")),
        ("image-path", "image", "image", any_text("a/../../b")),
        ("image-address", "image", "src", any_text("https://evil.test/x.svg")),
        ("image-decorative", "image", "decorative", any_int(2)),
        ("image-width", "image", "width", any_float(1.5)),
        ("legal-scheme", "legal", "href", any_text("javascript:alert(1)")),
        ("legal-long", "legal", "number", any_text("n" * 2_001)),
        ("step-label", "step", "label", any_text("Titre")),
    ):
        made = [element(kind, parent=ROOT), values(value, parent=(client, start), key=key)]
        refuse(f"attribute-{name}", update((client, start, made)), "schema")
    for kind in ("contact", "service"):
        leaf = element(kind, parent=ROOT)
        refuse(f"text-in-{kind}", update((client, start, [leaf, xml_text(parent=(client, start))])), "schema")
        inner = element("paragraph", parent=(client, start))
        refuse(f"block-in-{kind}", update((client, start, [leaf, inner])), "schema")
    for kind in ("steps", "question", "variants"):
        refuse(f"text-in-{kind}", update((client, start, _paragraph(client, start, kind))), "schema")
    for name, value in (
        ("service_link", '{"service":"../x"}'),
        ("service_link", '{"href":"https://a.nc"}'),
        ("abbr", '{"title":1}'),
        ("abbr", f'{{"title":"{"t" * 2_001}"}}'),
        ("abbr", '{"onmouseover":"x"}'),
    ):
        refuse(f"{name}-{value[:24]}", after(mark(name, value, parent=t)), "schema")
    for name in (
        "script",
        "Strong",
        "",
        "strong--",
        "strong--short",
        "strong--AAAAAAAA--AAAAAAAA",
        "s" * 3_000,
        "ychange",
    ):
        refuse(f"mark-{name[:12]}", after(mark(name, "{}", parent=t)), "schema")
    for value in ("true", "[]", '"a"', "1", '{"onclick":"x"}', '{"href":1}', '{"href":null}', '{"href":[]}'):
        refuse(f"link-{value}", after(mark("link", value, parent=t)), "schema")
    for value in (
        "",
        "{",
        "nul",
        "{}{}",
        '{"href":NaN}',
        "{'href':''}",
        '{"href":"\n"}',
        '{"href":1e999,"href":""}',
    ):
        refuse(f"json-{value!r}", after(mark("link", value, parent=t)), "malformed", "schema")
    for href in (
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\\tscript:alert(1)",
        "data:text/html,x",
        "//evil.test",
        "/fiches/x",
        "https:\\\\\\\\evil.test",
        "https://a/" + "x" * 2_000,
        "https://a/\\u0007",
        "vbscript:x",
        "httpsx:y",
    ):
        refuse(f"href-{href[:20]}", after(mark("link", f'{{"href":"{href}"}}', parent=t)), "schema")
    return found


# Reading a document as lists, without the grammar


def picture(doc: Doc) -> list[Any]:
    """[name, attributes, children] for an element, [[words, marks], …] for a text: as yjs_strokes.mjs does it."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        return int(value) if isinstance(value, float) and value == int(value) else value

    def walk(parent: Any) -> list[Any]:
        return [
            [[words_, plain(marks or {})] for words_, marks in child.diff()]
            if isinstance(child, XmlText)
            else [child.tag, {key: plain(value) for key, value in child.attributes}, walk(child)]
            for child in parent.children
        ]

    return walk(document.content(doc))
