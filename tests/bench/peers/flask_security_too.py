"""Flask-Security-Too as its quick start has it, with permissions and Flask-Babel: the same two pages."""

import json
import secrets
import statistics
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from flask import Flask, render_template
from flask_babel import Babel, format_currency, format_datetime, gettext
from flask_security import Security, SQLAlchemyUserDatastore, auth_required, current_user, permissions_required
from flask_security.models import fsqla_v3 as fsqla
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader
from sqlalchemy import DateTime, ForeignKey, Numeric, String
from sqlalchemy.orm import Mapped, mapped_column

from tests.bench.wsgi import Client, cpu

ROWS, MENU, ROUNDS, TIMES = 30, 12, 20, 15
PERMISSIONS = ("call", "extension", "invoice")

TEMPLATES = {
    "frame.html": """<!doctype html><html lang="de"><head><title>{% block title %}{% endblock %}</title></head><body>
<header><nav>{% for entry in menu %}{% if current_user.has_permission(entry.needs) %}<a href="{{ entry.url }}">
{{ entry.title }}</a>{% endif %}{% endfor %}</nav><p>{{ current_user.email }}</p>
<form method="post" action="/logout"><button>{{ _("Log out") }}</button></form></header>
<main>{% block content %}{% endblock %}</main></body></html>""",
    "small.html": """{% extends "frame.html" %}{% block title %}Portals{% endblock %}{% block content %}<ul>
{% for card in cards %}<li><a href="{{ card.url }}"><h2>{{ card.title }}</h2><p>{{ card.text }}</p></a></li>
{% endfor %}</ul>{% endblock %}""",
    "rows.html": """{% extends "frame.html" %}{% block title %}Calls{% endblock %}{% block content %}
<form><label>{{ _("Since") }}<input name="since" value=""></label><label>{{ _("Until") }}<input name="until" value="">
</label><button>{{ _("Show") }}</button></form><table><thead><tr><th>{{ _("Started") }}</th><th>{{ _("Direction") }}</th>
<th>{{ _("From") }}</th><th>{{ _("To") }}</th><th>{{ _("Duration") }}</th><th>{{ _("Charge") }}</th></tr></thead><tbody>
{% for row in rows %}<tr><th scope="row"><time datetime="{{ row.started_at.isoformat() }}">
{{ format_datetime(row.started_at) }}</time></th><td data-label="{{ _('Direction') }}">{{ row.direction }}</td>
<td data-label="{{ _('From') }}"><bdi dir="ltr">{{ row.from_number }}</bdi></td>
<td data-label="{{ _('To') }}"><bdi dir="ltr">{{ row.to_number }}</bdi></td>
<td class="n" data-label="{{ _('Duration') }}">{{ row.duration_seconds }}</td>
<td class="n" data-label="{{ _('Charge') }}">{{ format_currency(row.charge, row.currency) }}</td></tr>{% endfor %}
</tbody></table>{% endblock %}""",
}

db = SQLAlchemy()
fsqla.FsModels.set_db_info(db)


class Role(db.Model, fsqla.FsRoleMixin):  # type: ignore[name-defined,misc]
    """A role."""


class User(db.Model, fsqla.FsUserMixin):  # type: ignore[name-defined,misc]
    """Somebody."""


class Call(db.Model):  # type: ignore[name-defined,misc]
    """A call."""

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    started_at: Mapped[datetime] = mapped_column(DateTime)
    from_number: Mapped[str] = mapped_column(String(32))
    to_number: Mapped[str] = mapped_column(String(32))
    direction: Mapped[str] = mapped_column(String(16))
    duration_seconds: Mapped[int]
    charge: Mapped[Decimal] = mapped_column(Numeric(12, 4))
    currency: Mapped[str] = mapped_column(String(3))


def create_app(file: str) -> Flask:
    """Make the application."""
    app = Flask(__name__)
    app.jinja_loader = DictLoader(TEMPLATES)  # type: ignore[assignment]
    app.config.update(
        SECRET_KEY=secrets.token_urlsafe(32),
        SECURITY_PASSWORD_SALT=secrets.token_hex(16),
        SECURITY_PASSWORD_HASH="argon2",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{file}",
        BABEL_DEFAULT_LOCALE="de",
        BABEL_DEFAULT_TIMEZONE="Europe/Berlin",
        WTF_CSRF_ENABLED=False,
        SESSION_COOKIE_SAMESITE="strict",
    )
    db.init_app(app)
    Babel(app)
    app.jinja_env.auto_reload = False
    app.jinja_env.globals.update(format_datetime=format_datetime, format_currency=format_currency, _=gettext)
    Security(app, SQLAlchemyUserDatastore(db, User, Role))
    menu = [
        {"title": f"Page {number}", "url": f"/page/{number}", "needs": PERMISSIONS[number % 3]}
        for number in range(MENU)
    ]

    @app.get("/")
    @auth_required("session")
    def small() -> str:
        cards = [{"title": f"Portal {number}", "url": f"/p/{number}", "text": "Pages · of · it"} for number in range(3)]
        return render_template("small.html", cards=cards, menu=menu)

    @app.get("/calls")
    @auth_required("session")
    @permissions_required("call")
    def calls() -> str:
        found = db.select(Call).where(Call.customer_id == current_user.id)
        rows = db.session.scalars(found.order_by(Call.started_at.desc(), Call.id.desc()).limit(ROWS)).all()
        return render_template("rows.html", rows=rows, menu=menu)

    return app


def fill(app: Flask) -> None:
    """Make a customer with calls."""
    with app.app_context():
        db.create_all()
        store = app.extensions["security"].datastore
        store.find_or_create_role(name="owner", permissions=set(PERMISSIONS))
        store.create_user(email="abc@example.com", password=None, roles=["owner"])
        db.session.commit()
        now = datetime.now(UTC).replace(tzinfo=None)
        for number in range(40):
            db.session.add(
                Call(
                    customer_id=1,
                    started_at=now - timedelta(hours=number),
                    from_number=f"+1555010{number:02}",
                    to_number="100",
                    direction="incoming",
                    duration_seconds=60 + number,
                    charge=Decimal("0.0420"),
                    currency="EUR",
                )
            )
        db.session.commit()


def logged_in(app: Flask) -> Client:
    """Return a browser whose session says who it is, as a log-in leaves it."""
    with app.app_context():
        user = db.session.scalars(db.select(User)).one()
        words = {
            "_user_id": user.fs_uniquifier,
            "_fresh": True,
            "fs_cc": "set",
            "fs_paa": datetime.now(UTC).timestamp(),
        }
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return Client(app, cookies={"session": signer.dumps(words)})


def main() -> None:
    """Measure and print JSON: CPU seconds."""
    app = create_app(sys.argv[1])
    fill(app)
    client, found = logged_in(app), {}
    for name, page in (("small", "/"), ("rows", "/calls")):
        call = client.again(page)
        cpu(call, TIMES)
        found[name] = statistics.median(cpu(call, TIMES) for _ in range(ROUNDS))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
