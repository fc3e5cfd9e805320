"""`make check`: whatever is shown is written by `gateway.i18n`, and nothing else knows how.

Fails on `strftime` anywhere, on ISO 8601 or a locale's own writing in a template, and on Babel outside `gateway/i18n`.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODE = {
    r"\bstrftime\(|\.ctime\(": "dates and times are written by gateway.i18n.formats",
    r"^\s*(from|import) (babel|gettext)\b": "only gateway/i18n knows Babel",
    r"\{_\(['\"]": "pybabel does not find a text inside an f-string",
    r"^\s*(from|import) locale\b": "the process has no language of its own",
}
TEMPLATE = {
    r"strftime|isoformat": "use f.day, f.moment, ui.when or, for machines, f.iso",
    r"\{\{[^}]*\|\s*(round|format|filesizeformat)\b": "numbers are written by f.number, f.money or f.bytes",
}
# Where the rule does not hold, and why.
ALLOWED = {
    "gateway/settings.py": "tags of languages are checked before anything else stands",
    "gateway/web/forms.py": "the type of what the form library is given",
}


def faults(folder: str, pattern: str, rules: dict[str, str]) -> Iterator[str]:
    """Yield a line for each place that breaks a rule."""
    for path in sorted((ROOT / folder).rglob(pattern)):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith("gateway/i18n/") or name in ALLOWED:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            yield from (f"{name}:{number}: {said}" for rule, said in rules.items() if re.search(rule, line))


def found() -> list[str]:
    """Return every fault."""
    code = [fault for folder in ("gateway", "portals") for fault in faults(folder, "*.py", CODE)]
    return [*code, *faults("templates", "*.html", TEMPLATE)]


if __name__ == "__main__":
    sys.exit("\n".join(found()) or 0)
