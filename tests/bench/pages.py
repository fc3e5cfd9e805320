"""T0 and T1: a page of ours beside bare Flask, which renders the same template with everything ready-made."""

import statistics
from collections.abc import Mapping
from typing import Any

from flask import Flask, render_template, template_rendered

from tests.bench.places import application, logged_in
from tests.bench.tables import Target, show
from tests.bench.wsgi import Client, interleaved, ratio
from tests.cast import ABC
from tests.house import counting

ROUNDS, TIMES = 40, 25
PAGES = (
    ("T0 picker", "/", 1, {"sqlite": Target(1.9, 1.5), "postgresql": Target(2.4, 1.9)}),
    ("T1 portal page, 30 rows", "/portals/pbx/calls", 2, {"sqlite": Target(1.7, 1.4), "postgresql": Target(2.1, 1.75)}),
)
OF_FLASK = ("request", "session", "g")


class Ready:
    """Formats that have written everything before: what a template asks for is only taken out of a drawer."""

    def __init__(self, formats: Any) -> None:
        self._formats = formats
        self._written: dict[Any, str] = {}

    def __getattr__(self, name: str) -> Any:
        real, written = getattr(self._formats, name), self._written
        if not callable(real):
            return real

        def write(*values: Any) -> str:
            try:
                return written[name, values]
            except KeyError:
                return written.setdefault((name, values), real(*values))

        setattr(self, name, write)
        return write


def drawn(app: Flask, client: Client, path: str) -> tuple[str, Mapping[str, Any], bytes]:
    """Ask for a page and return its template, everything that the template was given, and what came out."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def note(_sender: Flask, template: Any, context: dict[str, Any], **_more: Any) -> None:
        seen.append((template.name, {key: value for key, value in context.items() if key not in OF_FLASK}))

    with template_rendered.connected_to(note, app):
        answer = client.get(path)
    name, context = seen[-1]
    return name, context, answer.body


def bare(app: Flask, path: str, name: str, context: Mapping[str, Any], token: str) -> Flask:
    """Return a Flask application that does nothing but render; its routes and template settings are those of `app`."""
    found = Flask("bare", static_folder=None, template_folder=str(app.template_folder))
    found.config["PROPAGATE_EXCEPTIONS"] = True
    ours, environment = app.jinja_env, found.jinja_env
    environment.undefined, environment.auto_reload = ours.undefined, False
    environment.trim_blocks, environment.lstrip_blocks = ours.trim_blocks, ours.lstrip_blocks
    environment.globals.update(ours.globals)
    environment.filters.update(ours.filters)
    ready = {**context, "f": Ready(context["f"]), "csrf_token": lambda: token}
    environment.globals["csrf_token"] = ready["csrf_token"]
    environment.globals["ui"] = environment.get_template("_macros.html").module

    def only_render(**_values: str) -> str:
        return render_template(name, **ready)

    for rule in app.url_map.iter_rules():
        found.add_url_rule(rule.rule, endpoint=rule.endpoint, methods=rule.methods, view_func=only_render)
    return found


def pages(kind: str, url: str) -> dict[str, float]:
    """Measure and show; returns the CPU seconds of each page and its limit, by name."""
    rows: list[list[str]] = []
    seconds: dict[str, float] = {}
    with application(url) as app:
        client = logged_in(app, ABC)
        for title, path, statements, targets in PAGES:
            name, context, body = drawn(app, client, path)
            token = body.partition(b'name="csrf_token" value="')[2].partition(b'"')[0].decode()
            limit = Client(bare(app, path, name, context, token))
            same = limit.get(path).body == body
            with counting(app) as counted:
                client.get(path)
            calls = {"ours": client.again(path), "limit": limit.again(path)}
            found = interleaved(calls, ROUNDS, TIMES)
            times = ratio(found["ours"], found["limit"])
            micro = {key: statistics.median(values) * 1e6 for key, values in found.items()}
            seconds[title], seconds[f"{title}: limit"] = micro["ours"] / 1e6, micro["limit"] / 1e6
            enough = f"{len(counted)} of {statements}" + ("" if len(counted) <= statements else " MISSED")
            size = f"{len(body) / 1024:.1f} KB" + ("" if same else " (differs!)")
            costs = (f"{micro['ours']:.0f}", f"{micro['limit']:.0f}")
            rows.append([title, *costs, *targets[kind].cells(times), enough, size])
    header = ["page", "CPU µs", "bare Flask", "ratio", "must", "aim", "verdict", "statements", "size"]
    show(f"{kind}: pages of somebody logged in, beside bare Flask with everything ready-made", header, rows)
    return seconds
