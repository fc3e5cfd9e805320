"""What is said when a second factor is not accepted."""

from gateway.errors import FactorRefused
from gateway.i18n.catalog import gettext as _
from gateway.i18n.catalog import ngettext


def refusal(refused: FactorRefused) -> str:
    """Return the sentence for a refusal: what was wrong, and what to do next."""
    if refused.cause == "wait":
        minutes = -(-(refused.retry_after or 0) // 60)
        text = ngettext(
            "Too many codes were wrong. Try again in %(num)s minute.",
            "Too many codes were wrong. Try again in %(num)s minutes.",
            minutes,
        )
        return text % {"num": minutes}
    return {
        "wrong": _("This code is wrong. Take the one that the app shows now."),
        "used": _("This code was used already. Wait until the app shows the next one."),
        "clock": _("The clock of your phone is off, so its codes are of another time. Let it set its clock by itself."),
        "locked": _("A hundred codes were wrong, so none counts any more. Ask for your second factor to be reset."),
        "broken": _("Your app cannot be checked just now. Use a recovery code, or ask for a reset."),
        "gone": _("This took too long, so the key is worth nothing any more. Start again."),
        "passkey": _("This passkey was not accepted. Try once more, or use another way."),
    }[refused.cause]
