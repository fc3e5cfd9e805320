"""T4: a call of the API by token beside bare Flask, which answers the same list with everything ready-made."""

import json
import statistics
from typing import Any

from flask import Flask, Response, jsonify

from gateway.web import rates
from tests.bench.places import application
from tests.bench.tables import Target, show
from tests.bench.wsgi import Answer, Call, Client, interleaved, ratio
from tests.house import counting
from tests.programs import Program

ROUNDS, TIMES = 40, 25
PATH, STATEMENTS = "/api/v1/customers?limit=30", 2
TARGETS = {"sqlite": Target(1.9, 1.5), "postgresql": Target(2.4, 2.0)}


def bare(app: Flask, answer: Answer) -> Flask:
    """Return a Flask application that does nothing but answer; its routes are those of `app`."""
    found, ready = Flask("bare", static_folder=None), json.loads(answer.body)

    def view(**_values: object) -> Response:
        return jsonify(ready)

    for rule in app.url_map.iter_rules():
        found.add_url_rule(rule.rule, endpoint=rule.endpoint, methods=rule.methods, view_func=view)
    return found


def again(app: Any, bearer: str) -> Call:
    """Return a call that asks for the list over and over, as fast as can be; checks it once."""
    client = Client(app)
    environ = {**client.environ(PATH), "HTTP_AUTHORIZATION": bearer}
    if (answer := client.ask(dict(environ))).status != 200:
        raise RuntimeError(f"{PATH} answered {answer.status}")

    def call() -> None:
        b"".join(app(environ.copy(), lambda *_said: None))

    return call


def api(kind: str, url: str) -> None:
    """Measure and show."""
    rates.CALLS = 10**9
    with application(url) as app:
        bearer = Program(app, "root").headers["Authorization"]
        client = Client(app)
        environ = {**client.environ(PATH), "HTTP_AUTHORIZATION": bearer}
        answer = client.ask(dict(environ))
        with counting(app) as counted:
            client.ask(dict(environ))
        calls = {"ours": again(app, bearer), "limit": again(bare(app, answer), bearer)}
        found = interleaved(calls, ROUNDS, TIMES)
    micro = {key: statistics.median(values) * 1e6 for key, values in found.items()}
    enough = f"{len(counted)} of {STATEMENTS}" + ("" if len(counted) <= STATEMENTS else " MISSED")
    costs = (f"{micro['ours']:.0f}", f"{micro['limit']:.0f}")
    cells = TARGETS[kind].cells(ratio(found["ours"], found["limit"]))
    row = ["T4 30 customers by token", *costs, *cells, enough, f"{len(answer.body) / 1024:.1f} KB"]
    header = ["call", "CPU µs", "bare Flask", "ratio", "must", "aim", "verdict", "statements", "size"]
    show(f"{kind}: a call of the API, beside bare Flask with everything ready-made", header, [row])
