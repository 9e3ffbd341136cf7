"""The roof: an application made of the rooms, as a list of verbs."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import labs.room_routes
import labs.routes
import labs.session_routes
from app import access, assets, cli, db, interface, logs, mail, web
from app.accounts import export_routes as accounts_export_routes  # noqa: F401 - adds its routes to the blueprint
from app.accounts import routes as accounts_routes
from app.accounts import seals
from app.accounts.models import Person
from app.administration import routes as administration_routes
from app.errors import Unavailable
from app.extensions import babel, csrf, login_manager
from app.guides import routes as guides_routes
from app.oidc import routes as oidc_routes
from config import ROOT, Settings, SettingsError
from drafts import markers, seal
from drafts import routes as drafts_routes
from publish import pack_making, secret_links
from publish import pages as publish_pages
from publish import routes as publish_routes
from realtime import door, gateway

# What a stranger may send in one request; imports get a door of their own.
MAX_REQUEST = 2 * 1024 * 1024


def create_app(settings: Settings) -> Flask:
    """The application for `settings`. Raises SettingsError when it must not be served as it is."""
    app = Flask("app", root_path=str(ROOT / "app"))
    configure(app, settings)
    db.configure(settings.database_url)
    seal.configure(settings.data_dir)
    markers.configure(settings.data_dir)
    mail.configure(settings.public_url)
    secret_links.configure(settings.secret_key)
    seals.configure(settings.secret_key)
    refuse_exposed_demonstration(settings)
    init_extensions(app)
    web.init_app(app)
    interface.init_app(app)
    assets.init_app(app)
    register_rooms(app)
    publish_pages.init_app(app)
    pack_making.init_app(app)
    cli.init_app(app)
    gateway.init_app(app, settings)
    app.wsgi_app = access.AccessLog(  # type: ignore[method-assign]
        app.wsgi_app, trusted_proxies=settings.trusted_proxies, sockets=door.PATH, https=settings.is_https
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    return app


def configure(app: Flask, settings: Settings) -> None:
    logs.configure(settings.log_level.upper())
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=MAX_REQUEST,
        SESSION_COOKIE_NAME=settings.cookie_called("openlab_form"),
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_https,
        # A form left open over a day is refreshed, not a morning's work refused.
        WTF_CSRF_TIME_LIMIT=24 * 3600,
        BABEL_DEFAULT_LOCALE="fr",
        BABEL_DEFAULT_TIMEZONE="Pacific/Noumea",
        DEMO_BANNER=settings.demo is True,
    )


def init_extensions(app: Flask) -> None:
    babel.init_app(app)
    csrf.init_app(app)
    login_manager.init_app(app)


def register_rooms(app: Flask) -> None:
    rooms = (
        accounts_routes,
        oidc_routes,
        labs.routes,
        drafts_routes,
        publish_routes,
        administration_routes,
        guides_routes,
    )
    for room in rooms:
        app.register_blueprint(room.blueprint)


def refuse_exposed_demonstration(settings: Settings) -> None:
    """Accounts whose password is printed in the guide never meet the outside by accident."""
    if settings.is_loopback or settings.demo is True:
        return
    try:
        with db.reading() as current:
            if not sa.inspect(current.connection()).has_table(Person.__tablename__):
                return
            found = current.scalar(sa.select(Person.id).where(Person.is_demo).limit(1))
    except Unavailable:
        return  # the start itself will say that the database does not answer
    if found is not None:
        raise SettingsError(
            "This database holds demonstration accounts, whose password is public, and HOST or PUBLIC_URL is not a "
            "loopback address. Use another database, or set DEMO=1 to serve them with a banner on every page."
        )
