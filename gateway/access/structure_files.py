"""The structure of a portal elsewhere as JSON: read strictly, every fault with its line and path."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from gateway.access.levels import Level
from gateway.access.structure import KEY, Node, Structure
from gateway.i18n.catalog import gettext as _

FORMAT = "portico-structure-1"
SCHEMA_PATH = "/schemas/portal-structure.json"
FIELDS = ("$schema", "format", "pages")
NODE_FIELDS = ("key", "title", "tabs")
DEEPEST = 4
MOST_NODES = 300
LONGEST_TITLE = 120
LONGEST_KEY = 40
LONGEST_BYTES = 100_000

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"[^\s,\]}]+")


class BadStructure(ValueError):
    """A text that is no structure; `faults` are sentences, each with its line and path.

    Half a character that was escaped in the text cannot be written: it is shown as a question mark.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = [fault.encode("utf-8", "replace").decode() for fault in faults]
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True)
class Difference:
    """What a new structure changes: keys added and removed, and (key, old title, new title) of the renamed."""

    added: Sequence[str]
    removed: Sequence[str]
    renamed: Sequence[tuple[str, str, str]]


def structure_of(pages: Sequence[Mapping[str, Any]]) -> Structure:
    """Make a structure of pages that were read with `read`."""
    return Structure(tuple(_node(page) for page in pages))


def text_of(pages: Sequence[Mapping[str, Any]]) -> str:
    """Write pages as they are uploaded."""
    return json.dumps({"format": FORMAT, "pages": pages}, ensure_ascii=False, indent=2)


def difference(before: Structure, after: Structure) -> Difference:
    """Compare two structures; a node is the same if its key is, whatever its title."""
    old, new = before.nodes, after.nodes
    return Difference(
        [key for key in new if key not in old],
        [key for key in old if key not in new],
        [(key, old[key].title, node.title) for key, node in new.items() if key in old and old[key].title != node.title],
    )


def regraded(
    before: Structure, after: Structure, own: Mapping[str, Level]
) -> Iterator[tuple[str, Level | None, Level | None]]:
    """Yield (key, level before, level after) of each node where a portal view gives something else from now on.

    None stands for a node that is not there.
    """
    old, new = before.levels(own), after.levels(own)
    for key in dict.fromkeys((*new, *old)):
        if old.get(key) != new.get(key):
            yield key, old.get(key), new.get(key)


def read(text: str) -> list[dict[str, Any]]:
    """Return the pages of an uploaded structure; raises `BadStructure` with every fault."""
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_BYTES:
        raise BadStructure([_("A structure has at most %(count)d bytes.") % {"count": LONGEST_BYTES}])
    try:
        values = json.loads(text)
        lines = dict(_lines(text))
    except json.JSONDecodeError as error:
        given = {"line": error.lineno, "column": error.colno, "error": error.msg}
        raise BadStructure([_("Line %(line)d, column %(column)d: this is not JSON (%(error)s).") % given]) from error
    except (ValueError, RecursionError) as error:
        raise BadStructure([_("This is not JSON: %(error)s") % {"error": error}]) from error
    reader = _Reader(lines)
    reader.check_root(values)
    if reader.faults:
        raise BadStructure(reader.faults[:50])
    return [_plain(page) for page in values["pages"]]


def _node(page: Mapping[str, Any]) -> Node:
    return Node(page["key"], page["title"], tabs=tuple(_node(tab) for tab in page.get("tabs", ())))


