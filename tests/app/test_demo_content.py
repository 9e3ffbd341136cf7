"""The demonstration content is data written by hand: these tests are its proof-reader.

They hold it to the grammar, to the accounts and counts that were promised, to French typography, and to the rules of
review, so that the loader never stumbles on a text that could not have been written, signed or published.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import app
from app.directory.models import Kind, Login, ServiceKind
from app.policy import PortalRole
from drafts.cards import wanted
from drafts.part_checks import check_parts
from drafts.stages import Deed, Stage, fold
from labs.models import SessionStatus
from labs.roles import LADDER, Right
from publish.call_words import CHANNEL_OF

DEMO = Path(app.__file__).parent / "demo"
SCHEMA = json.loads((DEMO.parents[1] / "drafts" / "schema.json").read_text(encoding="utf-8"))
Node = dict[str, Any]


def load(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((DEMO / f"{name}.json").read_text(encoding="utf-8"))
    return data


ADMINISTRATIONS = {row["slug"]: row for row in load("administrations")["administrations"]}
PEOPLE = {row["email"]: row for row in load("people")["people"]}
SERVICES = {row["slug"]: row for row in load("services")["services"]}
THEMES = load("themes")
LABS = {row["slug"]: row for row in load("labs")["labs"]}
ARTICLES = load("articles")["articles"]
SHORT = load("short_articles")["articles"]
OLD = load("old_articles")["articles"]
DRAFTS = [draft for lab in LABS.values() for draft in lab["drafts"]]
TEXTS = [*ARTICLES, *SHORT, *OLD, *DRAFTS]
each_shelf = pytest.mark.parametrize(
    "texts", [ARTICLES, SHORT, OLD, DRAFTS], ids=["articles", "short", "old", "drafts"]
)

COMMUNES = {
    "Bélep",
    "Boulouparis",
    "Bourail",
    "Canala",
    "Dumbéa",
    "Farino",
    "Hienghène",
    "Houaïlou",
    "Île des Pins",
    "Kaala-Gomen",
    "Koné",
    "Kouaoua",
    "Koumac",
    "La Foa",
    "Lifou",
    "Maré",
    "Moindou",
    "Mont-Dore",
    "Nouméa",
    "Ouégoa",
    "Ouvéa",
    "Païta",
    "Poindimié",
    "Ponérihouen",
    "Pouébo",
    "Pouembout",
    "Poum",
    "Poya",
    "Sarraméa",
    "Thio",
    "Touho",
    "Voh",
    "Yaté",
}


def walk(blocks: list[Node]) -> Iterator[Node]:
    for node in blocks:
        yield node
        yield from walk(node.get("content", []))


def plain(blocks: list[Node]) -> str:
    return "".join(node["text"] for node in walk(blocks) if node["type"] == "text")


def hrefs(blocks: list[Node]) -> Iterator[str]:
    for node in walk(blocks):
        for mark in node.get("marks", []):
            if mark["type"] == "link":
                yield mark["attrs"]["href"]


def reviewers_of(administration: str) -> set[str]:
    role = {"administration": administration, "role": PortalRole.REVIEWER.value}
    return {email for email, person in PEOPLE.items() if role in person["administration_roles"]}


def attribute_is_sound(value: object, rule: dict[str, Any]) -> bool:
    if rule["type"] == "id":
        return isinstance(value, str) and re.fullmatch(SCHEMA["types"]["id"]["pattern"], value) is not None
    if rule["type"] == "href":
        known = SCHEMA["types"]["href"]
        return (
            isinstance(value, str)
            and len(value) <= known["max"]
            and urlsplit(value).scheme in known["schemes"]
        )
    if (
        "pattern" in (known := SCHEMA["types"][rule["type"]])
        and re.fullmatch(known["pattern"], str(value)) is None
    ):
        return False
    return value in rule.get("values", [value]) and value != rule.get("default")  # defaults are left out


@each_shelf
def test_block_tree_follows_the_grammar(texts: list[dict[str, Any]]) -> None:
    for text in texts:
        ids: list[str] = []
        for node in walk(text["blocks"]):
            kind = SCHEMA["nodes"][node["type"]]
            if node["type"] == "text":
                assert node["text"]
                for mark in node.get("marks", []):
                    rules = SCHEMA["marks"][mark["type"]]["attrs"]
                    assert all(
                        attribute_is_sound(value, rules[key]) for key, value in mark.get("attrs", {}).items()
                    )
                continue
            for key, value in node.get("attrs", {}).items():
                assert attribute_is_sound(value, kind["attrs"][key]), (node["type"], key, value)
            if "id" in kind["attrs"]:
                ids.append(node["attrs"]["id"])
            allowed = "inline" if kind.get("content") == "inline*" else "block"
            assert all(
                SCHEMA["nodes"][child["type"]]["group"] == allowed for child in node.get("content", [])
            )
        assert len(ids) == len(set(ids))


@each_shelf
def test_text_would_pass_the_checks_at_submit(texts: list[dict[str, Any]]) -> None:
    for text in texts:
        first, *others = text["blocks"]
        assert first["type"] == "lead" and 0 < len(plain([first])) <= 300
        assert all(node["type"] != "lead" for node in others)
        level = 1
        for node in others:
            if node["type"] == "heading":
                here = node["attrs"].get("level", 2)
                assert 2 <= here <= level + 1, "a level of heading is skipped"
                level = here
        assert len(text["title"]) <= 200 and len(text["slug"]) <= 120 and len(text["change_note"]) <= 500
        assert text["language"] == "fr"
        assert "review_day" in text or date.fromisoformat(text["review_date"]).year == 2027
        assert text["lead_administration"] in text["competent"]
        for key, known in (
            ("competent", ADMINISTRATIONS),
            ("services", SERVICES),
            ("themes", {row["slug"] for row in THEMES["themes"]}),
            ("life_events", {row["slug"] for row in THEMES["life_events"]}),
            ("audiences", {row["slug"] for row in THEMES["audiences"]}),
            ("territories", {row["slug"] for row in THEMES["territories"]}),
        ):
            assert set(text[key]) <= set(known), key
            assert len(text[key]) == len(set(text[key]))


@each_shelf
def test_what_a_text_refers_to_is_there_and_every_territory_has_its_text(texts: list[dict[str, Any]]) -> None:
    for text in texts:
        names = wanted(text["blocks"])
        assert {slug for slug, _counter in names.contacts} <= set(ADMINISTRATIONS), text["slug"]
        assert {counter for _slug, counter in names.contacts} <= {0}, (
            "a counter's number is not known beforehand"
        )
        assert names.services <= set(SERVICES) and not names.images, text["slug"]
        assert not [finding.message for finding in check_parts(text["blocks"], text["territories"])]


def test_the_blocks_of_a_procedure_are_shown_somewhere() -> None:
    used = {node["type"] for text in TEXTS for node in walk(text["blocks"])}
    assert {"steps", "documents", "cost", "delay", "question", "variants", "contact", "service"} <= used


@each_shelf
def test_links_lead_to_an_administration_or_one_of_its_counters(texts: list[dict[str, Any]]) -> None:
    for text in texts:
        domains = {domain for row in ADMINISTRATIONS.values() for domain in row["link_domains"]}
        counters = [counter for row in ADMINISTRATIONS.values() for counter in row["counters"]]
        phones = {"+687" + re.sub(r"\s", "", counter["phone"]) for counter in counters}
        for href in hrefs(text["blocks"]):
            parts = urlsplit(href)
            if parts.scheme == "tel":
                assert parts.path in phones
            else:
                assert parts.scheme == "https"
                host = parts.hostname or ""
                assert any(host == domain or host.endswith("." + domain) for domain in domains), href


def test_nobody_is_left_with_only_a_link() -> None:
    for text in [*ARTICLES, *SHORT]:
        schemes = {urlsplit(href).scheme for href in hrefs(text["blocks"])}
        assert "https" not in schemes or "tel" in schemes, text["slug"]


def test_addresses_are_unique() -> None:
    doubled = [slug for slug, times in Counter(text["slug"] for text in TEXTS).items() if times > 1]
    assert doubled == []
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text["slug"]) for text in TEXTS)


def test_administrations_are_the_real_kinds_with_invented_contacts() -> None:
    assert len(ADMINISTRATIONS) == len(load("administrations")["administrations"]) >= 45
    kinds = Counter(row["kind"] for row in ADMINISTRATIONS.values())
    assert set(kinds) <= set(Kind) and kinds["province"] == 3 and kinds["commune"] == 33
    named = {row["counters"][0]["commune"] for row in ADMINISTRATIONS.values() if row["kind"] == "commune"}
    assert named == COMMUNES
    assert {"dinum", "province-sud", "province-nord", "province-iles", "cafat"} <= set(ADMINISTRATIONS)
    territories = {row["slug"] for row in THEMES["territories"]}
    counters = [counter for row in ADMINISTRATIONS.values() for counter in row["counters"]]
    for row in ADMINISTRATIONS.values():
        assert row["territory"] in territories and row["counters"]
        assert len(row["name"]) <= 200 and len(row["acronym"] or "") <= 40
        assert (urlsplit(row["site"]).hostname or "").endswith(".example")
        assert all(domain.endswith(".example") for domain in row["link_domains"])
    for counter in counters:
        assert re.fullmatch(r"20\u00a00[01]\u00a0\d\d", counter["phone"]) and counter["email"].endswith(
            ".example"
        )
        assert counter["hours"] and counter["commune"] in named
    assert len({counter["phone"] for counter in counters}) == len(counters)


def test_people_are_the_promised_accounts_and_no_others() -> None:
    agents = [
        "agent@dinum",
        "agent@province-sud",
        "agent@province-nord",
        "agent@province-iles",
        "agent@cafat",
    ]
    signers = {"province-sud", "province-nord", "province-iles", "cafat"}
    portal = {
        "admin@dinum": ["administrator"],
        "editeur@dinum": ["portal_editor"],
        "moderateur@dinum": ["moderator"],
    }
    at_home = {f"referent@{slug}": "reviewer" for slug in signers} | {"mediateur@province-sud": "mediator"}
    promised = {*agents, *portal, *at_home, "animateur@dinum"}
    assert set(PEOPLE) == {f"{account}.example" for account in promised}
    for email, person in PEOPLE.items():
        account = email.removesuffix(".example")
        assert person["administration"] == account.split("@")[1]
        assert person["portal_roles"] == portal.get(account, [])
        held = (
            [{"administration": person["administration"], "role": at_home[account]}]
            if account in at_home
            else []
        )
        assert person["administration_roles"] == held
        assert "password" not in person and person["given_name"] and person["family_name"]


def test_services_have_known_kinds_owners_and_addresses() -> None:
    assert len(SERVICES) == len(load("services")["services"]) >= 60
    domains = {domain for row in ADMINISTRATIONS.values() for domain in row["link_domains"]}
    assert sum(len(service["owners"]) > 1 for service in SERVICES.values()) >= 10
    for service in SERVICES.values():
        assert service["kind"] in set(ServiceKind) and service["login"] in set(Login)
        assert service["owners"] and set(service["owners"]) <= set(ADMINISTRATIONS)
        assert len(service["owners"]) == len(set(service["owners"]))
        assert (urlsplit(service["url"]).hostname or "").removeprefix("www.") in domains
        assert service["summary"].endswith(".") and 2 <= len(service["steps"]) <= 4
        assert service["theme"] in {row["slug"] for row in THEMES["themes"]}
        assert service["audience"] in {row["slug"] for row in THEMES["audiences"]}
    assert {service["kind"] for service in SERVICES.values()} == set(ServiceKind)
    assert {service["login"] for service in SERVICES.values()} == set(Login)


def test_twelve_articles_are_long_enough_to_be_useful_and_one_measures_the_budget() -> None:
    lengths = sorted(len(plain(article["blocks"])) for article in ARTICLES)
    assert len(lengths) == 12
    assert all(2_500 <= length <= 6_000 for length in lengths[:-1])
    # The budget of an article's page is promised for a text of 15,000 characters.
    assert 14_000 <= lengths[-1] <= 16_000
    for article in ARTICLES:
        kinds = {node["type"] for node in walk(article["blocks"])}
        assert {"heading", "note"} <= kinds and kinds & {"bullet_list", "ordered_list", "documents"}
        assert "vous" in plain(article["blocks"]).lower()
    tables = [node for article in ARTICLES for node in walk(article["blocks"]) if node["type"] == "table"]
    assert tables
    for table in tables:
        widths = {len(row["content"]) for row in table["content"]}
        assert len(widths) == 1 and {cell["type"] for cell in table["content"][0]["content"]} == {
            "table_header"
        }


def test_short_articles_give_search_something_to_search() -> None:
    assert len(SHORT) >= 150
    assert (
        len({text["title"] for text in SHORT}) == len({plain(text["blocks"]) for text in SHORT}) == len(SHORT)
    )


def test_what_became_of_old_articles_was_decided_by_two_people_who_may() -> None:
    editors = {email for email, person in PEOPLE.items() if "portal_editor" in person["portal_roles"]}
    fates = Counter()
    for text in OLD:
        for proposed, confirmed in zip(text["afterwards"][::2], text["afterwards"][1::2], strict=True):
            assert (proposed["act"], confirmed["act"]) == ("propose", "confirm")
            both = {proposed["by"], confirmed["by"]}
            assert both & editors and both & reviewers_of(text["lead_administration"]) and len(both) == 2
            assert proposed.get("target") is None or proposed["target"] in {one["slug"] for one in ARTICLES}
            fates[proposed["fate"]] += 1
    assert fates == {"withdraw": 1, "redirect": 1}
    assert [text["review_day"] for text in OLD if "review_day" in text] == [-12], (
        "late, and the office was told"
    )


@pytest.mark.parametrize("article", ARTICLES, ids=lambda article: article["slug"])
def test_article_can_be_signed_by_the_people_there_are(article: dict[str, Any]) -> None:
    author = PEOPLE[article["author"]]
    signers = {administration: reviewers_of(administration) for administration in article["competent"]}
    assert all(signers.values()), "a competent administration has nobody to sign"
    outside = [
        emails for administration, emails in signers.items() if administration != author["administration"]
    ]
    assert any(emails - {article["author"]} for emails in outside), "nobody can be the second pair of eyes"


def test_labs_hold_a_running_one_and_one_closed_to_province_sud() -> None:
    running = LABS["demenager"]
    assert running["lead_administration"] == "dinum" and running["facilitator"] == "animateur@dinum.example"
    rights = {member["email"].removesuffix(".example"): member["right"] for member in running["members"]}
    assert rights["agent@province-sud"] == rights["agent@province-nord"] == Right.WRITE
    assert rights["agent@province-iles"] == Right.SUGGEST and rights["agent@cafat"] == Right.REMARK
    assert all(
        rights[f"referent@{slug}"] == Right.READ for slug in ("province-sud", "province-nord", "cafat")
    )
    opened = [session for session in running["sessions"] if session["status"] == SessionStatus.OPEN]
    assert [session["day"] for session in opened] == [0]
    assert {draft["stage"] for draft in DRAFTS} == set(Stage)
    other = {PEOPLE[member["email"]]["administration"] for member in LABS["rentree-scolaire"]["members"]}
    assert "province-sud" not in other and LABS["rentree-scolaire"]["drafts"]


@pytest.mark.parametrize("lab", LABS.values(), ids=lambda lab: lab["slug"])
def test_sessions_are_sound(lab: dict[str, Any]) -> None:
    members = {member["email"] for member in lab["members"]}
    assert (
        members <= set(PEOPLE)
        and lab["facilitator"] in members
        and lab["lead_administration"] in ADMINISTRATIONS
    )
    assert all(member["right"] in set(Right) for member in lab["members"])
    keys = {draft["key"] for draft in lab["drafts"]}
    for session in lab["sessions"]:
        assert session["status"] in set(SessionStatus) and re.fullmatch(r"\d\d:\d\d", session["time"])
        assert sum(point["minutes"] for point in session["agenda"]) == session["duration_minutes"]
        assert {point["draft"] for point in session["agenda"] if "draft" in point} <= keys
        assert set(session["attendance"]) <= members


@pytest.mark.parametrize("draft", DRAFTS, ids=lambda draft: draft["slug"])
def test_draft_was_written_and_signed_by_people_who_may(draft: dict[str, Any]) -> None:
    lab = next(lab for lab in LABS.values() if draft in lab["drafts"])
    rights = {member["email"]: Right(member["right"]) for member in lab["members"]}
    top = [node["attrs"]["id"] for node in draft["blocks"]]
    written = [block for share in draft["written_by"] for block in share["blocks"]]
    assert sorted(written) == sorted(top), "every top-level block has exactly one author"
    writers = {share["email"] for share in draft["written_by"]}
    assert all(rights[email] is Right.WRITE for email in {*writers, draft["opened_by"]})
    for remark in draft["remarks"]:
        assert LADDER.index(rights[remark["by"]]) >= LADDER.index(Right.REMARK) and remark["block"] in top

    signed: set[str] = set()
    outside_eyes = False
    deeds = [Deed.CREATE]
    main_author = max(draft["written_by"], key=lambda share: len(share["blocks"]))["email"]
    for act in draft["acts"]:
        deed = Deed(act["act"])
        deeds.append(deed)
        if deed is Deed.SUBMIT:
            assert act["by"] in writers
        elif deed in (Deed.SIGN_OFF, Deed.REQUEST_CHANGES):
            assert act["administration"] in draft["competent"] and act["by"] in reviewers_of(
                act["administration"]
            )
            assert deed is Deed.SIGN_OFF or act["reason"]
        else:
            assert PortalRole.PORTAL_EDITOR.value in PEOPLE[act["by"]]["portal_roles"]
        if deed is Deed.SIGN_OFF:
            signed.add(act["administration"])
            away = PEOPLE[act["by"]]["administration"] != PEOPLE[main_author]["administration"]
            outside_eyes = outside_eyes or (away and act["by"] not in writers)
            if signed == set(draft["competent"]) and outside_eyes:
                deeds.append(Deed.APPROVE)  # nobody's deed: it follows from the last signature
    assert fold(deeds) == draft["stage"]


ADDRESSES = {
    "slug",
    "site",
    "url",
    "href",
    "email",
    "by",
    "author",
    "opened_by",
    "facilitator",
    "time",
    "attendance",
}


def prose(value: object, key: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ADDRESSES:
                yield from prose(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from prose(inner, key)
    elif isinstance(value, str) and "@" not in value:
        yield value


@pytest.mark.parametrize("name", sorted(path.stem for path in DEMO.glob("*.json")))
def test_french_typography(name: str) -> None:
    for text in prose(load(name)):
        assert "'" not in text, f"straight apostrophe: {text}"
        assert not re.search(r"(?<!\u202f)[;!?]", text), f"no narrow space before a double sign: {text}"
        assert not re.search(r"(?<![\u00a0]):", text), f"no no-break space before a colon: {text}"
        assert not re.search(r"«(?!\u00a0)|(?<!\u00a0)»", text), (
            f"quotation marks stick to their words: {text}"
        )
        assert not re.search(r"[ \u00a0\u202f]{2}", text), f"doubled space: {text}"
        assert not re.search(r"\d \d{3}(?!\d)", text), f"a number may be cut in two: {text}"


def test_espaces_connectes_are_named_as_demonstration_and_say_what_one_needs() -> None:
    spaces = load("spaces")["spaces"]
    assert len(spaces) == 14 and len({space["slug"] for space in spaces}) == 14
    for number, space in enumerate(spaces, start=1):
        assert space["name"].endswith("(démonstration)") and space["commune"] in COMMUNES
        assert space["phone"] == f"20\u00a009\u00a0{number:02d}" and space["computers"] > 0
        assert space["hours"] and space["bring"] and space["mediation"] and space["address"]


def test_calls_are_answered_while_they_are_open() -> None:
    data = load("calls")
    labs = {lab["slug"] for lab in load("labs")["labs"]}
    for call in data["calls"]:
        assert call["lab"] in labs and call["opens"] < call["closes"]
        for answer in call["answers"]:
            assert call["opens"] <= answer["day"] < min(call["closes"], 0)
            assert answer["by"] in CHANNEL_OF and answer["choice"] in range(len(call["choices"]))
        assert set(call["openings"]) <= set(CHANNEL_OF)
        assert call["closes"] > 0 or call["closes"] <= call["summary_day"] <= 0
    for test in data["reading_tests"]:
        assert test["lab"] in labs
        assert all(test["begins"] <= answer["day"] < test["closes"] for answer in test["answers"])
