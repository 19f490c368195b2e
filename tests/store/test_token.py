"""Tokens on every database: what is stored, which worker may renew, and that nothing is stored unencrypted."""

from __future__ import annotations

import json
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import ConfigurationError
from leadway_provider.store import tables
from leadway_provider.store.state import StateStore
from leadway_provider.store.token import NOTHING_KEPT, SqlTokenStore
from tests.source.drivers import MARIADB_DRIVERS, POSTGRES_DRIVERS

NOW = datetime(2026, 11, 22, 21, 50, 37, 123456, tzinfo=UTC)


def reversed_text(text: str) -> str:
    """A cipher that a test can read."""
    return text[::-1]


@pytest.fixture
def tokens(state: StateStore) -> SqlTokenStore:
    """The tokens of a state store."""
    return state.tokens(reversed_text, reversed_text)


@pytest.fixture
def family() -> str:
    """A family of this test's own."""
    return uuid.uuid4().hex * 2


def begin(tokens: SqlTokenStore, family: str, version: int, lease: str, instead_of: str | None = None) -> bool:
    """Begin a renewal now."""
    return tokens.begin(family, version, lease=lease, instead_of=instead_of, now=NOW)


def test_nothing_is_kept_at_first(tokens: SqlTokenStore, family: str) -> None:
    """A family that was never used has version 0 and no secret."""
    assert tokens.read(family) == NOTHING_KEPT


def test_a_renewal_from_its_beginning_to_its_end(tokens: SqlTokenStore, family: str) -> None:
    """Beginning is noted with lease and time; keeping ends it and counts the version up."""
    assert begin(tokens, family, 0, "one")
    begun = tokens.read(family)
    assert (begun.version, begun.secret, begun.lease, begun.begun_at) == (0, None, "one", NOW)
    assert tokens.keep(family, 0, "secret 1", NOW)
    kept = tokens.read(family)
    assert (kept.version, kept.secret, kept.lease, kept.begun_at) == (1, "secret 1", None, None)


def test_one_of_two_begins(tokens: SqlTokenStore, family: str) -> None:
    """The second of two that read the same state gets False, and has changed nothing."""
    assert begin(tokens, family, 0, "one")
    assert not begin(tokens, family, 0, "two")
    assert tokens.read(family).lease == "one"


def test_a_lease_can_be_taken_over_once(tokens: SqlTokenStore, family: str) -> None:
    """Only from the holder that was seen: two that take over from a dead one don't both get it."""
    begin(tokens, family, 0, "dead")
    assert begin(tokens, family, 0, "two", instead_of="dead")
    assert not begin(tokens, family, 0, "three", instead_of="dead")


def test_what_is_kept_is_not_replaced_by_who_comes_late(tokens: SqlTokenStore, family: str) -> None:
    """A holder that lost its lease may still keep what it got, but only if no other has."""
    begin(tokens, family, 0, "slow")
    begin(tokens, family, 0, "quick", instead_of="slow")
    assert tokens.keep(family, 0, "of the slow one", NOW)
    assert not tokens.keep(family, 0, "of the quick one", NOW)
    assert not begin(tokens, family, 0, "late")
    assert tokens.read(family).secret == "of the slow one"


@pytest.mark.parametrize("driver", [*POSTGRES_DRIVERS, *MARIADB_DRIVERS])
def test_each_driver_counts_who_was_first(driver: str, request: pytest.FixtureRequest, family: str) -> None:
    """Drivers count changed rows in ways of their own; with each of them one renewal begins, and one is kept."""
    server: sa.URL = request.getfixturevalue("postgres_url" if driver in POSTGRES_DRIVERS else "mariadb_url")
    engine = sa.create_engine(server.set(drivername=f"{server.get_backend_name()}+{driver}"))
    with closing(StateStore.open(engine, "state")) as state:
        tokens = state.tokens(reversed_text, reversed_text)
        assert [begin(tokens, family, 0, lease) for lease in ("one", "one", "two")] == [True, False, False]
        assert [begin(tokens, family, 0, lease, instead_of="one") for lease in ("two", "three")] == [True, False]
        assert [tokens.keep(family, 0, secret, NOW) for secret in ("zwölf 🦊", "late")] == [True, False]
        assert begin(tokens, family, 1, "four")
        tokens.release(family, 1, "four", NOW)
        kept = tokens.read(family)
        assert (kept.version, kept.secret, kept.lease, kept.begun_at) == (1, "zwölf 🦊", None, NOW)


