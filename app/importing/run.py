"""A run over a partner's table: rehearsed to its end, then done, both by the very same verbs.

The rehearsal does everything in transactions that are rolled back. So what it tells is what the run does, and nothing is
written while a row is bad. Rows come in batches: memory holds one batch and the digests of the keys, and people who
write meanwhile wait for one batch at the most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from app import clock
from app.db import session, unit_of_work
from app.errors import DomainError
from app.importing import mapping as mappings
from app.importing import records
from app.importing.mapping import Understanding
from app.importing.models import ImportRecord
from app.importing.records import Group, Importer, State, Taken, Told
from app.importing.table import Table
from app.policy import PORTAL, Act, Actor, require

# At some milliseconds a row a fifth of a second, which is what somebody who types may wait.
BATCH = 40
# Rows about one thing: counters, 60 at the most.
MOST_ROWS_OF_ONE = 200

Tell = Callable[[Told], None]


class _Rehearsed(Exception):
    """Ends a transaction that was only tried."""


@dataclass
class Run:
    """What is to be done, and by whom. `tell` hears of every thing, `moved` how many were looked at."""

    actor: Actor
    partner: str
    importer: Importer
    table: Table
    mapping: Understanding
    mark_removed: bool = False
    tell: Tell = lambda _told: None
    moved: Callable[[int], None] = lambda _count: None
    counts: Counter[State] = field(default_factory=Counter)
    _keys: set[str] = field(default_factory=set)
    _unread: bool = False

    def rehearse(self) -> Counter[State]:
        """Tell what the run would do. Nothing is written."""
        return self._go(rehearsed=True)

    def do(self) -> Counter[State]:
        """Do it. Bad rows are left out; whoever calls decided that they may be."""
        return self._go(rehearsed=False)

    def _go(self, *, rehearsed: bool) -> Counter[State]:
        require(self.actor, Act.PORTAL_ADMINISTER, PORTAL)
        self.counts = Counter()
        self._keys, self._unread = set(), False
        done = 0
        groups = self._groups()
        while batch := list(islice(groups, BATCH)):
            with transaction(rehearsed):
                found = self._batch(batch)
            done += len(batch)
            self._report(found, done)
        last = 0
        while True:
            with transaction(rehearsed):
                found, last = self._gone(last)
            self._report(found, done)
            if not last:
                break
        if not rehearsed:
            with unit_of_work():
                mappings.keep(self.partner, self.importer.kind, self.mapping)
        return self.counts

    def _report(self, found: list[Told], done: int) -> None:
        for told in found:
            self.counts[told.state] += 1
            self.tell(told)
        self.moved(done)

    def _groups(self) -> Iterator[Group | Told]:
        """What the file says of each thing, in its order; rows that cannot be read are told as they are."""
        pending: list[dict[str, str]] = []
        key, begins = "", 0
        for line in self.table.lines():
            values = self.mapping.values(line) if not line.wrong else {}
            named = self._key(values) if values else ""
            if pending and (not self.importer.grouped or named != key or line.wrong):
                yield Group(begins, key, tuple(pending))
                pending = []
            if line.wrong:
                yield Told(State.BAD, "", line.number, sentence=line.wrong)
                continue
            if not pending:
                key, begins = named, line.number
            pending.append(values)
            if len(pending) > MOST_ROWS_OF_ONE:
                yield Told(
                    State.BAD, key, line.number, sentence=f"More than {MOST_ROWS_OF_ONE} rows of one key."
                )
                pending = []
        if pending:
            yield Group(begins, key, tuple(pending))

    def _key(self, values: dict[str, str]) -> str:
        return (values.get("key") or values.get(self.importer.named_by, "")).strip()

    def _batch(self, batch: list[Group | Told]) -> list[Told]:
        found, still = [], []
        known = records.known(
            self.partner, self.importer.kind, [one.key for one in batch if isinstance(one, Group)]
        )
        for one in batch:
            if isinstance(one, Told):
                self._unread = True
                found.append(one)
                continue
            wrong = self._known_twice(one)
            if wrong is not None:
                found.append(wrong)
                continue
            record = known.get(records.key_digest(one.key))
            print_ = mappings.fingerprint(one.rows)
            if (
                record is not None
                and record.fingerprint == print_
                and record.removed_at is None
                and not self.importer.is_due(record)
            ):
                still.append(record.id)
                found.append(Told(State.UNCHANGED, self._name(one), one.line))
                continue
            found.append(self._taken(one, record, print_))
        if still:
            records.seen(still)
        return found

    def _name(self, group: Group) -> str:
        return group.first.get("name") or group.first.get("title") or group.key

    def _known_twice(self, group: Group) -> Told | None:
        field_ = "key" if "key" in group.first else self.importer.named_by
        column = self.mapping.column_of(field_)
        if not group.key:
            return Told(State.BAD, "", group.line, column, "Nothing names this row: fill the cell.")
        marks = {records.key_digest(group.key)}
        natural = group.first.get(self.importer.named_by, "").strip().casefold()
        if natural and field_ == "key":
            # Two rows that are one thing here would overwrite one another.
            marks.add(records.key_digest(f"\x00{natural}"))
        if marks & self._keys:
            return Told(
                State.BAD, group.key, group.line, column, "This stands in an earlier row already: delete one."
            )
        self._keys |= marks
        return None

    def _taken(self, group: Group, record: ImportRecord | None, print_: str) -> Told:
        was_removed = record is not None and record.removed_at is not None
        try:
            with session().begin_nested():
                taken = self.importer.take(self.actor, group, record)
                records.write(self.partner, self.importer, group.key, print_, taken, record)
        except DomainError as error:
            name = str(error.detail.get("field") or "")
            column = self.mapping.column_of(FIELDS_OF_FORMS.get(name, name)) if name else ""
            return Told(State.BAD, self._name(group), group.line, column, error.message)
        return Told(
            self._state(taken, was_removed),
            taken.name,
            group.line,
            sentence=taken.note,
            differences=taken.differences() if taken.before is not None else (),
        )

    @staticmethod
    def _state(taken: Taken, was_removed: bool) -> State:
        if taken.before is None:
            return State.NEW
        if was_removed:
            return State.BACK
        return State.CHANGED if taken.differences() else State.UNCHANGED

    def _gone(self, after: int) -> tuple[list[Told], int]:
        """What the file no longer has, the next of it; and the last id that was looked at, 0 at the end."""
        if self._unread:
            # A row that cannot be read may be about any of them.
            return [], 0
        looked = records.page(self.partner, self.importer.kind, after, to_put_away=self.mark_removed)
        found = []
        for record in looked:
            if record.key_digest in self._keys or (record.put_away and record.removed_at):
                continue
            name = self.importer.called(record)
            sentence = "The file no longer has it; it stays as it is."
            if self.mark_removed:
                try:
                    with session().begin_nested():
                        self.importer.put_away(self.actor, record)
                except DomainError as error:
                    found.append(Told(State.BAD, name, sentence=error.message))
                    continue
                sentence = "The file no longer has it."
            record.removed_at, record.put_away = clock.now(), self.mark_removed
            found.append(Told(State.REMOVED, name, sentence=sentence))
        session().flush()
        return found, looked[-1].id if len(looked) == records.AT_ONCE else 0


# What verbs call a field, where an import calls it otherwise.
FIELDS_OF_FORMS = {"role": "roles", "place": "administration"}


@contextmanager
def transaction(rehearsed: bool) -> Iterator[None]:
    """A unit of work; one that is only rehearsed leaves no trace."""
    try:
        with unit_of_work():
            yield
            if rehearsed:
                session().flush()
                raise _Rehearsed
    except _Rehearsed:
        pass
