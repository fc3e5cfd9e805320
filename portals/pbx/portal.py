"""The Cloud PBX's declaration."""

from gateway.portal import N_, Page, Portal, Root, Tab
from portals.pbx.importer import IMPORTERS
from portals.pbx.operations import forget_calls
from portals.pbx.views import bp

portal = Portal(
    slug="pbx",
    title=N_("Cloud PBX"),
    summary=N_("Extensions, calls and invoices."),
    icon="phone",
    hue=2,
    blueprint=bp,
    importers=IMPORTERS,
    forget=forget_calls,
    events={
        "pbx.extension.created": N_("Extension created"),
        "pbx.extension.changed": N_("Extension changed"),
        "pbx.ring_group.created": N_("Ring group created"),
        "pbx.ring_group.changed": N_("Ring group changed"),
        "pbx.ring_group.deleted": N_("Ring group deleted"),
        "pbx.transfer.announced": N_("Transfer announced"),
        "pbx.transfer.withdrawn": N_("Transfer taken back"),
    },
    details={
        "amount": N_("Amount"),
        "currency": N_("Currency"),
        "forward_busy": N_("Forwards when busy"),
        "forward_no_answer": N_("Forwards when nobody answers"),
        "forward_to": N_("Forwards to"),
        "members": N_("Members"),
        "no_answer_seconds": N_("Seconds until nobody answers"),
        "number": N_("Number"),
        "seconds": N_("Seconds"),
        "strategy": N_("How it rings"),
    },
    structure=Root(
        Page("overview", N_("Overview"), endpoint="pbx.overview"),
        Page(
            "configuration",
            N_("Configuration"),
            tabs=(
                Tab("extensions", N_("Extensions"), endpoint="pbx.extensions"),
                Tab("ring-groups", N_("Ring groups"), endpoint="pbx.ring_groups"),
                Tab("forwarding", N_("Call forwarding"), endpoint="pbx.forwardings"),
            ),
        ),
        Page("calls", N_("Calls"), endpoint="pbx.calls"),
        Page(
            "finance",
            N_("Finance"),
            tabs=(
                Tab("balance", N_("Balance"), endpoint="pbx.balance"),
                Tab("invoices", N_("Invoices"), endpoint="pbx.invoices"),
                Tab("payments", N_("Payments"), endpoint="pbx.payments"),
            ),
        ),
    ),
)
