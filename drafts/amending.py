"""An administrator changes a rule of plain French: what was typed is understood, tried in a child, then kept as data.

Three steps, because the trial takes seconds and a write transaction must not wait: `change_of`, `held` outside any
transaction, then `amend` inside one. Rules do not read one another's data that may be changed, so that what another
administrator did to another rule meanwhile changes nothing in the trial.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import audit, clock
from app.db import session, unless_somebody_was_first
from app.directory.editing import one_line
from app.errors import Invalid, MovedOn
from app.extensions import gettext as _
from app.extensions import ngettext
from app.policy import PORTAL, Act, Actor, require
from drafts import amendments
from drafts.child import Child, ChildDied, ChildSlow
from drafts.glossary_models import LONGEST_REASON, RuleAmendment
from drafts.plain_french.amended import Change, amended, entry_of, shipped
from drafts.plain_french.rules import RuleCode, first_letters
from drafts.plain_french.subset import PatternFault, pattern_fault

# All examples take a second of a free processor, most of it for the patterns; the rest is for one that is not free.
SECONDS = 30.0
MEMORY = 512 * 1024 * 1024
# What may be added to a rule. Half of what is shipped of formulae is a list nobody looks through any more.
MOST_FORMULAE, MOST_WORDS, MOST_EXAMPLES = 300, 300, 30
LONGEST_NAME, LONGEST_WHY, LONGEST_ADVICE, LONGEST_WORD, LONGEST_EXAMPLE = 80, 400, 200, 60, 1500
NUMBERS = {
    "max_words": (3, 400),
    "min_letters": (3, 20),
    "chain": (2, 10),
    "window": (2, 60),
    "reach": (1, 40),
    "span": (2, 100),
}
_tester = Child(seconds=SECONDS, memory=MEMORY, longest=8 * 1024 * 1024, module="drafts.plain_french.trying")


@dataclass(frozen=True)
class RuleWords:
    """What the form of a rule says, as it was typed; lists are one a line."""

    is_on: bool
    name: str
    why: str
    numbers: Mapping[str, int | None]
    formulae: str = ""
    formulae_out: str = ""
    exceptions: str = ""
    exceptions_out: str = ""
    known: str = ""
    known_out: str = ""
    right: str = ""
    right_out: Sequence[str] = ()
    wrong: str = ""
    wrong_out: Sequence[str] = ()


def close() -> None:
    """End the child of this process, if there is one."""
    _tester.close()


def kind_of(code: RuleCode) -> str:
    """What an example of the rule is: sentence, heading, link or paragraph. Those of one rule are all of one kind."""
    return str(entry_of(code)["wrong"][0]["kind"])


def change_of(code: RuleCode, given: RuleWords) -> dict[str, Any]:
    """The change that the words of a form ask for. Raises Invalid, which names the field, where they are none."""
    entry = entry_of(code)
    how = entry["how"]
    change: dict[str, Any] = {} if given.is_on else {"off": True}
    for part, words, longest in (("name", given.name, LONGEST_NAME), ("why", given.why, LONGEST_WHY)):
        said = one_line(words, longest, part)
        if said and said != entry[part]:
            change[part] = said
    change["numbers"] = _numbers(how, given.numbers)
    if "formulae" in how:
        change["formulae"] = _formulae(given.formulae)
        change["formulae_out"] = _known_ones(
            given.formulae_out, [one["say"] for one in how["formulae"]], "formulae_out"
        )
    for part, kept in (("exceptions", entry["exceptions"]), ("known", how.get("known"))):
        if kept is not None:
            change[part] = [word for word in _words(getattr(given, part), part) if word not in kept]
            change[f"{part}_out"] = _known_ones(getattr(given, f"{part}_out"), kept, f"{part}_out")
    change["right"] = _examples(given.right, kind_of(code), "right", has_words=False)
    change["wrong"] = _examples(given.wrong, kind_of(code), "wrong", has_words=True)
    for part, out in (("right", given.right_out), ("wrong", given.wrong_out)):
        texts = [one["text"] for one in entry[part]]
        change[f"{part}_out"] = [text for text in texts if text in set(out)]
    return {part: value for part, value in change.items() if value}


def _numbers(how: Mapping[str, Any], given: Mapping[str, int | None]) -> dict[str, int]:
    found = {}
    for key, (fewest, most) in NUMBERS.items():
        number = given.get(key)
        if key not in how or number is None:
            continue
        if not fewest <= number <= most:
            raise Invalid(
                _("Donnez un nombre de %(fewest)s à %(most)s.", fewest=fewest, most=most), field=key
            )
        if number != how[key]:
            found[key] = number
    return found


def _lines(words: str, most: int, longest: int, field: str) -> list[str]:
    """Lines that are not empty, once each."""
    lines = list(dict.fromkeys(line for raw in words.splitlines() if (line := raw.strip())))
    if len(lines) > most:
        raise Invalid(_("%(most)s lignes au plus.", most=most), field=field)
    for line in lines:
        if len(line) > longest:
            raise Invalid(
                _("Cette ligne est trop longue (%(most)s caractères au plus) : « %(line)s… »", most=longest, line=line[:60]),
                field=field,
            )  # fmt: skip
    return lines


def _words(words: str, field: str) -> list[str]:
    lines = _lines(words, MOST_WORDS, LONGEST_WORD, field)
    for line in lines:
        if not re.fullmatch(r"[^\W_]+(?:[-‑’'.][^\W_]+)*", line):
            raise Invalid(_("Un seul mot par ligne : « %(line)s » n’en est pas un.", line=line), field=field)
    return lines


def _known_ones(words: str, kept: Sequence[str], field: str) -> list[str]:
    """Lines that name something of the shipped rule."""
    lines = _lines(words, len(kept), 400, field)
    for line in lines:
        if line not in kept:
            raise Invalid(
                _(
                    "« %(line)s » n’est pas dans la règle d’origine : copiez la ligne telle qu’elle y est.",
                    line=line,
                ),
                field=field,
            )
    return lines


_PARTED = re.compile(r"[ \u00a0\u202f]([=:])[ \u00a0\u202f]")


def _formulae(words: str) -> list[dict[str, str]]:
    """« formule = ce qui la remplace », « formule : conseil », one a line."""
    found = []
    for line in _lines(words, MOST_FORMULAE, 600, "formulae"):
        parted = _PARTED.search(line)
        say = line[: parted.start()].strip().lower().replace("'", "’") if parted else ""
        told = line[parted.end() :].strip().replace("'", "’") if parted else ""
        if parted is None or not told:
            raise Invalid(
                _("Écrivez « formule = remplacement » ou « formule : conseil ». Cette ligne n’est ni l’un ni l’autre : « %(line)s »", line=line[:80]),
                field="formulae",
            )  # fmt: skip
        _judge(say)
        if len(told) > LONGEST_ADVICE:
            raise Invalid(_("%(count)s caractères au plus.", count=LONGEST_ADVICE), field="formulae")
        found.append({"say": say, "better" if parted[1] == "=" else "rather": told})
    if len({one["say"] for one in found}) < len(found):
        raise Invalid(_("Une formule est écrite deux fois : gardez-en une."), field="formulae")
    return found


def _judge(say: str) -> None:
    """Raises Invalid for a pattern that is not of the common part of the two languages, or does not begin with a word."""
    fault = pattern_fault(say, shipped()["notations"])
    if fault is None:
        try:
            first_letters(say)
            return
        except ValueError:
            said = _("elle doit commencer par les lettres d’un mot")
    else:
        said = {
            PatternFault.TOO_LONG: _("elle est trop longue"),
            PatternFault.EMPTY: _("elle est vide"),
            PatternFault.STRANGE: _("elle contient un signe qui n’est pas permis ici (\\, ^, $, ou une parenthèse spéciale)"),
            PatternFault.BROKEN: _("une parenthèse, un crochet, une accolade ou une répétition n’est pas à sa place"),
            PatternFault.SET: _("un crochet ne peut contenir ni espace ni apostrophe"),
            PatternFault.ENDLESS: _("un groupe répété doit l’être un nombre limité de fois, comme {0,3}"),
        }[fault]  # fmt: skip
    raise Invalid(
        _("La formule « %(say)s » ne va pas : %(fault)s.", say=say[:80], fault=said), field="formulae"
    )


def _examples(words: str, kind: str, field: str, *, has_words: bool) -> list[dict[str, str]]:
    """« texte », or « texte | mots trouvés | remplacement », one a line. Without words it is the whole text."""
    found = []
    for line in _lines(words, MOST_EXAMPLES, LONGEST_EXAMPLE, field):
        text, *more = (part.strip() for part in line.split("|"))
        if not text or len(more) > (2 if has_words else 0):
            raise Invalid(_("Cet exemple a une barre | de trop : « %(line)s »", line=line[:80]), field=field)
        example = {"kind": kind, "text": text}
        if has_words:
            example["words"] = more[0] if more and more[0] else text
            if example["words"] not in text:
                raise Invalid(
                    _("« %(words)s » n’est pas dans l’exemple « %(example)s ».", words=example["words"][:80], example=text[:80]),
                    field=field,
                )  # fmt: skip
            if len(more) == 2 and more[1]:
                example["better"] = more[1]
        found.append(example)
    return found


def refuse_moved(code: RuleCode, seen: int) -> None:
    """Raises MovedOn, before the trial, when the rule is not what the form was made from any more."""
    if _last_of(code) != seen:
        raise MovedOn(_("Quelqu’un a changé cette règle entre-temps. Comparez, puis envoyez de nouveau."))


def _last_of(code: RuleCode) -> int:
    query = sa.select(sa.func.max(RuleAmendment.number)).where(RuleAmendment.rule == str(code))
    return session().scalar(query) or 0


def held(code: RuleCode, change: Change) -> None:
    """Try the rules with this change, in a child. Never in a write transaction.

    Raises Invalid, which names the example that does not hold or the formula that takes too long.
    """
    raw = amended({code: change})
    busy = [one["say"] for one in change.get("formulae", ())]
    try:
        answer, _parts = _tester.ask("try", {"busy": busy}, (json.dumps(raw).encode(),))
    except ChildDied as death:
        if 0 < death.at <= len(busy):
            said = _("La formule « %(say)s » demande trop de travail : bornez ses répétitions, ou écrivez-la en plusieurs lignes.", say=busy[death.at - 1][:80])  # fmt: skip
            raise Invalid(said, field="formulae") from None
        if isinstance(death, ChildSlow):
            said = _("L’essai a pris trop de temps et a été arrêté. Réessayez dans un instant ; si cela recommence, changez moins de choses à la fois.")  # fmt: skip
            raise Invalid(said) from None
        raise Invalid(_("L’essai s’est arrêté : la règle n’est pas changée. Réessayez.")) from None
    finally:
        # Rules are changed some times a year, and a child that waits for the next time keeps 60 MB.
        close()
    if "broken" in answer:
        raise Invalid(_("La règle ne tient pas ensemble : vérifiez les formules."), field="formulae")
    mine = [fault for fault in answer["faults"] if fault["rule"] == code]
    if mine:
        raise Invalid(_said_of(mine), field=_field_of(mine[0], change))


def _field_of(fault: Mapping[str, Any], change: Change) -> str:
    part = "right" if fault["is_right"] else "wrong"
    typed = {one["text"] for one in change.get(part, ())}
    return part if fault["text"] in typed else f"{part}_out"


def _said_of(faults: Sequence[Mapping[str, Any]]) -> str:
    fault = faults[0]
    text, found = fault["text"], fault["found"]
    if fault["is_right"]:
        said = _("L’exemple « %(example)s » ne tient pas : la règle ne doit rien y trouver, et elle trouve « %(found)s ».", example=text, found=found)  # fmt: skip
    elif found is None:
        said = _("L’exemple « %(example)s » ne tient pas : la règle doit y trouver « %(words)s », et ne trouve rien.", example=text, words=fault["words"])  # fmt: skip
    elif found != fault["words"]:
        said = _("L’exemple « %(example)s » ne tient pas : la règle doit y trouver « %(words)s », et elle trouve « %(found)s ».", example=text, words=fault["words"], found=found)  # fmt: skip
    else:
        said = _("L’exemple « %(example)s » ne tient pas : ce que la règle propose d’y écrire est « %(better)s ».", example=text, better=fault["better"] or _("rien"))  # fmt: skip
    if len(faults) > 1:
        more = len(faults) - 1
        said += " " + ngettext(
            "%(num)s autre exemple ne tient pas non plus.", "%(num)s autres exemples ne tiennent pas non plus.", more
        )  # fmt: skip
    return said


def amend(actor: Actor, code: RuleCode, seen: int, change: Change, reason: str) -> RuleAmendment:
    """Put a change that `held` in force. `seen`: the number of the amendment that the form was made from, 0 for none.

    Raises MovedOn when somebody else changed the rule since, Invalid without a reason or without a change.
    """
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    said = _("Dites pourquoi, en 300 caractères au plus.")
    reason = one_line(reason, LONGEST_REASON, "reason", said, needed=True)
    last = amendments.current().get(code)
    if dict(change) == (last.change if last else {}):
        raise Invalid(_("Rien n’a changé : il n’y a rien à enregistrer."))
    return _add(actor, code, seen, change, reason, "amend_rule")


def restore(actor: Actor, code: RuleCode, seen: int, reason: str) -> RuleAmendment:
    """Back to the rule as it is shipped, which always holds. Raises as `amend`."""
    require(actor, Act.PORTAL_ADMINISTER, PORTAL)
    last = amendments.current().get(code)
    if last is None or not last.change:
        raise MovedOn(_("Cette règle est déjà celle d’origine."))
    reason = one_line(reason, LONGEST_REASON, "reason") or _("Retour à la règle d’origine.")
    return _add(actor, code, seen, {}, reason, "restore_rule")


def _add(actor: Actor, code: RuleCode, seen: int, change: Change, reason: str, act: str) -> RuleAmendment:
    refuse_moved(code, seen)
    moved = _("Quelqu’un a changé cette règle entre-temps. Comparez, puis envoyez de nouveau.")
    row = RuleAmendment(
        rule=str(code),
        number=seen + 1,
        change=dict(change),
        reason=reason,
        person_id=actor.id,
        at=clock.now(),
    )
    with unless_somebody_was_first(moved):
        session().add(row)
    audit.record(actor.id, act, "plain_french_rule", code, number=row.number, parts=sorted(change))
    return row


SUMMARIES: Mapping[str, Callable[[Any], str]] = {
    "off": lambda _value: _("règle arrêtée"),
    "name": lambda _value: _("autre nom"),
    "why": lambda _value: _("autre explication"),
    "numbers": lambda value: ngettext("%(num)s nombre changé", "%(num)s nombres changés", len(value)),
    "formulae": lambda value: ngettext("%(num)s formule en plus", "%(num)s formules en plus", len(value)),
    "formulae_out": lambda value: ngettext("%(num)s formule retirée", "%(num)s formules retirées", len(value)),
    "exceptions": lambda value: ngettext("%(num)s exception en plus", "%(num)s exceptions en plus", len(value)),
    "exceptions_out": lambda value: ngettext("%(num)s exception retirée", "%(num)s exceptions retirées", len(value)),
    "known": lambda value: ngettext("%(num)s sigle connu en plus", "%(num)s sigles connus en plus", len(value)),
    "known_out": lambda value: ngettext("%(num)s sigle connu retiré", "%(num)s sigles connus retirés", len(value)),
    "right": lambda value: ngettext("%(num)s exemple correct en plus", "%(num)s exemples corrects en plus", len(value)),
    "right_out": lambda value: ngettext("%(num)s exemple correct retiré", "%(num)s exemples corrects retirés", len(value)),
    "wrong": lambda value: ngettext("%(num)s exemple à corriger en plus", "%(num)s exemples à corriger en plus", len(value)),
    "wrong_out": lambda value: ngettext("%(num)s exemple à corriger retiré", "%(num)s exemples à corriger retirés", len(value)),
}  # fmt: skip


def summary(change: Change) -> str:
    """In a few words, what differs from the rule of the release."""
    said = [words(change[part]) for part, words in SUMMARIES.items() if change.get(part)]
    return ", ".join(said) or _("comme à l’origine")
