"""Django with django-hijack: sessions in the database, permissions, 30 rows in the reader's language and zone."""

import json
import os
import secrets
import statistics
import sys
from datetime import timedelta
from decimal import Decimal

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from tests.bench.wsgi import Client, cpu

ROWS, MENU, ROUNDS, TIMES = 30, 12, 20, 15
PERMISSIONS = ("call", "extension", "invoice")

MENU_HTML = """{% load i18n %}<!doctype html><html lang="{{ LANGUAGE_CODE }}"><head><title>{% block title %}{% endblock %}</title>
</head><body><header><nav>{% for entry in menu %}{% if entry.allowed %}<a href="{{ entry.url }}">{{ entry.title }}</a>
{% endif %}{% endfor %}</nav><p>{{ request.user.username }}</p>{% if request.user.is_hijacked %}<p>Acting</p>{% endif %}
<form method="post" action="/logout">{% csrf_token %}<button>{% trans "Log out" %}</button></form></header>
<main>{% block content %}{% endblock %}</main></body></html>"""
SMALL_HTML = """{% extends "base.html" %}{% block title %}Portals{% endblock %}{% block content %}<ul>{% for card in cards %}
<li><a href="{{ card.url }}"><h2>{{ card.title }}</h2><p>{{ card.text }}</p></a></li>{% endfor %}</ul>{% endblock %}"""
ROWS_HTML = """{% extends "base.html" %}{% load i18n l10n %}{% block title %}Calls{% endblock %}{% block content %}
<form><label>{% trans "Since" %}<input name="since" value="{{ query.since }}"></label>
<label>{% trans "Until" %}<input name="until" value="{{ query.until }}"></label><button>{% trans "Show" %}</button></form>
<table><thead><tr><th>{% trans "Started" %}</th><th>{% trans "Direction" %}</th><th>{% trans "From" %}</th>
<th>{% trans "To" %}</th><th>{% trans "Duration" %}</th><th>{% trans "Charge" %}</th></tr></thead><tbody>
{% for row in rows %}<tr><th scope="row"><time datetime="{{ row.started_at.isoformat }}">
{{ row.started_at|date:"d.m.Y H:i:s" }}</time></th><td data-label="{% trans "Direction" %}">{{ row.direction }}</td>
<td data-label="{% trans "From" %}"><bdi dir="ltr">{{ row.from_number }}</bdi></td>
<td data-label="{% trans "To" %}"><bdi dir="ltr">{{ row.to_number }}</bdi></td>
<td class="n" data-label="{% trans "Duration" %}">{{ row.duration_seconds }}</td>
<td class="n" data-label="{% trans "Charge" %}">{{ row.charge|localize }} {{ row.currency }}</td></tr>{% endfor %}
</tbody></table>{% endblock %}"""


def configure(file: str) -> None:
    """Set Django up as its documentation does, in one file, with templates kept compiled."""
    templates = {"base.html": MENU_HTML, "small.html": SMALL_HTML, "rows.html": ROWS_HTML}
    inner = [("django.template.loaders.locmem.Loader", templates), "django.template.loaders.app_directories.Loader"]
    loaders = [("django.template.loaders.cached.Loader", inner)]
    processors = [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.template.context_processors.i18n",
    ]
    settings.configure(
        SECRET_KEY=secrets.token_hex(32),
        ALLOWED_HOSTS=["localhost"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        TIME_ZONE="Europe/Berlin",
        LANGUAGE_CODE="de",
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": file, "CONN_MAX_AGE": None},
        },
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "hijack"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "hijack.middleware.HijackUserMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"context_processors": processors, "loaders": loaders},
            }
        ],
        STATIC_URL="/static/",
        LOGIN_REDIRECT_URL="/",
        LOGOUT_REDIRECT_URL="/",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    os.environ["DJANGO_SETTINGS_MODULE"] = ""
    django.setup()


configure(sys.argv[1] if len(sys.argv) > 1 else ":memory:")

from django.contrib.auth.decorators import login_required, permission_required  # noqa: E402
from django.contrib.auth.models import Permission, User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.utils import timezone  # noqa: E402


