"""What the commands share."""

from collections.abc import Callable
from typing import NoReturn, TypeVar

import click
from flask import current_app
from sqlalchemy.orm import Session as Work

from gateway.audit.operations import Stamp
from gateway.web.current import House

T = TypeVar("T")


def house() -> House:
    """Return what this process keeps."""
    found: House = current_app.extensions["portico"]
    return found


def in_work(do: Callable[[Work], T]) -> T:
    """Run `do` in one transaction, commit it, and return what it returned."""
    with house().database.writing() as unit:
        found = do(house().stamped(unit, Stamp()))
        unit.commit()
    return found


def fail(message: str) -> NoReturn:
    """Stop with a sentence that says why."""
    raise click.ClickException(message)
