"""Passwords as PostgreSQL keeps them, so that they need not travel, or be shown, as they are."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import stringprep
import unicodedata
from base64 import b64encode

ITERATIONS = 4096
SALT_BYTES = 16


def make_verifier(password: str) -> str:
    """A SCRAM-SHA-256 verifier (RFC 5803), which CREATE ROLE … PASSWORD takes in place of the password."""
    salt = secrets.token_bytes(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", _prepare(password).encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_, stored_, server_ = (b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${ITERATIONS}:{salt_}${stored_}:{server_}"


def _prepare(password: str) -> str:
    """Map and normalize as SASLprep does (RFC 4013), which clients do too before they sign in."""
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in password
        if not stringprep.in_table_b1(character)
    )
    return unicodedata.normalize("NFKC", mapped) or password
