"""Portico: the front door of a provider's self-care portals."""

from collections.abc import Sequence
from pathlib import Path

from flask import Flask
from whitenoise import WhiteNoise

from gateway import admin, api, cli, self_care
from gateway.account import views as account
from gateway.audit.operations import Keys
from gateway.db import Database
from gateway.i18n.catalog import use_catalogues
from gateway.identity import second_factor
from gateway.identity import views as identity
from gateway.identity.factor import views as factor
from gateway.keys import Vault
from gateway.launch import views as launch
from gateway.oidc import views as oidc
from gateway.portal import guard, navigation
from gateway.portal.declaration import Portal
from gateway.portal.registry import Registry
from gateway.settings import Settings
from gateway.trust import views as trust
from gateway.web import browser, current, errors, forms, headers, health, jinja, logs
from gateway.web.scopes import VisitPrefix
from gateway.web.strangers import Strangers

ROOT = Path(__file__).parent.parent
LARGEST_BODY = 2**20
STATIC_SECONDS = 365 * 24 * 3600


def create_app(settings: Settings, portals: Sequence[Portal]) -> Flask:
    """Make the application for `settings` with `portals` beside the built-in ones; raises `DeclarationError`."""
    app = Flask(__name__, static_folder=None, template_folder=str(ROOT / "templates"))
    app.jinja_environment = jinja.Templates
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]  # none is asynchronous
    app.config.update(
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_PARTS=100,
        SECRET_KEY=settings.derived_keys("flask")[-1],
        WTF_CSRF_SECRET_KEY=settings.derived_keys("form"),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_SSL_STRICT=False,
        WTF_CSRF_TIME_LIMIT=12 * 3600,
    )
    registry = Registry([admin.portal, *portals, self_care.portal])
    use_catalogues({portal.title: portal.translations for portal in portals if portal.translations})
    house = current.House(
        settings=settings,
        database=Database(settings.database_url),
        rights=registry.rights,
        audit_keys=Keys(settings.audit_keys),
        names=(settings.brand, *(word for portal in registry.portals.values() for word in (portal.title, portal.slug))),
        vault=Vault(settings.keys_by_id(second_factor.PURPOSE)),
        strangers=Strangers(),
    )
    app.extensions["portico"] = house
    if settings.redis_url:
        app.extensions["portico.redis"] = health.redis_at(settings.redis_url)

    logs.register(app)
    headers.register(app)
    browser.register(app)
    current.register(app)
    errors.register(app)
    guard.register(app, registry)
    jinja.register(app)
    forms.register()
    navigation.register(app, registry)
    app.register_blueprint(health.bp)
    app.register_blueprint(identity.bp)
    app.register_blueprint(account.bp)
    app.register_blueprint(factor.bp)
    app.register_blueprint(self_care.own)
    app.register_blueprint(launch.bp)
    api.register(app)
    app.register_blueprint(oidc.bp)
    app.register_blueprint(trust.bp)
    registry.mount(app)
    cli.register(app)

    files = WhiteNoise(
        app.wsgi_app,
        max_age=STATIC_SECONDS,
        allow_all_origins=False,
        add_headers_function=headers.static_headers,
    )
    files.add_files(str(ROOT / "gateway" / "static"), prefix="static/")
    app.wsgi_app = headers.Always(VisitPrefix(files), settings.production)  # type: ignore[method-assign]
    return app
