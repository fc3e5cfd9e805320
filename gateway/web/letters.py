"""Letters of the outbox in words, in the recipient's language and formats; their links are signed as they are read."""

from sqlalchemy import Connection

from gateway.db import AnyRow
from gateway.i18n import catalog
from gateway.i18n.formats import formats_for
from gateway.identity import invitations
from gateway.identity.inheritance import preferences_in_force
from gateway.identity.queries import access, gateway
from gateway.mail.letters import Written, write
from gateway.tokens import Tokens
from gateway.web.current import House


def invitation_tokens(house: House) -> Tokens:
    """Return what signs and reads the tokens of invitations."""
    keys = house.settings.derived_keys(invitations.PURPOSE)
    return Tokens(keys, invitations.PURPOSE, invitations.READ_UNTIL)


def written(reader: Connection, house: House, mail: AnyRow) -> Written | None:
    """Put a letter into words, or return None if whom it is for is gone."""
    to = access(reader, mail.identity_id) if mail.identity_id else None
    if to is None:
        return None
    defaults = house.rights.defaults(reader, gateway(reader).version)
    preferences = preferences_in_force(to, defaults.preferences)
    link = f"{house.settings.base_url}/login/invitation/{invitation_tokens(house).sign(mail.given['secret'])}"
    with catalog.speaking(preferences.language):
        return write(mail.letter, mail.given, to, link, house.settings.brand, formats_for(preferences))
