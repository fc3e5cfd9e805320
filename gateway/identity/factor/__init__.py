"""The second factor at the log-in: the faces of its steps."""
