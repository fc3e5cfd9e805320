"""The house rules that can be read off the code: who may import whom, and what stands where."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = (
    ("__init__", "cli", "demo", "serve", "demo_company", "worker", "retention"),
    ("admin", "self_care", "api", "oidc"),
    ("people", "trust", "account"),
    ("launch",),
    ("portal",),
    ("web",),
    ("access",),
    ("identity",),
    ("mail",),
    ("i18n", "audit"),
    ("importing", "paging", "cells", "migrations", "outbound"),
    ("settings", "errors", "clock", "db", "tokens", "keys"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
FACES = ("views", "forms")
KNOWS_FLASK = {"__init__", "cli", "web", "portal", "people", "trust", "account", "admin", "self_care", "api"}
COMMITS = {"cli", "demo_company", "retention", "worker"}
LONGEST = 400
# Where one floor reaches up on purpose.
ALLOWED = {
    ("gateway/importing/__init__.py", "audit"): "an import is one row of the record",
    ("gateway/migrations/versions/0001_first_tables.py", "identity"): "a column type of its models",
}


def sources() -> Iterator[tuple[str, ast.Module]]:
    """Yield every module of the gateway and the portals, with its tree."""
    for folder in ("gateway", "portals"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


SOURCES = list(sources())


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield the full names of what a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)


def room_of(name: str) -> str:
    """Return the room of a module of the gateway: the folder, or the file at its top."""
    parts = name.removesuffix(".py").replace("/", ".").split(".")
    return parts[1] if len(parts) > 1 and parts[1] else "__init__"


def is_face(name: str) -> bool:
    """Tell whether a module is a face."""
    return any(part in FACES for part in name.removesuffix(".py").replace("/", ".").split("."))


@pytest.mark.parametrize(("path", "tree"), SOURCES, ids=[path for path, _ in SOURCES])
def test_imports_point_only_down(path: str, tree: ast.Module) -> None:
    if path.startswith("portals/"):
        own = ".".join(path.split("/")[:2])
        for name in imports(tree):
            assert not name.startswith("gateway.") or name.startswith("gateway.portal."), (
                f"{path} imports {name}; a portal imports the porch gateway.portal, its own folder and libraries"
            )
            assert not name.startswith("gateway.portal.") or name.count(".") == 2, (
                f"{path} reaches behind the porch: {name}"
            )
            assert not name.startswith("portals.") or name.startswith(own), f"{path} imports another portal: {name}"
        return
    room = room_of(path)
    for name in imports(tree):
        assert not name.startswith("portals"), f"{path} imports {name}; the gateway never imports a portal"
        if not name.startswith("gateway."):
            continue
        other = room_of(name) if room_of(name) in FLOOR else "__init__"
        if other == "__init__" or (path, other) in ALLOWED or (is_face(path) and FLOOR[other] > 3):
            continue
        assert FLOOR[room] <= FLOOR[other], f"{path} imports {name}, which lies above it"


@pytest.mark.parametrize(("path", "tree"), SOURCES, ids=[path for path, _ in SOURCES])
def test_a_face_imports_no_other_rooms_face(path: str, tree: ast.Module) -> None:
    if not path.startswith("gateway/") or not is_face(path):
        return
    for name in imports(tree):
        if name.startswith("gateway.") and is_face(name) and room_of(name) != room_of(path):
            shares = (room_of(path), room_of(name)) in {
                ("admin", "launch"),
                ("admin", "identity"),
                ("self_care", "identity"),
                ("admin", "people"),
                ("self_care", "people"),
                ("people", "identity"),
                ("launch", "identity"),
                ("trust", "identity"),
                ("admin", "trust"),
                ("account", "identity"),
                ("self_care", "account"),
            }
            assert shares, f"{path} imports the face {name} of another room"


@pytest.mark.parametrize(("path", "tree"), SOURCES, ids=[path for path, _ in SOURCES])
def test_flask_is_a_guest(path: str, tree: ast.Module) -> None:
    if path.startswith("portals/") or is_face(path) or room_of(path) in KNOWS_FLASK:
        return
    for name in imports(tree):
        assert not name.startswith(("flask.", "flask_wtf", "flask_login", "werkzeug")), f"{path} knows Flask: {name}"


@pytest.mark.parametrize(("path", "tree"), SOURCES, ids=[path for path, _ in SOURCES])
def test_only_faces_and_commands_commit(path: str, tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            allowed = (
                is_face(path)
                or room_of(path) in COMMITS
                or path in ("gateway/portal/guard.py", "gateway/portal/pages.py", "gateway/web/attempts.py")
            )
            assert allowed, f"{path}:{node.lineno} commits; operations leave that to faces and commands"


@pytest.mark.parametrize(("path", "tree"), SOURCES, ids=[path for path, _ in SOURCES])
def test_no_import_hides_in_a_function_and_no_file_is_too_long(path: str, tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            hidden = [inner for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]
            assert not hidden, f"{path}:{node.lineno} hides an import in {node.name}"
    length = len((ROOT / path).read_text(encoding="utf-8").splitlines())
    if "/versions/" not in path:
        assert length <= LONGEST, f"{path} has {length} lines; past {LONGEST} it becomes a package"


@pytest.mark.parametrize(("path", "tree"), SOURCES, ids=[path for path, _ in SOURCES])
def test_the_environment_and_the_time_have_one_reader_each(path: str, tree: ast.Module) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) == ("os", "environ"):
                assert path in ("gateway/settings.py", "gateway/demo.py", "gateway/serve.py"), (
                    f"{path} reads the environment"
                )
            if (node.value.id, node.attr) in {("datetime", "now"), ("datetime", "utcnow"), ("date", "today")}:
                assert path == "gateway/clock.py", f"{path}:{node.lineno} asks for the time itself"


def test_the_rooms_that_are_listed_are_the_rooms_that_there_are() -> None:
    rooms = {room_of(path) for path, _ in SOURCES if path.startswith("gateway/")}
    assert rooms <= set(FLOOR), f"these rooms have no floor: {sorted(rooms - set(FLOOR))}"
    assert rooms >= set(FLOOR), f"these rooms are listed and not there: {sorted(set(FLOOR) - rooms)}"
    for path, _ in ALLOWED:
        assert (ROOT / path).is_file(), f"{path} may reach up, and is not there"


def test_every_public_function_says_what_it_does() -> None:
    silent = []
    for path, tree in SOURCES:
        if "/versions/" in path:
            continue
        if not ast.get_docstring(tree):
            silent.append(path)
        for node in tree.body:
            if (
                isinstance(node, ast.FunctionDef | ast.ClassDef)
                and not node.name.startswith("_")
                and not ast.get_docstring(node)
            ):
                silent.append(f"{path}:{node.lineno} {node.name}")
    assert silent == []
