"""What every template has at hand: translation, formats, icons, static files with a version."""

import hashlib
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

from flask import Flask, g, request
from flask.templating import Environment
from flask_wtf.csrf import generate_csrf
from jinja2 import StrictUndefined, Template, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from gateway.access.acting import REASONS
from gateway.access.roles import called
from gateway.i18n import agents, catalog
from gateway.web import browser, current

TOKEN_SECONDS = 600
STATIC = Path(__file__).parent.parent / "static"

NOTICES: Mapping[str, str] = {
    "saved": catalog.N_("Saved."),
    "created": catalog.N_("Created."),
    "deleted": catalog.N_("Deleted."),
    "suspended": catalog.N_("Suspended."),
    "invited": catalog.N_("Saved. The link is on its way by mail."),
    "announced": catalog.N_("Noted. The invoice stays open until the money has arrived."),
    "withdrawn": catalog.N_("Taken back."),
    "restored": catalog.N_("Restored."),
    "freed": catalog.N_("They may try again now."),
    "allowed": catalog.N_("The address is let in for one hour."),
    "logged-out": catalog.N_("You have logged out."),
    "logged-out-elsewhere": catalog.N_(
        "You have logged out. Portals elsewhere are being told; one that cannot be reached lets you in for a minute "
        "at most."
    ),
    "password-changed": catalog.N_("Your password is changed. Other sessions of yours have ended."),
    "factor-on": catalog.N_("Two-factor authentication is on. Other sessions of yours have ended."),
    "factor-off": catalog.N_("Two-factor authentication is off. Other sessions of yours have ended."),
    "factor-reset": catalog.N_("The second factor is reset. Every session of theirs has ended."),
    "session-ended": catalog.N_("The session has ended."),
    "token-revoked": catalog.N_("The token is revoked."),
    "sessions-ended": catalog.N_("The sessions have ended."),
    "proved": catalog.N_("Thank you. Go on with what you were about to do."),
    "link-asked": catalog.N_(
        "If this login or address is known here, a mail with a link is on its way. It can take a few minutes."
    ),
    "password-reset": catalog.N_("Your password is changed. Log in with it now."),
    "email-asked": catalog.N_("A link is on its way to the new address. Nothing changes until you open it."),
    "email-changed": catalog.N_("Your e-mail address is changed."),
    "mail-again": catalog.N_("The letter is sent once more."),
    "alarm-closed": catalog.N_("Closed."),
    "visit-ended": catalog.N_("The visit has ended."),
    "support-opened": catalog.N_("Staff are let in."),
    "support-opened-first": catalog.N_(
        "Staff are let in. The clocks show that time twice on that day; the first one was taken."
    ),
    "support-closed": catalog.N_("Staff are let in no longer. Their visits have ended."),
    "declined": catalog.N_("Declined."),
    "asked": catalog.N_("The customer is asked."),
}
"""Quiet confirmations, named in the query of the page that follows a change."""


@lru_cache(maxsize=8192)
def _markup(_language: str, text: str) -> Markup:
    return Markup(catalog.gettext(text))


def translated(text: str, /, **values: object) -> Markup:
    """Return a text in the language in force; `values` are put in, escaped. A page calls this some hundred times."""
    markup = _markup(catalog.language(), text)
    return markup % values if values else markup


def said(text: object) -> str:
    """Return a message of a form in the language in force: text, and no markup, whatever is in it."""
    return catalog.gettext(str(text))


def counted(singular: str, plural: str, number: int, /, **values: object) -> Markup:
    """Return the form for `number`, which is at hand as `num`; `values` are put in, escaped."""
    return Markup(catalog.ngettext(singular, plural, number)) % {"num": number, **values}


POINTING = frozenset({"arrow-left", "arrow-up-right", "chevron-first", "chevron-right", "log-in", "log-out"})
"""Icons that point along the text, and so the other way where it runs from right to left."""


