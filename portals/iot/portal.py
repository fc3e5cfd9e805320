"""IoT's declaration."""

from gateway.portal import N_, Page, Portal, Root
from portals.iot.importer import IMPORTERS
from portals.iot.operations import forget_usage
from portals.iot.views import bp

portal = Portal(
    slug="iot",
    title=N_("IoT"),
    summary=N_("Devices and what they use."),
    icon="cpu",
    hue=3,
    blueprint=bp,
    importers=IMPORTERS,
    forget=forget_usage,
    events={
        "iot.device.changed": N_("Device changed"),
        "iot.device.resumed": N_("Device resumed"),
        "iot.device.suspended": N_("Device suspended"),
        "iot.alert.created": N_("Alert created"),
        "iot.alert.changed": N_("Alert changed"),
        "iot.alert.deleted": N_("Alert deleted"),
    },
    details={
        "kind": N_("Kind"),
        "threshold": N_("Threshold"),
    },
    structure=Root(
        Page("devices", N_("Devices"), endpoint="iot.devices"),
        Page("usage", N_("Usage"), endpoint="iot.usage"),
        Page("alerts", N_("Alerts"), endpoint="iot.alerts"),
    ),
)
