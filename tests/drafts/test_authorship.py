"""Whose words they are: the table of authors against a model, through edits written as y-prosemirror writes them."""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drafts.authorship import AuthorshipMismatch, Contribution, RunTable
from drafts.carry import ELSEWHERE, find_elsewhere, match_moved
from drafts.document import Doc, Element, Text, apply, content, new_document, seed_update, state

FIXED = settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
)

# What ProseMirror holds, for these tests: a node is (name, attributes, children), a run of text a list of
# (words, marks). The functions below are y-prosemirror 1.3.7's `updateYFragment` and what it calls.
Run = tuple[str, frozenset[str]]


@dataclass
class PNode:
    name: str
    attrs: dict[str, Any] = field(default_factory=dict)
    children: "list[PNode | list[Run]]" = field(default_factory=list)


def create(parent: Any, index: int, child: "PNode | list[Run]") -> None:
    if isinstance(child, PNode):
        element = parent.children.insert(index, Element(child.name))
        for name, value in child.attrs.items():
            element.attributes[name] = value
        for place, inner in enumerate(child.children):
            create(element, place, inner)
        return
    text = parent.children.insert(index, Text())
    for words, marks in child:
        text.insert(len(text), words, {mark: {} for mark in marks})


def same(y: Any, p: "PNode | list[Run]") -> bool:
    if isinstance(y, Text) and isinstance(p, list):
        held = [(words, frozenset(marks or {})) for words, marks in y.diff()]
        return held == p
    if isinstance(y, Element) and isinstance(p, PNode):
        children = list(y.children)
        return (
            y.tag == p.name
            and dict(iter(y.attributes)) == p.attrs
            and len(children) == len(p.children)
            and all(same(a, b) for a, b in zip(children, p.children, strict=True))
        )
    return False


def factor(y: Any, p: PNode) -> int:
    held, wanted = list(y.children), p.children
    least = min(len(held), len(wanted))
    left = right = 0
    while left < least and same(held[left], wanted[left]):
        left += 1
    while left + right < least and same(held[-1 - right], wanted[-1 - right]):
        right += 1
    return left + right


def update_text(text: Any, runs: "list[Run]") -> None:
    before, after = str_of(text), "".join(words for words, _ in runs)
    index = 0
    while index < min(len(before), len(after)) and before[index] == after[index]:
        index += 1
    end = 0
    while end < min(len(before), len(after)) - index and before[-1 - end] == after[-1 - end]:
        end += 1
    at = len(before[:index].encode())
    stop = at + len(before[index : len(before) - end].encode())
    if stop > at:
        del text[at:stop]
    if after[index : len(after) - end]:
        text.insert(at, after[index : len(after) - end])
    place = 0
    known = {mark for _, marks in text.diff() for mark in marks or {}}
    for words, marks in runs:
        size = len(words.encode())
        text.format(place, place + size, {**dict.fromkeys(known), **{mark: {} for mark in marks}})
        place += size


def str_of(text: Any) -> str:
    return "".join(words for words, _ in text.diff())


def update_fragment(y: Any, p: PNode) -> None:
    if isinstance(y, Element):
        held_attrs = dict(iter(y.attributes))
        for name, value in p.attrs.items():
            if held_attrs.get(name) != value:
                y.attributes[name] = value
        for name in held_attrs.keys() - p.attrs.keys():
            del y.attributes[name]
    held, wanted = list(y.children), p.children
    least = min(len(held), len(wanted))
    left = right = 0
    while left < least and same(held[left], wanted[left]):
        left += 1
    while left + right < least and same(held[-1 - right], wanted[-1 - right]):
        right += 1
    while len(held) - left - right > 0 and len(wanted) - left - right > 0:
        left_y, left_p = held[left], wanted[left]
        right_y, right_p = held[-1 - right], wanted[-1 - right]
        if isinstance(left_y, Text) and isinstance(left_p, list):
            if not same(left_y, left_p):
                update_text(left_y, left_p)
            left += 1
            continue
        go_left = isinstance(left_y, Element) and isinstance(left_p, PNode) and left_y.tag == left_p.name
        go_right = isinstance(right_y, Element) and isinstance(right_p, PNode) and right_y.tag == right_p.name
        if go_left and go_right:
            go_left = factor(left_y, left_p) >= factor(right_y, right_p)  # type: ignore[arg-type]
        if go_left:
            update_fragment(left_y, left_p)  # type: ignore[arg-type]
            left += 1
        elif go_right:
            update_fragment(right_y, right_p)  # type: ignore[arg-type]
            right += 1
        else:
            del y.children[left]
            create(y, left, left_p)
            left += 1
    gone = len(held) - left - right
    if len(held) == 1 and not wanted and isinstance(held[0], Text):
        held[0].clear()
    elif gone > 0:
        del y.children[left : left + gone]
    for place in range(left, len(wanted) - right):
        create(y, place, wanted[place])


