"""Documents that cannot lie: the table of security rules and the tests agree."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
NAME = re.compile(r"def (test_\w+?(?:__[A-Z]+_\d+)+)\(")


def named() -> dict[str, set[str]]:
    """Return the tests whose names end in the id of a rule, by id."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for test in NAME.findall(path.read_text(encoding="utf-8")):
            for group, number in re.findall(r"__([A-Z]+)_(\d+)", test):
                found.setdefault(f"{group}-{number}", set()).add(test)
    return found


def rows() -> dict[str, tuple[str, set[str]]]:
    """Return the state and the tests of each rule, as the document has them."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    cells = (line.split("|") for line in text.splitlines() if re.match(r"\| [A-Z]+-\d+ ", line))
    return {row[1].strip(): (row[3].strip(), set(re.findall(r"test_\w+__\w+", row[4]))) for row in cells}


def test_the_table_of_rules_names_exactly_the_tests_that_show_them() -> None:
    tests = named()
    assert set(tests) <= set(rows())
    for rule, (state, shown_by) in rows().items():
        assert shown_by == tests.get(rule, set()), rule
        assert (state == "open") is (not shown_by), rule
        assert state in ("shown", "partly", "open"), rule


def test_the_table_has_every_rule_once() -> None:
    assert len(rows()) == 153
