"""Sessions of the API: opened with login and token, ended; and the token that was found somewhere."""

from typing import Any

from werkzeug.exceptions import Unauthorized

from gateway.access.by_token import token_of
from gateway.api.blueprint import bp
from gateway.api.schemas.calls import Credentials, Leaked, Opened, Taken
from gateway.api.views.answering import Answer, Body, no_body
from gateway.errors import LoginRefused
from gateway.identity import api_tokens
from gateway.identity.models import Realm
from gateway.tokens import key_of
from gateway.web import bearer, current
from gateway.web.attempts import counted
from gateway.web.marks import for_everyone_logged_in, open_to_all


@bp.post("/session", tags=["session"])
@open_to_all
@bp.arguments(Credentials, example={"login": "abc", "token": "ptc_…"})
@bp.answers(Opened)
def open_session(given: dict[str, Any]) -> Body:
    """Open a session with login and token.

    The pair has to belong together. Whatever is wrong, the answer is the same 401.
    """
    login, token = given["login"], given["token"]
    if not api_tokens.is_well_formed(token):
        raise Unauthorized(www_authenticate=bearer.CHALLENGE)
    now, address, work = current.now(), current.address(), current.writer()
    found, cause = token_of(current.reader(), current.house().rights, key_of(token), login, address, now)
    try:
        with counted("api", found.realm if found else Realm.SELF_CARE, login):
            if cause is not None:
                raise LoginRefused(cause)
    except LoginRefused as refused:
        api_tokens.refuse(work, login, refused.cause, found, now)
        work.commit()
        raise Unauthorized(www_authenticate=bearer.CHALLENGE) from refused
    opened, seconds = api_tokens.start(work, found, now, address)
    work.commit()
    return {"access_token": opened, "token_type": "Bearer", "expires_in": seconds}


@bp.delete("/session", tags=["session"])
@for_everyone_logged_in
@bp.answers(None)
def end_session() -> object:
    """End this session. The token stays good."""
    work = current.writer()
    api_tokens.end(work, current.visitor().session_id)
    work.commit()
    return no_body()


@bp.post("/leaked-tokens", tags=["session"])
@open_to_all
@bp.arguments(Leaked, example={"token": "ptc_…"})
@bp.answers(Taken, 202)
def report_leaked_token(given: dict[str, Any]) -> Answer:
    """Report a token that was found where it should not be.

    Anybody may. It is revoked at once; the answer does not tell whether it was one.
    """
    work = current.writer()
    api_tokens.revoke_leaked(work, given["token"])
    work.commit()
    return {"taken": True}, 202, {}
