"""What monitoring asks: does the process answer, do its database and its Redis, are the migrations current."""

from importlib import import_module
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, Response, current_app
from sqlalchemy.exc import SQLAlchemyError

from gateway.errors import NotFound
from gateway.migrations import is_current
from gateway.web import current
from gateway.web.marks import open_to_all

bp = Blueprint("health", __name__)
REDIS_SECONDS = 0.5


def redis_at(url: str) -> Any:
    """Return a client of Redis. The library is brought in here: most gateways have none, and need not keep it."""
    seconds = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    return import_module("redis").Redis.from_url(url, **seconds)


def answers(redis: Any) -> bool:
    """Tell whether Redis answers."""
    try:
        return bool(redis.ping())
    except import_module("redis").RedisError:
        return False


@bp.get("/healthz")
@open_to_all
def healthz() -> Response:
    """Answer without touching anything else (ERR-03)."""
    return _plain("ok", 200)


@bp.get("/readyz")
@open_to_all
def readyz() -> Response:
    """Answer whether work can be done; only to addresses that may see it."""
    address = current.address()
    networks = current.house().settings.metrics_networks
    if address is None or not any(ip_address(address) in network for network in networks):
        raise NotFound
    checks = {"database": _database(), "redis": _redis()}
    lines = "\n".join(f"{name} {'ok' if fine else 'down'}" for name, fine in checks.items())
    return _plain(lines, 200 if all(checks.values()) else 503)


def _database() -> bool:
    try:
        return is_current(current.reader())
    except SQLAlchemyError:
        return False


def _redis() -> bool:
    redis: Any = current_app.extensions.get("portico.redis")
    return redis is None or answers(redis)


def _plain(text: str, status: int) -> Response:
    return Response(f"{text}\n", status, mimetype="text/plain")