# The model: blocks of characters that know their author.


@dataclass(frozen=True)
class Char:
    sign: str
    author: int
    marks: frozenset[str] = frozenset()


@dataclass
class Block:
    kind: str
    chars: list[Char]
    ident: str
    depth: int = 0


def pnode(blocks: list[Block]) -> PNode:
    root = PNode("doc")
    for block in blocks:
        runs: list[Run] = []
        for char in block.chars:
            if runs and runs[-1][1] == char.marks:
                runs[-1] = (runs[-1][0] + char.sign, char.marks)
            else:
                runs.append((char.sign, char.marks))
        attrs: dict[str, Any] = {"id": block.ident}
        if block.kind == "heading":
            attrs["level"] = 2.0
        node = PNode(block.kind, attrs, [runs] if runs else [])
        for level in range(block.depth):
            item = PNode("list_item", {"id": f"{block.ident}i{level}"}, [node])
            node = PNode("bullet_list", {"id": f"{block.ident}l{level}"}, [item])
        root.children.append(node)
    return root


class Table:
    """A room in small: a document on the server, one of each person, and the model."""

    def __init__(self) -> None:
        self.server = new_document()
        self.runs = RunTable.of(self.server)
        self.people = {person: new_document(client_id=person) for person in (1, 2, 3)}
        self.blocks: list[Block] = []
        self.cut: list[Char] = []
        self.signs = 0
        self.idents = 0

    def fresh(self, count: int) -> str:
        """Characters that were never used before, of two, three and four bytes."""
        found = ""
        for _ in range(count):
            self.signs += 1
            found += chr(0x100 + self.signs) if self.signs % 3 else chr(0x20000 + self.signs)
        return found

    def ident(self) -> str:
        self.idents += 1
        return f"b{self.idents}"

    def send(self, person: int) -> bytes:
        """What the person's editor makes of the model, through the wire, into the server's document."""
        doc = self.people[person]
        sent: list[bytes] = []
        watching = doc.observe(lambda event: sent.append(event.update))
        with doc.transaction():
            update_fragment(content(doc), pnode(self.blocks))
        doc.unobserve(watching)
        for update in sent:
            with self.runs.recording(person):
                apply(self.server, update)
            for other, replica in self.people.items():
                if other != person:
                    apply(replica, update)
        return b"".join(sent)

    def check(self) -> None:
        model = [[(char.sign, char.author) for char in block.chars] for block in self.blocks if block.chars]
        table = [
            [(sign, carried) for words, carried, _ in line for sign in words]
            for line in self.runs.runs()
            if line
        ]
        assert table == model
        assert self.runs.repairs == 0, "the deltas were enough"


ACT = st.tuples(
    st.sampled_from(
        [
            "type",
            "type",
            "delete",
            "split",
            "join",
            "kind",
            "wrap",
            "lift",
            "mark",
            "cut",
            "paste",
            "new",
            "swap",
        ]
    ),
    st.sampled_from([1, 2, 3]),
    st.integers(0, 1000),
    st.integers(0, 1000),
    st.integers(1, 24),
)


