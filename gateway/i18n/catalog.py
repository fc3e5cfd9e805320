"""Translation: marked where declared, looked up where shown, in the language that is in force for the request."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from functools import lru_cache
from gettext import NullTranslations
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from wtforms.i18n import messages_path

from gateway.errors import N_ as N_

FOLDER = Path(__file__).parent.parent.parent / "translations"
DEFAULT = "en"

_in_force: ContextVar[str] = ContextVar("language", default=DEFAULT)
_own: dict[str, Path] = {}


def gettext(text: str) -> str:
    """Return `text` in the language in force."""
    return _catalog(_in_force.get()).gettext(text) if text else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form for `number` in the language in force."""
    return _catalog(_in_force.get()).ngettext(singular, plural, number)


def use(language: str) -> Token[str]:
    """Put a language in force for this request."""
    return _in_force.set(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Put a language in force for a while, as for a letter to somebody else."""
    token = _in_force.set(language)
    try:
        yield
    finally:
        _in_force.reset(token)


def use_catalogues(own: Mapping[str, Path]) -> None:
    """Take the catalogues that portals bring, folders by the portal's title, beside the gateway's own."""
    if own != _own:
        _own.clear()
        _own.update(own)
        _catalog.cache_clear()


def lacking(tag: str) -> list[str]:
    """Return the titles of the portals whose own catalogue lacks a language: they are shown in English then."""
    return [title for title, folder in _own.items() if not has(folder, tag)]


def has(folder: Path, tag: str) -> bool:
    """Tell whether a folder of catalogues has a language; English needs none."""
    return tag == DEFAULT or _file(folder, tag).exists()


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


def language_label(tag: str) -> str:
    """Return a language for a list to choose from: its own name, that in the language in force, and who lacks it."""
    own, locale = language_name(tag), locale_of(tag)
    name = locale.get_display_name(locale_of(language())) if locale else None
    label = f"{own} ({name})" if name and name != own else own
    if without := [gettext(title) for title in lacking(tag)]:
        return gettext("%(language)s, but English in %(portals)s") % {"language": label, "portals": ", ".join(without)}
    return label


@lru_cache(maxsize=64)
def library_messages(tag: str) -> NullTranslations:
    """Return what WTForms itself says, in a language; ours come first."""
    found = Translations.load(messages_path(), [tag.replace("-", "_"), tag.partition("-")[0]], "wtforms")
    return found if isinstance(found, Translations) else NullTranslations()


def _file(folder: Path, tag: str) -> Path:
    return folder / tag.replace("-", "_") / "LC_MESSAGES" / "messages.po"


@lru_cache(maxsize=64)
def _catalog(tag: str) -> NullTranslations:
    """Read the catalogues of a language, ours first; some 30 ms at the first use, so nothing needs compiling."""
    found = NullTranslations()
    for folder in (*reversed(_own.values()), FOLDER):
        path = _file(folder, tag)
        if path.exists():
            read = _read(path, tag)
            read.add_fallback(found)
            found = read
    return found


def _read(path: Path, tag: str) -> Translations:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=tag.replace("-", "_"))
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)
