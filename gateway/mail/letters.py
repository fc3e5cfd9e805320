"""What the letters say, in the language in force. None of them holds a password or a code."""

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.i18n import agents
from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import ngettext
from gateway.i18n.formats import Formats


class Letter(enum.StrEnum):
    """The kinds of letters."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password-reset"
    EMAIL_CONFIRM = "email-confirm"
    EMAIL_CHANGED = "email-changed"
    LOGIN_CHANGED = "login-changed"
    PASSWORD_CHANGED = "password-changed"
    FACTOR_CHANGED = "factor-changed"
    NEW_DEVICE = "new-device"
    FAILED_ATTEMPTS = "failed-attempts"
    SUPPORT_ACCESS = "support-access"
    SUPPORT_ASKED = "support-asked"


@dataclass(frozen=True, slots=True)
class Written:
    """A letter in words: plain text."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a letter is made of. `link` is where it leads; `values` are those of the outbox."""

    brand: str
    name: str
    login: str
    link: str
    values: Mapping[str, Any]
    formats: Formats

    def words(self) -> dict[str, str]:
        """Return what texts put in."""
        return {"brand": self.brand, "name": self.name, "login": self.login}

    def moment(self, name: str) -> str:
        """Return a moment of `values` as its reader writes it, with the zone."""
        at = datetime.fromisoformat(self.values[name])
        return f"{self.formats.moment(at)} ({self.formats.zone_name(at)})"

    def until(self) -> str:
        """Return for how long the link is good."""
        return _("The link works once, until %(until)s.") % {"until": self.moment("until")}

    def where(self) -> str:
        """Return when and where from it was done, or that it was not done by its reader."""
        if self.values.get("by_others"):
            return _("It was done on %(at)s, by whoever looks after your access.") % {"at": self.moment("at")}
        browser = agents.in_words(self.values.get("agent"))
        facts = [_("Time: %(time)s") % {"time": self.moment("at")}, _("Browser: %(browser)s") % {"browser": browser}]
        if self.values.get("source"):
            facts.append(_("Address: %(address)s") % {"address": self.values["source"]})
        return "\n".join(facts)

    def not_you(self) -> str:
        """Return what to do about something that one did not do."""
        return _("If that was not you, choose another password at once:") + "\n" + self.link


def _invitation(facts: Facts) -> tuple[str, Sequence[str]]:
    return _("Your access to %(brand)s") % facts.words(), (
        _("you can log in to %(brand)s now. Your login is %(login)s.") % facts.words(),
        _("Open this link to choose a password:") + "\n" + facts.link,
        facts.until(),
        _("If you did not expect this, you need not do anything."),
    )


def _password_reset(facts: Facts) -> tuple[str, Sequence[str]]:
    return _("Choose another password for %(brand)s") % facts.words(), (
        _("somebody asked for another password for the login %(login)s at %(brand)s.") % facts.words(),
        _("Open this link to choose one:") + "\n" + facts.link,
        facts.until(),
        _("If that was not you, you need not do anything: your password stays as it is."),
    )


def _email_confirm(facts: Facts) -> tuple[str, Sequence[str]]:
    return _("Confirm your e-mail address for %(brand)s") % facts.words(), (
        _("the login %(login)s at %(brand)s is to use this e-mail address.") % facts.words(),
        _("Log in and open this link to confirm that:") + "\n" + facts.link,
        facts.until(),
        _("If you did not expect this, you need not do anything."),
    )


def _email_changed(facts: Facts) -> tuple[str, Sequence[str]]:
    return _("Your e-mail address at %(brand)s was changed") % facts.words(), (
        _("mail for the login %(login)s at %(brand)s goes to another address from now on.") % facts.words(),
        facts.where(),
        _("If that was not you, tell %(brand)s at once.") % facts.words(),
    )


def _login_changed(facts: Facts) -> tuple[str, Sequence[str]]:
    return _("Your login at %(brand)s was changed") % facts.words(), (
        _("from now on your login at %(brand)s is %(login)s. Your password stays as it is.") % facts.words()
        if facts.login
        else _("your login at %(brand)s was taken away.") % facts.words(),
        facts.where(),
        _("If you did not expect this, ask %(brand)s.") % facts.words(),
    )


def _password_changed(facts: Facts) -> tuple[str, Sequence[str]]:
    return _("Your password at %(brand)s was changed") % facts.words(), (
        _("the password of the login %(login)s at %(brand)s was changed, and its other sessions have ended.")
        % facts.words(),
        facts.where(),
        facts.not_you(),
    )