def test_letting_go_leaves_the_mark(tokens: SqlTokenStore, family: str) -> None:
    """Others may renew at once, and see that a renewal had begun; only the holder can let go."""
    begin(tokens, family, 0, "one")
    tokens.release(family, 0, "two", None)
    assert tokens.read(family).lease == "one"
    earlier = NOW - timedelta(hours=1)
    tokens.release(family, 0, "one", earlier)
    assert (tokens.read(family).lease, tokens.read(family).begun_at) == (None, earlier)
    assert begin(tokens, family, 0, "two")


def test_token_families_are_kept_apart(tokens: SqlTokenStore, family: str) -> None:
    """Two connections renew at the same time."""
    other = uuid.uuid4().hex * 2
    assert begin(tokens, family, 0, "one")
    assert begin(tokens, other, 0, "two")
    assert tokens.keep(other, 0, "other", NOW)
    assert tokens.read(family).secret is None


def test_only_what_is_encrypted_is_written(tokens: SqlTokenStore, family: str, engine: sa.Engine) -> None:
    """The table holds what the cipher made, of any length, and a repr shows no secret."""
    secret = "s3cret-" * 1000
    begin(tokens, family, 0, "one")
    tokens.keep(family, 0, secret, NOW)
    with engine.connect() as connection:
        stored = connection.scalar(sa.select(tables.token.c.secret).where(tables.token.c.family == family))
    assert stored == reversed_text(json.dumps([family, 1, secret]))
    assert "s3cret" not in repr(tokens.read(family))


def test_a_commit_outlives_a_power_cut(tmp_path: Path) -> None:
    """SQLite waits for the disk at each commit, on every connection; the servers do so by default."""
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(tmp_path / "state.db")))
    with closing(StateStore.open(engine, "state")):
        for connection in (engine.connect(), engine.connect()):
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
            connection.close()


def test_a_secret_of_another_connection_is_refused(tokens: SqlTokenStore, family: str, state: StateStore) -> None:
    """The text of one row copied over another's is not used; the error names the row and says what to do."""
    other = uuid.uuid4().hex * 2
    for each in (family, other):
        begin(tokens, each, 0, "one")
        tokens.keep(each, 0, f"of {each}", NOW)
    with state._database.writing() as connection:
        copied = sa.select(tables.token.c.secret).where(tables.token.c.family == other)
        change = sa.update(tables.token).where(tables.token.c.family == family)
        connection.execute(change.values(secret=connection.scalar(copied)))
    with pytest.raises(ConfigurationError, match=rf"{family} of leadway_token.*connect the app") as raised:
        tokens.read(family)
    assert "of " + other not in str(raised.value)
    assert tokens.read(other).secret == f"of {other}"


def test_an_older_secret_of_the_same_row_is_refused(tokens: SqlTokenStore, family: str, state: StateStore) -> None:
    """A text of an older version put back is not used; neither is one that says nothing of its row."""
    begin(tokens, family, 0, "one")
    tokens.keep(family, 0, "old", NOW)
    this = tables.token.c.family == family
    with state._database.reading() as connection:
        old = connection.scalar(sa.select(tables.token.c.secret).where(this))
    tokens.keep(family, 1, "new", NOW)
    for text in (old, reversed_text("new"), reversed_text("[1, 2]"), reversed_text("7")):
        with state._database.writing() as connection:
            connection.execute(sa.update(tables.token).where(this).values(secret=text))
        with pytest.raises(ConfigurationError, match="version 2"):
            tokens.read(family)
