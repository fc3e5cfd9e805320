"""`make demo`: the whole gateway on this machine, with a company to try it on. Everything it makes is under `var/`.

Settings come from `var/demo.env` alone: `GATEWAY_*` names of the shell are left out, so that the demo company is never
loaded into another database.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from gateway import migrations, serve
from gateway.db import Database

VAR = serve.ROOT / "var"
HOST = "127.0.0.1"
PORT = 8000
SQLITE = "sqlite:///"
LOOPBACK = "127.0.0.0/8"
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"

WELCOME = """
Portico is at {url}

  Staff       {url}/admin/login
              root (everything) · helen (help desk) · audrey (auditor)
  Customers   {url}/login
              abc with its people john, mark, adam · globex with eve · initech
              acme (asks for a second factor: have an authenticator app at hand)

The password is the same for all of them.
Password: {password}

Ctrl-C stops it; what was changed stays in var/.
"""


def password_word() -> str:
    """Return a word that can be said aloud and typed: eight syllables, 49 bits."""
    syllables = [secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(8)]
    return "-".join("".join(syllables[start : start + 2]) for start in range(0, 8, 2))


def first_settings() -> str:
    """Return the text of a new `demo.env`, complete, so that `flask --app wsgi …` runs on it; with its own secrets."""
    return (
        "# Settings of the demo; docs/operating.md says what each means.\n"
        f"GATEWAY_SECRET_KEYS={secrets.token_urlsafe(48)}\n"
        f"GATEWAY_AUDIT_KEYS={secrets.token_urlsafe(48)}\n"
        f"GATEWAY_DATABASE_URL={SQLITE}var/portico.db\n"
        f"GATEWAY_BASE_URL=http://{HOST}:{PORT}\n"
        f"GATEWAY_OUTBOUND_NETWORKS={LOOPBACK}\n"
    )


def written_once(path: Path, text: str) -> str:
    """Return what `path` holds; if there is no such file, write `text` to it first, for our own eyes only."""
    if not path.exists():
        unfinished = path.with_name(path.name + ".new")
        unfinished.unlink(missing_ok=True)
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
        unfinished.replace(path)
    return path.read_text(encoding="utf-8")


def read_settings(text: str) -> dict[str, str]:
    """Return the `NAME=value` lines of `text`; empty lines and those that begin with # say nothing."""
    lines = [line.strip() for line in text.splitlines()]
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def environment(given: Mapping[str, str], settings: Mapping[str, str], url: str) -> dict[str, str]:
    """Return the environment of the demo's processes.

    A relative path of a database counts from the project's folder, wherever the process stands; the address follows
    the port of this start.
    """
    env = {name: value for name, value in given.items() if not name.startswith("GATEWAY_")}
    env |= settings
    env["GATEWAY_BASE_URL"] = url
    env.setdefault("GATEWAY_OUTBOUND_NETWORKS", LOOPBACK)
    database = env.get("GATEWAY_DATABASE_URL", "")
    if database.startswith(SQLITE):
        env["GATEWAY_DATABASE_URL"] = SQLITE + str(serve.ROOT / database.removeprefix(SQLITE))
    return env


def main() -> int:
    """Prepare what is missing, say where everything is, and serve until told to stop."""
    serve.stop_when_told()
    port = int(os.environ.get("PORT") or PORT)
    serve.require_free(HOST, port)
    VAR.mkdir(exist_ok=True)
    url = f"http://{HOST}:{port}"
    env = environment(os.environ, read_settings(written_once(VAR / "demo.env", first_settings())), url)
    password = written_once(VAR / "demo.password", password_word() + "\n").strip()

    print("Bringing the database up to date …", flush=True)
    fresh = not (VAR / "portico.db").exists()
    database = Database(env["GATEWAY_DATABASE_URL"])
    migrations.upgrade(database)
    database.dispose()
    loaded = VAR / "demo.loaded"
    if not loaded.exists() or fresh:
        print("Loading the demo company …", flush=True)
        serve.flask("demo", "load", env={**env, "DEMO_PASSWORD": password})
        loaded.touch()
    print(WELCOME.format(url=url, password=password), flush=True)
    return serve.run(HOST, port, 1, env)


if __name__ == "__main__":
    sys.exit(main())
