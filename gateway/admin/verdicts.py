"""What the explainer says: each rule, its verdict and what would change it, as sentences with what they are about."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from markupsafe import Markup

from gateway.access.explain import Place, Rule, Verdict
from gateway.access.levels import Level
from gateway.access.roles import called
from gateway.admin.trees import WORDS
from gateway.i18n.catalog import N_
from gateway.i18n.catalog import gettext as _
from gateway.identity import networks
from gateway.web import current

Sentence = tuple[str, Mapping[str, str]]
"""A text to be translated, and what is put into it."""

NETWORKS_NAMED = 6

TITLES: Mapping[str, str] = {
    "login": N_("Login"),
    "customer": N_("Customer"),
    "individual": N_("Individual"),
    "networks": N_("Trusted networks"),
    "attempts": N_("Attempts to log in"),
    "password": N_("Password"),
    "second-factor": N_("Two-factor authentication"),
    "portal": N_("Portal switched on"),
    "role": N_("Role"),
    "view": N_("Portal in the role"),
    "page": N_("Page"),
    "ceilings": N_("Limits of the log-in"),
    "up": N_("Portal answers"),
}
"""The rules by name, in the order in which they are asked."""

ENTERING = frozenset({"login", "customer", "individual", "networks", "attempts", "password", "second-factor"})
"""The rules about getting in; the others are about what is seen then."""

PILLS: Mapping[Verdict, tuple[str, str, str]] = {
    Verdict.PASSES: ("ok", N_("Passes"), "circle-check"),
    Verdict.STEP: ("info", N_("A step of theirs"), "hourglass"),
    Verdict.STOPS: ("bad", N_("Stops"), "ban"),
    Verdict.UNASKED: ("", N_("Not asked"), ""),
}

SAID: Mapping[tuple[str, str], str] = {
    ("login", "login"): N_("The login is %(login)s."),
    ("login", "no-login"): N_("No login is set, so there is no self-care access."),
    ("customer", "active"): N_("%(customer)s is active."),
    ("customer", "suspended"): N_(
        "%(customer)s is suspended: they may log in, see a notice, and use what the role allows."
    ),
    ("customer", "customer-blocked"): N_("%(customer)s is blocked: neither it nor its individuals get in."),
    ("customer", "customer-closed"): N_("%(customer)s is closed: nobody gets in."),
    ("individual", "active"): N_("The individual is active."),
    ("individual", "suspended"): N_("The individual is suspended."),
    ("individual", "not-yet-active"): N_("The individual is not active yet."),
    ("individual", "expired"): N_("The individual has expired."),
    ("networks", "anywhere"): N_("No list is set: they may come from any address."),
    ("networks", "listed"): N_("They may come from listed addresses only. Say from where to see whether that one is."),
    ("networks", "inside"): N_("%(address)s is let in."),
    ("networks", "network"): N_("%(address)s is not on the provider's list."),
    ("networks", "network-own"): N_("%(address)s is not on their own list."),
    ("networks", "network-over"): N_("Every entry of the provider's list is over, so it lets nobody in."),
    ("networks", "network-own-over"): N_("Every entry of their own list is over, so it lets nobody in."),
    ("attempts", "none"): N_("They need not wait."),
    ("attempts", "throttled"): N_("After too many attempts nothing is looked at until %(until)s."),
    ("password", "set"): N_("A password is set."),
    ("password", "passkey"): N_("They log in with a passkey; no password is set."),
    ("password", "no-password"): N_("No password is set."),
    ("password", "password-unused"): N_("The password that staff set has lapsed: it was not used within three days."),
    ("password", "password-must-change"): N_("They have to choose a new password at the next log-in."),
    ("password", "password-old"): N_(
        "The password is older than class %(class)s allows: they choose a new one at the log-in."
    ),
    ("second-factor", "not-asked"): N_("It is not asked of them."),
    ("second-factor", "asked"): N_("It is asked of them, and set up."),
    ("second-factor", "enrol"): N_("It is asked of them and not set up: the next log-in leads there and nowhere else."),
    ("second-factor", "passkey"): N_("A passkey is asked of them and not set up: the next log-in leads there first."),
    ("second-factor", "codes-locked"): N_(
        "Too many codes were wrong: none counts any more until the second factor is reset."
    ),
    ("second-factor", "codes-wait"): N_("Too many codes were wrong: no other is looked at until %(until)s."),
    ("portal", "on"): N_("It is switched on."),
    ("portal", "portal-off"): N_("It is switched off for everybody."),
    ("role", "given"): N_("Their role is %(role)s."),
    ("role", "default"): N_("They have the default role, which opens everything."),
    ("role", "unneeded"): N_("No role is needed: everybody has this for oneself."),
    ("role", "role-missing"): N_("They have no role, so no rights."),
    ("role", "role-gone"): N_("Their role is gone, or is one for administrators, so it gives no rights."),
    ("role", "role-not-allowed"): N_(
        "%(customer)s may not hand out the role %(role)s (any more), so it gives no rights."
    ),
    ("view", "default"): N_("The default role has every portal."),
    ("view", "own"): N_("Everybody has this for oneself, whatever the role says."),
    ("view", "view"): N_("The role has it, as %(view)s."),
    ("view", "no-view"): N_("The role %(role)s has nothing of this portal."),
    ("page", "default"): N_("%(level)s, by the default role."),
    ("page", "own"): N_("%(level)s, for oneself."),
    ("page", "self"): N_("%(level)s, set at this page."),
    ("page", "above"): N_("%(level)s, inherited from %(decider)s."),
    ("page", "forbidden"): N_("Forbidden, as set at %(decider)s."),
    ("page", "unset"): N_("Forbidden: the role says nothing of this page."),
    ("page", "some-page"): N_("At least one of its pages is open."),
    ("page", "no-page"): N_("None of its pages is open."),
    ("page", "nothing-to-hand-out"): N_(
        "%(customer)s has no role to hand out, so there are no individuals to look after."
    ),
    ("ceilings", "none"): N_(
        "Their own log-in has none. A view-only visit, or an API token that only looks, holds it at view only."
    ),
    ("up", "answers"): N_("Its start page answers."),
    ("up", "portal-down"): N_("Its start page does not answer just now."),
    ("view", ""): N_("Without a role it does not come to that."),
    ("page", ""): N_("It does not come to that."),
}

CHANGES: Mapping[str, str] = {
    "no-login": N_("Give them a login."),
    "customer-blocked": N_("Change the status of the customer."),
    "customer-closed": N_("Change the status of the customer."),
    "suspended": N_("Restore the individual."),
    "not-yet-active": N_("Change the day from which the individual is active."),
    "expired": N_("Change the day on which the individual expires."),
    "network": N_("Let the address in, for one hour or for good."),
    "network-over": N_("Let an entry of the list count for longer, or empty the list."),
    "network-own": N_("Only they can change their own list, from an address that it lets in."),
    "network-own-over": N_("Only they can change their own list."),
    "throttled": N_("Let them try again now."),
    "no-password": N_("Set a password."),
    "password-unused": N_("Set a password again."),
    "codes-locked": N_("Reset the second factor."),
    "codes-wait": N_("Wait until then, or reset the second factor."),
    "portal-off": N_("Switch the portal on."),
    "portal-down": N_("Have its own server looked at."),
    "role-missing": N_("Give them a role."),
    "role-gone": N_("Give them another role."),
    "role-not-allowed": N_("Let the customer hand out this role, or give them another."),
    "no-view": N_("Open the portal in the role, or give them another role."),
    "no-page": N_("Open a page of it in the role, or give them another role."),
    "forbidden": N_("Open the page in the role, or give them another role."),
    "unset": N_("Open the page in the role, or give them another role."),
    "nothing-to-hand-out": N_("Allow the customer a role to hand out."),
}
"""The one change that opens what a rule stops, by the reason."""

_ORIGINS = {
    "own": N_("Set for them."),
    "customer": N_("From customer %(customer)s."),
    "class": N_("From class %(class)s."),
    "chosen": N_("Their own choice."),
}


def said(rule: Rule, place: Place | None) -> list[Sentence]:
    """Return what a rule says, in sentences."""
    values = {name: _text(name, value, place) for name, value in rule.about.items() if value is not None}
    return [(SAID[rule.name, rule.reason], values), *_besides(rule, values)]


def in_words(sentences: Iterable[Sentence]) -> str:
    """Return sentences as plain text, in the language in force."""
    return " ".join(_(text) % values for text, values in sentences)


def in_html(sentences: Iterable[Sentence]) -> Markup:
    """Return sentences for a page, what they are about kept apart from the direction of writing."""
    bdi = Markup("<bdi>{}</bdi>")
    return Markup(" ").join(
        Markup(_(text)) % {name: bdi.format(value) for name, value in values.items()} for text, values in sentences
    )


def _besides(rule: Rule, values: Mapping[str, str]) -> Iterator[Sentence]:
    """Yield what stands behind a rule: days with their zone, lists, and where a policy comes from."""
    if rule.name == "individual":
        if "since" in values:
            yield N_("Active from the beginning of %(since)s on, in %(zone)s."), values
        if "until" in values:
            yield N_("Expires at the beginning of %(until)s, in %(zone)s."), values
    if rule.name == "networks":
        if "provider" in values:
            yield N_("The provider's list: %(provider)s."), values
        if "own" in values:
            yield N_("Their own list: %(own)s."), values
    if rule.name == "attempts":
        if "elsewhere" in values:
            yield N_("Whoever tries from %(elsewhere)s has to wait."), values
        if "known" in values:
            yield N_("In a browser that they used before they have to wait until %(known)s."), values
    if rule.name == "second-factor" and rule.reason != "not-asked":
        yield _ORIGINS[values["origin"]], values


def _text(name: str, value: Any, place: Place | None) -> str:
    formats = current.formats()
    if isinstance(value, Level):
        return _(WORDS[value.word])
    if isinstance(value, datetime):
        return formats.moment(value)
    if isinstance(value, date):
        return formats.day(value)
    if name in ("provider", "own"):
        return _some(networks.named(str(value)))
    if name == "elsewhere":
        return _some(value)
    if name == "decider" and place is not None:
        return title_of(place, str(value))
    return called(str(value)) if name == "role" else str(value)


def title_of(place: Place, node: str) -> str:
    """Return the title of a page, after those above it; of "" what the top of the tree is called."""
    if not node:
        return _("Everything in this portal")
    parts = node.split(".")
    keys = (".".join(parts[: number + 1]) for number in range(len(parts)))
    return " › ".join(_(place.structure.nodes[key].title) for key in keys)


def _some(found: Sequence[str]) -> str:
    """Return the first of several networks or addresses in one text."""
    more = ["…"] if len(found) > NETWORKS_NAMED else []
    return ", ".join([*found[:NETWORKS_NAMED], *more])
