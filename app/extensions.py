"""Flask extensions, made once without an application, and the gettext that works with or without one."""

from __future__ import annotations

from datetime import date
from typing import Any

import flask_babel
from babel.dates import format_date
from flask import has_app_context
from flask_babel import Babel
from flask_login import LoginManager
from flask_wtf.csrf import CSRFProtect

babel = Babel()
csrf = CSRFProtect()
login_manager = LoginManager()


def gettext(text: str, **variables: Any) -> str:
    """The translation of `text`, which is French already; outside an application, `text` itself."""
    if has_app_context():
        return flask_babel.gettext(text, **variables)
    return text % variables if variables else text


def day_in_words(day: date, pattern: str = "EEEE d MMMM y") -> str:
    """A day as one says it; in French outside an application."""
    locale = flask_babel.get_locale() if has_app_context() else None
    return format_date(day, pattern, locale=locale or "fr")


def ngettext(singular: str, plural: str, num: int, **variables: Any) -> str:
    """French counts zero and one as singular."""
    if has_app_context():
        return flask_babel.ngettext(singular, plural, num, **variables)
    return (singular if abs(num) < 2 else plural) % {"num": num, **variables}
