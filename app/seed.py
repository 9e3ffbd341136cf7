"""Demonstration content, made through the services: what people could have done, done quickly.

Texts and people are data in app/demo/. Only `make run` on a loopback address and `flask seed --demo` call this.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask

from app import clock
from app.accounts import service as accounts
from app.accounts.models import Person
from app.db import reading, session, unit_of_work
from app.directory.models import (
    Administration,
    ConnectedSpace,
    Counter,
    Kind,
    Login,
    OnlineService,
    ServiceKind,
)
from app.jobs import Lease
from app.policy import Actor, PortalRole
from app.seed_calls import add_all as add_calls
from app.seed_comments import add_comment
from app.seed_easy import add_twin
from app.seed_figures import add_figures, add_scores
from app.seed_glossary import add_all as add_glossary
from app.seed_known import actor_of, administration_of, known, lab_of, moment, person_of
from app.seed_sessions import add_sessions
from app.seed_wishes import add_wish
from config import ROOT
from drafts import remarks, review
from drafts import service as drafts
from drafts.anchors import Passage
from drafts.grammar import inline_text as block_text
from drafts.models import Article, Draft
from drafts.notice_models import MailState, Notice, NoticeKind
from drafts.remark_models import LONGEST_QUOTE
from drafts.review_models import Revision
from labs import cycles, guests, joining
from labs import service as labs
from labs.cycle_models import Cycle
from labs.models import Lab, Membership
from labs.roles import Right
from publish import fates, synonyms
from publish import schedule as scheduling
from publish import service as publishing
from publish.fate_acts import open_proposal
from publish.fate_stages import Fate

FOLDER = ROOT / "app" / "demo"
# Stands while the demonstration is being filled, so that a broken-off filling is gone on with.
MARKER = "demonstration"
PASSWORD = "openlab-demo-2026"  # nosec B105 # printed in the guide; refuse_exposed_demonstration keeps it on loopback
ADMINISTRATOR, EDITOR = "admin@dinum.example", "editeur@dinum.example"
Progress = Callable[[str, int, int], None]


def is_demonstration() -> bool:
    with reading() as current:
        return current.scalar(sa.select(Person.id).where(Person.is_demo).limit(1)) is not None


def when_empty(_app: Flask) -> bool:
    """Fill an empty database, or go on where a filling was broken off; False when it holds anything else."""
    with unit_of_work() as current:
        if current.get(Lease, MARKER) is None:
            if current.scalar(sa.select(Administration.id).limit(1)) is not None:
                return False
            current.add(Lease(name=MARKER, holder="seed", until=clock.now()))
    fill(_show)
    with unit_of_work() as current:
        current.delete(current.get_one(Lease, MARKER))
    return True


def _show(what: str, done: int, total: int) -> None:
    if sys.stdout.isatty():
        width = 30
        bar = "#" * (width * done // max(total, 1))
        print(
            f"\r  {what:<28} [{bar:<{width}}] {done}/{total}", end="\n" if done == total else "", flush=True
        )
    elif done == total:
        print(f"  {what}: {total}", flush=True)


def entries(name: str, key: str = "") -> list[dict[str, Any]]:
    """What a file of app/demo holds, under a key that is its name unless said."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))[
        key or name
    ]
    return found


def _counted(what: str, things: list[dict[str, Any]], progress: Progress) -> Iterator[dict[str, Any]]:
    for number, thing in enumerate(things, start=1):
        yield thing
        progress(what, number, len(things))


def fill(progress: Progress) -> None:
    """Everything the demonstration holds. Each piece is a transaction of its own, as it would be in life."""
    fill_directory(progress)
    workshops = entries("labs")
    for entry in _counted("Labs", workshops, progress):
        add_lab(entry)
    with unit_of_work():
        add_cycle(workshops)
    for name, label in (
        ("articles", "Articles"),
        ("short_articles", "Short articles"),
        ("old_articles", "Old articles"),
    ):
        found = entries(name, "articles")
        for number, entry in enumerate(_counted(label, found, progress)):
            # Figures by month need months: the short ones came out one after the other over a year.
            with clock.shifted(-timedelta(days=30 * (number % 12) if name == "short_articles" else 0)):
                publish_article(entry)
    for entry in _counted("Wishes", entries("wishes"), progress):
        add_wish(entry)
    for entry in _counted("Comments", entries("comments"), progress):
        add_comment(entry)
    add_figures(progress)
    add_scores(progress)
    add_glossary(EDITOR, entries("glossary", "terms"), entries("glossary", "proposals"))
    add_calls(entries("calls"), entries("calls", "reading_tests"))
    with unit_of_work() as current:
        # What the demonstration did to get here is no news to anybody.
        old = sa.update(Notice).where(Notice.kind.in_([NoticeKind.STAGE, NoticeKind.REVIEW]))
        current.execute(old.values(read_at=clock.now(), mail=MailState.DONE))