def _plain(page: Mapping[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {"key": page["key"], "title": page["title"].strip()}
    if page.get("tabs"):
        plain["tabs"] = [_plain(tab) for tab in page["tabs"]]
    return plain


class _Reader:
    """Walks what was read and gathers what is wrong with it."""

    def __init__(self, lines: Mapping[str, int]) -> None:
        self._lines = lines
        self._nodes = 0
        self.faults: list[str] = []

    def fault(self, path: str, sentence: str) -> None:
        where = {"line": self._lines.get(path, 1), "path": path, "sentence": sentence}
        self.faults.append(_("Line %(line)d, %(path)s: %(sentence)s") % where)

    def check_root(self, values: Any) -> None:
        if not isinstance(values, dict):
            return self.fault("$", _("a structure is an object with “format” and “pages”."))
        self._check_fields("$", values, FIELDS)
        if values.get("format") != FORMAT:
            self.fault("$.format", _("this should be “%(format)s”.") % {"format": FORMAT})
        pages = values.get("pages")
        if not isinstance(pages, list) or not pages:
            return self.fault("$.pages", _("a list of at least one page is missing."))
        return self._check_nodes("$.pages", pages, 1)

    def _check_nodes(self, path: str, nodes: list[Any], depth: int) -> None:
        seen: set[str] = set()
        for number, node in enumerate(nodes):
            here = f"{path}[{number}]"
            self._nodes += 1
            if self._nodes == MOST_NODES + 1:
                self.fault(here, _("a structure has at most %(count)d nodes.") % {"count": MOST_NODES})
            if not isinstance(node, dict):
                self.fault(here, _("a page or tab is an object with “key” and “title”."))
                continue
            self._check_fields(here, node, NODE_FIELDS)
            self._check_key(here, node.get("key"), seen)
            self._check_title(here, node.get("title"))
            self._check_tabs(here, node, depth)

    def _check_fields(self, path: str, values: Mapping[str, Any], known: Sequence[str]) -> None:
        for name in values:
            if name not in known:
                given = {"name": name, "known": ", ".join(known)}
                self.fault(f"{path}.{name}", _("“%(name)s” is not known here; known are %(known)s.") % given)

    def _check_key(self, path: str, key: Any, seen: set[str]) -> None:
        if not isinstance(key, str) or not KEY.match(key) or len(key) > LONGEST_KEY:
            given = {"count": LONGEST_KEY}
            self.fault(
                f"{path}.key", _("a key is lower-case words joined by hyphens, %(count)d characters at most.") % given
            )
        elif key in seen:
            self.fault(f"{path}.key", _("“%(key)s” stands twice under one parent.") % {"key": key})
        else:
            seen.add(key)

    def _check_title(self, path: str, title: Any) -> None:
        if not isinstance(title, str) or not title.strip() or len(title) > LONGEST_TITLE or not title.isprintable():
            given = {"count": LONGEST_TITLE}
            self.fault(f"{path}.title", _("a title is a text of one line, 1 to %(count)d characters.") % given)

    def _check_tabs(self, path: str, node: Mapping[str, Any], depth: int) -> None:
        tabs = node.get("tabs", [])
        if not isinstance(tabs, list):
            self.fault(f"{path}.tabs", _("“tabs” is a list."))
        elif tabs and depth == DEEPEST:
            self.fault(f"{path}.tabs", _("nodes lie at most %(count)d deep.") % {"count": DEEPEST})
        else:
            self._check_nodes(f"{path}.tabs", tabs, depth + 1)


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """Yield the JSON path of everything in `text` with the line that it begins on; raises `ValueError` for a name that
    stands twice in an object. The text is known to be JSON.
    """
    found: list[tuple[str, int]] = []

    def space(at: int) -> int:
        return _SPACE.match(text, at).end()  # type: ignore[union-attr]

    def value(at: int, path: str) -> int:
        found.append((path, text.count("\n", 0, at) + 1))
        if text[at] == "{":
            return items(at, path, "}", named)
        if text[at] == "[":
            return items(at, path, "]", numbered)
        if text[at] == '"':
            return int(scanstring(text, at + 1)[1])
        return _SCALAR.match(text, at).end()  # type: ignore[union-attr]

    def items(at: int, path: str, end: str, one: Callable[[int, str, int, set[str]], int]) -> int:
        names: set[str] = set()
        at = space(at + 1)
        while text[at] != end:
            at = space(one(at, path, len(names), names))
            if text[at] == ",":
                at = space(at + 1)
        return at + 1

    def named(at: int, path: str, _number: int, names: set[str]) -> int:
        name, at = scanstring(text, at + 1)
        if name in names:
            raise ValueError(_("“%(name)s” stands twice in an object") % {"name": name[:60]})
        names.add(name)
        return value(space(space(at) + 1), f"{path}.{name}")

    def numbered(at: int, path: str, number: int, names: set[str]) -> int:
        names.add(str(number))
        return value(at, f"{path}[{number}]")

    value(space(0), "$")
    return iter(found)
