"""What a browser says of itself, in words that its owner knows."""

from functools import lru_cache

from ua_parser import parse

from gateway.i18n.catalog import gettext as _


@lru_cache(maxsize=4096)
def families(agent: str | None) -> tuple[str | None, str | None]:
    """Return the families of browser and system, such as Firefox and Windows; None for what is not known."""
    found = parse(agent or "")
    return found.user_agent.family if found.user_agent else None, found.os.family if found.os else None


def in_words(agent: str | None) -> str:
    """Return a browser in words: “Firefox, Windows”."""
    browser, system = families(agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")
