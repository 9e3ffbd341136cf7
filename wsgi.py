"""Where a server finds the application: `wsgi:app`. Run as a program, it serves by itself (see app/server.py)."""

import sys

if __name__ == "__main__":
    # Before anything else is imported, so that every lock and socket below is cooperative.
    from gevent import monkey

    monkey.patch_all()

from app.factory import create_app
from config import Settings, SettingsError

try:
    settings = Settings.from_env()
    app = create_app(settings)
except SettingsError as error:
    sys.exit(f"Open Lab does not start: {error}")

if __name__ == "__main__":
    from app.server import serve

    sys.exit(serve(app, settings, demo="--demo" in sys.argv[1:]))
