"""The log: one event, one line of JSON, with the id of the request that it belongs to.

Nothing that came from outside can begin a second line or steer a terminal: line ends, ESC and the other control
characters, U+2028 and U+2029, and marks that turn the direction of text are written as escapes (ASVS 16.4.1).
"""

import json
import logging
import re
import sys
from typing import Any

import structlog
from flask import Flask, has_request_context
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor

from gateway import clock
from gateway.web import current

# JSON itself escapes what lies below U+0020; these pass through it. Lone surrogates cannot be written as UTF-8.
UNSAFE = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def line(event: object, **options: Any) -> str:
    """Return `event` as JSON in one line that is safe to show on a terminal."""
    text = json.dumps(event, ensure_ascii=False, **options)
    return UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _request(_logger: Any, _method: str, event: EventDict) -> EventDict:
    if has_request_context():
        event["request_id"] = current.request_id()
    return event


def _moment(_logger: Any, _method: str, event: EventDict) -> EventDict:
    event["at"] = clock.now().isoformat(timespec="milliseconds")
    return event


class _StandardError(logging.Handler):
    """Writes to what standard error is at the moment of writing."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)


def configure() -> None:
    """Send our events, and the warnings of libraries, to standard error. Calling it again replaces what it did before.

    Standard output stays free for what a command answers. Tracebacks carry no values of variables (AUD-03).
    """
    shared: list[Processor] = [
        _request,
        structlog.stdlib.add_log_level,
        _moment,
        structlog.processors.format_exc_info,
    ]
    handler = _StandardError()
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=line),
            ],
        )
    )
    root = logging.getLogger()
    for other in [known for known in root.handlers if isinstance(known, _StandardError)]:
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for ours in ("gateway", "portals"):
        logging.getLogger(ours).setLevel(logging.INFO)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


def register(_app: Flask) -> None:
    """Set the log up."""
    configure()
