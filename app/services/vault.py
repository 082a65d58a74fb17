"""Secrets that the database keeps for us: encrypted with a key that it doesn't have.

The keys come from the settings. The first one encrypts; the others, and the site's own secret key,
still decrypt, so that a key is changed by putting a new one in front of it and sealing everything
anew (``sifang channels seal``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SealError(Exception):
    """It was sealed with a key that isn't among ours."""


@dataclass(slots=True)
class _Vault:
    keys: tuple[str, ...] = ()
    fernet: MultiFernet | None = None


_vault = _Vault()


def use(keys: Sequence[str], fallback: str) -> None:
    """Set once, at start; ``fallback`` is the site's secret key."""
    _vault.keys = (*keys, fallback)
    _vault.fernet = MultiFernet(
        [Fernet(base64.urlsafe_b64encode(_derived(key, b"sifang secrets"))) for key in _vault.keys]
    )


def _derived(key: str, purpose: bytes) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=purpose)
    return kdf.derive(key.encode())


def _fernet() -> MultiFernet:
    if _vault.fernet is None:
        raise RuntimeError("vault.use() was not called")
    return _vault.fernet


def seal(secrets: Mapping[str, str]) -> str:
    """Encrypted and authenticated; empty for nothing."""
    known = {name: value for name, value in secrets.items() if value}
    return _fernet().encrypt(json.dumps(known).encode()).decode() if known else ""


def unseal(sealed: str) -> dict[str, str]:
    """Raises SealError when none of our keys fits."""
    if not sealed:
        return {}
    try:
        found: dict[str, str] = json.loads(_fernet().decrypt(sealed.encode()))
    except InvalidToken:
        raise SealError from None
    return found


def renewed(sealed: str) -> str:
    """The same under the first key."""
    return seal(unseal(sealed))


def signature(text: str) -> str:
    """Proof that ``text`` comes from us: 128 bits, fit for an address."""
    return _signed(text, _vault.keys[0])


def is_ours(text: str, given: str) -> bool:
    """Whether ``signature(text)`` gave this, with any of the keys."""
    return any(
        hmac.compare_digest(_signed(text, key).encode(), given.encode()) for key in _vault.keys
    )


def _signed(text: str, key: str) -> str:
    made = hmac.digest(_derived(key, b"sifang links"), text.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made[:16]).decode().rstrip("=")
