"""Where the pages of the gateway itself hang; those of a portal hang on its own."""

from flask import Blueprint

bp = Blueprint("account", __name__)
