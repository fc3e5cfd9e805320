"""The outbox: which letters were written to whom."""

from flask import render_template, request
from werkzeug.wrappers import Response

from gateway.admin.portal import bp
from gateway.identity import queries as identities
from gateway.mail import operations, queries
from gateway.portal.pages import next_links
from gateway.web import current
from gateway.web.letters import written
from gateway.web.marks import belongs_to
from gateway.web.redirects import see_other


@bp.get("/mail")
@belongs_to("mail")
def mail() -> str:
    """List the letters, the latest first.

    What they say is shown where none can be sent and nothing is at stake: on this machine, without a mail server.
    """
    reader, house = current.reader(), current.house()
    page = queries.letters(reader, request.args.get("after"))
    shows = house.settings.mail_url is None and not house.settings.production
    return render_template(
        "admin/mail.html",
        rows=[(row, written(reader, house, row) if shows else None) for row in page.rows],
        names=identities.names(reader, {row.identity_id for row in page.rows if row.identity_id}),
        shows=shows,
        sends=house.settings.mail_url is not None,
        **next_links(page),
    )


@bp.post("/mail/<id>/again")
@belongs_to("mail")
def send_again(id: str) -> Response:
    """Try a letter that was given up once more."""
    work = current.writer()
    operations.again(work, id, current.now())
    work.commit()
    return see_other("/admin/mail?done=mail-again")
