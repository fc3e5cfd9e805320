"""What the letters say, in the language in force."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.i18n.catalog import gettext as _
from gateway.i18n.formats import Formats


class Letter(enum.StrEnum):
    """The kinds of letters."""

    INVITATION = "invitation"
    FACTOR_CHANGED = "factor-changed"


@dataclass(frozen=True, slots=True)
class Written:
    """A letter in words: plain text."""

    subject: str
    text: str


def invitation(brand: str, name: str, login: str, link: str, until: datetime, formats: Formats) -> Written:
    """Write the letter with the link that lets somebody in once; the password is never in it (PWD-05)."""
    given = {"brand": brand, "name": name, "login": login, "link": link, "until": formats.moment(until)}
    zone = {"zone": formats.preferences.time_zone}
    paragraphs = (
        _("Hello %(name)s,") % given,
        _("you can log in to %(brand)s now. Your login is %(login)s.") % given,
        _("Open this link to choose a password:") + "\n" + link,
        _("The link works once, until %(until)s (%(zone)s).") % {**given, **zone},
        _("If you did not expect this, you need not do anything."),
    )
    return Written(_("Your access to %(brand)s") % given, "\n\n".join(paragraphs) + "\n")


def factor_changed(brand: str, name: str, what: str, at: datetime, formats: Formats) -> Written:
    """Write the letter that says what happened to somebody's second factor, so that they notice if it was not them."""
    given = {"brand": brand, "name": name, "at": formats.moment(at), "zone": formats.preferences.time_zone}
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
    paragraphs = (
        _("Hello %(name)s,") % given,
        happened[what],
        _("This was on %(at)s (%(zone)s).") % given,
        _("If it was not you, change your password and ask %(brand)s for help.") % given,
    )
    return Written(_("Two-factor authentication at %(brand)s") % given, "\n\n".join(paragraphs) + "\n")


def write(letter: str, given: Mapping[str, Any], to: Any, link: str, brand: str, formats: Formats) -> Written:
    """Put a letter of the outbox into words; `to` is whom it is for, `link` where it leads, if anywhere."""
    if Letter(letter) is Letter.FACTOR_CHANGED:
        return factor_changed(brand, to.name, given["what"], datetime.fromisoformat(given["at"]), formats)
    until = datetime.fromisoformat(given["until"])
    return invitation(brand, to.name, to.login or "", link, until, formats)
