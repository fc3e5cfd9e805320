"""The Cloud PBX at a glance."""

from gateway.portal import Level, belongs_to, reader, render, today, visitor
from portals.pbx.blueprint import bp
from portals.pbx.queries import finance
from portals.pbx.queries import overview as queries
from portals.pbx.views.calls import SHOWN_DAYS, counted, drawn, last_days


@bp.get("/overview")
@belongs_to("overview")
def overview() -> str:
    """Show the last thirty days at a glance, as far as the role shows each part."""
    levels = visitor().portal_levels("pbx")
    days = last_days(SHOWN_DAYS)
    found = counted(days)
    balance = None
    if levels["finance.balance"] > Level.FORBIDDEN:
        balance = finance.owed(reader(), visitor(), today())
    return render(
        "overview.html",
        counts=queries.counts(reader(), visitor()),
        calls=sum(sum(day.counts.values()) for day in found),
        seconds=sum(day.seconds for day in found),
        drawn=drawn(days, found=found),
        days=SHOWN_DAYS,
        balance=balance,
        levels=levels,
    )
