"""A paper as bytes and back: for the child that writes it, and to tell whether two papers are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.directory.catalogue import Desk, Office, Service
from drafts.cards import Contact, References
from drafts.exchange.paper import Format, Paper


def packed(paper: Paper) -> list[bytes]:
    """One JSON text, then the pictures in the order of its `pictures`."""
    names = sorted(paper.pictures)
    known = paper.references
    head = {
        "title": paper.title,
        "tree": paper.tree,
        "language": paper.language,
        "facts": paper.facts,
        "contacts": [
            [*key, asdict(contact)] for key, contact in sorted(known.contacts.items(), key=lambda one: one[0])
        ],
        "services": [asdict(service) for _slug, service in sorted(known.services.items())],
        "images": None if known.images is None else sorted(known.images),
        "pictures": names,
    }
    return [json.dumps(head, sort_keys=True).encode(), *(paper.pictures[name] for name in names)]


def unpacked(parts: Sequence[bytes]) -> Paper:
    """What `packed` was given."""
    head = json.loads(parts[0])
    services = [_service(one) for one in head["services"]]
    return Paper(
        title=head["title"],
        tree=head["tree"],
        language=head["language"],
        facts=tuple((label, value) for label, value in head["facts"]),
        references=References(
            {(slug, counter): _contact(one) for slug, counter, one in head["contacts"]},
            {service.slug: service for service in services},
            None if head["images"] is None else frozenset(head["images"]),
        ),
        pictures=dict(zip(head["pictures"], parts[1:], strict=True)),
    )


def digests(paper: Paper, forms: Iterable[Format], build: str) -> dict[Format, str]:
    """For each format sixty-four hexadecimal digits of all that a file is made from. The paper is gone through once."""
    parts = [hashlib.sha256(part).digest() for part in packed(paper)]
    return {
        form: hashlib.sha256(b"".join([f"{form} {build}".encode(), *parts])).hexdigest() for form in forms
    }


def digest(paper: Paper, form: Format, build: str) -> str:
    return digests(paper, [form], build)[form]


def _office(given: Mapping[str, Any]) -> Office:
    return Office(**given)


def _desk(given: Mapping[str, Any]) -> Desk:
    return Desk(**{**given, "office": _office(given["office"])})


def _contact(given: Mapping[str, Any]) -> Contact:
    return Contact(_office(given["office"]), tuple(map(_desk, given["desks"])), given["more"])


def _service(given: Mapping[str, Any]) -> Service:
    desk = given["desk"]
    return Service(
        **{
            **given,
            "offices": tuple(map(_office, given["offices"])),
            "named": tuple(given["named"]),
            "desk": None if desk is None else _desk(desk),
        }
    )