def _factor_changed(facts: Facts) -> tuple[str, Sequence[str]]:
    happened = {
        "app": _("An authenticator app was set up for your login."),
        "passkey": _("A passkey was added to your login."),
        "passkey-removed": _("A passkey of your login was removed."),
        "codes": _("New recovery codes were made for your login; the ones before do not work any more."),
        "code-used": _("One of your recovery codes was used."),
        "on": _("Two-factor authentication was turned on for your login."),
        "off": _("Two-factor authentication was turned off for your login."),
        "reset": _("Your second factor was reset: app, passkeys, recovery codes and remembered devices are gone."),
        "locked": _("Your second factor is locked, because a hundred codes were wrong. It has to be reset."),
    }
    return _("Your two-factor authentication at %(brand)s was changed") % facts.words(), (
        happened[facts.values["what"]],
        facts.where(),
        facts.not_you(),
    )


def _new_device(facts: Facts) -> tuple[str, Sequence[str]]:
    failures = int(facts.values.get("failures", 0))
    failed = ngettext(
        "Before that, %(num)s log-in had failed.", "Before that, %(num)s log-ins had failed.", failures
    ) % {"num": failures}
    return _("A new log-in to %(brand)s") % facts.words(), (
        _("the login %(login)s was used at %(brand)s from a browser or a place that we have not seen with it lately.")
        % facts.words(),
        facts.where(),
        *([failed] if failures else []),
        facts.not_you(),
    )


def _failed_attempts(facts: Facts) -> tuple[str, Sequence[str]]:
    failures = int(facts.values["failures"])
    return _("Failed log-ins at %(brand)s") % facts.words(), (
        ngettext(
            "within an hour, %(num)s log-in with the login %(login)s at %(brand)s failed.",
            "within an hour, %(num)s log-ins with the login %(login)s at %(brand)s failed.",
            failures,
        )
        % {**facts.words(), "num": failures},
        _("Nobody got in by that. If it was not you, make sure that your password is used nowhere else, or change it:")
        + "\n"
        + facts.link,
    )


def _support_access(facts: Facts) -> tuple[str, Sequence[str]]:
    values = facts.values
    title = values.get("portal")
    portal = _(title) if title else _("All portals")
    rights = [_("Full access") if values["mode"] == "full" else _("Assigned role")]
    if values.get("view_only"):
        rights.append(_("View only"))
    seen = [
        _("Time: %(time)s") % {"time": facts.moment("at")},
        _("Portal: %(portal)s") % {"portal": portal},
        _("Rights: %(rights)s") % {"rights": ", ".join(rights)},
    ]
    if values.get("reason"):
        seen.append(_("Reason: %(reason)s") % {"reason": values["reason"]})
    without = _("It was done without your consent, in an emergency.")
    return _("%(brand)s opened your portals") % facts.words(), (
        _("%(actor)s of %(brand)s opened your portals, acting as %(subject)s.") % {**facts.words(), **_names(values)},
        "\n".join(seen),
        *([without] if values.get("emergency") else []),
        _("When staff came in, and who may, stands here:") + "\n" + facts.link,
        _("If you did not expect this, ask %(brand)s.") % facts.words(),
    )


def _support_asked(facts: Facts) -> tuple[str, Sequence[str]]:
    return _("%(brand)s asks to be let in") % facts.words(), (
        _("%(actor)s of %(brand)s asks for your consent to open your portals, acting as %(subject)s.")
        % {**facts.words(), **_names(facts.values)},
        _("Reason: %(reason)s") % {"reason": facts.values["reason"]},
        _("Say yes, and for how long, or no, here:") + "\n" + facts.link,
        _("Without an answer the request lapses on %(until)s.") % {"until": facts.moment("until")},
    )


def _names(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(values[name]) for name in ("actor", "subject")}


LETTERS: Mapping[Letter, Callable[[Facts], tuple[str, Sequence[str]]]] = {
    Letter.INVITATION: _invitation,
    Letter.PASSWORD_RESET: _password_reset,
    Letter.EMAIL_CONFIRM: _email_confirm,
    Letter.EMAIL_CHANGED: _email_changed,
    Letter.LOGIN_CHANGED: _login_changed,
    Letter.PASSWORD_CHANGED: _password_changed,
    Letter.FACTOR_CHANGED: _factor_changed,
    Letter.NEW_DEVICE: _new_device,
    Letter.FAILED_ATTEMPTS: _failed_attempts,
    Letter.SUPPORT_ACCESS: _support_access,
    Letter.SUPPORT_ASKED: _support_asked,
}
"""What each letter says: its subject, and its paragraphs after the greeting."""


def write(letter: str, values: Mapping[str, Any], to: Any, link: str, brand: str, formats: Formats) -> Written:
    """Put a letter of the outbox into words; `to` is whom it is for, `link` where it leads."""
    facts = Facts(brand, to.name, to.login or "", link, values, formats)
    subject, paragraphs = LETTERS[Letter(letter)](facts)
    greeting = _("Hello %(name)s,") % facts.words()
    return Written(" ".join(subject.split()), "\n\n".join((greeting, *paragraphs)) + "\n")
