"""The rules as they stand in `rules.json`, their patterns written out and compiled once.

A TypeScript engine is to read the same file, so a pattern is of what Python's `re` and JavaScript's `u` regular
expressions have in common; `docs/plain-french.md` says what that is and a test compiles each in Node.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("rules.json")


class RuleCode(StrEnum):
    """Stable names of the rules, for tests, tools and what a writer passes over."""

    LONG_SENTENCE = "long_sentence"
    LONG_PARAGRAPH = "long_paragraph"
    PASSIVE = "passive"
    NOMINAL = "nominal"
    DOUBLE_NEGATION = "double_negation"
    FORMULA = "formula"
    ACRONYM = "acronym"
    EMPTY_HEADING = "empty_heading"
    READER_ABSENT = "reader_absent"
    HARD_FIGURE = "hard_figure"
    EMPTY_LINK = "empty_link"


@dataclass(frozen=True)
class Example:
    """A text of a kind (sentence, heading, link, paragraph); `words` is what the rule finds, None for nothing."""

    kind: str
    text: str
    words: str | None = None
    better: str | None = None


@dataclass(frozen=True)
class Rule:
    """One rule: its name and why it matters, in the words a writer reads; `how` is its data."""

    code: RuleCode
    name: str
    why: str
    looks_at: frozenset[str]
    how: Mapping[str, Any]
    exceptions: frozenset[str]
    right: tuple[Example, ...]
    wrong: tuple[Example, ...]

    def words(self, key: str) -> frozenset[str]:
        """A list of words of the rule, to look words up in."""
        return frozenset(self.how[key])


@dataclass(frozen=True)
class Formula:
    """Words of administrations; `better` stands in their place, `rather` is advice that has to be fitted in."""

    say: str
    better: str | None
    rather: str | None
    written_out: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Compiled when a text first holds a word that begins like this: most never are."""
        return re.compile(self.written_out, re.IGNORECASE)


class Rules:
    """The rules of one file. Raises KeyError or re.error for a file that does not hold together."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.version: int = raw["version"]
        self.digest = _digest(raw)
        self.notations: Mapping[str, str] = raw["notations"]
        self.abbreviations = frozenset(raw["abbreviations"])
        self.by_code = {RuleCode(entry["code"]): _rule(entry) for entry in raw["rules"]}
        self.letter = self.notations["{L}"]

    def __getitem__(self, code: RuleCode) -> Rule:
        return self.by_code[code]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.by_code.values())

    def written_out(self, pattern: str) -> str:
        """A pattern without notations: in the order spoken of in the docs, so that TypeScript does the same."""
        if re.search(r"\[[^\]]*[ ’]", pattern):
            raise ValueError(f"a space or an apostrophe of a set would be written out: {pattern}")
        for name, meaning in self.notations.items():
            if name not in ("{s}", "{L}"):
                pattern = pattern.replace(name, meaning)
        pattern = pattern.replace(" ", "{s}+").replace("’", "[’']")
        return pattern.replace("{s}", self.notations["{s}"]).replace("{L}", self.letter)

    def from_a_word(self, pattern: str) -> str:
        """The pattern from the first letter of a word to the last letter of one; an elided word ends it as well."""
        open_end = pattern.endswith(("{de}", "{à}", "{que}", "’"))
        ending = "" if open_end else f"(?!{self.letter})"
        return f"(?<!{self.letter})(?:{self.written_out(pattern)}){ending}"

    def compiled(self, pattern: str, flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
        return re.compile(self.from_a_word(pattern), flags)

    def patterns(self) -> list[tuple[str, bool]]:
        """Every pattern of the file as it is compiled, and whether it looks at case."""
        how = {rule.code: rule.how for rule in self}
        spoken = [entry["say"] for entry in how[RuleCode.FORMULA]["formulae"]]
        spoken += how[RuleCode.NOMINAL]["supports"] + how[RuleCode.NOMINAL]["phrases"]
        spoken += how[RuleCode.DOUBLE_NEGATION]["denials"]
        spoken += how[RuleCode.READER_ABSENT]["anywhere"] + how[RuleCode.READER_ABSENT]["first"]
        cased = [how[RuleCode.ACRONYM]["pattern"], how[RuleCode.ACRONYM]["roman"]]
        return (
            [(self.from_a_word(pattern), False) for pattern in spoken]
            + [(self.from_a_word(pattern), True) for pattern in cased]
            + [(self.figure(pattern), True) for pattern in how[RuleCode.HARD_FIGURE]["patterns"]]
            + [(how[RuleCode.EMPTY_LINK]["addresses"], False)]
        )

    def figure(self, pattern: str) -> str:
        """The pattern of a figure: it may end where it likes, and never begins inside another figure."""
        return f"(?<![0-9A-Za-zÀ-ÖØ-öø-ÿ/.,+-])(?:{self.written_out(pattern)})"

    def formulae(self) -> dict[str, list[Formula]]:
        """Formulae by the first two letters of their first word: few are tried at each word of a text."""
        found: dict[str, list[Formula]] = defaultdict(list)
        for entry in self[RuleCode.FORMULA].how["formulae"]:
            say = entry["say"]
            formula = Formula(say, entry.get("better"), entry.get("rather"), self.from_a_word(say))
            found[first_letters(say)].append(formula)
        for formulae in found.values():
            formulae.sort(key=lambda formula: -len(formula.say))
        return dict(found)


def first_letters(say: str) -> str:
    """What the words of a formula begin with: two letters, or one when its first word has but one."""
    run = re.match(r"[a-zà-öø-ÿœ]{1,2}", say)
    if run is None or (len(run.group()) == 1 and say[1:2] not in (" ", "’")):
        raise ValueError(f"a formula begins with letters: {say}")
    return run.group()


def _rule(entry: Mapping[str, Any]) -> Rule:
    return Rule(
        code=RuleCode(entry["code"]),
        name=entry["name"],
        why=entry["why"],
        looks_at=frozenset(entry["looks_at"]),
        how=entry["how"],
        exceptions=frozenset(entry["exceptions"]),
        right=tuple(Example(**example) for example in entry["right"]),
        wrong=tuple(Example(**example) for example in entry["wrong"]),
    )


def _digest(raw: Mapping[str, Any]) -> str:
    """Names what is in force: two readings under one name were made by the same rules."""
    written = json.dumps(raw, ensure_ascii=False, sort_keys=True).encode()
    return f"{raw['version']}-{blake2b(written, digest_size=6).hexdigest()}"


def load(path: Path = FILE) -> Rules:
    """The rules written in the file at `path`."""
    return Rules(json.loads(path.read_text(encoding="utf-8")))


@lru_cache(maxsize=1)
def house_rules() -> Rules:
    """The rules of the house, read once for each process."""
    return load()
