"""Places in a text as the editor counts them."""

from __future__ import annotations

from bisect import bisect_left


class Units:
    """Characters of Python told in UTF-16 units: each beyond the first plane before a place is one unit more."""

    def __init__(self, text: str) -> None:
        plain = text.isascii() or max(text) <= "\uffff"
        self.wide = [] if plain else [place for place, sign in enumerate(text) if sign > "\uffff"]

    def at(self, place: int) -> int:
        return place + bisect_left(self.wide, place)
