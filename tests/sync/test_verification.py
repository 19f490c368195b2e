"""What is kept of a comparison that found nothing to send."""

from __future__ import annotations

from datetime import UTC, datetime

from leadway_provider.sync.outcome import Counts
from leadway_provider.sync.verification import RowHome, Verification

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN = RowHome(1, "ann", "contact-1", b"rowvaluecontact1")
BOB = RowHome(2, "bob", "contact-2", b"rowvaluecontact2")


def hash_of(*rows: RowHome, key: bytes = b"key") -> str:
    """The hash of these rows."""
    return Verification.of_rows(rows, NOON, key).hash


def test_it_comes_back_from_a_document() -> None:
    """As the state store keeps it; the rows are counted."""
    verified = Verification.of_rows([ANN, BOB], NOON, b"key")
    assert (verified.rows, verified.verified_at) == (2, NOON)
    assert Verification.of_run({"verified": verified.document()}, Counts(read=2, unchanged=2)) == verified
    assert Verification.of_run({}, Counts(read=2, unchanged=2)) is None


def test_a_run_that_took_over_what_another_one_left_has_verified_nothing() -> None:
    """Its plan did not compare these rows."""
    document = {"verified": Verification.of_rows([ANN], NOON, b"key").document()}
    assert Verification.of_run(document, Counts(read=1, carried=1, unchanged=1, updated=1)) is None


def test_the_hash_is_of_key_contact_and_contact_half() -> None:
    """Neither of the row's number nor of how its values are written; nothing passes from one row to the next."""
    assert hash_of(ANN) == hash_of(ANN._replace(row_id=7, fingerprint=b"otherrowcontact1"))
    others = [
        hash_of(ANN),
        hash_of(ANN._replace(source_key="an")),
        hash_of(ANN._replace(contact_id="ncontact-1")),
        hash_of(ANN._replace(contact_id=None)),
        hash_of(ANN._replace(fingerprint=b"rowvaluecontact3")),
        hash_of(ANN._replace(fingerprint=None)),
        hash_of(ANN, BOB),
        hash_of(BOB, ANN),
        hash_of(ANN, key=b"another key"),
        hash_of(),
    ]
    assert len(set(others)) == len(others)
