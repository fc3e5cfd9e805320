"""What the provider says of itself (Discovery 1.0, section 3)."""

from pathlib import Path
from typing import Any

from gateway.oidc import claims
from gateway.oidc.keys import ALGORITHM

PATH = "/.well-known/openid-configuration"
STRUCTURE_SCHEMA = Path(__file__).parent.parent.parent / "docs" / "portal-structure.schema.json"


def metadata(issuer: str) -> dict[str, Any]:
    """Return the metadata of the provider at `issuer`."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oidc/authorize",
        "token_endpoint": f"{issuer}/oidc/token",
        "userinfo_endpoint": f"{issuer}/oidc/userinfo",
        "jwks_uri": f"{issuer}/oidc/jwks",
        "end_session_endpoint": f"{issuer}/oidc/end-session",
        "scopes_supported": ["openid", "profile"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login"],
        "acr_values_supported": list(claims.CLASSES),
        "claims_supported": [*claims.NAMES, *claims.PROOF_NAMES],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }
