"""Pages of IoT."""

from flask import request

from gateway.portal import Blueprint, belongs_to, next_links, query_text, reader, render, visitor
from portals.iot import queries

bp = Blueprint("iot", __name__)


@bp.get("/devices")
@belongs_to("devices")
def devices() -> str:
    """List devices."""
    q = query_text("q")
    page = queries.devices(reader(), visitor(), q, request.args.get("after"))
    return render("devices.html", rows=page.rows, q=q, **next_links(page, q=q))


@bp.get("/devices/<id>")
@belongs_to("devices")
def device(id: str) -> str:
    """Show one device."""
    return render("device.html", device=queries.device(reader(), visitor(), id))
