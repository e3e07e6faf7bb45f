"""The token that lets the operator, and no neighbour, retire a pool's pods."""

import hashlib
import hmac


def admin_token(key: bytes, *, pool_uid: str) -> str:
    """Return the token of one pool: HMAC-SHA-256 of its uid under the operator's key, in hex.

    Derived rather than stored, so that the operator needs no access to Secrets; bound to the uid, so that a pool
    that is deleted and created again gets another one.
    """
    return hmac.new(key, f"warmpool-admin:{pool_uid}".encode(), hashlib.sha256).hexdigest()
