"""Wishes at the verbs: who may do what, in which order, counted once; and the database says no by itself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app import clock
from app.accounts import erasing
from app.db import Database, OutboxRow, reading, session, unit_of_work
from app.errors import DomainError, Invalid, Missing, MovedOn, Refused
from app.policy import Actor, PortalRole
from labs import cycles, wish_addresses, wish_queries, wish_work, wishes
from labs.models import Lab
from labs.wish_models import Channel, Standing, Wish, WishDeed, WishEvent, WishStatus, WishSupport
from tests import makers


class World:
    def __init__(self) -> None:
        with unit_of_work():
            place = makers.make_administration()
            self.place_id = place.id
            self.moderator = makers.make_agent(place, PortalRole.MODERATOR)
            self.other_moderator = makers.make_agent(place, PortalRole.MODERATOR)
            self.editor = makers.make_agent(place, PortalRole.PORTAL_EDITOR)
            self.mediator = makers.make_agent(place, PortalRole.MEDIATOR)
            self.leader, self.writer, self.stranger = (makers.make_agent(place) for _ in range(3))
            admin = makers.make_agent(place, PortalRole.ADMINISTRATOR)
            self.lab_id = makers.make_lab(self.leader, place, self.writer).id
            self.cycle = cycles.make_cycle(admin, clock.local(clock.now()).date(), ["Un but"]).number
            self.past_cycle = cycles.make_cycle(admin, date(2020, 1, 6), ["Un autre"]).number

    def wish(self, title: str = "Savoir où jeter ses piles", *, shown: bool = True) -> int:
        with unit_of_work():
            return makers.make_wish(self.moderator if shown else None, title).id

    def do(
        self, verb: Callable[..., Any], actor: Actor | None, number: int, *more: Any, **named: Any
    ) -> None:
        """A verb that takes (actor, wish, …); `seen` last, as of now, unless given."""
        with unit_of_work():
            verb(actor, row(number), *more, **named)

    def take_up(self, number: int, actor: Actor | None = None) -> None:
        with unit_of_work():
            lab = session().get_one(Lab, self.lab_id)
            wish_work.take_up(actor or self.leader, lab, row(number), row(number).version)

    def plan(self, number: int, actor: Actor | None = None) -> None:
        with unit_of_work():
            cycle = wish_queries.cycles_to_come()[0]
            wish_work.plan(actor or self.leader, row(number), cycle, row(number).version)


def of(reader: str) -> Callable[[int], str]:
    """The marks of a reader: another one for each wish."""
    return lambda number: f"{reader}{number:031x}"


def row(number: int) -> Wish:
    return session().get_one(Wish, number)


def version(number: int) -> int:
    with reading():
        return row(number).version


def stands(number: int) -> tuple[Standing, WishStatus]:
    with reading():
        return row(number).standing, row(number).status


def supports(number: int) -> int:
    with reading():
        return wish_queries.supports_of(row(number))


def deeds(number: int) -> list[WishDeed]:
    with reading():
        return list(
            session().scalars(sa.select(WishEvent.deed).filter_by(wish_id=number).order_by(WishEvent.number))
        )


@pytest.fixture
def world(db: Database) -> World:
    return World()


def test_a_wish_is_filed_once_and_waits(world: World) -> None:
    with unit_of_work():
        first = wishes.file_wish(None, "  Un  titre\n", "Un besoin\r\nen deux lignes", key="a" * 32)
        assert (first.title, first.need) == ("Un titre", "Un besoin\nen deux lignes")
    with unit_of_work():
        again = wishes.file_wish(None, "Un titre", "Un besoin\nen deux lignes", key="a" * 32)
        assert again.id == first.id and again.standing is Standing.WAITING
    with pytest.raises(MovedOn), unit_of_work():
        wishes.file_wish(None, "Un autre titre", "Un besoin", key="a" * 32)
    assert deeds(first.id) == [WishDeed.FILED]
    with reading():
        assert [one.id for one in wish_queries.waiting()] == [first.id]
        assert wish_queries.cards() == []


@pytest.mark.parametrize(
    ("title", "need", "field"),
    [("", "b", "title"), (" \n", "b", "title"), ("x" * 151, "b", "title"), ("t", "", "need"), ("t", "x" * 3001, "need")],
)  # fmt: skip
def test_what_is_too_short_or_too_long_is_refused(world: World, title: str, need: str, field: str) -> None:
    with pytest.raises(Invalid) as error, unit_of_work():
        wishes.file_wish(None, title, need, key="b" * 32)
    assert error.value.detail["field"] == field
    with unit_of_work():
        wishes.file_wish(None, "x" * 150, "x" * 3000, key="b" * 32)


def test_who_keys_in_a_wish_says_how_it_came(world: World) -> None:
    def enter(actor: Actor, **more: Any) -> Wish:
        with unit_of_work():
            return wishes.file_wish(actor, "Un titre", "Un besoin", key="c" * 32, **more)

    with pytest.raises(Refused):
        enter(world.writer, channel=Channel.COUNTER)
    for link in ("javascript:alert(1)", "www.exemple.nc", 'https://a"b', "https://" + "x" * 500):
        with pytest.raises(Invalid):
            enter(world.mediator, channel=Channel.FACEBOOK, source_url=link)
    made = enter(
        world.mediator, channel=Channel.MEDIATOR, source_url="https://exemple.nc/1", note="À Koné",
        administration_id=world.place_id,
    )  # fmt: skip
    assert (made.entered_by, made.channel, made.note) == (world.mediator.id, Channel.MEDIATOR, "À Koné")
    with reading():
        (waiting,) = wish_queries.waiting(administration_id=world.place_id)
        assert waiting.channel == "Avec un médiateur numérique"
        assert wish_queries.waiting(administration_id=world.place_id + 999) == []


def test_its_author_corrects_before_it_is_read_and_withdraws_for_ever(world: World) -> None:
    number = world.wish(shown=False)
    with unit_of_work():
        wishes.correct(row(number), 1, "Mieux dit", "Un besoin", held=True)
    with pytest.raises(MovedOn), unit_of_work():
        wishes.correct(row(number), 1, "Dit d’ailleurs", "Un besoin", held=False)
    world.do(wishes.show, world.moderator, number, 2)
    with pytest.raises(MovedOn), unit_of_work():
        wishes.correct(row(number), 3, "Trop tard", "Un besoin", held=False)
    with reading():
        assert row(number).title == "Mieux dit"
    for _twice in range(2):
        with unit_of_work():
            wishes.withdraw(row(number))
    with reading():
        assert (row(number).title, row(number).need) == ("", "")
    with pytest.raises(Missing), unit_of_work():
        wishes.support(of("m"), row(number))
    with pytest.raises(MovedOn):
        world.do(wishes.show, world.moderator, number, version(number))
    assert deeds(number) == [WishDeed.FILED, WishDeed.CORRECTED, WishDeed.SHOWN, WishDeed.WITHDRAWN]


def test_of_two_moderators_the_second_hears_that_it_moved_on(world: World) -> None:
    number = world.wish(shown=False)
    world.do(wishes.refuse, world.moderator, number, 1, "Une insulte.")
    with pytest.raises(MovedOn):
        world.do(wishes.show, world.other_moderator, number, 1)
    with pytest.raises(Invalid):
        world.do(wishes.refuse, world.moderator, number, 2, "  ")
    # A decision may be taken back.
    world.do(wishes.show, world.other_moderator, number, 2)
    assert stands(number)[0] is Standing.SHOWN
    for actor in (world.editor, world.leader, world.mediator):
        with pytest.raises(DomainError):
            world.do(wishes.refuse, actor, number, 3, "Non.")


def test_a_lab_takes_it_up_plans_it_or_says_no(world: World) -> None:
    number = world.wish()
    for actor in (world.writer, world.editor):
        with pytest.raises(DomainError):
            world.take_up(number, actor)
    world.take_up(number)
    with pytest.raises(MovedOn):
        world.take_up(number)
    for actor in (world.writer, world.moderator):
        with pytest.raises(Refused):
            world.plan(number, actor)
    with pytest.raises(Invalid), unit_of_work():
        past = session().get_one(type(wish_queries.cycles_to_come()[0]), world.past_cycle)
        wish_work.plan(world.leader, row(number), past, row(number).version)
    world.plan(number)
    assert stands(number)[1] is WishStatus.PLANNED
    with pytest.raises(Invalid):
        world.do(wish_work.refuse_with_reason, world.leader, number, version(number), "")
    world.do(wish_work.refuse_with_reason, world.leader, number, version(number), "La loi ne le permet pas.")
    with reading():
        assert wish_queries.view(row(number)).reason == "La loi ne le permet pas."
    # Thought over: another may take it up.
    world.take_up(number)
    world.do(wish_work.mark_published, world.editor, number, seen=version(number))
    with pytest.raises(MovedOn):
        world.do(wish_work.refuse_with_reason, world.editor, number, version(number), "Trop tard.")
    with reading():
        lines = [line.sentence for line in wish_queries.history(row(number))]
        assert any("Lab de test" in line for line in lines) and len(lines) == row(number).version
        assert not any(world.leader.name in line for line in lines)
        assert session().scalar(
            sa.select(sa.func.count()).where(OutboxRow.name == "labs.wish_changed")
        ) == len(lines)


def test_a_lab_is_founded_for_it(world: World) -> None:
    number = world.wish()
    with unit_of_work():
        place = session().get_one(Lab, world.lab_id).administration
        lab = wish_work.found_lab_for(world.stranger, row(number), 2, "Les déchets", "Trier mieux.", place)
        assert row(number).lab_id == lab.id and row(number).status is WishStatus.UNDER_STUDY


def test_nothing_is_done_about_what_the_public_does_not_read(world: World) -> None:
    number = world.wish(shown=False)
    with pytest.raises(MovedOn):
        world.take_up(number)
    with pytest.raises(Missing):
        world.do(wish_work.refuse_with_reason, world.editor, number, 1, "Non.")
    with pytest.raises(Missing), unit_of_work():
        wishes.support(of("m"), row(number))


def test_two_become_one_and_whoever_comes_back_counts_once(world: World) -> None:
    first, second, third = world.wish("Une poubelle"), world.wish("Un bac"), world.wish("Un conteneur")
    for number, marks in ((first, "ab"), (second, "bc"), (third, "ad")):
        for mark in marks:
            with unit_of_work():
                wishes.support(of(mark), row(number))
    world.take_up(first)
    with pytest.raises(Refused), unit_of_work():
        wish_work.merge(world.writer, row(first), row(second), version(first))
    with pytest.raises(Invalid), unit_of_work():
        wish_work.merge(world.editor, row(first), row(first), row(first).version)
    with unit_of_work():
        wish_work.merge(world.moderator, row(first), row(second), row(first).version)
    # Nothing tells that « b » supports both.
    assert supports(first) == 0 and supports(second) == 4
    # What was being done goes over; and who still presses at the old address supports the new one.
    assert stands(second)[1] is WishStatus.UNDER_STUDY
    with unit_of_work():
        wishes.support(of("e"), row(first))
        wishes.take_back(of("b"), row(first))
    assert supports(second) == 3
    with pytest.raises(Invalid), unit_of_work():
        wish_work.merge(world.editor, row(third), row(first), row(third).version)
    with pytest.raises(MovedOn), unit_of_work():
        wish_work.merge(world.editor, row(first), row(third), row(first).version)
    with unit_of_work():
        wish_work.merge(world.editor, row(second), row(third), row(second).version)
    with reading():
        assert row(first).merged_into == row(second).merged_into == third
        assert [card.id for card in wish_queries.cards()] == [third]
    assert supports(third) == 5
    with unit_of_work():
        wishes.support(of("a"), row(third))
    assert supports(third) == 4


@pytest.mark.parametrize("seed", range(8))
def test_supports_and_mergers_in_any_order_count_every_reader_who_comes_back_once(
    world: World, seed: int
) -> None:
    """Against a model: groups of wishes, each with the set of readers who said so of any of them and did not take it back."""
    dice = random.Random(seed)
    numbers = [world.wish(f"Souhait {letter}") for letter in "abcde"]
    end = {number: number for number in numbers}
    said: dict[int, Counter[str]] = {number: Counter() for number in numbers}
    for _step in range(40):
        one, other = dice.choice(numbers), dice.choice(numbers)
        reader = dice.choice("0123456")
        match dice.choice(["support", "support", "take_back", "merge", "withdraw"]):
            case "support" if end[one]:
                with unit_of_work():
                    wishes.support(of(reader), row(one))
                said[end[one]][reader] = 1
            case "take_back" if end[one]:
                with unit_of_work():
                    wishes.take_back(of(reader), row(one))
                del said[end[one]][reader]
            case "merge" if end[one] == one and end[other] == other and one != other and dice.random() < 0.4:
                with unit_of_work():
                    wish_work.merge(world.editor, row(one), row(other), row(one).version)
                # Nothing tells who supports both: they count twice until they come back.
                said[other] += said.pop(one)
                end = {number: other if last == one else last for number, last in end.items()}
            case "withdraw" if end[one] == one and dice.random() < 0.1:
                with unit_of_work():
                    wishes.withdraw(row(one))
                heirs = [
                    number
                    for number in numbers
                    if end[number] == one and number != one and stands(number)[0] is Standing.SHOWN
                ]
                readers = said.pop(one)
                heir = heirs[0] if heirs else 0
                end = {number: heir if last == one else last for number, last in end.items()}
                if heir:
                    said[heir] = readers
    with reading():
        assert {card.id: card.supports for card in wish_queries.cards()} == {
            number: readers.total() for number, readers in said.items()
        }
    # Each comes back to each wish, and presses: everybody counts once.
    with unit_of_work():
        for number in said:
            for reader in "0123456":
                wishes.support(of(reader), row(number))
                assert wish_queries.is_supported(row(number), of(reader))
    with reading():
        assert {supports(number) for number in said} <= {7}
        marks = session().scalars(sa.select(WishSupport.mark)).all()
        assert len(set(marks)) == len(marks), "a mark is of one wish"


def test_when_a_wish_goes_those_merged_into_it_stay(world: World) -> None:
    gone, first, second = world.wish("Le premier"), world.wish("Le deuxième"), world.wish("Le troisième")
    with unit_of_work():
        wishes.support(of("a"), row(gone))
    world.take_up(gone)
    for number in (first, second):
        with unit_of_work():
            wish_work.merge(world.editor, row(number), row(gone), row(number).version)
    world.do(wishes.refuse, world.moderator, gone, version(gone), "Une insulte.")
    with reading():
        assert [card.id for card in wish_queries.cards()] == [first]
        assert row(first).lab_id == world.lab_id and row(first).status is WishStatus.UNDER_STUDY
        assert row(second).merged_into == row(gone).merged_into == first
    assert supports(first) == 1 and deeds(first)[-1] is WishDeed.ALONE


def test_an_address_is_confirmed_told_once_and_forgotten(world: World) -> None:
    number = world.wish()

    def give(email: str) -> bool:
        with unit_of_work():
            return wish_addresses.give(row(number), email)

    for wrong in ("jean", "jean@", "a@b", "x" * 320 + "@a.nc", "a@b.nc\nBcc: c@d.nc"):
        with pytest.raises(Invalid):
            give(wrong)
    assert give(" Jean@Mail.NC ") and not give("jean@mail.nc")
    assert give("autre@mail.nc")
    with pytest.raises(MovedOn), unit_of_work():
        wish_addresses.confirm(row(number), 1)
    for _twice in range(2):
        with unit_of_work():
            wish_addresses.confirm(row(number), 2)
    with unit_of_work():
        assert [email for _wish, email in wish_addresses.taken(row(number))] == ["autre@mail.nc"]
        assert wish_addresses.taken(row(number)) == []
    for count in range(3, wish_addresses.MOST_ADDRESSES + 1):
        assert give(f"a{count}@mail.nc")
    with pytest.raises(Invalid):
        give("encore@mail.nc")


def test_time_takes_addresses_and_refused_words_away(world: World) -> None:
    kept, unconfirmed, refused = world.wish("Un"), world.wish("Deux"), world.wish("Trois", shown=False)
    with unit_of_work():
        for number in (kept, unconfirmed, refused):
            wish_addresses.give(row(number), f"n{number}@mail.nc")
        wish_addresses.confirm(row(kept), 1)
    world.do(wishes.refuse, world.moderator, refused, 1, "Une publicité.")
    with unit_of_work():
        assert wish_addresses.forget_old() == 0
    with clock.shifted(timedelta(days=8)), unit_of_work():
        assert wish_addresses.forget_old() == 2
    with clock.shifted(timedelta(days=31)), unit_of_work():
        assert wish_addresses.forget_old() == 1
        assert row(refused).need == "" and row(kept).email and not row(unconfirmed).email
    with pytest.raises(MovedOn):
        world.do(wishes.show, world.moderator, refused, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"standing": Standing.REFUSED},
        {"status": WishStatus.REFUSED},
        {"status": WishStatus.UNDER_STUDY},
        {"channel": Channel.PHONE},
        {"confirmed_at": clock.now()},
        "itself",
        "a ring",
        "a chain",
        "one that waits",
        "leave the others",
    ],
)
def test_the_database_says_no_by_itself(world: World, change: Any) -> None:
    first, second, third = world.wish("Un"), world.wish("Deux"), world.wish("Trois", shown=False)
    with unit_of_work():
        row(second).merged_into = first
    targets = {
        "itself": (first, {"merged_into": first}),
        "a ring": (first, {"merged_into": second}),
        "a chain": (third, {"merged_into": second}),
        "one that waits": (first, {"merged_into": third}),
        "leave the others": (first, {"standing": Standing.WITHDRAWN}),
    }
    number, values = targets[change] if isinstance(change, str) else (first, change)
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        session().execute(sa.update(Wish).where(Wish.id == number).values(**values))


def test_a_person_who_is_erased_goes_out_of_words_and_addresses(world: World) -> None:
    number = world.wish()
    with unit_of_work():
        wish_addresses.give(row(number), world.writer.email.upper())
        row(number).need = f"Demandez à {world.writer.name} Martin, elle sait."
        session().flush()
        erasing.erase(None, world.writer.id)
    with reading():
        assert row(number).email == "" and world.writer.name + " " not in row(number).need
