"""What every template has at hand: translation, formats, icons, static files with a version."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, request
from flask_wtf.csrf import generate_csrf
from jinja2 import StrictUndefined
from markupsafe import Markup

from gateway.access.acting import REASONS
from gateway.i18n import catalog
from gateway.web import current, headers

STATIC = Path(__file__).parent.parent / "static"

NOTICES: Mapping[str, str] = {
    "saved": catalog.N_("Saved."),
    "created": catalog.N_("Created."),
    "deleted": catalog.N_("Deleted."),
    "suspended": catalog.N_("Suspended."),
    "restored": catalog.N_("Restored."),
    "logged-out": catalog.N_("You have logged out."),
    "password-changed": catalog.N_("Your password is changed. Other sessions of yours have ended."),
    "session-ended": catalog.N_("The session has ended."),
    "visit-ended": catalog.N_("The visit has ended."),
}
"""Quiet confirmations, named in the query of the page that follows a change."""


@lru_cache(maxsize=8192)
def _markup(_language: str, text: str) -> Markup:
    return Markup(catalog.gettext(text))


def translated(text: str, /, **values: object) -> Markup:
    """Return a text in the language in force; `values` are put in, escaped. A page calls this some hundred times."""
    markup = _markup(catalog.language(), text)
    return markup % values if values else markup


def counted(singular: str, plural: str, number: int, /, **values: object) -> Markup:
    """Return the form for `number`, which is at hand as `num`; `values` are put in, escaped."""
    return Markup(catalog.ngettext(singular, plural, number)) % {"num": number, **values}


@lru_cache(maxsize=256)
def icon(name: str, classes: str = "") -> Markup:
    """Return the inline drawing of a Lucide icon; raises `FileNotFoundError` for an unknown one."""
    drawing = (STATIC / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    inner = drawing[drawing.index(">", drawing.index("<svg")) + 1 : drawing.rindex("</svg>")].strip()
    return Markup(
        f'<svg class="i {classes}" width="24" height="24" viewBox="0 0 24 24" aria-hidden="true">{inner}</svg>'
    )


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """Return the address of a static file, with its version, outside every visit."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


def _context() -> dict[str, Any]:
    preferences = current.preferences()
    return {
        "lang": preferences.language,
        "dir": catalog.direction(preferences.language),
        "brand": current.house().settings.brand,
        "visitor": current.maybe_visitor(),
        "f": current.formats(),
        "request_id": current.request_id(),
        "notice": _notice(),
        "nonce": headers.nonce(),
    }


def _notice() -> str | None:
    sentence = NOTICES.get(request.args.get("done", "")) or REASONS.get(request.args.get("ended", ""))
    return catalog.gettext(sentence) if sentence else None


def register(app: Flask) -> None:
    """Set up the template environment."""
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.auto_reload = False
    environment.globals.update(_=translated, ngettext=counted, icon=icon, asset=asset, csrf_token=generate_csrf)
    app.context_processor(_context)
