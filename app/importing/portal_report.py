"""What became of each old page, and what it lost, as a table for those who go through the drafts."""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from app.importing.portal import PageTold
from publish.service_list import harmless

_HEADER = ("address", "title", "state", "draft", "slug", "date", "frame", "blocks", "loss", "count", "words")


class Report:
    """A CSV at `path`, one row for each page and loss; nothing when there is no path. UTF-8 with its mark, semicolons."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file: IO[str] | None = None
        self._rows: Any = None

    def __enter__(self) -> Report:
        if self.path is not None:
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            self._rows = csv.writer(self._file, delimiter=";")
            self._rows.writerow(_HEADER)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def add(self, one: PageTold) -> None:
        if self._rows is None:
            return
        told, page = one.told, one.page
        begin = [
            page.address,
            told.name,
            told.state,
            one.draft_id or "",
            one.slug,
            page.date,
            one.frame,
            one.blocks,
        ]
        losses: list[tuple[object, ...]] = [(loss.code, loss.count, loss.words) for loss in one.losses]
        if told.sentence:
            losses.append(("told", 1, told.sentence))
        for loss in losses or [("", "", "")]:
            self._rows.writerow(harmless([str(cell) for cell in (*begin, *loss)]))
