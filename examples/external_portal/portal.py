"""A portal that lives elsewhere: a few tickets, shown to whoever Portico sends, as far as Portico says they may look.

One file, to be read from top to bottom. What every such portal has to do stands under the five headings below; the
rest is this portal's own business.

    PORTAL_ISSUER=http://127.0.0.1:8000 PORTAL_SECRET=… flask --app portal run --port 8100
"""

import os
import secrets
import threading
import time
from functools import wraps

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, abort, g, redirect, render_template_string, request, session, url_for
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

CLIENT_ID = "tickets"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
# By the name of the customer, so that this works with any demo; a real portal keeps the id, which never changes.
TICKETS = {
    "ABC Company": [("1001", "The lift alarm does not ring", "open"), ("1002", "New handset for reception", "closed")],
    "Globex Corporation": [("2001", "Invoice sent twice", "open")],
}


def create_app(issuer: str, secret: str) -> Flask:
    """Make the portal for the gateway at `issuer`, as the client whose secret is `secret`."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY=secrets.token_hex(32), SESSION_COOKIE_NAME="tickets", SESSION_COOKIE_SAMESITE="Lax")
    oauth = OAuth(app)
    gateway = oauth.register(
        "portico",
        client_id=CLIENT_ID,
        client_secret=secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
    )
    # Who is logged in here, by the `sid` of their session at the gateway. A real portal keeps this in its database.
    people = {}
    spent = {}
    lock = threading.Lock()

    # 1. Log in: begin where the gateway says, pass on its hint, and take what comes back.

    @app.get("/start")
    def start():
        """Begin a log-in: by itself, or because the gateway sends somebody (third-party-initiated)."""
        if request.args.get("iss", issuer) != issuer:
            abort(400)
        hint = {"login_hint": request.args["login_hint"]} if "login_hint" in request.args else {}
        return gateway.authorize_redirect(url_for("callback", _external=True), **hint)

    @app.get("/callback")
    def callback():
        """Take the code; the library checks state, nonce, issuer, audience, signature and age."""
        try:
            token = gateway.authorize_access_token()
        except OAuthError as error:
            return page("Not let in", "<p>{{ why }}</p>", why=error.description or error.error), 403
        sid = token["userinfo"]["sid"]
        with lock:
            people[sid] = {"token": token, "claims": dict(token["userinfo"])}
        session.clear()
        session["sid"] = sid
        return redirect(url_for("tickets"))

    # 2. Ask again: an access token lives a minute. Whoever is still here then has their rights asked anew.

    def refreshed(sid, person):
        """Return the person with rights as they stand now, or None if the gateway says that it is over."""
        if person["token"]["expires_at"] > time.time():
            return person
        try:
            old = person["token"]["refresh_token"]
            token = gateway.fetch_access_token(grant_type="refresh_token", refresh_token=old)
        except OAuthError:
            return None
        claims = gateway.parse_id_token(token, nonce=None)
        if claims["sid"] != sid or claims["sub"] != person["claims"]["sub"]:
            return None
        return {"token": token, "claims": dict(claims)}

    def needs(node, level="view"):
        """Guard a view with a level at a node: `view` to look, `full` to change anything."""

        def guard(view):
            @wraps(view)
            def guarded(*args, **kwargs):
                with lock:  # one refresh at a time: a refresh token is good once
                    sid = session.get("sid")
                    person = refreshed(sid, people[sid]) if sid in people else None
                    if person is None:
                        people.pop(sid, None)
                        session.clear()
                        return redirect(url_for("start"))
                    people[sid] = person
                g.claims = person["claims"]
                if not allowed(node, level):
                    abort(404 if g.claims["levels"].get(node, "forbidden") == "forbidden" else 403)
                return view(*args, **kwargs)

            return guarded

        return guard

    # 3. Ask levels, and nothing else: they hold the role, the visit and its view-only ceiling.

    def allowed(node, level="view"):
        """Tell whether the person may look at a node, or change it."""
        order = ["forbidden", "view", "full"]
        return order.index(g.claims["levels"].get(node, "forbidden")) >= order.index(level)

    # 4. Show who is really there.

    def page(title, body, **values):
        """Draw a page, with the banner of a visit."""
        claims = g.get("claims")
        inner = render_template_string(body, claims=claims, allowed=allowed, **values)
        return render_template_string(LAYOUT, title=title, body=inner, claims=claims, allowed=allowed, issuer=issuer)

    # 5. Be told of log-outs (OpenID Connect Back-Channel Logout 1.0, section 2.6).

    @app.post("/back-channel-logout")
    def back_channel_logout():
        """End the session that the gateway names; whatever is not its own word is refused."""
        claims = logout_claims(request.form.get("logout_token", ""))
        if claims is None:
            return {"error": "invalid_request"}, 400, {"Cache-Control": "no-store"}
        with lock:
            people.pop(claims["sid"], None)
        return "", 200, {"Cache-Control": "no-store"}

    def logout_claims(text):
        """Return the claims of a logout token of the gateway for us, fresh and new, or None."""
        try:
            token = decoded(text)
        except (JoseError, ValueError):
            return None
        said, now = token.claims, time.time()
        good = (
            token.header.get("typ") == "logout+jwt"
            and said.get("iss") == issuer
            and said.get("aud") in (CLIENT_ID, [CLIENT_ID])
            and isinstance(said.get("iat"), int)
            and now - 120 <= said["iat"] <= now + 5
            and isinstance(said.get("exp"), int)
            and now < said["exp"]
            and isinstance(said.get("sid"), str)
            and isinstance(said.get("jti"), str)
            and isinstance(said.get("events"), dict)
            and said["events"].get(LOGOUT_EVENT) == {}
            and "nonce" not in said
        )
        with lock:
            for jti in [jti for jti, until in spent.items() if until < now]:
                del spent[jti]
            if not good or said["jti"] in spent:
                return None
            spent[said["jti"]] = said["exp"]
        return said

    def decoded(text):
        """Check a signature; the gateway's keys are read anew when a token names one that is not at hand."""
        try:
            return jwt.decode(text, KeySet.import_key_set(gateway.fetch_jwk_set()), algorithms=["ES256"])
        except InvalidKeyIdError:
            return jwt.decode(text, KeySet.import_key_set(gateway.fetch_jwk_set(force=True)), algorithms=["ES256"])

    # The portal itself.

    @app.get("/")
    @needs("tickets")
    def tickets():
        """List the tickets of the customer."""
        mine = TICKETS.get(g.claims["customer"]["name"], [])
        shown = [one for one in mine if allowed(f"tickets.{one[2]}")]
        return page("Tickets", LIST, tickets=shown, customers=TICKETS)

    @app.post("/close/<number>")
    @needs("tickets.open", "full")
    def close(number):
        """Close a ticket (this example forgets it again)."""
        return redirect(url_for("tickets"))

    @app.get("/reports")
    @needs("reports")
    def reports():
        """Show a figure."""
        count = len(TICKETS.get(g.claims["customer"]["name"], []))
        return page("Reports", "<p>Tickets this month: {{ count }}.</p>", count=count)

    @app.get("/log-out")
    def log_out():
        """Forget the person here, and ask the gateway whether they want to leave it too."""
        person = people.pop(session.pop("sid", None), None)
        if person is None:
            return redirect(issuer)
        return gateway.logout_redirect(url_for("bye", _external=True), person["token"]["id_token"])

    @app.get("/bye")
    def bye():
        """The page after a log-out."""
        return page("Logged out", '<p><a href="/start">Log in again</a></p>')

    return app


