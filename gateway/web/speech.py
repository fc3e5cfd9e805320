"""In which language and zone a page is for whoever is there: their own, or what a stranger's browser asks for."""

from collections.abc import Sequence
from dataclasses import replace

from flask import request
from werkzeug.wrappers import Response

from gateway.access.visitor import Visitor
from gateway.i18n.preferences import GATEWAY_DEFAULTS, Preferences
from gateway.web import browser

LONGEST_HEADER = 1000
YEAR = 365 * 24 * 3600
LANGUAGE, CLOCK = "language", "clock"
"""The cookies of the language that a stranger chose, and of an administrator's clock in visits."""


def preferences_of(who: Visitor | None, languages: Sequence[str]) -> Preferences:
    """Return how the present page reads: for a stranger in one of `languages`, the first by default."""
    if who is None:
        return replace(GATEWAY_DEFAULTS, language=_asked_for(languages))
    if who.actor is not None and own_clock():
        return replace(who.preferences, time_zone=who.actor.time_zone)
    return who.preferences


def own_clock() -> bool:
    """Tell whether an administrator wants visits in their own zone."""
    return browser.read_plain_cookie(CLOCK) == "own"


def choose_clock(response: Response, own: bool) -> None:
    """Remember in which zone an administrator wants visits."""
    if own:
        browser.set_plain_cookie(response, CLOCK, "own")
    else:
        browser.delete_plain_cookie(response, CLOCK)


def choose_language(response: Response, tag: str) -> None:
    """Remember the language that a stranger chose."""
    browser.set_plain_cookie(response, LANGUAGE, tag, seconds=YEAR)


def _asked_for(languages: Sequence[str]) -> str:
    """Return what was chosen before, else what `Accept-Language` asks for (RFC 9110, 12.5.4), else the first."""
    chosen = browser.read_plain_cookie(LANGUAGE)
    if chosen in languages:
        return str(chosen)
    if len(request.headers.get("Accept-Language", "")) > LONGEST_HEADER:
        return languages[0]
    whole = {tag.casefold(): tag for tag in languages}
    alike = {tag.partition("-")[0]: tag for tag in reversed(languages)}
    wished = [tag.casefold() for tag, quality in request.accept_languages if quality > 0]
    found = (whole.get(tag) or alike.get(tag.partition("-")[0]) for tag in wished)
    return next((tag for tag in found if tag), languages[0])
