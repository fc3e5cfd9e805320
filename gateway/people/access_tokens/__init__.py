"""Tokens for programs, as pages: the same for oneself and for staff."""
