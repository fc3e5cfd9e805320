"""The OpenID provider: portals that live elsewhere ask here who somebody is and what they may do there.

Authorization code with PKCE, and nothing else of OpenID Connect Core 1.0; Discovery 1.0, RP-Initiated Logout 1.0 and
Back-Channel Logout 1.0 beside it.
"""
