"""The minutes as PDF and docx: in the worker only, some tenths of a second each, and the libraries some megabytes."""

from __future__ import annotations

import io

import sqlalchemy as sa
from docx import Document

from app import clock
from app.db import reading, session, unit_of_work
from app.sheet import Sheet
from labs.minutes import Section, versions
from labs.minutes_files import Head, head_of
from labs.models import LabSession
from labs.session_models import MinutesFile, SessionMinutes

AT_ONCE = 5


def pdf(head: Head, sections: tuple[Section, ...]) -> bytes:
    sheet = Sheet()
    sheet.set_title(head.title)
    sheet.set_lang("fr-FR")
    sheet.set_author("Open Lab")
    sheet.set_creator("Open Lab")
    sheet.set_creation_date(head.made_at)
    sheet.add_page()
    sheet.start_section(head.title)
    sheet.pairs(head.facts)
    for section in sections:
        if section.lines:
            sheet.start_section(section.title, level=1)
            for line in section.lines:
                sheet.words(f"– {line}")
    return bytes(sheet.output())


def docx(head: Head, sections: tuple[Section, ...]) -> bytes:
    document = Document()
    document.core_properties.title = head.title
    document.core_properties.author = "Open Lab"
    document.core_properties.language = "fr-FR"
    document.core_properties.created = document.core_properties.modified = head.made_at.replace(tzinfo=None)
    document.add_heading(head.title, level=1)
    table = document.add_table(rows=0, cols=2)
    for label, value in head.facts:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = label, value
    for section in sections:
        if section.lines:
            document.add_heading(section.title, level=2)
            for line in section.lines:
                document.add_paragraph(_printable(line), style="List Bullet")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _printable(words: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(letter for letter in words if letter >= " " or letter == "\t")


def set_waiting() -> None:
    """For the worker: set the last version of each séance that has no files yet. Outside any transaction."""
    with reading():
        last = (
            sa.select(SessionMinutes.session_id, sa.func.max(SessionMinutes.number).label("number"))
            .group_by(SessionMinutes.session_id)
            .subquery()
        )
        waiting = (
            session()
            .execute(
                sa.select(last.c.session_id, last.c.number)
                .outerjoin(
                    MinutesFile,
                    (MinutesFile.session_id == last.c.session_id) & (MinutesFile.number == last.c.number),
                )
                .where(MinutesFile.form.is_(None))
                .limit(AT_ONCE)
            )
            .all()
        )
    for session_id, number in waiting:
        with reading():
            seance = session().get_one(LabSession, session_id)
            version = next(one for one in versions(seance) if one.number == number)
            head = head_of(seance, clock.local(version.made_at))
        made = {"pdf": pdf(head, version.sections), "docx": docx(head, version.sections)}
        with unit_of_work():
            for form, content in made.items():
                if session().get(MinutesFile, (session_id, number, form)) is None:
                    session().add(
                        MinutesFile(session_id=session_id, number=number, form=form, content=content)
                    )
