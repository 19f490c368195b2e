"""Tokens on every database: what is kept, who may renew, and that nothing is there in clear."""

from __future__ import annotations

import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.state import StateStore
from leadway_provider.store.token import NOTHING_KEPT, TokenBook

NOW = datetime(2026, 11, 22, 21, 50, 37, 123456, tzinfo=UTC)


def reversed_text(text: str) -> str:
    """A cipher that a test can read."""
    return text[::-1]


@pytest.fixture
def book(state: StateStore) -> TokenBook:
    """The tokens of a state store."""
    return state.tokens(reversed_text, reversed_text)


@pytest.fixture
def lineage() -> str:
    """A lineage of this test's own."""
    return uuid.uuid4().hex * 2


def begin(book: TokenBook, lineage: str, version: int, lease: str, instead_of: str | None = None) -> bool:
    """Begin a renewal now."""
    return book.begin(lineage, version, lease=lease, instead_of=instead_of, now=NOW)


def test_nothing_is_kept_at_first(book: TokenBook, lineage: str) -> None:
    """A lineage that nobody has used has version 0 and no secret."""
    assert book.read(lineage) == NOTHING_KEPT


def test_a_renewal_from_its_beginning_to_its_end(book: TokenBook, lineage: str) -> None:
    """Beginning is noted with lease and time; keeping ends it and counts the version up."""
    assert begin(book, lineage, 0, "one")
    begun = book.read(lineage)
    assert (begun.version, begun.secret, begun.lease, begun.begun_at) == (0, None, "one", NOW)
    assert book.keep(lineage, 0, "secret 1", NOW)
    kept = book.read(lineage)
    assert (kept.version, kept.secret, kept.lease, kept.begun_at) == (1, "secret 1", None, None)


def test_one_of_two_begins(book: TokenBook, lineage: str) -> None:
    """Who read the same state and comes second is told so, and has changed nothing."""
    assert begin(book, lineage, 0, "one")
    assert not begin(book, lineage, 0, "two")
    assert book.read(lineage).lease == "one"


def test_a_lease_can_be_taken_over_once(book: TokenBook, lineage: str) -> None:
    """Only from the holder that was seen: two that take over from a dead one don't both get it."""
    begin(book, lineage, 0, "dead")
    assert begin(book, lineage, 0, "two", instead_of="dead")
    assert not begin(book, lineage, 0, "three", instead_of="dead")


def test_what_is_kept_is_not_replaced_by_who_comes_late(book: TokenBook, lineage: str) -> None:
    """A holder that lost its lease may still keep what it got, but only if nobody else has."""
    begin(book, lineage, 0, "slow")
    begin(book, lineage, 0, "quick", instead_of="slow")
    assert book.keep(lineage, 0, "of the slow one", NOW)
    assert not book.keep(lineage, 0, "of the quick one", NOW)
    assert not begin(book, lineage, 0, "late")
    assert book.read(lineage).secret == "of the slow one"


def test_letting_go_leaves_the_mark(book: TokenBook, lineage: str) -> None:
    """Others may renew at once, and see that a renewal had begun; only the holder can let go."""
    begin(book, lineage, 0, "one")
    book.release(lineage, 0, "two", None)
    assert book.read(lineage).lease == "one"
    earlier = NOW - timedelta(hours=1)
    book.release(lineage, 0, "one", earlier)
    assert (book.read(lineage).lease, book.read(lineage).begun_at) == (None, earlier)
    assert begin(book, lineage, 0, "two")


def test_lineages_do_not_meet(book: TokenBook, lineage: str) -> None:
    """Two connections renew at the same time."""
    other = uuid.uuid4().hex * 2
    assert begin(book, lineage, 0, "one")
    assert begin(book, other, 0, "two")
    assert book.keep(other, 0, "other", NOW)
    assert book.read(lineage).secret is None


def test_only_what_is_encrypted_is_written(book: TokenBook, lineage: str, engine: sa.Engine) -> None:
    """The table holds what the cipher made, of any length, and a repr shows no secret."""
    secret = "s3cret-" * 1000
    begin(book, lineage, 0, "one")
    book.keep(lineage, 0, secret, NOW)
    with engine.connect() as connection:
        stored = connection.scalar(sa.select(tables.token.c.secret).where(tables.token.c.lineage == lineage))
    assert stored == reversed_text(secret)
    assert "s3cret" not in repr(book.read(lineage))


def test_a_commit_outlives_a_power_cut(tmp_path: Path) -> None:
    """SQLite waits for the disk at each commit, on every connection; the servers do so unless told otherwise."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(tmp_path / "state.db")))
    with closing(StateStore.open(engine, "state")):
        for connection in (engine.connect(), engine.connect()):
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
            connection.close()
