"""What happened, in words: a title for every event, and which events customers are shown."""

from collections.abc import Mapping

from gateway.i18n.catalog import N_, gettext

GROUPS: Mapping[str, Mapping[str, str]] = {
    N_("Logging in"): {
        "login.ok": N_("Logged in"),
        "login.refused": N_("Log-in refused"),
        "logout": N_("Logged out"),
        "proof.ok": N_("Proved who they are"),
        "session.ended": N_("Session ended"),
        "session.expired": N_("Session over"),
        "sessions.ended": N_("Sessions ended"),
        "throttle.freed": N_("Allowed to try again"),
        "access.refused": N_("Access refused"),
    },
    N_("Passwords and addresses"): {
        "password.changed": N_("Password changed"),
        "password.reset": N_("Password reset"),
        "reset.asked": N_("Link for a forgotten password asked for"),
        "reset.sent": N_("Link for a forgotten password sent"),
        "reset.refused": N_("Link for a forgotten password not sent"),
        "reset.used": N_("Link for a forgotten password used"),
        "invitation.sent": N_("Invitation sent"),
        "invitation.used": N_("Invitation used"),
        "email.asked": N_("Change of the e-mail address asked for"),
        "email.changed": N_("E-mail address changed"),
        "mail.again": N_("Letter sent once more"),
    },
    N_("Two-factor authentication"): {
        "factor.set_up": N_("Second factor set up"),
        "factor.removed": N_("Second factor removed"),
        "factor.on": N_("Two-factor authentication turned on"),
        "factor.off": N_("Two-factor authentication turned off"),
        "factor.reset": N_("Second factor reset"),
        "factor.refused": N_("Second factor refused"),
        "factor.locked": N_("Second factor locked"),
        "recovery_code.used": N_("Recovery code used"),
        "recovery_codes.renewed": N_("Recovery codes renewed"),
        "device.remembered": N_("Device remembered"),
        "device.forgotten": N_("Device forgotten"),
    },
    N_("Visits"): {
        "launch.asked": N_("Visit asked for by a program"),
        "launch.started": N_("Visit asked for"),
        "launch.many": N_("Many visits within an hour"),
        "launch.refused": N_("Visit refused"),
        "launch.replay": N_("Visit refused: its link was used before"),
        "launch.expired": N_("Visit refused: its link was too old"),
        "visit.start": N_("Visit begun"),
        "visit.end": N_("Visit ended"),
        "support.asked": N_("Support access asked for"),
        "support.opened": N_("Support access granted"),
        "support.declined": N_("Support access declined"),
        "support.closed": N_("Support access taken back"),
        "support.mail": N_("Mail at each visit switched on or off"),
    },
    N_("Access of customers and individuals"): {
        "access.changed": N_("Access changed"),
        "networks.changed": N_("Trusted networks changed"),
        "customer.created": N_("Customer created"),
        "customer.changed": N_("Customer changed"),
        "customer.status": N_("Status of the customer changed"),
        "individual.created": N_("Individual created"),
        "individual.changed": N_("Individual changed"),
        "individual.deleted": N_("Individual deleted"),
        "identity.suspended": N_("Suspended"),
        "identity.restored": N_("Restored"),
        "allowed_role.added": N_("Allowed role added"),
        "allowed_role.removed": N_("Allowed role removed"),
    },
    N_("API"): {
        "token.created": N_("API token created"),
        "token.revoked": N_("API token revoked"),
        "token.leaked": N_("API token revoked: it was found in public"),
        "token.refused": N_("API token refused"),
        "token.login_mismatch": N_("API token used with somebody else's login"),
        "api_session.started": N_("A program logged in"),
        "api_session.ended": N_("A program's session ended"),
        "api_session.expired": N_("A program's session ran out"),
    },
    N_("Set-up"): {
        "administrator.created": N_("Administrator created"),
        "administrator.changed": N_("Administrator changed"),
        "role.created": N_("Role created"),
        "role.changed": N_("Role changed"),
        "role.deleted": N_("Role deleted"),
        "class.created": N_("Class created"),
        "class.changed": N_("Class changed"),
        "class.deleted": N_("Class deleted"),
        "gateway.changed": N_("Defaults of the gateway changed"),
        "portal.on": N_("Portal switched on"),
        "portal.off": N_("Portal switched off"),
        "audit.exported": N_("Record exported"),
        "rows.exported": N_("File downloaded"),
        "role.exported": N_("Role downloaded"),
        "record.forgotten": N_("Old addresses taken off the record"),
        "identity.erased": N_("Person erased"),
        "audit.broken": N_("The record does not hold"),
        "alarm.closed": N_("Alarm closed"),
    },
    N_("Portals elsewhere and keys"): {
        "portal.registered": N_("Portal registered"),
        "portal.changed": N_("Portal changed"),
        "portal.structure": N_("Structure of a portal changed"),
        "portal.secret": N_("New secret for a portal"),
        "portal.deleted": N_("Portal deleted"),
        "portal.up": N_("Portal answers again"),
        "portal.down": N_("Portal does not answer"),
        "external.entered": N_("Entered a portal elsewhere"),
        "external.refused": N_("Not let into a portal elsewhere"),
        "external.ended": N_("Logged out of a portal elsewhere"),
        "logout.unconfirmed": N_("A portal did not confirm a log-out"),
        "key.made": N_("Key made for signing"),
        "key.missing": N_("A key for reading secrets is missing"),
        "key.tampered": N_("A secret was tampered with"),
        "keys.renewed": N_("Secrets encrypted anew"),
    },
}
"""The gateway's own events by group: code and title. Portals declare theirs."""

TITLES: Mapping[str, str] = {code: title for group in GROUPS.values() for code, title in group.items()}

OWN = frozenset(
    {
        *("login.ok", "login.refused", "logout", "session.ended", "sessions.ended"),
        *("password.changed", "password.reset", "reset.sent", "reset.used", "invitation.sent", "invitation.used"),
        *("email.asked", "email.changed", "factor.set_up", "factor.removed", "factor.on", "factor.off"),
        *("factor.reset", "recovery_code.used", "recovery_codes.renewed", "device.remembered", "device.forgotten"),
        *("access.changed", "networks.changed", "customer.created", "customer.changed", "customer.status"),
        *("individual.created", "individual.changed", "identity.suspended", "identity.restored"),
        *("allowed_role.added", "allowed_role.removed", "token.created", "token.revoked", "token.leaked"),
        *("token.login_mismatch", "api_session.started", "visit.start", "session.expired", "rows.exported"),
        *("support.asked", "support.opened", "support.declined", "support.closed", "support.mail"),
    }
)
"""What somebody is shown of what concerns themselves: these events and no others."""

CHANGED_IN_VISITS = frozenset({"access.changed"})
"""What a customer is shown, beside the events of portals, of what staff changed in a visit."""

FIELDS_SHOWN = frozenset(
    {
        *("login", "name", "email", "role", "role_id", "password", "second_factor", "trusted_networks", "api_access"),
        *("language", "time_zone", "output_date_format", "output_time_format", "input_date_format"),
        *("input_time_format", "activates_on", "expires_on", "status", "networks", "level", "until"),
    }
)
"""The details that customers are shown of the gateway's own events; the rest is the provider's business."""


def title(event: str, of_portals: Mapping[str, str]) -> str:
    """Return the title of an event in the language in force; `of_portals` are those that portals declare.

    An event that nobody declares is called by its code.
    """
    if event.startswith("import."):
        return gettext(N_("File loaded"))
    found = TITLES.get(event) or of_portals.get(event)
    return gettext(found) if found else event
