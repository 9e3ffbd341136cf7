"""What a text loses on its way in, counted while it is read.

The codes, the same for every format of this folder; the page has words for them:

* `picture_remote`, `picture_unreadable`, `picture_missing`: an image that lies elsewhere (never fetched), whose bytes are
  none, or whose bytes are not in the file. Its alternative text is the loss's words.
* `link`: an address of a kind that no text may hold; its words stay.
* `active`: programs, styles and frames. `furniture`: menus, banners and feet of a page. `form`: what one fills in.
* `hidden`: words that were not shown. `object`: an embedded thing, a formula, a drawing, a film.
* `spans`: a cell that reached over several places; it stands in the first, the others are empty.
* `levels`: a heading whose level had to change. `lists`: a list deeper than is read by anybody, flattened.
* `notes`: footnotes, gathered at the end under « Notes ». `frame`: words of a text box, moved behind their paragraph.
* `deleted`: words deleted in tracked changes, left out. `comments`: annotations, left out.
* `contents`: a table of contents, which the page makes by itself. `page_margins`: headers and feet of printed pages.
* `look`: strike-through, underlining, small print, code: words that stay and look like others.
* `front_matter`: facts above the text other than its title. `insertions`: words added in tracked changes, which stay.
* `placeholders`: words to be replaced that nobody has replaced. `shown`: what somebody wrote where a contact is shown.
* `attributes`: something set for a block of ours that cannot be read any more.

Of Word files besides: `numbers` (written by the look of a paragraph), `internal_links`, `fields`, `equations`, `charts`,
`drawings`, `symbols`, `struck`, `raised`, `layout_tables`, `table_descriptions`. Of pictures, once they are in: `picture_refused`,
`picture_too_many`, `picture_too_large`.
"""

from __future__ import annotations

from drafts.exchange.paper import Loss

LONGEST_WORDS = 120


class Losses:
    """Losses by their code, in the order in which each first happened."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str]] = {}

    def add(self, code: str, words: str = "", count: int = 1) -> None:
        """One more loss of this kind; the first words it happened to are kept."""
        if count <= 0:
            return
        before, kept = self._found.get(code, (0, ""))
        said = " ".join(words.split())[:LONGEST_WORDS]
        self._found[code] = (before + count, kept or said)

    def told(self) -> tuple[Loss, ...]:
        return tuple(Loss(code, count, words) for code, (count, words) in self._found.items())