@lru_cache(maxsize=256)
def icon(name: str, classes: str = "") -> Markup:
    """Return the inline drawing of a Lucide icon; raises `FileNotFoundError` for an unknown one."""
    if name in POINTING and "flip" not in classes:
        classes = f"{classes} flip".strip()
    drawing = (STATIC / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    inner = drawing[drawing.index(">", drawing.index("<svg")) + 1 : drawing.rindex("</svg>")].strip()
    return Markup(
        f'<svg class="i {classes}" width="24" height="24" viewBox="0 0 24 24" aria-hidden="true">{inner}</svg>'
    )


def pick_day() -> Markup:
    """Return the button, for a script alone, that picks a day and writes it into the input before it.

    What the browser brings for it has no name: it is never sent.
    """
    return Markup(
        '<button type="button" class="btn ghost sq js-only" data-pick aria-label="{label}">{icon}</button>'
        '<input type="date" class="pick-day" tabindex="-1" aria-hidden="true" min="0001-01-01" max="9999-12-31">'
    ).format(label=catalog.gettext(catalog.N_("Pick a day")), icon=icon("calendar-days"))


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """Return the address of a static file, with its version, outside every visit."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?v={digest}"


CONSTANT: Mapping[str, Callable[..., Markup | str]] = {"_": translated, "icon": icon, "asset": asset}
"""What gives the same for the same constants in one language, so that it is worked out when a template is compiled."""


class _Constants(NodeTransformer):
    """Puts the answer in the place of every call of `CONSTANT` with nothing but constants."""

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802 - the visitor's own name for it
        self.generic_visit(node)
        named = isinstance(node.node, nodes.Name) and node.node.name in CONSTANT
        if not named or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return node
        if not all(isinstance(argument, nodes.Const) for argument in node.args):
            return node
        answer = CONSTANT[node.node.name](*(argument.value for argument in node.args))  # type: ignore[attr-defined]
        return nodes.Const(answer, lineno=node.lineno)


class Templates(Environment):
    """Compiles each template once for each language that is asked for, with its constant texts in place."""

    language: str | None = None

    def get_template(self, name: Any, parent: str | None = None, globals: Any = None) -> Template:
        """Return the template as compiled for the language in force."""
        if self.language is None:
            return self._speaking(catalog.language()).get_template(name, parent, globals)
        return super().get_template(name, parent, globals)

    def _speaking(self, language: str) -> "Templates":
        if language not in self._languages:
            made = self.overlay()
            made.language = language
            made.globals = {**self.globals, "ui": made.get_template("_macros.html").module}
            # Only now may other threads have it.
            self._languages[language] = made
        return self._languages[language]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return cast(nodes.Template, _Constants().visit(super()._parse(source, name, filename)))

    @cached_property
    def _languages(self) -> dict[str, "Templates"]:
        return {}


@lru_cache(maxsize=4096)
def _form_token(_cookie: str, _age: int) -> str:
    return str(generate_csrf())


def form_token() -> str:
    """Return what ties a form to this browser; somebody logged in is given the same one for some minutes."""
    if "csrf_token" not in g:
        cookie, age = browser.session_cookie(), int(current.now().timestamp()) // TOKEN_SECONDS
        g.csrf_token = _form_token(cookie, age) if cookie else generate_csrf()
    return str(g.csrf_token)


def _context() -> dict[str, Any]:
    preferences, languages = current.formats().preferences, _languages()
    return {
        "lang": preferences.language,
        "dir": catalog.direction(preferences.language),
        "brand": current.house().settings.brand,
        "visitor": current.maybe_visitor(),
        "f": current.formats(),
        "request_id": current.request_id(),
        "notice": _notice(),
        "failed_before": _failed_before(),
        "nonce": current.nonce(),
        "now": g.get("now"),
        "languages": languages,
        "here": (request.full_path.rstrip("?") if request.method == "GET" else request.path) if languages else "",
        "csrf_token": form_token,  # Flask-WTF's own signs anew for every page
    }


def _languages() -> tuple[tuple[str, str], ...]:
    """Return the languages that a stranger may choose, on the pages that are for strangers."""
    mark, tags = g.get("mark"), current.house().settings.languages
    if current.maybe_visitor() is not None or mark is None or not mark.open_to_all or len(tags) < 2:
        return ()
    return tuple((tag, catalog.language_name(tag)) for tag in tags)


def _notice() -> str | None:
    sentence = NOTICES.get(request.args.get("done", "")) or REASONS.get(request.args.get("ended", ""))
    return catalog.gettext(sentence) if sentence else None


def _failed_before() -> str | None:
    failures = browser.failures_to_tell() if current.maybe_visitor() else None
    if failures is None:
        return None
    count, latest = failures
    return catalog.ngettext(
        "Since your last log-in, %(num)s attempt with your login failed, on %(at)s.",
        "Since your last log-in, %(num)s attempts with your login failed, the last on %(at)s.",
        count,
    ) % {"num": count, "at": current.formats().moment(latest)}


def register(app: Flask) -> None:
    """Set up the template environment."""
    environment = app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.auto_reload = False
    environment.globals.update(_=translated, ngettext=counted, icon=icon, asset=asset)
    environment.globals.update(csrf_token=form_token, in_words=agents.in_words, pick_day=pick_day)
    environment.filters.update(translated=said, called=called)
    app.context_processor(_context)