def fill_directory(progress: Progress) -> None:
    """What everything else stands on: synonyms, administrations, people, services and spaces."""
    with unit_of_work():
        synonyms.put_first_list()
    with unit_of_work():
        for entry in _counted("Administrations", entries("administrations"), progress):
            add_administration(entry)
    with unit_of_work():
        for entry in _counted("Accounts", entries("people"), progress):
            add_person(entry)
    with unit_of_work():
        for entry in _counted("Online services", entries("services"), progress):
            add_service(entry)
    with unit_of_work():
        for entry in _counted("Espaces connectés", entries("spaces"), progress):
            add_space(entry)


def add_administration(entry: dict[str, Any]) -> None:
    if known(Administration, slug=entry["slug"]):
        return
    values = {key: value for key, value in entry.items() if key not in ("counters", "kind")}
    administration = Administration(kind=Kind(entry["kind"]), **values)
    administration.counters = [Counter(**counter) for counter in entry["counters"]]
    session().add(administration)
    session().flush()


def add_person(entry: dict[str, Any]) -> None:
    if known(Person, email=entry["email"]):
        return
    person = accounts.create_person(
        entry["email"],
        f"{entry['given_name']} {entry['family_name']}",
        administration_of(entry["administration"]),
        PASSWORD,
        is_demo=True,
    )
    for role in entry["portal_roles"]:
        accounts.give_role(person, PortalRole(role))
    for held in entry["administration_roles"]:
        accounts.give_role(person, PortalRole(held["role"]), administration_of(held["administration"]))


def add_service(entry: dict[str, Any]) -> None:
    if known(OnlineService, slug=entry["slug"]):
        return
    names = ("slug", "title", "url", "summary")
    service = OnlineService(
        kind=ServiceKind(entry["kind"]), login=Login(entry["login"]), **{name: entry[name] for name in names}
    )
    service.owners = [administration_of(slug) for slug in dict.fromkeys(entry["owners"])]
    session().add(service)
    session().flush()


def add_space(entry: dict[str, Any]) -> None:
    if not known(ConnectedSpace, slug=entry["slug"]):
        session().add(ConnectedSpace(**entry))
        session().flush()


def add_lab(entry: dict[str, Any]) -> None:
    """A lab, its people, its sessions counted from today, and its drafts with what was done to them."""
    with unit_of_work():
        if not known(Lab, slug=entry["slug"]):
            _found_lab(entry)
    for draft in entry["drafts"]:
        with unit_of_work():
            if not known(Article, slug=draft["slug"]):
                add_draft(lab_of(entry), draft)
    add_sessions(entry)


def _found_lab(entry: dict[str, Any]) -> None:
    leader = actor_of(entry["facilitator"])
    lab = labs.create_lab(
        leader,
        entry["title"],
        entry["purpose"],
        administration_of(entry["lead_administration"]),
        entry["slug"],
    )
    for member in entry["members"]:
        if member["email"] != entry["facilitator"]:
            labs.add_member(leader, lab, person_of(member["email"]), Right(member["right"]))
    labs.describe(leader, lab, purpose=entry["purpose"], themes=entry["themes"], open_to_requests=True)
    for asking in entry["requests"]:
        joining.ask(actor_of(asking["email"]), lab, asking["sentence"])
    for guest in entry["guests"]:
        guests.invite_guest(leader, lab, guest["name"], guest["email"], Right(guest["right"]), guest["days"])


def add_cycle(entries: list[dict[str, Any]]) -> None:
    """The cycle that runs: begun two weeks ago, with the goals of the labs that run in it."""
    if known(Cycle, number=1):
        return
    running = [entry for entry in entries if entry["status"] == "running"]
    starts_on = clock.local(clock.now()).date() - timedelta(weeks=2)
    admin = actor_of(ADMINISTRATOR)
    cycle = cycles.make_cycle(admin, starts_on, [goal for entry in running for goal in entry["goals"]])
    for entry in running:
        cycles.assign(admin, cycle, session().scalars(sa.select(Lab).filter_by(slug=entry["slug"])).one())


def add_draft(lab: Lab, entry: dict[str, Any]) -> None:
    """A draft whose blocks are put in by those who wrote them, then the acts of its review."""
    hands, opener = entry["written_by"], entry["opened_by"]
    written = set(_block_ids(hands, opener))
    draft = _create(
        actor_of(opener), lab, entry, [block for block in entry["blocks"] if _id(block) in written]
    )
    for hand in hands:
        if hand["email"] != opener:
            written |= set(hand["blocks"])
            blocks = [block for block in entry["blocks"] if _id(block) in written]
            drafts.replace_text(actor_of(hand["email"]), draft, blocks)
    add_twin(draft, entry["slug"], entry["blocks"])
    for act in entry["acts"]:
        _do(draft, act, entry)
    words = {_id(block): block_text(block)[:LONGEST_QUOTE] for block in entry["blocks"]}
    for remark in entry["remarks"]:
        about = [Passage(remark["block"], 0, words[remark["block"]])]
        remarks.open_remark(
            actor_of(remark["by"]), draft, remark["text"], passages=about, blocking=remark["blocking"]
        )


