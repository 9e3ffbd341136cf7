"""How many syllables a French word has, read from its letters.

An approximation that a reader of the code can follow: groups of vowels, parted where French parts them, without the
mute e at the end. An e inside a word is counted (« sa-me-di »), as in verse and in careful speech.
"""

from __future__ import annotations

import re

# Pronounced -ent of nouns, adjectives and adverbs that does not follow an m; other -ent is that of a verb.
_IN_ENT = """
    absent accident adhérent adjacent adolescent agent apparent antécédent argent ardent arpent ascendant auvent
    avent cent client cohérent coefficient compétent concurrent confident conscient content contingent continent
    convalescent couvent décent déficient dent déférent différent diligent divergent efficient
    émergent équivalent escient évident excédent excellent expédient fervent fréquent gradient imminent impatient
    imprudent incident incohérent incompétent inconscient indécent indifférent indigent indulgent influent ingrédient
    inhérent innocent insolent intelligent intermittent lent négligent occident onguent opulent orient
    parent patient pénitent permanent pertinent polyvalent précédent présent président prudent quotient récent récipient
    référent réticent résident serpent sergent somnolent souvent succulent talent torrent transparent
    trident turbulent urgent vent violent virulent
"""
_NASAL = frozenset(_IN_ENT.split())
# Third persons in -ment; every other word in -ment is a noun or an adverb and says it.
_IN_MENT = """
    aiment affirment animent arment assument calment clament confirment conforment consomment consument
    déforment dorment endorment enferment enflamment entament estiment expriment ferment filment forment fument
    impriment informent limitent nomment programment proclament rament réclament réforment renferment
    résument sèment suppriment surnomment transforment
"""
_VERBS_IN_MENT = frozenset(_IN_MENT.split())
# Words whose letters mislead: what is said is another thing than what is written.
_KNOWN = {
    "pays": 2, "paysage": 3, "paysages": 3, "paysan": 3, "paysans": 3, "abbaye": 3, "août": 1, "ouest": 1, "oui": 1,
    "chaos": 2, "fouet": 2, "femme": 1, "monsieur": 2, "messieurs": 2, "second": 2, "aiguë": 2, "yaourt": 2,
}  # fmt: skip
_VOWELS = "aàâeéèêëiîïoôuùûüyœæ"
_GROUP = re.compile(rf"[{_VOWELS}]+")
_LETTERS = re.compile(rf"[a-z{_VOWELS}ç]+")
# « qu » and a « gu » before e or i say no u; a y between vowels is a consonant, « ge » before a or o no e.
_SILENT = (
    (re.compile(r"qu"), "k"),
    (re.compile(r"gu(?=[eéèêiïy])"), "g"),
    (re.compile(r"ge(?=[aàâoôu])"), "j"),
    (re.compile(rf"(?<=[{_VOWELS}])y(?=[{_VOWELS}])"), "j"),
    (re.compile(rf"^y(?=[{_VOWELS}])"), "j"),
)
_MUTE = re.compile(r"(?<=.)(?:e|es)$")
# One sound each; a pair of vowels that is none of them is told apart by what follows.
_HIATUS = (
    re.compile(r"(?<=[éèïëü])(?=[aàâeéèêiîïoôuùûœ])"),  # ré-union, No-ël-la, naï-vité
    re.compile(r"(?<=[aàâoôu])(?=[éèïëü])"),  # po-ésie, ma-ïs, évalu-é
    re.compile(r"(?<=[bcdfgptv][lr])i(?=[aàâeéèêoô])"),  # cli-ent, cri-er
    re.compile(r"(?<=[^oaeqg])u(?=[aàâoô]|e(?![ui]))"),  # situ-ation, nu-age, actu-el
    re.compile(r"ou(?=[aàâeéèê])"),  # lou-er
    re.compile(r"ao(?=[rnst])"),  # a-orte
)


def syllables(word: str) -> int:
    """Syllables of one word, at least one; a figure has one for each digit, a word with hyphens those of its parts."""
    total = 0
    for part in re.split(r"[-‑’']", word.lower()):
        digits = sum(sign.isdigit() for sign in part)
        letters = "".join(_LETTERS.findall(part))
        # An elided word (« l’ ») is said with the next one.
        elided = len(letters) < 3 and not _GROUP.search(letters)
        total += digits + (0 if elided else _syllables(letters))
    return max(1, total)


def _syllables(word: str) -> int:
    if word in _KNOWN:
        return _KNOWN[word]
    word = _without_verb_ending(word)
    for pattern, said in _SILENT:
        word = pattern.sub(said, word)
    word = _MUTE.sub("", word)
    for pattern in _HIATUS:
        word = pattern.sub(lambda found: found.group() + "|", word)
    return max(1, len(_GROUP.findall(word)))


def _without_verb_ending(word: str) -> str:
    """« demandent » is said as « demande »."""
    if not word.endswith("ent") or len(word) < 5:
        return word
    if word.endswith("ment"):
        return word[:-3] + "e" if word in _VERBS_IN_MENT else word
    single = word.removesuffix("s")
    return word if single in _NASAL else word[:-3] + "e"
