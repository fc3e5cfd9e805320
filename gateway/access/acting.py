"""What an administrator may do in the name of somebody else: asked by the menu, the launch, the landing and every
request of a visit, so that the list and the door cannot disagree."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.access.delegation import Levels
from gateway.access.levels import Level
from gateway.i18n.catalog import N_
from gateway.identity.models import CustomerStatus, Kind, Mode, SupportAccess
from gateway.identity.standing import Standing

CONSOLE = "console"
CONSENT_MISSING = "consent-missing"
SUPPORT = "activity.support-access"

REASONS: Mapping[str, str] = {
    "not-a-customer": N_("Only customers and their individuals can be opened."),
    "factor-missing": N_("The gateway asks for your second factor before you open portals: log in with it first."),
    "customers-forbidden": N_("Your role does not show customers."),
    "support-access-off": N_("Support access is switched off for the whole gateway."),
    "no-login": N_("No login is set, so there is no self-care access."),
    "customer-closed": N_("The customer is closed."),
    "view-only-not-allowed": N_("Your role does not let you open portals view-only."),
    "assigned-not-allowed": N_("Your role does not let you act with the assigned role."),
    "full-not-allowed": N_("Your role does not let you use full access."),
    "individual-not-allowed": N_("Your role does not let you act as an individual."),
    "emergency-not-allowed": N_("Your role does not let you enter without consent."),
    CONSENT_MISSING: N_("This customer lets staff in on consent only, and there is none just now."),
    "customer-blocked": N_("The customer is blocked: only view-only is possible."),
    "individual-suspended": N_("The individual is suspended: only view-only is possible."),
    "individual-expired": N_("The individual has expired: only view-only is possible."),
    "individual-not-yet-active": N_("The individual is not active yet: only view-only is possible."),
    "portal-not-in-role": N_("The role does not open this portal."),
    "portal-off": N_("The portal is switched off."),
    "portal-down": N_("The portal does not answer just now."),
    "portal-unknown": N_("There is no such portal."),
    "too-many-visits": N_("You have 20 visits open. End one first."),
    "inside-a-visit": N_("No visit can start from inside a visit."),
    "token-refused": N_("This link was used already, has expired, or belongs to another browser."),
    "console-ended": N_("The visit ended with your own log-in."),
    "actor-suspended": N_("Your own access is suspended."),
    "idle": N_("The visit ended because nothing happened in it."),
    "absolute": N_("The visit ended: its hour is over."),
    "ended": N_("The visit has ended."),
    "unknown": N_("There is no such visit."),
}
"""Every reason for which a launch or a visit is refused, as a sentence for the administrator."""

DROPS_TO_VIEW_ONLY = frozenset(
    {"customer-blocked", "individual-suspended", "individual-expired", "individual-not-yet-active"}
)

CUSTOMER_ALONE = frozenset({("self-care", SUPPORT)})
"""The (portal, node) where nobody but the customer changes anything, not even staff under their own name."""

NEVER_WHILE_ACTING = CUSTOMER_ALONE | frozenset(
    {
        *(("self-care", "profile"), ("self-care", "security"), ("self-care", "individuals"), ("self-care", "tokens")),
    }
)
"""The (portal, node) whose unsafe methods are refused in every visit: staff do that under their own name, or not at
all.
"""


@dataclass(frozen=True, slots=True)
class Powers:
    """What the admin role lets somebody do with other people's portals: five separate nodes, each on at `full`.

    `emergency` is to enter without the consent that a customer's class asks for. `proved`: they showed a second factor,
    or none is asked of them (IMP-04).
    """

    proved: bool
    customers: bool
    view_only: bool
    assigned: bool
    full: bool
    individual: bool
    emergency: bool

    @classmethod
    def from_levels(cls, levels: Levels, proved: bool = True) -> "Powers":
        """Read the powers off the levels of an admin role."""
        console = levels.get(CONSOLE, {})
        shown = console.get("customers", Level.FORBIDDEN) >= Level.VIEW
        nodes = ("view-only", "assigned", "full", "individual", "emergency")
        return cls(proved, shown, *(console.get(f"open.{node}") is Level.FULL for node in nodes))


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about a subject.

    `reason_required`: its class asks staff why. `consent_missing`: it asks for consent, and there is none.
    """

    kind: Kind
    has_login: bool
    customer_status: CustomerStatus | None
    standing: Standing
    support_access: bool
    reason_required: bool = False
    consent_missing: bool = False


def consent_missing(asked: SupportAccess | None, until: datetime | None, now: datetime) -> bool:
    """Tell whether a class asks for consent and its customer's window is not open; `until` is when that closes."""
    return asked is SupportAccess.CONSENT and (until is None or until <= now)


def refusal(powers: Powers, facts: Facts, mode: Mode, view_only: bool, emergency: bool = False) -> str | None:
    """Return the code of `REASONS` for which a visit is impossible, or None if it may be.

    An `emergency` goes on without consent, and without nothing else.
    """
    if facts.kind is Kind.ADMINISTRATOR:
        return "not-a-customer"
    if not powers.proved:
        return "factor-missing"
    if not powers.customers:
        return "customers-forbidden"
    if not facts.support_access:
        return "support-access-off"
    if not facts.has_login:
        return "no-login"
    if facts.customer_status is CustomerStatus.CLOSED:
        return "customer-closed"
    if facts.kind is Kind.INDIVIDUAL and not powers.individual:
        return "individual-not-allowed"
    if mode is Mode.FULL and not powers.full:
        return "full-not-allowed"
    if view_only and not powers.view_only:
        return "view-only-not-allowed"
    if mode is Mode.ASSIGNED and not view_only and not powers.assigned:
        return "assigned-not-allowed"
    if emergency and not powers.emergency:
        return "emergency-not-allowed"
    if facts.consent_missing and not emergency:
        return CONSENT_MISSING
    if view_only:
        return None
    if facts.customer_status is CustomerStatus.BLOCKED:
        return "customer-blocked"
    if facts.standing is not Standing.ACTIVE:
        return f"individual-{facts.standing}"
    return None


def visit_verdict(
    powers: Powers, facts: Facts, mode: Mode, view_only: bool, emergency: bool = False
) -> tuple[str | None, bool]:
    """Return (why a running visit must end or None, whether it is view-only from now on)."""
    reason = refusal(powers, facts, mode, view_only, emergency)
    if reason in DROPS_TO_VIEW_ONLY:
        return refusal(powers, facts, mode, True, emergency), True
    return reason, view_only
