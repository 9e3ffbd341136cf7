"""What a database keeps of rows that were changed or erased: pages that are free, and its journal.

An erased row is gone for every reader at once, but its bytes stay in the file until they are overwritten. After a
redaction the file itself is written anew.
"""

from __future__ import annotations

import time

import sqlalchemy as sa

from app.db import Base, database

# How long others may keep the file from being written anew, before it is said that it was not.
PATIENCE_SECONDS = 60.0


def write_anew() -> bool:
    """Write the database without what is no longer in it. False when somebody kept it from being done: try again.

    Takes as much space as the database, and a lock: on SQLite others wait, on PostgreSQL table by table. Copies that
    were made before (backups, the archived journal of PostgreSQL) are not touched.
    """
    if database().is_sqlite:
        return _sqlite()
    with database().engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(sa.text(f'VACUUM (FULL) "{table.name}"'))
        if _may_checkpoint(connection):
            connection.execute(sa.text("CHECKPOINT"))
    return True


def _may_checkpoint(connection: sa.Connection) -> bool:
    return bool(connection.scalar(sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")))


def _sqlite() -> bool:
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        raw = database().engine.raw_connection()
        try:
            raw.execute("PRAGMA secure_delete=ON")  # type: ignore[attr-defined]
            raw.execute("VACUUM")  # type: ignore[attr-defined]
            # 0: nobody reads an older state, so that the journal is in the file and empty.
            busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]  # type: ignore[attr-defined]
            if not busy:
                return True
        except sa.exc.OperationalError:
            pass
        except Exception as error:
            if "locked" not in str(error) and "busy" not in str(error):
                raise
        finally:
            raw.close()
        if time.monotonic() > give_up:
            return False
        time.sleep(0.1)
