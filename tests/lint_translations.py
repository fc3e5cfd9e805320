"""`make check`: every catalogue of a language that is shipped is complete.

Fails on a missing or fuzzy entry, on a placeholder that is lost or made up, on plural forms that do not fit, and on a
catalogue that `pybabel update` would change.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent.parent / "translations"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%|</?\w+>")


def read(path: Path, language: str | None = None) -> Catalog:
    """Read a catalogue or the template."""
    with path.open("rb") as file:
        return read_po(file, locale=language)


def found(folder: Path = FOLDER) -> list[str]:
    """Return every fault of every catalogue under a folder."""
    template = read(folder / "messages.pot")
    catalogues = sorted(folder.glob("*/LC_MESSAGES/messages.po"))
    return [fault for path in catalogues for fault in faults(path.parent.parent.name, read_of(path), template)]


def read_of(path: Path) -> Catalog:
    """Read the catalogue of the language that its folder is called after."""
    return read(path, path.parent.parent.name)


def faults(language: str, catalogue: Catalog, template: Catalog) -> Iterator[str]:
    """Yield a line for each fault of a catalogue."""
    wanted, given = ({message.id: message for message in each if message.id} for each in (template, catalogue))
    for id in wanted.keys() - given.keys():
        yield f"{language}: {_short(id)} is missing (pybabel update)"
    for id in given.keys() - wanted.keys():
        yield f"{language}: {_short(id)} is no text any more (pybabel update)"
    for id in wanted.keys() & given.keys():
        yield from (f"{language}: {_short(id)} {said}" for said in _wrong(given[id], catalogue.num_plurals))


def _wrong(message: Message, plurals: int) -> Iterator[str]:
    if message.fuzzy:
        yield "is fuzzy"
    texts = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    ids = message.id if isinstance(message.id, (tuple, list)) else (message.id,)
    if len(ids) > 1 and len(texts) != plurals:
        yield f"has {len(texts)} plural forms instead of {plurals}"
    if not all(texts):
        yield "is not translated"
        return
    allowed, needed = _placeholders(*ids), _placeholders(ids[-1])
    for text in texts:
        has = _placeholders(text)
        # A form for one number alone ("one", "two") may say it in a word.
        lost = set() if len(ids) > 1 and has <= allowed and needed - has <= {"%(num)s", "%(count)s"} else needed - has
        if lost or has - allowed:
            yield f"has other placeholders: {', '.join(sorted(lost | (has - allowed)))}"


def _placeholders(*texts: str) -> set[str]:
    return {found.group() for text in texts for found in PLACEHOLDER.finditer(text)}


def _short(id: str | tuple[str, ...] | list[str]) -> str:
    text = id if isinstance(id, str) else id[0]
    return f"“{text[:60]}…”" if len(text) > 60 else f"“{text}”"


if __name__ == "__main__":
    sys.exit("\n".join(found()) or 0)
