"""Giving each new block of an update its place, or finding that it can have none.

A block says where it stands by its neighbours, or by its parent when it has none. Here those references are
followed, across the sections of one update in whatever order they need one another, without recursion.
"""

from collections.abc import Iterable

from drafts.gate_rules import NO_RULE, RULES, TEXT_RULE, check_attribute, check_mark
from drafts.room_index import NOWHERE, NOWHERE_TYPE, Clocks, Knowledge, News, Place, SharedType
from drafts.yupdate import ANY, DELETED, FORMAT, GC, STRING, TYPE, GateRefusal, Id, Section, low_surrogates

__all__ = ["DEPTH_LIMIT", "HEADS_LIMIT", "POINT_LIMIT", "settle"]

# Levels of shared types below the root; pycrdt and browsers recurse (crash from 20,000 levels on).
DEPTH_LIMIT = 32
# How many items may stand under one key without naming a predecessor. A client that knows the key names its
# last value, so only writers that did not see one another leave it out; each such item makes the next slower.
HEADS_LIMIT = 64
# How many blocks of one client in one update may name the very same neighbours. Typing never makes a second one, since
# the first then stands between the two; Yjs's undo of what was undone makes a few (2 in 1,000 random sessions).
POINT_LIMIT = 256


class _Queue:
    """The section of one client while it is being settled."""

    __slots__ = ("at", "client", "clock", "clocks", "end", "known", "structs", "trusted")

    def __init__(self, section: Section, known: int, trusted: bool) -> None:
        self.client, self.clock, self.end, self.structs = section
        self.known = known
        self.clocks = Clocks(known)
        self.at = 0
        self.trusted = trusted


def settle(index: Knowledge, sections: Iterable[Section], trusted: bool = False) -> News:
    """Give every new struct its place, each after the content that it refers to.

    Of what is known already only the references are looked at; no section may begin beyond what is known of its client.
    Raises GateRefusal: resync for a reference to unknown content, malformed for references that no order of
    writing can explain, schema for what the grammar does not allow. `trusted` leaves the grammar out.
    """
    news = News()
    queues: dict[int, _Queue] = {}
    for section in sections:
        known = index.end(section[0])
        if section[1] < known and not trusted:
            _check_known(index, section, known)
        if section[2] > known:
            if section[1] > known:
                raise GateRefusal("resync", "the update begins after a gap")
            queue = queues[section[0]] = _Queue(section, known, trusted)
            news.clients[section[0]] = queue.clocks
    if len(queues) == 1:
        for queue in queues.values():
            if _advance(index, news, queue, queues) is not None:
                raise GateRefusal("malformed", "a block refers to itself or to a later one")
        return news
    # A section that needs content of another section waits for it; who waits in a circle is never woken.
    waiting: dict[int, list[tuple[int, _Queue]]] = {}
    ready = list(queues.values())
    unfinished = len(ready)
    while ready:
        queue = ready.pop()
        needs = _advance(index, news, queue, queues)
        if needs is None:
            unfinished -= 1
        else:
            waiting.setdefault(needs[0], []).append((needs[1], queue))
        sleepers = waiting.pop(queue.client, None)
        if sleepers:
            still = []
            for clock, sleeper in sleepers:
                if clock < queue.clocks.end:
                    ready.append(sleeper)
                else:
                    still.append((clock, sleeper))
            if still:
                waiting[queue.client] = still
    if unfinished:
        raise GateRefusal("malformed", "blocks refer to one another in a circle")
    return news


def _check_known(index: Knowledge, section: Section, known: int) -> None:
    """Yjs passes over what it knows already, but only after it has looked up (and split) what it refers to.

    So a resent block with references of its own making would wait for ever, or throw in every browser. And
    all of it is decoded, so that what it holds must be as sound as in a new one.
    """
    client, clock, _, structs = section
    for kind, length, origin, right, parent, _, content in structs:
        if clock >= known:
            return
        if kind == FORMAT:
            check_mark(*content)
        elif kind == TYPE and content is not None and content not in RULES:
            raise GateRefusal("schema", "a node outside the grammar")
        for wanted, split in ((origin, 1), (right, 0), (parent if isinstance(parent, tuple) else None, 0)):
            if wanted is None:
                continue
            where = index.clients.get(wanted[0])
            if where is None or wanted[1] >= where.end or (wanted[0] == client and wanted[1] >= clock):
                raise GateRefusal("malformed", "a known block refers to what is not known")
            if where.is_low(wanted[1] + split):
                raise GateRefusal("malformed", "an origin splits a surrogate pair")
        clock += length


def _find(index: Knowledge, news: News, wanted: Id, queues: dict[int, _Queue]) -> Clocks | None:
    """The clocks that hold `wanted`; None when another part of this update will; a refusal when nothing does."""
    client, clock = wanted
    known = index.clients.get(client)
    if known is not None and clock < known.end:
        return known
    queue = queues.get(client)
    if queue is None or clock >= queue.end:
        raise GateRefusal("resync", "a block refers to content that is not known")
    return queue.clocks if clock < queue.clocks.end else None


