"""Markdown as a text of the grammar: CommonMark with tables, and what `drafts.exchange.markdown_out` writes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token

from drafts.exchange.addresses import address
from drafts.exchange.characters import decoded
from drafts.exchange.gathering import MOST_BLOCKS, MOST_CHARACTERS, block, bounded, levels_of
from drafts.exchange.losses import Losses
from drafts.exchange.markdown_fences import pairs, parser
from drafts.exchange.markdown_out import HOLDERS
from drafts.exchange.paper import Brought, Refused
from drafts.exchange.pictures import Pictures
from drafts.grammar import GRAMMAR, Node, Tree, inline_text, is_block, merge_runs, normalise

# Twice the longest text a draft may hold, and pictures within it; the parser reads about a megabyte in a second.
MOST_BYTES = 4 * 1024 * 1024
# A longer paragraph than any book has: signs that match nothing cost the parser the square of their number.
MOST_IN_LINE = 200_000
# Brackets that nothing closes, and signs between the cells of a row: more than these stand in no text.
MOST_OPEN = 300
MOST_PIPES = 300
_DATA = re.compile(r"\(data:image/[\w+.;=,/-]*\)")
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)


def read(content: bytes) -> Brought:
    """The text of a Markdown file. Raises Refused for what is too large or too deep."""
    if len(content) > MOST_BYTES:
        raise Refused("too_large")
    source = re.sub(r"\r\n?", "\n", decoded(content))
    losses = Losses()
    front = _FRONT.match(source)
    facts = _facts(front[1]) if front is not None else {}
    source = source[front.end() :] if front is not None else source
    own = facts.get("openlab") == "1"
    if not own:
        others = [name for name in facts if name.lower() not in ("title", "titre", "lang")]
        losses.add("front_matter", ", ".join(others), len(others))
    _measured(source)
    try:
        tokens = parser().parse(source, {"pairs": pairs(source)})
    except RecursionError:
        raise Refused("too_deep") from None
    reader = _Reader(losses, own)
    tree, title = reader.read(tokens)
    named = facts.get("title") or facts.get("titre") or title
    return Brought(named[:300], bounded(normalise(tree)), reader.pictures.found, losses.told())


def _measured(source: str) -> None:
    """Raises Refused for what the parser would need minutes for: it takes the square of some signs."""
    parts = _DATA.sub("", source).split("\n\n")
    if len(parts) > MOST_BLOCKS or sum(len(part) for part in parts) > MOST_CHARACTERS:
        raise Refused("too_long")
    for part in parts:
        opened = part.count("[") - part.count("]")
        wide = max((line.count("|") for line in part.split("\n")), default=0)
        if len(part) > MOST_IN_LINE or opened > MOST_OPEN or wide > MOST_PIPES:
            raise Refused("too_long")


def _facts(front: str) -> dict[str, str]:
    """What stands above the text, `name: value` a line; anything more artful is left alone."""
    facts: dict[str, str] = {}
    for line in front.split("\n")[:200]:
        name, colon, value = line.partition(":")
        value = value.strip()
        if not colon or not name.strip() or line[:1].isspace():
            continue
        if value[:1] == '"':
            try:
                value = str(json.loads(value))
            except ValueError:
                value = value.strip('"')
        elif value[:1] == "'" and value[-1:] == "'":
            value = value[1:-1].replace("''", "'")
        facts.setdefault(name.strip(), value)
    return facts


@dataclass
class _Open:
    """A block that is being read: the token that opened it and what stands in it so far."""

    token: Token
    content: Tree


class _Reader:
    def __init__(self, losses: Losses, own: bool) -> None:
        self.losses = losses
        self.own = own
        self.pictures = Pictures(losses)
        self.levels: dict[int, int] = {}

    def read(self, tokens: list[Token]) -> tuple[Tree, str]:
        ranks = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
        first = tokens[0].type == "heading_open" if tokens else False
        title = ""
        if first and ranks[0] == 1 and (self.own or ranks.count(1) == 1):
            title = inline_text({"type": "", "content": self._runs(tokens[1].children or [])}).strip()
            tokens, ranks = tokens[3:], ranks[1:]
        self.levels = {} if self.own else levels_of(ranks)
        stack = [_Open(Token("", "", 1), [])]
        for token in tokens:
            if token.nesting > 0:
                stack.append(_Open(token, []))
            elif token.nesting < 0:
                done = stack.pop()
                stack[-1].content.extend(self._made(done, stack[-1].token))
            elif token.type == "inline":
                stack[-1].content.extend(self._sentence(token, stack[-1].token))
            elif token.type in ("code_block", "fence"):
                stack[-1].content.extend(self._code(token.content))
        return stack[0].content, title

    def _made(self, done: _Open, around: Token) -> Tree:
        """The blocks that a finished part of the file is."""
        kind, content = done.token.type, done.content
        if kind in ("bullet_list_open", "ordered_list_open"):
            name = kind.removesuffix("_open")
            if name == "bullet_list" and around.type == "division_open" and around.meta["class"] in HOLDERS:
                return content
            return [block(name, content)] if content else []
        if kind == "list_item_open":
            return [block("list_item", content or [block("paragraph")])]
        if kind == "heading_open":
            level = int(done.token.tag[1])
            wanted = min(4, max(2, level)) if self.own else self.levels.get(level, 2)
            if level != wanted and level > 1:
                self.losses.add("levels", " ".join(inline_text(node) for node in content))
            words = [
                run for node in content if node["type"] == "paragraph" for run in node.get("content", [])
            ]
            images = [node for node in content if node["type"] == "image"]
            return [block("heading", words, level=wanted), *images] if words or not images else images
        if kind == "paragraph_open":
            return content
        if kind == "division_open":
            return self._division(done)
        if kind in ("th_open", "td_open"):
            return [self._cell(content, kind == "th_open")]
        if kind == "tr_open":
            # Markdown wants a row of headings; an empty one stands for none.
            bare = all(cell["type"] == "table_header" and not _says(cell) for cell in content)
            return [] if bare and around.type == "thead_open" else [block("table_row", content)]
        if kind == "table_open":
            return [block("table", content)] if content else []
        return content

    def _cell(self, content: Tree, head: bool) -> Node:
        content = content or [block("paragraph")]
        named = content[0].pop("header", False)
        return block("table_header" if head or named else "table_cell", content)

    def _division(self, done: _Open) -> Tree:
        kind, attrs = (
            done.token.meta["class"],
            _typed(done.token.meta["class"], done.token.meta["attrs"], self.losses),
        )
        if not is_block(kind):
            return done.content
        if GRAMMAR.nodes[kind].leaf:
            return [block(kind, **attrs)]
        if kind == "image":
            return [self._image(done.content, attrs)]
        if not GRAMMAR.nodes[kind].holds_inline:
            return [block(kind, done.content, **attrs)]
        # More paragraphs than one, written by hand: lines of the one.
        runs: Tree = []
        for node in done.content:
            runs += [{"type": "hard_break"}] if runs and node.get("content") else []
            runs += node.get("content", []) if GRAMMAR.nodes[node["type"]].holds_inline else []
        strange = [node for node in done.content if not GRAMMAR.nodes[node["type"]].holds_inline]
        return [block(kind, merge_runs(runs), **attrs), *strange]

    def _image(self, content: Tree, attrs: dict[str, Any]) -> Node:
        name = attrs.pop("image", "")
        drawn = next((node for node in content if node["type"] == "image"), None)
        if drawn is not None:
            key = drawn["attrs"]["image"]
            if name and name != key and name not in self.pictures.found:
                self.pictures.found[name] = self.pictures.found.pop(key)
                key = name
            elif name and self.pictures.found.get(name) == self.pictures.found.get(key) and name != key:
                del self.pictures.found[key]
                key = name
            attrs["image"] = key
        runs = [run for node in content if node["type"] == "paragraph" for run in node.get("content", [])]
        return block("image", merge_runs(runs), **attrs)

    def _code(self, text: str) -> Tree:
        self.losses.add("look", text)
        runs: Tree = []
        for number, line in enumerate(text.rstrip("\n").split("\n")):
            runs += [{"type": "hard_break"}] if number else []
            runs += [{"type": "text", "text": line.replace("\t", "    ")}] if line else []
        return [block("paragraph", runs)] if text.strip() else []

    def _sentence(self, token: Token, around: Token) -> Tree:
        """A paragraph with the images that stood in it behind it; nothing when all of it was said beside the text."""
        children = token.children or []
        kind = "paragraph"
        if children and children[0].type == "span_open" and _closes(children) == len(children) - 1:
            named = children[0].meta["class"]
            kind = "label" if named == "label" else kind
        runs = self._runs(children)
        images = self._images(children)
        made: Node = block(kind, runs)
        if around.type in ("td_open", "th_open"):
            if children and children[0].type == "span_open" and children[0].meta["class"] == "header":
                made["header"] = True
            return [made, *images]
        if not runs and (images or any(child.type == "span_open" for child in children)):
            return images
        return [made, *images]

    def _images(self, children: list[Token]) -> Tree:
        found: Tree = []
        for child in children:
            if child.type != "image":
                continue
            alt = child.content and inline_text({"content": self._runs(child.children or [])}) or ""
            key = self.pictures.take_address(str(child.attrs.get("src", "")), alt)
            if key is not None:
                found.append(block("image", image=key, **({"alt": alt[:2000]} if alt else {})))
        return found

    def _runs(self, children: list[Token]) -> Tree:
        runs: Tree = []
        worn: list[tuple[str, dict[str, str]]] = []
        silent = 0
        for child in children:
            if child.nesting > 0:
                mark = self._mark(child)
                worn.append(mark)
                silent += mark[0] == "said"
            elif child.nesting < 0:
                silent -= worn.pop()[0] == "said" if worn else 0
            elif silent or child.type == "image":
                continue
            elif child.type == "hardbreak":
                runs.append({"type": "hard_break"})
            else:
                text = " " if child.type == "softbreak" else child.content
                if child.type == "code_inline":
                    self.losses.add("look", text)
                marks = GRAMMAR.type_marks({name: attrs for name, attrs in worn if name})
                if text:
                    runs.append({"type": "text", "text": text, **({"marks": marks} if marks else {})})
        return merge_runs(runs)

    def _mark(self, token: Token) -> tuple[str, dict[str, str]]:
        if token.type in ("strong_open", "em_open"):
            return token.type.removesuffix("_open"), {}
        if token.type == "link_open":
            return self._link(str(token.attrs.get("href", "")))
        if token.type == "span_open":
            name, attrs = token.meta["class"], token.meta["attrs"]
            if name in ("strong", "em", "abbr", "service_link", "said"):
                return name, attrs
            if name == "link":
                return self._link(attrs.get("href", ""))
        return "", {}

    def _link(self, href: str) -> tuple[str, dict[str, str]]:
        if (safe := address(href)) is None:
            self.losses.add("link", href)
            return "", {}
        return "link", {"href": safe}


def _closes(children: list[Token]) -> int:
    """Where the span that opens first closes."""
    depth = 0
    for number, child in enumerate(children):
        depth += child.nesting
        if depth == 0:
            return number
    return -1


def _says(cell: Node) -> bool:
    return any(node.get("content") or node["type"] != "paragraph" for node in cell.get("content", []))


def _typed(kind: str, given: dict[str, str], losses: Losses) -> dict[str, Any]:
    if not is_block(kind):
        return {}
    found: dict[str, Any] = {}
    for name, attribute in GRAMMAR.nodes[kind].attributes.items():
        value = given.get(name)
        if value is None or name == "id":
            continue
        if attribute.type == "integer":
            found[name] = int(value) if value.lstrip("-").isdecimal() and len(value) < 10 else None
        elif attribute.type == "href" and value and address(value) is None:
            losses.add("link", value)
        else:
            found[name] = value
    return GRAMMAR.type_node_attributes(kind, found)
