"""Who: identities, their classes, their sessions, and how they log in."""
