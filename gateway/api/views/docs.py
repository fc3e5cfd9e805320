"""The document, and the same for people."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, render_template

from gateway.api import document
from gateway.web import current
from gateway.web.marks import open_to_all
from gateway.web.problems import CODES

docs = Blueprint("api_docs", __name__, url_prefix="/api")


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter or a field: its name, kind, meaning, and whether it has to be there."""

    name: str
    kind: str
    meaning: str
    required: bool


@dataclass(frozen=True, slots=True)
class Call:
    """One call, as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Row]
    fields: list[Row]
    answers: list[Row]
    status: str
    curl: str
    python: str


@docs.get("/openapi.json")
@open_to_all
def openapi() -> Response:
    """Give the document out."""
    return Response(orjson.dumps(document.of(current_app)), mimetype="application/json")


@docs.get("/docs")
@open_to_all
def page() -> str:
    """Show the document to people, with examples to copy."""
    made = document.of(current_app)
    calls: dict[str, list[Call]] = {tag["name"]: [] for tag in made["tags"]}
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                common = methods.get("parameters", [])
                calls[operation["tags"][0]].append(_call(made, path, method, operation, common))
    return render_template(
        "api/docs.html",
        tags=[(tag["name"], _plain(tag["description"]), calls[tag["name"]]) for tag in made["tags"]],
        base=current.house().settings.base_url,
        codes=CODES,
    )


def _call(made: Mapping[str, Any], path: str, method: str, operation: Mapping[str, Any], common: list[Any]) -> Call:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    status, answer = next((code, said) for code, said in operation["responses"].items() if code.startswith("2"))
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    given = [*common, *operation.get("parameters", [])]
    headers = {one["name"]: one["example"] for one in given if one["in"] == "header"}
    example = _example(made, body)
    return Call(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=_plain(operation.get("summary", "")),
        description=_plain(operation.get("description", "")),
        parameters=[_row(made, one["name"], one.get("schema", {}), one) for one in given],
        fields=list(_rows(made, body)),
        answers=list(_rows(made, schema)),
        status=status,
        curl=_curl(method, path, headers, example, operation),
        python=_python(method, path, headers, example, operation),
    )


def _plain(text: str) -> str:
    """Return a text of the document without the marks of Markdown."""
    return text.replace("`", "")


def _resolved(made: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref", "")
    return made["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def _rows(made: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Row]:
    found = _resolved(made, schema)
    for name, field in found.get("properties", {}).items():
        yield _row(made, name, field, {"required": name in found.get("required", ())})
        inner, mark = (field["items"], "[]") if "items" in field else (field, "")
        if "$ref" in inner:
            yield from (replace(row, name=f"{name}{mark}.{row.name}") for row in _rows(made, inner))


def _row(made: Mapping[str, Any], name: str, field: Mapping[str, Any], about: Mapping[str, Any]) -> Row:
    kind = field.get("type", "object")
    kinds = kind if isinstance(kind, list) else [kind]
    words = [str(word) for word in field.get("enum", []) if word is not None]
    meaning = about.get("description") or field.get("description") or _resolved(made, field).get("description", "")
    return Row(name, " | ".join(words or kinds), _plain(meaning), bool(about.get("required")))


def _example(made: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found = _resolved(made, schema)
    wanted = found.get("required") or list(found.get("example", {}))[:2]
    return {name: value for name, value in found.get("example", {}).items() if name in wanted}


def _curl(
    method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any], operation: Mapping[str, Any]
) -> str:
    base = current.house().settings.base_url
    lines = [f"curl -X {method.upper()} '{base}{path}'"] if method != "get" else [f"curl '{base}{path}'"]
    if operation.get("security") != []:
        lines.append('-H "Authorization: Bearer $BEARER"')
    lines += [f"-H '{name}: {value}'" for name, value in headers.items()]
    if body:
        lines += ["-H 'Content-Type: application/json'", f"-d '{orjson.dumps(body).decode()}'"]
    return " \\\n  ".join(lines)


def _python(
    method: str, path: str, headers: Mapping[str, str], body: Mapping[str, Any], operation: Mapping[str, Any]
) -> str:
    said = dict(headers)
    if operation.get("security") != []:
        said = {"Authorization": "Bearer …", **said}
    lines = [f'"{current.house().settings.base_url}{path}"']
    lines += [f"headers={said!r}"] if said else []
    lines += [f"json={dict(body)!r}"] if body else []
    inner = "".join(f"    {line},\n" for line in lines)
    return f"import requests\n\nanswer = requests.{method}(\n{inner}    timeout=10,\n)\nanswer.raise_for_status()"
