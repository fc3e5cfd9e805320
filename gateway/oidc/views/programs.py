"""What portals' servers and programs ask: where everything is, tokens, and who somebody is."""

from flask import Response, jsonify, request

from gateway.access.structure_files import SCHEMA_PATH
from gateway.oidc import claims, keys, operations, protocol, tokens
from gateway.oidc.metadata import PATH as METADATA
from gateway.oidc.metadata import STRUCTURE_SCHEMA, metadata
from gateway.oidc.operations import Granted
from gateway.oidc.protocol import Refused
from gateway.oidc.views.common import bp, issuer
from gateway.web import bearer, current
from gateway.web.marks import open_to_programs


@bp.get(METADATA)
@open_to_programs
def configuration() -> Response:
    """Say where everything is (Discovery 1.0)."""
    return jsonify(metadata(issuer()))


@bp.get("/oidc/jwks")
@open_to_programs
def jwks() -> Response:
    """Publish the keys that verify."""
    return jsonify(keys.published(current.reader()))


@bp.get(SCHEMA_PATH)
@open_to_programs
def structure_schema() -> Response:
    """Publish what a structure looks like."""
    return Response(STRUCTURE_SCHEMA.read_text(encoding="utf-8"), mimetype="application/schema+json")


@bp.post("/oidc/token")
@open_to_programs
def token() -> Response:
    """Change a code or a refresh token for tokens."""
    work = current.writer()
    try:
        given = protocol.once(request.form.to_dict(flat=False))
        client = protocol.authenticated(current.reader(), request.headers.get("Authorization", ""), given)
        response = _tokens(client.slug, _granted(client.slug, given))
    except Refused as refused:
        response = _refused(refused)
    work.commit()
    return response


@bp.route("/oidc/userinfo", methods=["GET", "POST"])
@open_to_programs
def userinfo() -> Response:
    """Say who an access token is about, as rights stand now. It comes in the header alone, never in an address."""
    reader, now = current.reader(), current.now()
    said = tokens.read_access(bearer.sent(), keys.public_keys(reader), issuer(), now)
    who = operations.present(reader, current.house().rights, said["client_id"], said["sid"], now) if said else None
    if said is None or who is None:
        response = jsonify(error="invalid_token")
        response.status_code = 401
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
        return response
    return jsonify(claims.claims_of(who, said["client_id"], said["sid"]))


def _granted(portal: str, given: dict[str, str]) -> Granted:
    work, reader, rights = current.writer(), current.reader(), current.house().rights
    kind, now = given.get("grant_type"), current.now()
    if kind == "authorization_code":
        code, uri, verifier = (given.get(name, "") for name in ("code", "redirect_uri", "code_verifier"))
        return operations.redeem(work, reader, rights, portal, code, uri, verifier, now)
    if kind == "refresh_token":
        return operations.refresh(work, reader, rights, portal, given.get("refresh_token", ""), now)
    raise Refused("unsupported_grant_type", "grant_type is authorization_code or refresh_token")


def _tokens(portal: str, granted: Granted) -> Response:
    key, now = keys.signing(current.reader(), current.house().vault, current.now()), current.now()
    who = granted.who
    access = tokens.access_token(key, issuer(), portal, who.id, granted.sid, granted.scope, now)
    return jsonify(
        access_token=access,
        token_type="Bearer",
        expires_in=tokens.ACCESS_SECONDS,
        refresh_token=granted.refresh,
        id_token=tokens.id_token(key, issuer(), portal, who, granted.sid, access, granted.nonce, now),
        scope=granted.scope,
    )


def _refused(refused: Refused) -> Response:
    response = jsonify(error=refused.code, error_description=refused.description)
    response.status_code = refused.status
    if refused.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Portico"'
    return response
