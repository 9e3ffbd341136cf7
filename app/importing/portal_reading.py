"""One old page, made ready to be a draft: read, its links led to where their pages are now, its pictures drawn anew.

The HTML is read by the reader of HTML files (`drafts.exchange.html_in`), in a child under limits (`drafts.exchange.work`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html

from app.errors import DomainError
from app.importing import portal_frame
from app.importing.portal_blocks import recognised
from app.importing.portal_frame import Common, NoPage
from app.importing.portal_source import LARGEST_PICTURE, OldPage, Source
from drafts import images
from drafts.child import Child, ChildDied
from drafts.exchange.paper import Brought, Loss, Refused
from drafts.grammar import GRAMMAR, Node, Tree, inline_text, normalise
from publish import old_addresses

Reader = Callable[[bytes], Brought]
# A page takes some hundredths of a second.
_SECONDS = 20.0
_MEMORY = 512 * 1024 * 1024
_WORK = "drafts.exchange.work"
# What stands for a picture of the source while its page is read; the reader takes it for the bytes.
_TOKEN = b"old-picture:"
_TOKENS = "data:image/png;base64,"
# Pictures of 60 kB that several pages show are made once.
_KEPT = 100
MOST_PICTURES = 60


@dataclass(frozen=True)
class Ready:
    """A page as it goes into a draft. `frame` is how many blocks of the frame were left out, `blocks` how many of ours
    were recognised."""

    tree: Tree
    pictures: tuple[images.Made, ...]
    losses: tuple[Loss, ...]
    frame: int = 0
    blocks: int = 0


@dataclass
class Workshop:
    """What reading pages needs. `slugs` leads from the normal form of an old address to the slug of its article."""

    source: Source
    common: Common
    slugs: Mapping[str, str]
    public_url: str
    contact: Callable[[str], Node | None]
    read: Reader
    _made: OrderedDict[str, images.Made | str] = field(default_factory=OrderedDict)

    def ready(self, page: OldPage, content: bytes, title: str) -> Ready:
        """Waits for children: never in a write transaction. Raises NoPage for what cannot be read."""
        document = portal_frame.parsed(content)
        frame = portal_frame.bare(document, self.common, title)
        losses: list[Loss] = []
        self._lead_links(page, document, losses)
        names = self._name_pictures(page, document, losses)
        try:
            brought = self.read(portal_frame.written(document))
        except Refused as refusal:
            raise NoPage(f"The page is not taken: {refusal}.") from refusal
        tree, blocks = recognised(_without_title(normalise(brought.tree), title), self.contact)
        pictures: dict[str, images.Made] = {}
        tree = self._with_pictures(tree, brought.pictures, names, pictures, losses)
        return Ready(
            with_steady_ids(tree, page.address),
            tuple({made.id: made for made in pictures.values()}.values()),
            (*_gathered(losses), *brought.losses),
            frame,
            blocks,
        )

    def _lead_links(self, page: OldPage, document: lxml.html.HtmlElement, losses: list[Loss]) -> None:
        """Each link to a page of the old portal leads to the article that takes it over."""
        for link in list(document.iter("a")):
            href = (link.get("href") or "").strip()
            if not href or href.startswith(("#", "mailto:", "tel:")):
                continue
            try:
                target = urljoin(page.address, href)
                host = (urlsplit(target).netloc or "").lower()
            except ValueError:
                link.attrib.pop("href", None)
                continue
            if host and host not in self.source.hosts:
                continue
            slug = self.slugs.get(old_addresses.normal(target) or "")
            if slug is not None:
                link.set("href", f"{self.public_url}/fiches/{slug}")
                continue
            losses.append(Loss("link_outside_import", 1, " ".join(link.text_content().split())[:120]))
            if host:
                link.set("href", target)
            else:
                link.attrib.pop("href", None)

    def _name_pictures(
        self, page: OldPage, document: lxml.html.HtmlElement, losses: list[Loss]
    ) -> dict[bytes, str]:
        """Each picture that lies beside the pages by a token, which the reader carries along."""
        names: dict[bytes, str] = {}
        for picture in list(document.iter("img")):
            address = (picture.get("src") or "").strip()
            if address.startswith("data:"):
                continue
            name = self._file_of(page, address)
            if name is None or len(names) >= MOST_PICTURES:
                continue  # the reader lists what it leaves out
            token = _TOKEN + name.encode()
            names[token] = name
            picture.set("src", _TOKENS + base64.b64encode(token).decode())
        return names

    def _file_of(self, page: OldPage, address: str) -> str | None:
        if not address or len(address) > old_addresses.LONGEST:
            return None
        for base in (page.address, f"/{page.where}"):
            try:
                target = urljoin(base, address)
                host = urlsplit(target).netloc.lower()
            except ValueError:
                return None
            form = old_addresses.normal(target)
            if form is not None and (not host or host in self.source.hosts):
                name = self.source.at(form) or self.source.at(form.partition("?")[0])
                if name is not None:
                    return name
        return None

    def _with_pictures(
        self,
        tree: Tree,
        brought: Mapping[str, bytes],
        names: Mapping[bytes, str],
        kept: dict[str, images.Made],
        losses: list[Loss],
    ) -> Tree:
        """The tree with pictures of ours; where one cannot be had its words stay."""
        found: Tree = []
        for node in tree:
            if node["type"] == "image":
                made = self._made_of(node.get("attrs", {}).get("image", ""), brought, names)
                if isinstance(made, images.Made):
                    kept[made.id] = made
                    attrs = {**node["attrs"], "image": made.id, "width": made.width, "height": made.height}
                    found.append({**node, "attrs": attrs})
                else:
                    losses.append(Loss("picture_unreadable", 1, node.get("attrs", {}).get("alt", "")[:120]))
                    if node.get("content"):
                        found.append({"type": "paragraph", "content": node["content"]})
                continue
            if node.get("content") and not GRAMMAR.nodes[node["type"]].holds_inline:
                node = {**node, "content": self._with_pictures(node["content"], brought, names, kept, losses)}
            found.append(node)
        return found

    def _made_of(
        self, key: str, brought: Mapping[str, bytes], names: Mapping[bytes, str]
    ) -> images.Made | str:
        content: bytes | None = brought.get(key, b"")
        assert content is not None
        name = names.get(content, "")
        mark = name or hashlib.sha256(content).hexdigest()
        if mark in self._made:
            self._made.move_to_end(mark)
            return self._made[mark]
        if name:
            content = self.source.file(name, LARGEST_PICTURE)
        made: images.Made | str
        try:
            made = images.made_of(content or b"")
        except DomainError as error:
            made = error.message
        self._made[mark] = made
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)
        return made


def reader() -> tuple[Reader, Callable[[], None]]:
    """How HTML is read, in a child of its own, and what ends that child."""
    child = Child(seconds=_SECONDS, memory=_MEMORY, longest=4 * 1024 * 1024, module=_WORK)

    def ask(content: bytes) -> Brought:
        try:
            answer, parts = child.ask("read", {"name": "page.html"}, (content,))
        except ChildDied as error:
            raise Refused("too_slow") from error
        if "code" in answer:
            raise Refused(answer["code"])
        pictures = dict(zip(answer["pictures"], parts[1:], strict=True))
        losses = tuple(Loss(code, count, words) for code, count, words in answer["losses"])
        return Brought(answer["title"], json.loads(parts[0]), pictures, losses)

    return ask, child.close


def _without_title(tree: Tree, title: str) -> Tree:
    """What stands above the text is the title already."""
    if tree and tree[0]["type"] == "heading" and inline_text(tree[0]).strip() == title:
        return tree[1:]
    return tree


def with_steady_ids(tree: Tree, address: str) -> Tree:
    """Ids that follow from the address and the words: a page that is brought again keeps those of what is the same."""
    seen: dict[str, int] = {}

    def named(node: Node) -> Node:
        if not GRAMMAR.nodes[node["type"]].has_id:
            return node
        plain = json.dumps(node, sort_keys=True, ensure_ascii=False)
        seen[plain] = seen.get(plain, 0) + 1
        origin = f"{address}\x00{plain}\x00{seen[plain]}"
        ident = "o" + hashlib.sha256(origin.encode("utf-8", "surrogatepass")).hexdigest()[:15]
        attrs: dict[str, Any] = {"id": ident, **{k: v for k, v in node.get("attrs", {}).items() if k != "id"}}
        node = {**node, "attrs": attrs}
        if node.get("content") and not GRAMMAR.nodes[node["type"]].holds_inline:
            node["content"] = [named(child) for child in node["content"]]
        return node

    return [named(node) for node in tree]


def _gathered(losses: list[Loss]) -> list[Loss]:
    """One for each code, with the first words."""
    found: dict[str, Loss] = {}
    for loss in losses:
        before = found.get(loss.code)
        found[loss.code] = (
            loss if before is None else Loss(loss.code, before.count + 1, before.words or loss.words)
        )
    return list(found.values())