def act(table: Table, what: str, person: int, where: int, at: int, size: int) -> None:
    blocks = table.blocks
    if not blocks or what == "new":
        chars = [Char(sign, person) for sign in table.fresh(size)]
        blocks.insert(where % (len(blocks) + 1), Block("paragraph", chars, table.ident()))
        return
    block = blocks[where % len(blocks)]
    place = at % (len(block.chars) + 1)
    if what == "type":
        block.chars[place:place] = [Char(sign, person) for sign in table.fresh(size)]
    elif what == "delete":
        del block.chars[place : place + size]
    elif what == "split":
        second = Block(block.kind, block.chars[place:], table.ident(), block.depth)
        del block.chars[place:]
        blocks.insert(where % len(blocks) + 1, second)
    elif what == "join" and len(blocks) > 1:
        index = where % (len(blocks) - 1)
        blocks[index].chars += blocks.pop(index + 1).chars
    elif what == "kind":
        block.kind = "heading" if block.kind == "paragraph" else "paragraph"
    elif what == "wrap" and block.depth < 3:
        block.depth += 1
    elif what == "lift" and block.depth:
        block.depth -= 1
    elif what == "mark":
        block.chars[place : place + size] = [
            Char(char.sign, char.author, char.marks ^ {"strong"})
            for char in block.chars[place : place + size]
        ]
    elif what == "cut" and len(block.chars[place : place + size]) >= 2:
        table.cut = block.chars[place : place + size]
        del block.chars[place : place + size]
    elif what == "paste" and table.cut:
        block.chars[place:place] = table.cut
        table.cut = []
    elif what == "swap" and len(blocks) > 1:
        index = where % (len(blocks) - 1)
        blocks[index], blocks[index + 1] = blocks[index + 1], blocks[index]


@FIXED
@given(st.lists(st.tuples(ACT, st.booleans()), max_size=25))
def test_words_keep_their_authors(acts: list[tuple[tuple[str, int, int, int, int], bool]]) -> None:
    """Wherever checkpoints fall: the table is written out and read again between two strokes."""
    table = Table()
    for step, checkpoint in acts:
        act(table, *step)
        table.send(step[1])
        table.check()
        if checkpoint:
            stored = table.runs.encode(memory=True)
            table.runs.close()
            table.runs = RunTable.of(table.server, stored)
            assert table.runs.encode(memory=True) == stored
    again = RunTable.of(replica_of(table.server), table.runs.encode())
    assert again.runs() == table.runs.runs()
    assert again.contributions() == table.runs.contributions()
    assert again.encode() == table.runs.encode()


def replica_of(doc: Doc) -> Doc:
    replica = new_document()
    apply(replica, state(doc))
    return replica


@FIXED
@given(
    st.lists(
        st.tuples(ACT, st.lists(st.sampled_from("ab é🎉\n"), min_size=1, max_size=14), st.booleans()),
        max_size=25,
    )
)
def test_the_table_follows_whatever_people_do_at_the_same_time(
    steps: list[tuple[tuple[str, int, int, int, int], list[str], bool]],
) -> None:
    """Poor words, so that everything matches everything, and people who have not seen one another's strokes."""
    server = new_document()
    runs = RunTable.of(server)
    replicas = {person: new_document(client_id=person) for person in (1, 2, 3)}
    waiting: list[tuple[int, bytes]] = []
    for (what, person, where, at, size), signs, flush in steps:
        doc = replicas[person]
        sent: list[bytes] = []
        watching = doc.observe(lambda event, sent=sent: sent.append(event.update))
        with doc.transaction():
            scribble(doc, what, where, at, size, "".join(signs))
        doc.unobserve(watching)
        waiting += [(person, update) for update in sent]
        if flush:
            for author, update in waiting:
                with runs.recording(author):
                    apply(server, update)
                for other, replica in replicas.items():
                    if other != author:
                        apply(replica, update)
            waiting.clear()
            written = ["".join(words for words, _, _ in line) for line in runs.runs()]
            assert written == [str_of(text) for text in texts(content(server))]
            assert runs.repairs == 0
            assert sum(runs.shares().values()) == sum(len(words) for words in written)
            assert RunTable.of(replica_of(server), runs.encode()).runs() == runs.runs()


