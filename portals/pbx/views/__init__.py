"""Pages of the Cloud PBX, a module for each noun."""

from portals.pbx.blueprint import bp
from portals.pbx.views import calls, extensions, finance, forwarding, overview, ring_groups

__all__ = ["bp", "calls", "extensions", "finance", "forwarding", "overview", "ring_groups"]
