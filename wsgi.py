"""The application, for any WSGI server."""

from gateway import create_app
from gateway.portal.registry import discover
from gateway.settings import Settings

app = create_app(Settings.from_env(), discover())
