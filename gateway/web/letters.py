"""Letters of the outbox in words, in the recipient's language and formats; their links are signed as they are read."""

from sqlalchemy import Connection

from gateway.db import AnyRow
from gateway.i18n import catalog
from gateway.i18n.formats import formats_for
from gateway.identity import email_changes, invitations, resets
from gateway.identity.inheritance import preferences_in_force
from gateway.identity.models import Realm
from gateway.identity.queries import gateway, recipient
from gateway.mail.letters import Letter, Written, write
from gateway.tokens import Tokens
from gateway.web.current import House

LINKS = {
    Letter.INVITATION: (invitations.PURPOSE, "/login/invitation/"),
    Letter.PASSWORD_RESET: (resets.PURPOSE, "/login/reset/"),
    Letter.EMAIL_CONFIRM: (email_changes.PURPOSE, "/portals/self-care/profile/email/"),
    Letter.SUPPORT_ACCESS: (None, "/portals/self-care/activity/support-access"),
    Letter.SUPPORT_ASKED: (None, "/portals/self-care/activity/support-access"),
}
"""Which letters lead elsewhere than most, in self-care; with a purpose, by a link that is good once."""
FORGOTTEN = "/login/forgotten"


def link_tokens(house: House, purpose: str) -> Tokens:
    """Return what signs and reads the tokens of links; until when they are good is known to their rows."""
    return Tokens(house.settings.derived_keys(purpose), purpose, invitations.READ_UNTIL)


def written(reader: Connection, house: House, mail: AnyRow) -> Written | None:
    """Put a letter into words, or return None if whom it is for is gone."""
    to = recipient(reader, mail.identity_id) if mail.identity_id else None
    if to is None:
        return None
    defaults = house.rights.defaults(reader, gateway(reader).version)
    preferences = preferences_in_force(to, defaults.preferences)
    with catalog.speaking(preferences.language):
        link = _link(house, mail, to.realm)
        return write(mail.letter, mail.given, to, link, house.settings.brand, formats_for(preferences))


def _link(house: House, mail: AnyRow, realm: Realm) -> str:
    """Return where a letter leads: always at the address that is set, whatever Host anybody asked for (RED-02)."""
    purpose, path = LINKS.get(Letter(mail.letter), (None, FORGOTTEN))
    start = f"{house.settings.base_url}{'/admin' if realm is Realm.ADMIN else ''}{path}"
    return start if purpose is None else start + link_tokens(house, purpose).sign(mail.given["secret"])
