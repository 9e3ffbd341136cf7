"""The pen of the log: a write transaction without a session, for what is written thirty times a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from app.db import (
    PATIENCE_SECONDS,
    begin_immediate,
    database,
    here,
    refuse_a_broken_one,
    unavailable,
)

__all__ = ["pen"]


@contextmanager
def pen(patience: float = PATIENCE_SECONDS) -> Iterator[Any]:
    """A write transaction for the log of the drafts, on a connection kept for it: yields the driver's cursor.

    The live table commits up to thirty times a second, and a unit of work costs 0.1 ms of machinery that it does
    not use (session, pool, news). The same promises hold: one writer at a time in this process, nothing yields
    inside, committed when the block ends well, no trace otherwise. Raises Unavailable when the database cannot be
    had within `patience` seconds, or did not say that it committed; the driver's other errors as they are.
    """
    base = database()
    driver = base.engine.dialect.loaded_dbapi
    give_up = time.monotonic() + patience
    if not base.pen_lock.acquire(timeout=patience):
        raise unavailable("others of this process are still writing")
    try:
        if base.pen is None:
            base.pen = base.engine.raw_connection()
            if not base.is_sqlite:
                base.pen.cursor().execute(f"SET lock_timeout = '{round(patience * 1000)}ms'")
                base.pen.commit()
        cursor = base.pen.cursor()
        if base.is_sqlite:
            begin_immediate(cursor.execute, driver.OperationalError, give_up)
        base.writing = here() if base.is_sqlite else None
        try:
            yield cursor
            refuse_a_broken_one(base.pen.driver_connection)
            base.pen.commit()
        finally:
            base.writing = None
    except BaseException as error:
        # Whatever is left of the transaction ends with its connection, and a connection that broke is not kept.
        base.lay_down_pen()
        if isinstance(error, driver.OperationalError | driver.InterfaceError | sa.exc.DBAPIError):
            raise unavailable(str(error)) from error
        raise
    finally:
        base.pen_lock.release()
