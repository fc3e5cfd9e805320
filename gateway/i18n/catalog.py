"""Translation: marked where declared, looked up where shown, in the language that is in force for the request."""

from contextvars import ContextVar, Token
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.support import Translations

FOLDER = Path(__file__).parent.parent.parent / "translations"
DEFAULT = "en"

_in_force: ContextVar[str] = ContextVar("language", default=DEFAULT)


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for translation where it is declared; it is looked up where it is shown."""
    return text


def gettext(text: str) -> str:
    """Return `text` in the language in force."""
    return _catalog(_in_force.get()).gettext(text) if text else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form for `number` in the language in force."""
    return _catalog(_in_force.get()).ngettext(singular, plural, number)


def use(language: str) -> Token[str]:
    """Put a language in force for this request."""
    return _in_force.set(language)


def language() -> str:
    """Return the language in force."""
    return _in_force.get()


@lru_cache(maxsize=64)
def direction(tag: str) -> str:
    """Return `ltr` or `rtl`, as CLDR has it."""
    locale = locale_of(tag)
    return locale.text_direction if locale else "ltr"


@lru_cache(maxsize=256)
def locale_of(tag: str) -> Locale | None:
    """Return CLDR's data for a BCP 47 tag, or None if there is none."""
    try:
        return Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError, TypeError):
        return None


def language_name(tag: str) -> str:
    """Return the name of a language in that language, such as `Deutsch`; the tag itself if CLDR has none."""
    locale = locale_of(tag)
    return (locale.get_display_name() if locale else None) or tag


@lru_cache(maxsize=64)
def _catalog(tag: str) -> NullTranslations:
    return Translations.load(str(FOLDER), [tag.replace("-", "_")], "messages")
