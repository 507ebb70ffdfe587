"""Tokens that were verified: what they prove stays so until they expire, or their key goes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jwt

    from core.identity import Identity

# Each may be as long as a token may.
MOST_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class Proof:
    """What a token proves, and, where its issuer publishes keys, by which of them, under which name.

    `until` is the token's expiry, in seconds as `time.time` has them.
    """

    identity: Identity
    until: float
    key_id: str | None = None
    key: jwt.PyJWK | None = None


class VerifiedTokens:
    """The latest that were verified, `most` of them. No other token gets in."""

    def __init__(self, most: int = MOST_TOKENS) -> None:
        self._most = most
        self._proofs: dict[str, Proof] = {}

    def find(self, token: str) -> Proof | None:
        """None for one that is not known, or has expired."""
        proof = self._proofs.get(token)
        if proof is None or proof.until > time.time():
            return proof
        del self._proofs[token]
        return None

    def keep(self, token: str, proof: Proof) -> None:
        self._proofs.pop(token, None)
        if len(self._proofs) >= self._most:
            del self._proofs[next(iter(self._proofs))]
        self._proofs[token] = proof

    def __len__(self) -> int:
        return len(self._proofs)