def texts(node: Any) -> list[Any]:
    found = []
    for child in node.children:
        found += [child] if isinstance(child, Text) else texts(child)
    return found


def scribble(doc: Doc, what: str, where: int, at: int, size: int, words: str) -> None:
    root = content(doc)
    count = len(root.children)
    if what in ("new", "wrap", "swap", "paste") or not count:
        create(root, where % (count + 1), PNode("paragraph", {"id": words}, [[(words, frozenset())]]))
        return
    element = root.children[where % count]
    found = texts(element)
    if what == "join" or not found:
        del root.children[where % count]
        return
    text = found[at % len(found)]
    now = str_of(text)
    place = at % (len(now) + 1)
    start = len(now[:place].encode())
    stop = start + len(now[place : place + size].encode())
    if what in ("delete", "cut", "split") and stop > start:
        del text[start:stop]
        if what == "split":
            create(
                root, where % count + 1, PNode("paragraph", {}, [[(now[place : place + size], frozenset())]])
            )
    elif what == "mark" and stop > start:
        text.format(start, stop, {"strong": {} if size % 2 else None})
    elif what == "kind":
        element.attributes["level"] = float(size)
    else:
        text.insert(start, words, {"em": {}} if size % 3 else {})


def paragraph(ident: str, words: str) -> dict[str, Any]:
    return {"type": "paragraph", "attrs": {"id": ident}, "content": [{"type": "text", "text": words}]}


class Seeded:
    """A draft made from a live edition (person 0), and one document for each person."""

    def __init__(self, *words: str) -> None:
        self.server = new_document()
        tree = [paragraph(f"b{place}", text) for place, text in enumerate(words)]
        apply(self.server, seed_update(tree, 9))
        self.runs = RunTable.of(self.server)

    def edit(self, person: int, change: Any) -> None:
        doc = new_document(client_id=100 + person)
        apply(doc, state(self.server))
        sent: list[bytes] = []
        watching = doc.observe(lambda event: sent.append(event.update))
        with doc.transaction():
            change(content(doc))
        doc.unobserve(watching)
        for update in sent:
            with self.runs.recording(person):
                apply(self.server, update)

    def text(self, root: Any, place: int = 0) -> Any:
        return root.children[place].children[0]


LIVE = "Le permis est délivré par la province Sud."


def test_the_live_edition_is_nobodys_contribution() -> None:
    room = Seeded(LIVE)
    assert room.runs.contributions() == {}
    assert room.runs.shares() == {0: len(LIVE)}


def test_a_stroke_counts_in_characters() -> None:
    room = Seeded(LIVE)
    room.edit(4, lambda root: room.text(root).insert(0, "Été 🎉 "))
    assert room.runs.contributions() == {4: Contribution(inserted=6)}
    assert room.runs.shares() == {0: len(LIVE), 4: 6}


def test_who_only_deleted_contributed() -> None:
    room = Seeded(LIVE)
    room.edit(4, lambda root: room.text(root).__delitem__(slice(0, 10)))
    assert room.runs.contributions() == {4: Contribution(deleted=10)}
    assert room.runs.contributions()[4].size == 10


def test_taking_out_a_colleagues_new_words_is_a_contribution_and_ones_own_is_none() -> None:
    room = Seeded(LIVE)
    room.edit(4, lambda root: room.text(root).insert(0, "Attention : "))
    room.edit(4, lambda root: room.text(root).__delitem__(slice(0, 2)))
    assert room.runs.contributions() == {4: Contribution(inserted=10)}
    room.edit(5, lambda root: room.text(root).__delitem__(slice(0, 10)))
    assert room.runs.contributions() == {5: Contribution(withdrawn=10)}
    assert RunTable.of(replica_of(room.server), room.runs.encode()).contributions() == {
        5: Contribution(withdrawn=10)
    }
    room.edit(5, lambda root: room.text(root).insert(0, "tention : "))
    assert room.runs.contributions() == {4: Contribution(inserted=10), 5: Contribution(recreated=10)}