def _block_ids(hands: list[dict[str, Any]], email: str) -> list[str]:
    return [block for hand in hands if hand["email"] == email for block in hand["blocks"]]


def _id(block: dict[str, Any]) -> str | None:
    found: str | None = block.get("attrs", {}).get("id")
    return found


def _create(actor: Actor, lab: Lab, entry: dict[str, Any], blocks: list[dict[str, Any]]) -> Draft:
    return drafts.create_draft(
        actor,
        lab,
        title=entry["title"],
        slug=entry["slug"],
        lead=administration_of(entry["lead_administration"]),
        competent=[administration_of(slug) for slug in entry["competent"]],
        tree=blocks,
        fields={name: entry[name] for name in drafts.FIELDS if name in entry},
    )


def _do(draft: Draft, act: dict[str, Any], entry: dict[str, Any]) -> None:
    """One act of a review, by the person who does it."""
    actor = actor_of(act["by"])
    match act["act"]:
        case "submit":
            review.submit(actor, draft, entry.get("change_note", ""))
        case "sign_off":
            review.sign_off(
                actor, draft, administration_of(act["administration"]).id, _under_review(draft).fingerprint
            )
        case "request_changes":
            review.request_changes(actor, draft, act["reason"])
        case "schedule":
            scheduling.schedule(
                actor, draft, _under_review(draft).fingerprint, moment(act["day"], act["time"])
            )
        case "publish":
            publishing.publish(actor, draft, _under_review(draft).fingerprint, entry.get("change_note", ""))
        case other:
            raise ValueError(f"app/demo names an act that nobody can do: {other}")


def _under_review(draft: Draft) -> Revision:
    return (
        session()
        .scalars(
            sa.select(Revision).where(Revision.draft_id == draft.id).order_by(Revision.number.desc()).limit(1)
        )
        .one()
    )


def publish_article(entry: dict[str, Any]) -> None:
    """The whole walk of one article: written, submitted, signed by every competent administration, published; and what
    became of it afterwards."""
    if "review_day" in entry:
        entry = {**entry, "review_date": moment(entry["review_day"], "00:00").date().isoformat()}
    with unit_of_work():
        if known(Article, slug=entry["slug"]):
            return
        lead = administration_of(entry["lead_administration"])
        author = _hand(lead, "agent", entry.get("author"))
        signers = {slug: _hand(administration_of(slug), "referent") for slug in entry["competent"]}
        lab = labs.permanent_lab(lead)
        _keep_membership(lab, author)
        draft = _create(author, lab, entry, entry["blocks"])
        add_twin(draft, entry["slug"], entry["blocks"])
        review.submit(author, draft, entry["change_note"])
        fingerprint = _under_review(draft).fingerprint
        for slug, signer in signers.items():
            review.sign_off(signer, draft, administration_of(slug).id, fingerprint)
        publishing.publish(actor_of(EDITOR), draft, fingerprint, entry["change_note"])
        for act in entry.get("afterwards", ()):
            _decide(draft.article, act)


def _decide(article: Article, act: dict[str, Any]) -> None:
    """One act of the two people who decide what becomes of a page."""
    actor = actor_of(act["by"])
    match act["act"]:
        case "propose":
            target = fates.article_at(act["target"]) if "target" in act else None
            fates.propose(actor, article, Fate(act["fate"]), act["explanation"], target)
        case "confirm":
            proposed = open_proposal(article)
            assert proposed is not None, f"nothing is proposed for {article.slug}"
            fates.confirm(actor, article, proposed.number)
        case other:
            raise ValueError(f"app/demo names an act that nobody can do: {other}")


def _hand(administration: Administration, kind: str, email: str | None = None) -> Actor:
    """A person of an administration: the one named, or a demonstration account without password, made at need."""
    email = email or f"{kind}@{administration.slug}.example"
    person = session().scalars(sa.select(Person).filter_by(email=email)).first()
    if person is None:
        role = "Agent" if kind == "agent" else "Référent"
        person = accounts.create_person(
            email, f"{role} {administration.short_name}"[:128], administration, is_demo=True
        )
    if kind == "referent" and not any(role.role is PortalRole.REVIEWER for role in person.roles):
        accounts.give_role(person, PortalRole.REVIEWER, administration)
        session().refresh(person, ["roles"])
    return accounts.actor_for_person(person.id)


def _keep_membership(lab: Lab, author: Actor) -> None:
    """A permanent lab takes in its administration's people when it is made; those who came later join here."""
    known = session().scalars(sa.select(Membership).filter_by(lab_id=lab.id, person_id=author.id)).first()
    if known is None:
        session().add(
            Membership(lab_id=lab.id, person_id=author.id, right=Right.WRITE, joined_at=clock.now())
        )
        session().flush()
