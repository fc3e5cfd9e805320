"""Errors of the domain become pages in the reader's language, with the request id and never with details (ERR-01)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from flask import Flask, Response, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from gateway.access.acting import REASONS
from gateway.errors import (
    Forbidden,
    Invalid,
    KeyMissing,
    LaunchRefused,
    NotFound,
    Stale,
    TooBusy,
    TooManyAttempts,
    Unrecordable,
)
from gateway.i18n.catalog import N_, ngettext
from gateway.i18n.catalog import gettext as _
from gateway.web import current, problems

log = structlog.get_logger()

RETRY_AFTER = "5"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an error page says."""

    title: str
    message: str


EXPLAINED = {
    401: Explanation(
        N_("Not logged in"), N_("Login and token, or the session that they gave, are missing, wrong or over.")
    ),
    400: Explanation(N_("This request cannot be read"), N_("Go back, reload the page and try again.")),
    403: Explanation(N_("Not allowed"), N_("Your role does not let you do this.")),
    404: Explanation(N_("Page not found"), N_("There is nothing at this address, or it is not yours to see.")),
    405: Explanation(N_("Not possible this way"), N_("This address does not answer to that kind of request.")),
    409: Explanation(
        N_("Somebody else was faster"),
        N_("This was changed meanwhile. Open it again to see how it stands now, then make your change."),
    ),
    412: Explanation(
        N_("Somebody else was faster"), N_("This was changed meanwhile. Read it again, then make your change.")
    ),
    413: Explanation(N_("Too large"), N_("What was sent is larger than one megabyte.")),
    415: Explanation(N_("Not readable"), N_("What is sent has to be JSON, said by Content-Type: application/json.")),
    422: Explanation(N_("This cannot be taken"), N_("A value is missing or wrong.")),
    428: Explanation(
        N_("Say what you change"), N_("Send the ETag of what you read as If-Match, so that nothing is overwritten.")
    ),
    429: Explanation(N_("Too many attempts"), N_("Wait a little, then try again.")),
    500: Explanation(N_("Something went wrong"), N_("It has been noted under the number below. Please try again.")),
    503: Explanation(N_("Just a moment"), N_("We are busy or being looked after. Please try again in a few seconds.")),
}


def page(
    status: int,
    message: str | None = None,
    code: str | None = None,
    faults: Mapping[str, Sequence[str]] | None = None,
) -> Response:
    """Render the page of an error, or under `/api` its problem; `message` takes the place of the usual sentence.

    `code` and `faults` (sentences by field) are for programs.
    """
    explained = EXPLAINED.get(status) or EXPLAINED[400 if status < 500 else 500]
    title, message = _(explained.title), message or _(explained.message)
    if problems.wanted():
        response = problems.problem(status, title, message, code, faults)
    else:
        back_url = f"{request.script_root}/" if current.maybe_visitor() or request.script_root else "/"
        text = render_template("errors/error.html", status=status, title=title, message=message, back_url=back_url)
        response = make_response(text, status)
    if status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def wait(refused: TooManyAttempts) -> str:
    """Say when to try again, in the reader's words."""
    seconds = refused.seconds_left(current.now())
    minutes = -(-seconds // 60)
    if seconds < 100:
        soon = ngettext("Try again in %(num)d second.", "Try again in %(num)d seconds.", seconds) % {"num": seconds}
    else:
        soon = ngettext("Try again in %(num)d minute.", "Try again in %(num)d minutes.", minutes) % {"num": minutes}
    return " ".join((_("There were too many attempts."), soon))


def register(app: Flask) -> None:
    """Answer every error of the domain, of HTTP and of the database."""

    @app.errorhandler(NotFound)
    def _not_found(_error: NotFound) -> Response:
        return page(404)

    @app.errorhandler(Forbidden)
    def _forbidden(error: Forbidden) -> Response:
        response = page(403, _(error.reason), error.code)
        response.headers["X-Error-Code"] = error.code
        return response

    @app.errorhandler(LaunchRefused)
    def _launch_refused(error: LaunchRefused) -> Response:
        response = page(403, _(REASONS[error.reason]), error.reason)
        response.headers["X-Error-Code"] = error.reason
        return response

    @app.errorhandler(Stale)
    def _stale(_error: Stale) -> Response:
        return page(412 if problems.wanted() else 409)

    @app.errorhandler(Invalid)
    def _invalid(error: Invalid) -> Response:
        faults = {field: [_(text) for text in texts] for field, texts in error.errors.items()}
        return page(422, " ".join(text for texts in faults.values() for text in texts), faults=faults)

    @app.errorhandler(TooBusy)
    def _too_busy(error: TooBusy) -> Response:
        response = page(503)
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(TooManyAttempts)
    def _too_many(error: TooManyAttempts) -> Response:
        response = page(429, wait(error))
        response.headers["Retry-After"] = str(error.seconds_left(current.now()))
        return response

    @app.errorhandler(Unrecordable)
    def _unrecordable(error: Unrecordable) -> Response:
        log.error("record.unwritable", error=type(error.__cause__).__name__)
        return page(503)

    @app.errorhandler(KeyMissing)
    def _key_missing(error: KeyMissing) -> Response:
        log.error("key.missing", key=error.key_id)
        return page(503)

    @app.errorhandler(CSRFError)
    def _csrf(_error: CSRFError) -> Response:
        return page(
            400, _("This form is too old or belongs to another log-in. Open the page again and repeat your change.")
        )

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response:
        response = page(error.code or 500)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After", "Location", "WWW-Authenticate"):
                response.headers[name] = value
        return response

    @app.errorhandler(DBAPIError)
    @app.errorhandler(PoolTimeout)
    def _database(error: Exception) -> Response:
        if isinstance(error, DBAPIError) and not _gone(error):
            return _broken(error)
        log.error("database.unavailable", error=type(error).__name__)
        return page(503)

    @app.errorhandler(Exception)
    def _broken(error: Exception) -> Response:
        log.exception("request.failed", error=type(error).__name__)
        return page(500)


def _gone(error: DBAPIError) -> bool:
    """Tell a database that is away, locked, full or read-only from a statement that is wrong."""
    return error.connection_invalidated or type(error).__name__ in (
        "OperationalError",
        "InternalError",
        "InterfaceError",
    )
