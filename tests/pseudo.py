"""A pseudo-language: every text of the gateway and the portals in brackets, so that what stands without was never
looked up in a catalogue."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import write_po

ROOT = Path(__file__).parent.parent
TAG = "eo"
OPEN, CLOSE = "⟦", "⟧"
SHOWN = ("aria-label", "title", "placeholder", "aria-description", "alt", "data-label", "data-copied")
SILENT = {"script", "style", "bdi", "code", "time", "datalist"}
EMPTY = {"input", "link", "meta", "br", "hr", "img", "rect", "line", "path", "circle"}


def write_catalogue(folder: Path) -> int:
    """Write the pseudo-language's catalogue under `folder`, from the sources as they are; return its size."""
    with (ROOT / "translations" / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    catalogue = Catalog(locale=TAG)
    for _file, _line, message, _comments, context in extract_from_dir(str(ROOT), methods, options, callback=None):
        plural = isinstance(message, tuple)
        text = tuple(f"{OPEN}{one}{CLOSE}" for one in message) if plural else f"{OPEN}{message}{CLOSE}"
        catalogue.add(message, text, context=context)
    path = folder / TAG / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, catalogue)
    return len(catalogue)


class Reader(HTMLParser):
    """Gathers what a page shows, but for data, which stands in `<bdi>`, `<code>`, `<time>` or `translate="no"`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent: list[bool] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        silent = tag in SILENT or given.get("translate") == "no"
        self.texts.extend(value for name in SHOWN if (value := given.get(name)))
        if tag not in EMPTY and tag not in ("path", "rect", "circle"):
            self._silent.append(silent)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Pass over an element that ends where it begins."""

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag not in EMPTY:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not any(self._silent):
            self.texts.append(data)


def _bare(text: str) -> str:
    """Take away what stands in brackets, one in the other too."""
    text = re.sub(r"https?://\S+", "", text)
    while True:
        shorter = re.sub(f"{OPEN}[^{OPEN}{CLOSE}]*{CLOSE}", "", text)
        if shorter == text:
            return text
        text = shorter


def untranslated(page: str, data: set[str]) -> Iterator[str]:
    """Yield what a page shows beside brackets and `data`, as far as it has words."""
    text = " \n".join(Reader(page).texts)
    # A sentence may have elements inside: brackets are looked at over all of the page.
    for rest in _bare(text).split("\n"):
        words = rest
        for known in sorted(data, key=len, reverse=True):
            words = words.replace(known, "")
        if re.search(r"[^\W\d_]{2,}", words):
            yield rest.strip()
