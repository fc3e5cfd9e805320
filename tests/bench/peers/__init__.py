"""Others who do the same, each a small application of its own in one file, in an environment of its own."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.bench.tables import Target, show

ROOT = Path(__file__).resolve().parent.parent.parent.parent
VENV = ROOT / ".venv-bench"
PACKAGES = ("Django>=5.2", "django-hijack>=3.7", "Flask-Security[common,fsqla]>=5.9", "Flask-Babel>=4")
PEERS = {"Django with django-hijack": "django_hijack", "Flask-Security-Too": "flask_security_too"}
ROWS, CLICK = Target(3, 5, " ×", more=True), Target(0.5, 0.333)
OURS = {"small": "T0 picker", "rows": "T1 portal page, 30 rows"}


def install() -> Path:
    """Make the environment if it is not there, and return its Python."""
    python = VENV / "bin" / "python"
    ready = VENV / ".ready"
    if not ready.exists():
        print(f"\nInstalling {', '.join(PACKAGES)} into {VENV.name} (once) …", flush=True)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        (VENV / ".gitignore").write_text("*\n", encoding="utf-8")
        command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES]
        subprocess.run(command, check=True)
        ready.touch()
    return python


def measure(module: str) -> dict[str, float]:
    """Run a peer on a fresh SQLite file, and return its CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="portico-bench-") as folder:
        command = [str(install()), "-m", f"tests.bench.peers.{module}", f"{folder}/peer.db"]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(ours: Mapping[str, float]) -> None:
    """Measure the peers and show what they need for the same, beside what we need on SQLite."""
    rows = []
    for name, module in PEERS.items():
        theirs = measure(module)
        for key, title in OURS.items():
            if title in ours:
                both = f"{theirs[key] * 1e3:.2f}", f"{ours[title] * 1e3:.2f}"
                times = theirs[key] / ours[title]
                judged = ROWS.cells(times) if key == "rows" else (f"{times:.3g} ×", "", "", "")
                rows.append([f"{title}: times as dear in {name}", *both, *judged])
        if "click" in theirs and "click" in ours:
            both = f"{theirs['click'] * 1e3:.2f}", f"{ours['click'] * 1e3:.2f}"
            rows.append([f"T2 one click: part of that of {name}", *both, *CLICK.cells(ours["click"] / theirs["click"])])
    header = ["page", "theirs, CPU ms", "ours", "ratio", "must", "aim", "verdict"]
    show("sqlite: beside others who do the same", header, rows)