def test_who_only_changed_a_mark_or_an_attribute_contributed() -> None:
    room = Seeded(LIVE, "deux")
    room.edit(4, lambda root: room.text(root).format(0, 9, {"strong": {}}))
    room.edit(5, lambda root: root.children[1].attributes.__setitem__("kind", "warning"))
    assert room.runs.contributions() == {4: Contribution(attributes=1), 5: Contribution(attributes=1)}


def test_who_puts_a_reference_in_changes_it_or_takes_it_out_contributed() -> None:
    """A block that holds nothing has no words to count: it counts as a change of blocks or of attributes."""

    def put_in(root: Any) -> None:
        leaf = root.children.insert(1, Element("contact"))
        leaf.attributes["administration"] = "dpass"

    room = Seeded(LIVE)
    room.edit(4, put_in)
    assert room.runs.contributions() == {4: Contribution(attributes=1)}
    room.edit(5, lambda root: root.children[1].attributes.__setitem__("counter", 7.0))
    assert room.runs.contributions()[5] == Contribution(attributes=1)
    room.edit(6, lambda root: root.children.__delitem__(1))
    assert room.runs.contributions()[6] == Contribution(attributes=1)
    assert room.runs.repairs == 0
    kept = RunTable.of(replica_of(room.server), room.runs.encode())
    assert kept.contributions() == room.runs.contributions() and kept.shares() == room.runs.shares()


def test_giving_a_block_an_id_is_no_contribution() -> None:
    room = Seeded(LIVE)
    room.edit(4, lambda root: root.children[0].attributes.__setitem__("id", "other"))
    assert room.runs.contributions() == {}


def test_typing_in_the_middle_of_marks_is_no_change_of_marks() -> None:
    room = Seeded("plain bold plain")
    room.edit(3, lambda root: room.text(root).format(6, 10, {"strong": {}}))
    for place in (0, 3, 6, 8, 10, 12):
        room.edit(4, lambda root, place=place: room.text(root).insert(place, "x"))
    room.edit(5, lambda root: room.text(root).__delitem__(slice(9, 10)))
    assert room.runs.contributions()[4] == Contribution(inserted=6)
    assert room.runs.contributions()[5] == Contribution(deleted=1)


def test_who_only_sent_words_anew_contributed_but_did_not_write_them() -> None:
    room = Seeded(LIVE)

    def retype(root: Any) -> None:
        del root.children[0]
        create(root, 0, PNode("heading", {"level": 2.0}, [[(LIVE, frozenset())]]))

    room.edit(4, retype)
    assert room.runs.contributions() == {4: Contribution(attributes=1, recreated=len(LIVE))}
    assert room.runs.shares() == {0: len(LIVE)}


def test_cut_in_one_update_and_pasted_in_another() -> None:
    room = Seeded(LIVE, "Un autre paragraphe.")
    room.edit(4, lambda root: room.text(root).__delitem__(slice(0, 10)))
    assert room.runs.contributions()[4].deleted == 10
    room.edit(4, lambda root: room.text(root, 1).insert(0, LIVE[:10]))
    assert room.runs.contributions() == {4: Contribution(recreated=10)}, "nothing is missing any more"


def test_cut_by_one_and_pasted_by_another_keeps_the_words_with_their_author() -> None:
    room = Seeded("Début.")
    words = "Le dossier se dépose à la mairie."
    room.edit(4, lambda root: room.text(root).insert(6 + 1, words))
    start = 7
    room.edit(5, lambda root: room.text(root).__delitem__(slice(start, start + len(words.encode()))))
    room.edit(5, lambda root: room.text(root).insert(0, words))
    assert room.runs.shares() == {0: 6, 4: len(words)}
    assert room.runs.contributions()[5] == Contribution(recreated=len(words))


