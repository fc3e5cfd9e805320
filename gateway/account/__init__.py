"""One's own way in: a forgotten password, the security page, proving again who one is. The same for both realms."""
