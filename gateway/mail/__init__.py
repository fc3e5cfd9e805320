"""Outgoing mail: written in the transaction of what it tells of, put into words when it is sent or looked at."""