def test_an_undo_puts_one_character_back() -> None:
    room = Seeded(LIVE)
    room.edit(4, lambda root: room.text(root).__delitem__(slice(0, 1)))
    room.edit(4, lambda root: room.text(root).insert(0, "L"))
    assert room.runs.shares() == {0: len(LIVE)}
    assert room.runs.contributions() == {4: Contribution(recreated=1)}


@pytest.mark.parametrize("key", ["Backspace", "Delete"])
def test_words_taken_out_letter_by_letter_and_taken_back_at_once(key: str) -> None:
    """As Yjs does it: the keys of half a second are one undo."""
    words = "où déposer 🎉 le dossier"
    room = Seeded(LIVE)
    room.edit(4, lambda root: room.text(root).insert(3, words))
    left = len(words.encode())
    for sign in reversed(words) if key == "Backspace" else words:
        size = len(sign.encode())
        left -= size
        start = 3 + left if key == "Backspace" else 3
        room.edit(
            5, lambda root, start=start, size=size: room.text(root).__delitem__(slice(start, start + size))
        )
    assert room.runs.shares() == {0: len(LIVE)}
    room.edit(5, lambda root: room.text(root).insert(3, words))
    assert room.runs.shares() == {0: len(LIVE), 4: len(words)}


def test_the_end_behind_words_typed_over_others_keeps_its_author() -> None:
    """A selection from one paragraph into the next, typed over: what was left of the second joins the first."""
    room = Seeded("Premier paragraphe.", "Deuxième mot.")

    def type_over(root: Any) -> None:
        del root.children[1]
        text = room.text(root)
        del text[8 : len(text)]
        text.insert(8, "jour t.")

    room.edit(4, type_over)
    assert room.runs.shares() == {0: 8 + 2, 4: 5}


def test_words_put_in_two_places_by_one_update_are_their_authors_in_both() -> None:
    words = "Le permis est délivré par la province."
    room = Seeded(words)

    def twice(root: Any) -> None:
        del root.children[0]
        for place in (0, 1):
            create(root, place, PNode("paragraph", {"id": f"n{place}"}, [[(words, frozenset())]]))

    room.edit(4, twice)
    assert room.runs.shares() == {0: 2 * len(words)}


def test_a_sentence_of_ones_own_is_not_made_of_syllables_of_others() -> None:
    """However much was deleted lately, and however alike the words are."""
    deleted = " ".join(f"de la mairie {n} du service {n} pour les usagers {n}" for n in range(60))
    room = Seeded("Début.", deleted)
    room.edit(4, lambda root: root.children.__delitem__(1))
    sentence = "La mairie du service des usagers pour la suite de les."
    room.edit(5, lambda root: create(root, 1, PNode("paragraph", {}, [[(sentence, frozenset())]])))
    assert room.runs.shares()[5] >= len(sentence) * 0.7


def test_the_same_letter_typed_elsewhere_is_ones_own() -> None:
    room = Seeded(LIVE)
    room.edit(4, lambda root: room.text(root).__delitem__(slice(0, 1)))
    room.edit(4, lambda root: room.text(root).insert(5, "L"))
    assert room.runs.contributions() == {4: Contribution(inserted=1, deleted=1)}


def test_a_copy_of_the_drafts_own_words_keeps_their_author() -> None:
    room = Seeded(LIVE, "Fin.")
    room.edit(4, lambda root: room.text(root, 1).insert(0, "Voir : " + LIVE[3:30] + ", merci."))
    # The space before the quotation stands before it in both places.
    assert room.runs.shares() == {0: len(LIVE) + 4 + 28, 4: 6 + 8}
    assert room.runs.contributions()[4] == Contribution(inserted=14, recreated=28)


def test_words_rewritten_are_the_rewriters() -> None:
    room = Seeded(LIVE)

    def rewrite(root: Any) -> None:
        del room.text(root)[0 : len(LIVE.encode())]
        room.text(root).insert(0, "Vous passez chez nous avec vos papiers")

    room.edit(4, rewrite)
    assert room.runs.shares() == {4: 38}
    assert room.runs.contributions() == {4: Contribution(inserted=38, deleted=len(LIVE))}


