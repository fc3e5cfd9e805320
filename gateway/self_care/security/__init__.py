"""One's own second factor: looked at, set up, turned off. One set of pages, for self-care and for administrators."""