def _advance(index: Knowledge, news: News, queue: _Queue, queues: dict[int, _Queue]) -> Id | None:
    """Settle the structs of a section until the end (None) or until one needs what is not settled yet (its id)."""
    client, clock, known = queue.client, queue.clock, queue.known
    clocks, structs = queue.clocks, queue.structs
    several = queue.trusted is False and (len(structs) > 1 or len(queues) > 1)
    for at in range(queue.at, len(structs)):
        kind, length, origin, right, parent, key, content = structs[at]
        after = clock + length
        if after <= known:
            # A resent stroke: Yjs and Yrs pass over it too.
            clock = after
            continue
        if kind == GC:
            news.collected.append((client, max(clock, known), after))
            clocks.append(after - clocks.end, NOWHERE)
            clock = after
            continue
        place: Place | None = None
        if origin is not None:
            where = _find(index, news, origin, queues)
            if where is None:
                queue.at, queue.clock = at, clock
                return origin
            place = where.place_at(origin[1]).alive
            if where.low_first is not None and where.is_low(origin[1] + 1):
                raise GateRefusal("malformed", "an origin splits a surrogate pair")
        if right is not None:
            where = _find(index, news, right, queues)
            if where is None:
                queue.at, queue.clock = at, clock
                return right
            beside = where.place_at(right[1]).alive
            if where.low_first is not None and where.is_low(right[1]):
                raise GateRefusal("malformed", "a right origin splits a surrogate pair")
            if place is None:
                place = beside
            elif place is not beside and not queue.trusted:
                raise GateRefusal("malformed", "the two origins stand in different places")
            if place.key is not None and not queue.trusted:
                raise GateRefusal("malformed", "a value under a key has a right origin")
        if place is None:
            if isinstance(parent, str):
                place = _root_place(index, parent, key, queue.trusted)
            else:
                assert parent is not None
                place = _child_place(index, news, parent, key, queues, queue.trusted)
                if place is None:
                    queue.at, queue.clock = at, clock
                    return parent
            if key is not None and place is not NOWHERE:
                heads = news.heads[place] = news.heads.get(place, 0) + 1
                if place.heads + heads > HEADS_LIMIT and not queue.trusted:
                    raise GateRefusal("malformed", "a key is written again and again without its last value")
        if clock < known:
            # Only the tail is new; it will stand after its known head, wherever the struct says it does.
            if index.clients[client].place_at(known - 1).alive is not place:
                raise GateRefusal("malformed", "a block goes on in a place where it did not begin")
        if not queue.trusted:
            _check_content(place, kind, content)
        if kind == TYPE:
            news.types[client, clock] = _new_type(place, content, queue.trusted)
        elif content is not None and kind == STRING:
            if clock < known and any(
                (known - clock - first) % 2 == 0 and first <= known - clock <= last
                for first, last in low_surrogates(content)
            ):
                raise GateRefusal("malformed", "the known part of a block ends inside a surrogate pair")
            clocks.append_lows(content, clock)
        if several and clock >= known and place is not NOWHERE:
            # Each block at the very same point may have to be compared with all the others.
            pair = (client, origin, right) if origin or right else (client, place)
            count = news.points[pair] = news.points.get(pair, 0) + 1
            if count > POINT_LIMIT:
                raise GateRefusal("malformed", "too many blocks of one client stand at the very same point")
        if kind == DELETED and place.key is None and not place.type.rule.inside:
            # It may have been a type, which somebody who was away still takes for a parent.
            place = place.gone
        clocks.append(after - clocks.end, place)
        clock = after
    return None


def _root_place(index: Knowledge, name: str, key: str | None, trusted: bool) -> Place:
    root = index.roots.get(name)
    if root is None:
        if not trusted:
            raise GateRefusal("schema", "a root outside the grammar")
        root = index.roots[name] = SharedType(NO_RULE, 0)
    if key is None:
        return root.children
    if not trusted:
        raise GateRefusal("schema", "a root has no attributes")
    return root.key(key)


def _child_place(
    index: Knowledge, news: News, parent: Id, key: str | None, queues: dict[int, _Queue], trusted: bool
) -> Place | None:
    """The place under an explicit parent; None when the parent is part of this update and not settled yet."""
    type_ = index.types.get(parent) or news.types.get(parent)
    if type_ is None:
        where = _find(index, news, parent, queues)
        if where is None:
            return None
        stands = where.place_at(parent[1])
        if stands is NOWHERE or stands is not stands.alive:
            # The parent was deleted while the writer was away: its children go with it.
            return NOWHERE
        raise GateRefusal("malformed", "a parent is not a shared type")
    if key is None or type_ is NOWHERE_TYPE:
        return type_.children
    if key not in type_.rule.attributes and not trusted:
        raise GateRefusal("schema", "an attribute outside the grammar")
    return type_.key(key)


def _check_content(place: Place, kind: int, content: object) -> None:
    """Raise GateRefusal unless content of this kind may stand in this place."""
    if kind == DELETED:
        return
    rule = place.type.rule
    if kind == FORMAT:
        check_mark(*content)  # type: ignore[misc]
    if place is NOWHERE:
        if kind == TYPE and content is not None and content not in RULES:
            raise GateRefusal("schema", "a node outside the grammar")
        return
    if place.key is not None:
        if kind != ANY:
            raise GateRefusal("schema", "an attribute is not a plain value")
        for value in content:  # type: ignore[attr-defined]
            check_attribute(rule.attributes[place.key], value)
    elif rule.inside:
        if kind != STRING and kind != FORMAT:
            raise GateRefusal("schema", "a text holds something else than words")
    elif kind != TYPE:
        raise GateRefusal("schema", "words stand outside a text, or a value outside the attributes")


def _new_type(place: Place, name: str | None, trusted: bool) -> SharedType:
    if place is NOWHERE:
        return NOWHERE_TYPE
    above = place.type
    rule = TEXT_RULE if name is None else RULES.get(name, NO_RULE)
    if not trusted:
        if rule is NO_RULE:
            raise GateRefusal("schema", "a node outside the grammar")
        if rule.stands_in != above.rule.holds:
            raise GateRefusal("schema", "a node stands where the grammar has no place for it")
        if above.depth >= DEPTH_LIMIT:
            raise GateRefusal("schema", "the text is nested too deeply")
    return SharedType(rule, above.depth + 1)
