"""Plumbing between HTTP and the rooms: which cookie for which path, redirects, errors, headers, templates."""
