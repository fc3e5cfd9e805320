"""What makes the tests quick: what comes out the same for every application and every test is worked out once."""

import gc
from typing import Any

from werkzeug.routing import Rule

from gateway.i18n import catalog
from gateway.identity import passwords
from gateway.web.jinja import Templates

verified = passwords._verified
"""What really looks whether a password is the right one, for tests of the time and memory that it takes."""

_COMPILED = ("_parts", "_trace", "_converters", "arguments")
_compile_rule, _rules = Rule.compile, {}
_compile_template, _templates = Templates.compile, {}
_verified: dict[tuple[str, bytes], bool] = {}


def _rule_once(rule: Rule) -> None:
    """Compile each address once: most of what one application after the other costs."""
    key = (rule.rule, rule.subdomain, rule.merge_slashes, tuple((rule.defaults or {}).items()))
    if key not in _rules:
        _compile_rule(rule)
        builders = {name: getattr(rule, name).__func__ for name in ("_build", "_build_unknown")}
        _rules[key] = {name: getattr(rule, name) for name in _COMPILED}, builders
        return
    values, builders = _rules[key]
    rule.__dict__.update(values)
    rule.__dict__.update({name: builder.__get__(rule) for name, builder in builders.items()})


def _template_once(
    templates: Templates, source: Any, name: str | None = None, filename: str | None = None, *more: bool
) -> Any:
    """Compile each template once for each language and its catalogue, whatever application asks."""
    language = templates.language or catalog.language()
    key = (source, name, filename, language, catalog._catalog(language), more)
    if key not in _templates:
        _templates[key] = _compile_template(templates, source, name, filename, *more)
    return _templates[key]


def _verified_once(password_hash: str, prepared: bytes) -> bool:
    """Hash each password once for each hash that it is held against: the cast log in thousands of times."""
    key = (password_hash, prepared)
    if key not in _verified:
        _verified[key] = verified(*key)
    return _verified[key]


def hurry() -> None:
    """Begin."""
    # An application that goes leaves much behind: looking for it at the usual pace takes a quarter of the time of a test.
    gc.set_threshold(100_000)
    Rule.compile = _rule_once  # type: ignore[method-assign]
    Templates.compile = _template_once  # type: ignore[method-assign,assignment]
    passwords._verified = _verified_once
