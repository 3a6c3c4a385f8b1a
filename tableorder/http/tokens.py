"""Bearer tokens (RFC 6750): JWTs signed with HS256 that say which table or admin is calling, for 16 hours."""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass
from typing import Any

import jwt

from tableorder.domain.errors import Forbidden, TokenExpired, TokenInvalid, TokenMissing
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.roles import EVERYBODY

LIFETIME = 57_600  # seconds
ALGORITHM = "HS256"

MAX_VERIFIED = 32_768  # tokens of some 500 bytes each: all the tablets of 1,600 restaurants

Identity = TableIdentity | AdminIdentity


@dataclass(frozen=True, slots=True)
class Bearer:
    """The holder of a token, and the end of its validity (seconds since 1970)."""

    identity: Identity
    expires: int


_verified: dict[bytes, Bearer] = {}


def issue_token(identity: Identity, secret: str) -> str:
    """Make a token for a login."""
    now = int(time.time())
    return jwt.encode(claims_of(Bearer(identity, now + LIFETIME)) | {"iat": now}, secret, algorithm=ALGORITHM)


def read_authorization(header: str, secret: str) -> Bearer:
    """Read the bearer from an Authorization header. Raises Unauthorized."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMissing
    try:
        bearer = _verify(token.strip(), secret)
        if bearer.expires <= time.time():
            raise jwt.ExpiredSignatureError
        return bearer
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        raise TokenInvalid from None


def _verify(token: str, secret: str) -> Bearer:
    """The bearer of a valid token. Verified tokens are cached, so the caller checks the expiry."""
    digest = hashlib.sha256(f"{secret} {token}".encode()).digest()  # a tenth of the token's size
    bearer = _verified.get(digest)
    if bearer is None:
        # `iat` informs and refuses nobody: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.6
        options: Any = {"require": ["sub", "exp"], "verify_iat": False}
        bearer = read_claims(jwt.decode(token, secret, algorithms=[ALGORITHM], options=options))
        if len(_verified) >= MAX_VERIFIED:
            _verified.clear()
        _verified[digest] = bearer
    return bearer


def require_table(bearer: Bearer) -> TableIdentity:
    """The table. Raises Forbidden for anybody else."""
    if not isinstance(bearer.identity, TableIdentity):
        raise Forbidden("this is for tables; the token is an admin's")
    return bearer.identity


def require_admin(bearer: Bearer) -> AdminIdentity:
    """The admin. Raises Forbidden for anybody else."""
    if not isinstance(bearer.identity, AdminIdentity):
        raise Forbidden
    return bearer.identity


def claims_of(bearer: Bearer) -> dict[str, Any]:
    """The claims that say who the bearer is and until when."""
    identity = bearer.identity
    if isinstance(identity, AdminIdentity):
        claims: dict[str, Any] = {"sub": identity.username, "user_type": "admin", "store_id": identity.store_id}
        claims |= {"role": identity.role, "staff_id": identity.staff_id}
    else:
        claims = {
            "sub": f"table_{identity.table_id}",
            "user_type": "table",
            "store_id": identity.store_id,
            "table_id": identity.table_id,
            "table_number": identity.table_number,
            "session_id": identity.session_id,
        }
        claims |= {} if identity.device_id is None else {"device_id": identity.device_id}
    return claims | {"epoch": identity.epoch, "exp": bearer.expires}


def read_claims(claims: dict[str, Any]) -> Bearer:
    """The reverse of claims_of.

    Tokens of earlier versions have no epoch, no role and no device: they are an owner's or a table's, of epoch 1.

    Raises KeyError, TypeError, ValueError.
    """
    expires, epoch = int(claims["exp"]), int(claims.get("epoch", 1))
    if claims["user_type"] == "table":
        device_id = claims.get("device_id")
        table = TableIdentity(
            store_id=int(claims["store_id"]),
            table_id=int(claims["table_id"]),
            table_number=int(claims["table_number"]),
            session_id=str(uuid.UUID(claims["session_id"])),
            epoch=epoch,
            device_id=None if device_id is None else int(device_id),
        )
        return Bearer(table, expires)
    if claims["user_type"] == "admin":
        role, staff_id = claims.get("role", "owner"), claims.get("staff_id")
        if role not in EVERYBODY or (role == "owner") != (staff_id is None):
            raise ValueError(role)
        admin = AdminIdentity(int(claims["store_id"]), str(claims["sub"]), epoch, role, staff_id and int(staff_id))
        return Bearer(admin, expires)
    raise ValueError(claims["user_type"])