def test_the_draft_may_start_counting_from_its_seed() -> None:
    room = Seeded()
    with room.runs.recording(7):
        apply(room.server, seed_update([paragraph("b1", LIVE)], 11))
    assert room.runs.shares() == {7: len(LIVE)}
    room.runs.start_from_here()
    assert room.runs.contributions() == {}
    assert room.runs.shares() == {0: len(LIVE)}


def test_stored_authors_of_another_state_are_refused() -> None:
    room = Seeded(LIVE)
    stored = room.runs.encode()
    room.edit(4, lambda root: room.text(root).insert(0, "x"))
    with pytest.raises(AuthorshipMismatch):
        RunTable.of(room.server, stored)
    good = room.runs.encode()
    for wrong in (b"", b"\x03" + good[1:], good[:-3], good[:5] + b"garbage", good[:9] + b"garbage"):
        with pytest.raises(AuthorshipMismatch):
            RunTable.of(room.server, wrong)
    assert RunTable.of(room.server, good).contributions() == {4: Contribution(inserted=1)}


@pytest.mark.parametrize(("memory", "author"), [(True, 4), (False, 5)])
def test_words_deleted_before_a_checkpoint_are_known_when_they_come_back_after_it(
    memory: bool, author: int
) -> None:
    """What a checkpoint keeps must not depend on where it falls: cut before it, pasted after it."""
    words = "Le dossier se dépose à la mairie. 🎉"
    room = Seeded("Début.", "")
    room.edit(4, lambda root: room.text(root).insert(7, words))
    room.edit(5, lambda root: room.text(root).__delitem__(slice(7, 7 + len(words.encode()))))
    room.runs = RunTable.of(room.server, room.runs.encode(memory=memory))
    room.edit(5, lambda root: create(root.children[1], 0, [(words, frozenset())]))
    assert room.runs.shares() == {0: 6, author: len(words)}


def test_a_letter_taken_back_after_a_checkpoint_is_its_authors() -> None:
    room = Seeded(LIVE)
    room.edit(4, lambda root: room.text(root).insert(0, "É"))
    room.edit(5, lambda root: room.text(root).__delitem__(slice(0, 2)))
    room.runs = RunTable.of(room.server, room.runs.encode(memory=True))
    room.edit(5, lambda root: room.text(root).insert(0, "É"))
    assert room.runs.shares() == {0: len(LIVE), 4: 1}


def test_authors_stored_before_words_deleted_lately_were_kept_are_still_read() -> None:
    room = Seeded(LIVE)
    room.edit(4, lambda root: room.text(root).insert(0, "Oui. "))
    good = room.runs.encode()
    size = int.from_bytes(good[5:9], "big")
    first_form = b"\x01" + good[1:5] + good[9 : 9 + size]
    assert RunTable.of(room.server, first_form).shares() == {0: len(LIVE), 4: 5}


def test_what_is_kept_of_a_version_holds_no_deleted_word() -> None:
    room = Seeded(LIVE)
    before = room.runs.encode()
    room.edit(4, lambda root: room.text(root).insert(0, "secret " * 40))
    room.edit(4, lambda root: room.text(root).__delitem__(slice(0, 280)))
    assert room.runs.encode() == before
    assert len(room.runs.encode(memory=True)) > len(before)


def test_counts_survive_storage() -> None:
    room = Seeded(LIVE)
    room.edit(4, lambda root: room.text(root).__delitem__(slice(0, 10)))
    room.edit(70_000, lambda root: room.text(root).format(0, 5, {"em": {}}))
    again = RunTable.of(replica_of(room.server), room.runs.encode())
    assert again.contributions() == {4: Contribution(deleted=10), 70_000: Contribution(attributes=1)}


