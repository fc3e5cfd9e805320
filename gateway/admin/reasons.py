"""Why something was refused or ended, in words for staff."""

from collections.abc import Mapping

from gateway.access import acting
from gateway.admin import refusals
from gateway.i18n.catalog import N_, gettext

OTHERS: Mapping[str, str] = {
    "beyond_own": N_("It goes beyond their own rights."),
    "forbidden": N_("Their role does not show this page."),
    "impersonation_forbidden": N_("This is never possible while acting for somebody."),
    "logged-out": N_("They logged out."),
    "oneself": N_("Nobody does this to themselves."),
    "portal_off": N_("This portal is switched off for now."),
    "replaced": N_("It went on under a new id."),
    "view_only": N_("They may look but not change anything here."),
}
_IN_WORDS: Mapping[str, str] = {**acting.REASONS, **refusals.REASONS, **OTHERS}


def in_words(code: str | None) -> str | None:
    """Return a reason as a sentence, or None for one that has none."""
    sentence = _IN_WORDS.get(code or "")
    return gettext(sentence) if sentence else None
