"""Credentials and bearer tokens ("Get Started" of the CSAPI guide; the platform's OAuth pages).

A bearer is either a Container Security access token, which is made in the UI and given to the
simulator, or a JWT that POST /auth, /auth/oauth or /auth/oidc minted for four hours.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.qualys.answers import Refusal


@dataclass(frozen=True)
class Grant:
    """The permissions of a new token."""

    issued_at: float
    seconds: float
    modules: tuple[str, ...]


@dataclass
class Accounts:
    """Who may call. `users` and `clients` hold a name or id, and its secret."""

    tokens: set[str] = field(default_factory=set)
    users: dict[str, str] = field(default_factory=dict)
    clients: dict[str, str] = field(default_factory=dict)
    _minted: dict[str, tuple[str, Grant]] = field(default_factory=dict)
    _expired: set[str] = field(default_factory=set)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def user_token(self, form: Mapping[str, str], grant: Grant) -> str:
        """POST /auth. Raises Refusal 401, or 400 without `token=true` (undocumented)."""
        if form.get("token") != "true":
            raise Refusal(400, "Parameter token=true is required")
        name = form.get("username", "")
        if not _same(self.users.get(name), form.get("password", "")):
            raise Refusal(401, "Invalid username or password")
        return self._mint(name, "PASSWORD", grant)

    def client_token(self, identity: str, secret: str, grant: Grant) -> str:
        """POST /auth/oauth and /auth/oidc. Raises Refusal 401."""
        if not _same(self.clients.get(identity), secret):
            raise Refusal(401, "Invalid client credentials")
        return self._mint(identity, "CLIENT", grant)

    def check(self, authorization: str, now: float, tokens_end: float | None) -> str:
        """The name behind the bearer. Raises Refusal 401, or 403 without the CS module.

        `tokens_end` is when access tokens end.
        """
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refusal(401, "Full authentication is required to access this resource")
        if any(_same(known, token) for known in self.tokens):
            if tokens_end is not None and now >= tokens_end:
                raise Refusal(401, "JWT expired")
            return "access token"
        if token not in self._minted:
            raise Refusal(401, "Invalid token")
        name, grant = self._minted[token]
        if token in self._expired or now >= grant.issued_at + grant.seconds:
            raise Refusal(401, "JWT expired")
        if "CS" not in grant.modules:
            raise Refusal(403, "Request Forbidden")
        return name

    def expire(self) -> int:
        """Ends every JWT that was minted so far, and says how many these are."""
        self._expired.update(self._minted)
        return len(self._expired)

    def grant(self, token: str) -> None:
        """Makes an access token, as its owner can in the UI."""
        self.tokens.add(token)

    def revoke(self, token: str) -> None:
        """Takes an access token back, as its owner can in the UI."""
        self.tokens.discard(token)

    def _mint(self, name: str, credential_type: str, grant: Grant) -> str:
        claims = {
            "sub": name,
            "iss": "qas",
            "aud": "qas",
            "portalUserId": 1001,
            "usertype": "CUSTOMER",
            "qwebUserId": 1002,
            "credentialType": credential_type,
            "modulesAllowed": list(grant.modules),
            "iat": int(grant.issued_at),
            "exp": int(grant.issued_at + grant.seconds),
            "jti": secrets.token_hex(8),
        }
        signed = _segment({"alg": "HS256", "typ": "JWT"}) + "." + _segment(claims)
        digest = hmac.new(self._key, signed.encode(), hashlib.sha256).digest()
        token = f"{signed}.{_base64(digest)}"
        self._minted[token] = (name, grant)
        return token


def _same(known: str | None, given: str) -> bool:
    return known is not None and hmac.compare_digest(known.encode(), given.encode())


def _segment(value: Mapping[str, Any]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
