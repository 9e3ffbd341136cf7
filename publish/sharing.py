"""What one gives another person of an article: its short address, ready messages, and a code to be photographed.

The short address is made of the article's number, so that no table has to keep it: /s/<code> stands for ever, whatever
the article is called. Nothing here may change: leaflets carry it (tests/vectors/short_codes.json).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from urllib.parse import quote

import segno
from markupsafe import Markup

from publish import addresses

# Consonants that neither the eye nor a hand takes for one another or for a digit. Without vowels no code is a word.
LETTERS = addresses.SHORT_LETTERS
BASE = len(LETTERS)
SHORTEST, LONGEST = 5, 6
# Prime to 17: multiplied by it, numbers that follow one another get codes that do not, and each has its own.
_SCATTER = 611_953
# One code of each is kept as it was drawn: an article's is drawn again with each publication.
KEPT_DRAWINGS = 2000


def code_of(article_id: int) -> str:
    """The short code of an article: five letters for the first 1,419,857, six for 24 million more."""
    length, first = (SHORTEST, 0) if article_id < BASE**SHORTEST else (LONGEST, BASE**SHORTEST)
    number = article_id - first
    if not 0 <= number < BASE**length:
        raise ValueError(f"no short code for article {article_id}")
    number = number * _SCATTER % BASE**length
    letters = ""
    for _place in range(length):
        number, rest = divmod(number, BASE)
        letters = LETTERS[rest] + letters
    return letters


def article_of(code: str) -> int:
    """The article that a code stands for, whether or not there is one."""
    number = 0
    for letter in code:
        number = number * BASE + LETTERS.index(letter)
    size = BASE ** len(code)
    number = number * pow(_SCATTER, -1, size) % size
    return number if len(code) == SHORTEST else number + BASE**SHORTEST


@dataclass(frozen=True)
class Share:
    """`networks` are (name, address): plain links, which tell nobody anything before they are followed."""

    url: str
    mail: str
    networks: tuple[tuple[str, str], ...]
    drawing: Markup


def share(article_id: int, title: str, public_url: str) -> Share:
    url = public_url + addresses.short(code_of(article_id))
    address = quote(url, safe="")
    return Share(
        url=url,
        mail=f"mailto:?subject={quote(title, safe='')}&body={address}",
        networks=(
            ("WhatsApp", f"https://wa.me/?text={address}"),
            ("Facebook", f"https://www.facebook.com/sharer/sharer.php?u={address}"),
        ),
        drawing=drawing(url),
    )


@lru_cache(maxsize=KEPT_DRAWINGS)
def drawing(url: str) -> Markup:
    """The address as a QR code in an inline SVG, one path for each row: sharp on any paper, and 0.3 kB in a page.

    Of the levels of correction the lowest, or what more fits in as many modules: fewer are larger, and read better when
    they are printed small.
    """
    rows = []
    for y, row in enumerate(segno.make_qr(url, error="l").matrix):
        runs = [(dark, len(list(same))) for dark, same in groupby(map(bool, row))]
        drawn = "".join(f"h{length}" if dark else f"m{length} 0" for dark, length in runs)
        rows.append(f"M0 {y}{drawn}")
    side = len(rows) + 8
    # Half a module down, where the middle of the line is; four modules of white around (ISO/IEC 18004).
    return Markup(
        '<svg viewBox="-4 -4.5 {0} {0}" fill="none" stroke="#000" aria-hidden="true" focusable="false"><path d="{1}"/></svg>'
    ).format(side, "".join(rows))
