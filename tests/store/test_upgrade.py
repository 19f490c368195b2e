"""A state store of an older version is upgraded, with what it has; the second revision is this test's own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from leadway_provider.exceptions import StateVersionError
from leadway_provider.store import tables
from leadway_provider.store.database import Database
from leadway_provider.store.reading.reader import StateReader
from leadway_provider.store.schema import REVISIONS, SCRIPTS, ensure_schema, require_schema
from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from tests.faults.instant import at
from tests.store.sample import deliver_all, sealed
from tests.store.statements import killed, killed_at_each_step, statements

NEWER: Final = (*REVISIONS, "9000")
SYNC: Final = SyncIdentity("customers", "https://api.example.com", "loc1")
SECOND: Final = '''
"""A column that is filled from another one, an index, and a table; each step may have been done before."""

import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{before}"


def upgrade():
    inspector = sa.inspect(op.get_bind())
    if "shown_as" not in [column["name"] for column in inspector.get_columns("leadway_row")]:
        op.add_column("leadway_row", sa.Column("shown_as", sa.String(300)))
    op.execute("UPDATE leadway_row SET shown_as = source_key")
    if "leadway_row_shown" not in [index["name"] for index in inspector.get_indexes("leadway_row")]:
        op.create_index("leadway_row_shown", "leadway_row", ["shown_as"])
    op.create_table("leadway_page", sa.Column("id", sa.Integer, primary_key=True), if_not_exists=True)
'''


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The script directory of a version that has one revision more."""
    folder = tmp_path / "migrations of 100%"
    shutil.copytree(str(SCRIPTS), folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "v9000_second.py").write_text(SECOND.format(before=REVISIONS[-1]))
    return folder


@pytest.fixture
def older(empty_url: sa.URL) -> Iterator[sa.Engine]:
    """A database that this version has written: a delivered row, one that waits, and what belongs to them."""
    engine = sa.create_engine(empty_url, poolclass=sa.NullPool)
    with closing(StateStore.open(engine, "state")) as state:
        deliver_all(sealed(state, SYNC, "a", "ключ"))
        sealed(state, SYNC, "waits", task_run="run 2")
    yield engine
    engine.dispose()


def content(engine: sa.Engine) -> dict[str, list[Any]]:
    """All rows of all tables that this version has, by table."""
    with engine.connect() as connection:
        return {
            name: [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for name, table in tables.metadata.tables.items()
        }


def shown(engine: sa.Engine) -> list[str]:
    """The column that the second revision fills."""
    with engine.connect() as connection:
        return list(connection.scalars(sa.text("SELECT shown_as FROM leadway_row ORDER BY id")))


def upgrade(engine: sa.Engine, scripts: Path) -> None:
    """Open the store as the newer version does."""
    ensure_schema(Database(engine, "state"), revisions=NEWER, scripts=scripts)


def test_an_older_store_is_upgraded_with_its_rows(older: sa.Engine, scripts: Path) -> None:
    """What was there stays as it was, the new column is filled, and a second opening changes nothing."""
    before = content(older)

    upgrade(older, scripts)

    assert content(older) == before
    assert shown(older) == ["a", "ключ", "waits"]
    assert "leadway_row_shown" in {index["name"] for index in sa.inspect(older).get_indexes("leadway_row")}
    require_schema(Database(older, "state", read_only=True), revisions=NEWER)
    with statements(older, "UPDATE") as seen:
        upgrade(older, scripts)
    assert seen == []


def test_an_upgrade_that_was_killed_is_completed(older: sa.Engine, scripts: Path) -> None:
    """Killed before each of its steps in turn, each opening goes further, and nothing of what was there is lost."""
    before = content(older)

    steps = killed_at_each_step(older, lambda: upgrade(older, scripts))

    assert [step for step in steps if "shown_as" in step or "leadway_page" in step]
    assert len(steps) >= 5
    assert content(older) == before
    assert shown(older) == ["a", "ключ", "waits"]
    assert sa.inspect(older).has_table("leadway_page")
    require_schema(Database(older, "state", read_only=True), revisions=NEWER)


def test_a_killed_upgrade_is_finished_or_undone(older: sa.Engine, scripts: Path) -> None:
    """Until an upgrade is complete, the version before it can go on with the store."""
    with at("UPDATE leadway_row SET shown_as", killed), pytest.raises(KeyboardInterrupt):
        upgrade(older, scripts)

    with closing(StateStore.open(older, "state")) as state:
        run = state.begin(SYNC, task_run="run 2", digest=b"query")
        assert [row.source_key for row in run.outbox(0, 10)] == ["waits"]
    upgrade(older, scripts)
    assert shown(older) == ["a", "ключ", "waits"]


def test_an_empty_database_gets_all_revisions(empty_url: sa.URL, scripts: Path) -> None:
    """A new installation of the newer version takes one step after the other."""
    engine = sa.create_engine(empty_url, poolclass=sa.NullPool)

    upgrade(engine, scripts)

    assert shown(engine) == []
    require_schema(Database(engine, "state", read_only=True), revisions=NEWER)


def test_an_older_version_refuses_an_upgraded_store(older: sa.Engine, scripts: Path) -> None:
    """To write and to read; nothing is changed, and the error says both versions and what to do."""
    upgrade(older, scripts)
    before = content(older)

    for opened in (StateStore.open, StateReader.open):
        with pytest.raises(StateVersionError, match=r"'state_conn' has schema 9000.*upgrade leadway-provider"):
            opened(older, "state_conn")

    assert content(older) == before


def test_a_reader_of_the_newer_version_waits_for_the_upgrade(older: sa.Engine) -> None:
    """It does not upgrade by itself."""
    database = Database(older, "state_conn", read_only=True)

    with pytest.raises(StateVersionError, match=f"has schema {REVISIONS[-1]}, and .* reads 9000"):
        require_schema(database, revisions=NEWER)

    with pytest.raises(sa.exc.DBAPIError):
        shown(older)