class Call(models.Model):
    """A call."""

    customer = models.ForeignKey(User, on_delete=models.CASCADE)
    started_at = models.DateTimeField()
    from_number = models.CharField(max_length=32)
    to_number = models.CharField(max_length=32)
    direction = models.CharField(max_length=16)
    duration_seconds = models.IntegerField()
    charge = models.DecimalField(max_digits=12, decimal_places=4)
    currency = models.CharField(max_length=3)

    class Meta:
        app_label = "auth"
        indexes = (models.Index(fields=["customer", "-started_at"], name="call_by_customer"),)


def menu(request: HttpRequest) -> list[dict[str, object]]:
    """Return the entries of the menu, each with its permission."""
    return [
        {
            "title": f"Page {number}",
            "url": f"/page/{number}",
            "allowed": request.user.has_perm(f"auth.see_{PERMISSIONS[number % 3]}"),
        }
        for number in range(MENU)
    ]


def draw(request: HttpRequest, name: str, **values: object) -> HttpResponse:
    """Render a template."""
    return HttpResponse(engines["django"].get_template(name).render({"menu": menu(request), **values}, request))


@login_required
def small(request: HttpRequest) -> HttpResponse:
    """Show the picker."""
    cards = [{"title": f"Portal {number}", "url": f"/p/{number}", "text": "Pages · of · it"} for number in range(3)]
    return draw(request, "small.html", cards=cards)


@login_required
@permission_required("auth.see_call", raise_exception=True)
def calls(request: HttpRequest) -> HttpResponse:
    """Show thirty calls."""
    rows = Call.objects.filter(customer=request.user).order_by("-started_at", "-id")[:ROWS]
    return draw(request, "rows.html", rows=rows, query={"since": "", "until": ""})


urlpatterns = [path("", small), path("calls", calls), path("hijack/", include("hijack.urls"))]


def fill() -> tuple[User, User]:
    """Make a customer with calls, and an administrator."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Call)
    root = User.objects.create_superuser("root", "root@example.com", "x")
    abc = User.objects.create_user("abc", "abc@example.com", "x")
    kind = ContentType.objects.get_for_model(User)
    for name in PERMISSIONS:
        abc.user_permissions.add(Permission.objects.create(codename=f"see_{name}", name=name, content_type=kind))
    now = timezone.now()
    for number in range(40):
        Call.objects.create(
            customer=abc,
            started_at=now - timedelta(hours=number),
            from_number=f"+1555010{number:02}",
            to_number="100",
            direction="incoming",
            duration_seconds=60 + number,
            charge=Decimal("0.0420"),
            currency="EUR",
        )
    return root, abc


def logged_in(user: User) -> Client:
    """Return a browser with a session of `user`."""
    store = SessionStore()
    store["_auth_user_id"] = str(user.pk)
    store["_auth_user_backend"] = "django.contrib.auth.backends.ModelBackend"
    store["_auth_user_hash"] = user.get_session_auth_hash()
    store.save()
    return Client(get_wsgi_application(), cookies={"sessionid": str(store.session_key)})


def main() -> None:
    """Measure and print JSON: CPU seconds."""
    root, abc = fill()
    customer, administrator = logged_in(abc), logged_in(root)
    found = {}
    for name, page in (("small", "/"), ("rows", "/calls")):
        call = customer.again(page)
        cpu(call, TIMES)
        found[name] = statistics.median(cpu(call, TIMES) for _ in range(ROUNDS))
    page = administrator.get("/").body.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    kept = dict(administrator.cookies)

    def click() -> None:
        answer = administrator.post(
            "/hijack/acquire/", {"csrfmiddlewaretoken": token, "user_pk": str(abc.pk), "next": "/calls"}
        )
        shown = administrator.get(answer.header("location"))
        if answer.status != 302 or shown.status != 200:
            raise RuntimeError(f"a click was answered with {answer.status}, {shown.status}: {shown.body[:300]!r}")

    times = []
    for _ in range(ROUNDS * 3):
        administrator = logged_in(root)
        administrator.cookies = {**kept, **administrator.cookies}
        token = (
            administrator.get("/").body.decode().partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        )
        times.append(cpu(click, 1))
    found["click"] = statistics.median(times)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