LAYOUT = """<!doctype html>
<html lang="{{ claims.locale if claims else 'en' }}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{% if claims and claims.act %}Acting as {{ claims.name }} · {% endif %}{{ title }} · Tickets</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 0 auto; padding: 1rem; }
  .act { background: #ffe08a; color: #3a2a00; padding: 0.6rem 1rem; border-radius: 8px; }
  nav { display: flex; gap: 1rem; margin-block: 1rem; }
</style>
{% if claims and claims.act %}
<p class="act" id="act">
  Acting as <strong>{{ claims.name }}</strong> ({{ claims.customer.name }}), by {{ claims.act.name }} ·
  {{ "full access" if claims.mode == "full" else "assigned role: " ~ claims.role.name }}
  {{- " · view only" if claims.view_only }}
</p>
{% endif %}
{% if claims %}
<nav>
  {% if allowed("tickets") %}<a href="/">Tickets</a>{% endif %}
  {% if allowed("reports") %}<a href="/reports">Reports</a>{% endif %}
  <a href="{{ issuer }}/">All portals</a>
  <a href="/log-out">Log out</a>
</nav>
{% endif %}
<main><h1>{{ title }}</h1>{{ body|safe }}</main>
</html>
"""

LIST = """
<ul>
  {% for number, text, state in tickets %}
  <li>{{ number }}: {{ text }} ({{ state }})
    {% if state == "open" %}
    <form method="post" action="/close/{{ number }}">
      {% if allowed("tickets.open", "full") %}
      <button>Close</button>
      {% else %}
      <button disabled title="You can look but not change anything here.">Close</button>
      {% endif %}
    </form>
    {% endif %}
  </li>
  {% else %}
  <li>No tickets. This example has some for {{ customers|join(" and ") }}.</li>
  {% endfor %}
</ul>
"""

if "PORTAL_ISSUER" in os.environ:
    app = create_app(os.environ["PORTAL_ISSUER"], os.environ["PORTAL_SECRET"])
