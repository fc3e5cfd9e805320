"""May do what: levels, structures, roles, and the visitor who carries them."""