def test_a_table_that_lost_the_thread_reads_the_text_again() -> None:
    room = Seeded(LIVE, "deux")
    room.edit(4, lambda root: room.text(root).insert(0, "Quatre. "))
    room.runs._root.children.clear()  # as if an event had been missed
    room.edit(5, lambda root: room.text(root).insert(0, "Cinq. "))
    assert room.runs.repairs == 1
    assert ["".join(words for words, _, _ in line) for line in room.runs.runs()] == [
        "Cinq. Quatre. " + LIVE,
        "deux",
    ]


def test_closed_tables_follow_no_more() -> None:
    room = Seeded(LIVE)
    room.runs.close()
    room.edit(4, lambda root: room.text(root).insert(0, "x"))
    assert room.runs.shares() == {0: len(LIVE)}


def test_a_stroke_in_a_long_text_is_quick() -> None:
    """realtime.md's budget is a tick of milliseconds; a stroke in 100,000 characters is measured at some 20 µs."""
    room = Seeded(*(f"{place} " + LIVE * 5 for place in range(480)))
    typist = new_document(client_id=77)
    apply(typist, state(room.server))
    sent: list[bytes] = []
    typist.observe(lambda event: sent.append(event.update))
    text = content(typist).children[240].children[0]
    for place in range(300):
        text.insert(place, "e")
    start = time.perf_counter()
    for update in sent:
        with room.runs.recording(4):
            apply(room.server, update)
    assert (time.perf_counter() - start) / len(sent) < 0.001
    start = time.perf_counter()
    stored = room.runs.encode()
    assert time.perf_counter() - start < 0.25
    assert len(stored) < 20_000
    assert room.runs.shares()[4] == 300


def test_a_wrap_of_everything_stays_linear() -> None:
    words = [f"{place} " + LIVE * 5 for place in range(480)]
    room = Seeded(*words)

    def wrap(root: Any) -> None:
        del root.children[0:480]
        items = [PNode("list_item", {}, [PNode("paragraph", {}, [[(text, frozenset())]])]) for text in words]
        create(root, 0, PNode("bullet_list", {}, items))

    start = time.perf_counter()
    room.edit(4, wrap)
    assert time.perf_counter() - start < 2
    assert room.runs.shares() == {0: sum(len(text) for text in words)}


def test_a_large_text_deleted_and_typed_over_stays_linear() -> None:
    words = [f"{place} " + LIVE * 5 for place in range(480)]
    room = Seeded(*words)
    mixed = "".join(text[place % 50 :] for place, text in enumerate(words))

    def replace(root: Any) -> None:
        del root.children[0:480]
        create(root, 0, PNode("paragraph", {}, [[(mixed, frozenset())]]))

    start = time.perf_counter()
    room.edit(4, replace)
    assert time.perf_counter() - start < 5
    assert room.runs.shares()[0] > len(mixed) * 0.9


@FIXED
@given(
    st.lists(st.text("abé🎉 ", max_size=20), max_size=6),
    st.lists(st.text("abé🎉 ", max_size=20), max_size=6),
)
def test_what_is_found_again_is_the_same_and_used_once(removed: list[str], inserted: list[str]) -> None:
    gone, new = [text.encode() for text in removed], [text.encode() for text in inserted]
    used: set[tuple[int, int]] = set()
    filled: set[tuple[int, int]] = set()
    for match in match_moved(gone, new):
        assert match.size > 0
        words = new[match.piece][match.at : match.at + match.size]
        assert words == gone[match.source][match.source_at : match.source_at + match.size]
        words.decode()
        for step in range(match.size):
            assert (match.source, match.source_at + step) not in used
            assert (match.piece, match.at + step) not in filled
            used.add((match.source, match.source_at + step))
            filled.add((match.piece, match.at + step))


@FIXED
@given(
    st.text("abcdefé", max_size=40), st.text("abcdefé", min_size=12, max_size=30), st.text("xyz", max_size=40)
)
def test_words_elsewhere_are_found_when_long_enough(before: str, words: str, after: str) -> None:
    source = (after + words + after).encode()
    found = find_elsewhere(("-" + words + "-").encode(), [before.encode(), source])
    assert sum(match.size for match in found) >= min(len(words.encode()), ELSEWHERE)
