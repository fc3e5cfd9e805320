"""`make demo-external`: registers the example with the demo that runs beside it, and serves it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click
from sqlalchemy import select

from gateway import create_app, demo, serve
from gateway.access.models import PortalView, Role
from gateway.access.operations import set_portal_view
from gateway.audit.operations import Stamp
from gateway.identity.logins import canonical
from gateway.identity.models import Realm
from gateway.portal.registry import discover
from gateway.settings import Settings

HERE = Path(__file__).resolve().parent
PYTHON = HERE / ".venv" / "bin" / "python"
PORT = 8100
SLUG = "tickets"
ROLES = {
    "Company owner": {"": "full"},
    "IT lead": {"tickets": "full", "reports": "view"},
    "IT support": {"tickets": "view"},
}


def registered(env: Mapping[str, str]) -> str:
    """Register the example, or change it, and return the secret of its client, which is kept beside the demo's."""
    kept = demo.VAR / f"{SLUG}.secret"
    lines = said("portal", "register", str(HERE / "registration.json"), env=env)
    if len(lines) > 1:
        kept.unlink(missing_ok=True)
        return demo.written_once(kept, lines[-1] + "\n").strip()
    if not kept.exists():
        return demo.written_once(kept, said("portal", "secret", SLUG, env=env)[-1] + "\n").strip()
    return kept.read_text(encoding="utf-8").strip()


def said(*words: str, env: Mapping[str, str]) -> list[str]:
    """Return what a `flask --app wsgi` command says; ends with its words if it fails."""
    done = subprocess.run([*serve.FLASK, *words], cwd=serve.ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr or done.stdout)
    return done.stdout.strip().splitlines()


def open_to_roles(env: Mapping[str, str]) -> None:
    """Let some roles of the demo into the example, unless somebody said already what they may do there."""
    house = create_app(Settings.from_env(env), discover()).extensions["portico"]
    with house.database.writing() as work:
        house.stamped(work, Stamp())
        roles = dict(work.execute(select(Role.name_key, Role.id).where(Role.realm == Realm.SELF_CARE)).all())
        for name, levels in ROLES.items():
            role_id = roles.get(canonical(name))
            seen = select(PortalView.id).where(PortalView.role_id == role_id, PortalView.portal == SLUG)
            if role_id and work.execute(seen).first() is None:
                set_portal_view(work, role_id, SLUG, levels)
        work.commit()
    house.database.dispose()


def main() -> int:
    """Look for the demo, register with it, and serve until told to stop."""
    serve.stop_when_told()
    url = f"http://{demo.HOST}:{os.environ.get('PORT') or demo.PORT}"
    try:
        urlopen(f"{url}/healthz", timeout=3).close()
    except (URLError, OSError):
        sys.exit(f"The demo does not answer at {url}. Start it in another terminal with: make demo")
    serve.require_free(demo.HOST, PORT)
    settings = demo.read_settings((demo.VAR / "demo.env").read_text(encoding="utf-8"))
    env = demo.environment(os.environ, settings, url)
    secret = registered(env)
    open_to_roles(env)
    click.echo(f"Tickets is at http://{demo.HOST}:{PORT}/ and on the list of portals of abc, john and mark.")
    click.echo("Or enter it in somebody's name: log in as helen or root, find a customer, Log in ▾, Tickets.")
    command = [str(PYTHON), "-m", "flask", "--app", "portal", "run", "--host", demo.HOST, "--port", str(PORT)]
    return subprocess.run(
        command, cwd=HERE, env={**os.environ, "PORTAL_ISSUER": url, "PORTAL_SECRET": secret}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
