"""Balance, invoices and payments."""

from flask import Response, request
from werkzeug.wrappers import Response as AnyResponse

from gateway.portal import (
    belongs_to,
    csv_answer,
    next_links,
    now,
    reader,
    render,
    see,
    today,
    visitor,
    writer,
)
from portals.pbx import operations
from portals.pbx.blueprint import bp
from portals.pbx.models import InvoiceStatus
from portals.pbx.queries import finance as queries


@bp.get("/finance/balance")
@belongs_to("finance.balance")
def balance() -> str:
    """Show what is open, overdue, due next and was paid last, and the invoices that are not paid."""
    return render(
        "balance.html",
        balance=queries.balance(reader(), visitor(), today()),
        rows=queries.unpaid(reader(), visitor(), today()),
        levels=visitor().portal_levels("pbx"),
        most=queries.MOST_OPEN,
    )


@bp.get("/finance/invoices")
@belongs_to("finance.invoices")
def invoices() -> str:
    """List invoices."""
    page = queries.invoices(reader(), visitor(), today(), request.args.get("after"))
    return render("invoices.html", rows=page.rows, **next_links(page))


@bp.get("/finance/invoices.csv")
@belongs_to("finance.invoices")
def invoices_csv() -> Response:
    """Export all invoices."""
    header = ("number", "issued_on", "due_on", "amount", "currency", "status")
    rows = queries.all_invoices(reader(), visitor(), today())
    return csv_answer("invoices.csv", header, (row[1:7] for row in rows))


@bp.get("/finance/invoices/<id>")
@belongs_to("finance.invoices")
def invoice(id: str) -> str:
    """Show one invoice with its payments."""
    row = queries.invoice(reader(), visitor(), today(), id)
    return render("invoice.html", invoice=row, payments=queries.payments_of(reader(), visitor(), id))


@bp.get("/finance/invoices/<id>/pay")
@belongs_to("finance.invoices")
def pay(id: str) -> str | AnyResponse:
    """Say how to pay one invoice by transfer; one that is paid shows itself instead."""
    row = queries.invoice(reader(), visitor(), today(), id)
    if row.status == InvoiceStatus.PAID:
        return see("pbx.invoice", id=id)
    return render("pay.html", invoice=row)


@bp.post("/finance/invoices/<id>/pay")
@belongs_to("finance.invoices")
def announce_transfer(id: str) -> AnyResponse:
    """Note that the transfer for one invoice is ordered (`announced` is `y`), or take that back."""
    row = queries.invoice(reader(), visitor(), today(), id)
    announced = request.form.get("announced") == "y"
    work = writer()
    operations.announce_transfer(work, visitor(), row, now() if announced else None)
    work.commit()
    return see("pbx.invoice", id=id, done="announced" if announced else "withdrawn")


@bp.get("/finance/payments")
@belongs_to("finance.payments")
def payments() -> str:
    """List payments."""
    page = queries.payments(reader(), visitor(), request.args.get("after"))
    return render("payments.html", rows=page.rows, **next_links(page))


@bp.get("/finance/payments.csv")
@belongs_to("finance.payments")
def payments_csv() -> Response:
    """Export all payments."""
    header = ("invoice", "paid_on", "amount", "currency", "method")
    rows = queries.all_payments(reader(), visitor())
    cells = ((row.invoice_number, row.paid_on, row.amount, row.currency, row.method) for row in rows)
    return csv_answer("payments.csv", header, cells)


@bp.get("/finance/payments/<id>")
@belongs_to("finance.payments")
def payment(id: str) -> str:
    """Show one payment."""
    row = queries.payment(reader(), visitor(), id)
    return render("payment.html", payment=row, levels=visitor().portal_levels("pbx"))
