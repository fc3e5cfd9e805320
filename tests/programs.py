"""Programs that use the API in somebody's name, as the browsers of `tests/house.py` use the pages."""

from collections.abc import Sequence
from typing import Any

from flask import Flask
from sqlalchemy import update

from gateway import clock
from gateway.identity import api_tokens
from gateway.identity.models import Identity
from tests.house import working


def switch_on(app: Flask, *logins: str) -> None:
    """Switch the API on for identities."""
    with working(app) as work:
        work.execute(update(Identity).where(Identity.id.in_(logins)).values(api_access=True))


def token_for(app: Flask, login: str, level: str = "full", portals: Sequence[str] = (), days: int = 30) -> str:
    """Make a token for a member of the cast, the API switched on for them and their customer."""
    switch_on(app, login, "abc" if login in ("john", "mark", "adam") else "globex" if login == "eve" else login)
    with working(app) as work:
        return api_tokens.make(work, login, api_tokens.Terms("A program", level, portals, days), clock.now())


class Program:
    """A program with a session of its own, if `login` is given."""

    def __init__(self, app: Flask, login: str | None = None, token: str | None = None, **terms: Any) -> None:
        self.client = app.test_client()
        self.headers: dict[str, str] = {}
        if login is not None:
            self.token = token or token_for(app, login, **terms)
            answer = self.open(login, self.token)
            assert answer.status_code == 200, answer.text
            self.headers["Authorization"] = f"Bearer {answer.json['access_token']}"

    def open(self, login: str, token: str, **environ: Any) -> Any:
        """Ask for a session."""
        return self.client.post("/api/v1/session", json={"login": login, "token": token}, **environ)

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """Call `/api/v1` and return the answer."""
        given = {"json": body} if body is not None else {}
        return self.client.open(
            f"/api/v1{path}", method=method, headers={**self.headers, **(headers or {})}, **given, **more
        )

    def get(self, path: str, **more: Any) -> Any:
        """GET something."""
        return self.call("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> Any:
        """POST a body."""
        return self.call("POST", path, body, **more)

    def patch(self, path: str, body: Any, version: str | None = "*", **more: Any) -> Any:
        """PATCH with If-Match, if a version is given."""
        return self.call("PATCH", path, body, {"If-Match": version} if version else {}, **more)

    def delete(self, path: str, **more: Any) -> Any:
        """DELETE something."""
        return self.call("DELETE", path, **more)
