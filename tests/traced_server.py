"""The real server with a switch tracer: a greenlet that yields inside a SQLite write transaction is reported.

Such a switch lets another greenlet wait for a lock that only the first one can give back: five seconds of
silence, then "database is locked". `LiveServer.stop` fails when the log holds a report.
"""

from gevent import monkey

monkey.patch_all()

import runpy
import sys
import traceback
from pathlib import Path

import greenlet

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app import db

REPORT = "SWITCHED INSIDE A WRITE TRANSACTION"


def _trace(event: str, switch: tuple[greenlet.greenlet, greenlet.greenlet]) -> None:
    if db._database is not None and db._database.writing is switch[0]:
        print(REPORT, file=sys.stderr)
        traceback.print_stack(file=sys.stderr)


if __name__ == "__main__":
    greenlet.settrace(_trace)
    runpy.run_path(str(ROOT / "wsgi.py"), run_name="__main__")
