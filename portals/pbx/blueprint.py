"""The blueprint that the pages of the Cloud PBX hang on."""

from gateway.portal import Blueprint

bp = Blueprint("pbx", __name__)
