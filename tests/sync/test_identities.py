"""Hashes of e-mails and phones."""

from __future__ import annotations

from hashlib import blake2b

import pytest

from leadway_provider.sync.identities import UNKEYED, IdentityHasher

KEY = bytes(range(32))


@pytest.mark.parametrize("key", [b"", KEY, KEY * 2])
def test_a_hash_is_of_the_key_the_field_and_the_value(key: bytes) -> None:
    """It is the keyed BLAKE2b of both, so that the hashes of every release can be compared."""
    hasher = IdentityHasher(key)
    for field, value in (("email", "ann@example.com"), ("phone", "+12025550123"), ("email", "zoë@example.com")):
        assert hasher.hash(field, value) == blake2b(f"{field}:{value}".encode(), digest_size=10, key=key).hexdigest()
        assert hasher.hash(field, value) == hasher.hash(field, value.upper())


def test_another_key_field_or_value_is_another_hash() -> None:
    """Hashes of two syncs, and of two fields of one text, have nothing in common."""
    hashers = (UNKEYED, IdentityHasher(KEY), IdentityHasher(KEY[::-1]))
    found = [each.hash(field, value) for each in hashers for field in ("email", "phone") for value in ("a@b.c", "1")]
    assert len(set(found)) == len(found)
