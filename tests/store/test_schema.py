"""The schema is created by itself, once, whatever happens meanwhile."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from contextlib import closing
from multiprocessing.synchronize import Barrier

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from leadway_provider import __version__
from leadway_provider.exceptions import StateVersionError
from leadway_provider.store import schema, tables
from leadway_provider.store.schema import REVISIONS, VERSION_TABLE
from leadway_provider.store.state import StateStore
from leadway_provider.sync.request import SyncIdentity
from tests.store.sample import NOON, begin
from tests.store.statements import killed_at_each_step

VERSION = sa.table(VERSION_TABLE, sa.column("version_num", sa.String))


@pytest.fixture
def empty_engine(empty_url: sa.URL) -> sa.Engine:
    """An engine on a database without tables."""
    return sa.create_engine(empty_url, poolclass=sa.NullPool)


def versions(engine: sa.Engine) -> list[str]:
    """The content of the version table."""
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(VERSION.c.version_num)))


def test_a_migrated_database_equals_the_tables_of_the_code(empty_engine: sa.Engine) -> None:
    """Tables, columns, types, indexes and constraints that the migrations create equal the metadata."""
    StateStore.open(empty_engine, "state")

    with empty_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        created = sa.inspect(connection).get_table_names()
    assert sorted(created) == [VERSION_TABLE, *sorted(tables.metadata.tables)]
    assert versions(empty_engine) == [REVISIONS[-1]]


def test_ids_are_never_used_twice(empty_engine: sa.Engine) -> None:
    """A plan keeps one bit for each row id, so an id that was deleted must not come back."""
    StateStore.open(empty_engine, "state")
    row = {"name": "a", "host": "b", "location_id": "c", "created_at": NOON}
    ids = []
    for _ in range(2):
        with empty_engine.begin() as connection:
            connection.execute(sa.insert(tables.sync).values(**row))
            ids.append(connection.execute(sa.select(tables.sync.c.id)).scalar_one())
            connection.execute(sa.delete(tables.sync))

    assert ids[0] < ids[1]


def test_every_revision_is_named_in_the_code() -> None:
    """The revisions in the code are the scripts that exist, in their order."""
    scripts = ScriptDirectory(str(schema.SCRIPTS))

    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == REVISIONS
    assert scripts.get_heads() == [REVISIONS[-1]]


def test_a_current_schema_needs_no_alembic(empty_url: sa.URL) -> None:
    """Importing alembic takes longer than the rest of a small run: a second opening does without it."""
    StateStore.open(sa.create_engine(empty_url), "state").close()
    program = (
        "import sys, sqlalchemy\n"
        "from leadway_provider.store.state import StateStore\n"
        "StateStore.open(sqlalchemy.create_engine(sys.argv[1]), 'state')\n"
        "print('alembic' in sys.modules)"
    )
    arguments = [sys.executable, "-c", program, empty_url.render_as_string(hide_password=False)]

    assert subprocess.run(arguments, capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_newer_schema_is_refused(empty_engine: sa.Engine) -> None:
    """A provider that was rolled back must not write into tables of another form; the error names both versions."""
    StateStore.open(empty_engine, "state")
    with empty_engine.begin() as connection:
        connection.execute(sa.update(VERSION).values(version_num="0999"))

    with pytest.raises(
        StateVersionError, match=rf"'state_conn' has schema 0999.* up to {REVISIONS[-1]}.*upgrade"
    ) as raised:
        StateStore.open(empty_engine, "state_conn")

    assert __version__ in str(raised.value)
    assert versions(empty_engine) == ["0999"]


def test_the_users_own_alembic_table_stays_as_it_is(empty_engine: sa.Engine) -> None:
    """The state may live in a database that another program migrates with alembic, Airflow's for one."""
    with empty_engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('theirs')")

    StateStore.open(empty_engine, "state")

    with empty_engine.connect() as connection:
        assert list(connection.scalars(sa.text("SELECT version_num FROM alembic_version"))) == ["theirs"]


def test_a_first_migration_that_was_killed_is_completed(empty_engine: sa.Engine) -> None:
    """Killed before each of its steps in turn, each opening goes further, MySQL's implicit commits or not."""
    steps = killed_at_each_step(empty_engine, lambda: StateStore.open(empty_engine, "state").close())

    assert len(steps) > 20
    with closing(StateStore.open(empty_engine, "state")) as state:
        begin(state, SyncIdentity("a", "b", "c"))
    test_a_migrated_database_equals_the_tables_of_the_code(empty_engine)


def test_processes_may_open_a_new_store_together(empty_url: sa.URL) -> None:
    """The first tasks of a new installation start at one time; each gets the store, and one migrates."""
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(4)
    failures: multiprocessing.Queue[str] = spawn.Queue()
    address = empty_url.render_as_string(hide_password=False)
    processes = [spawn.Process(target=_open_and_begin, args=(address, barrier, failures)) for _ in range(4)]

    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert [process.exitcode for process in processes] == [0] * 4, failures.get()
    engine = sa.create_engine(empty_url, poolclass=sa.NullPool)
    assert versions(engine) == [REVISIONS[-1]]
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(tables.sync)) == 1


def _open_and_begin(address: str, barrier: Barrier, failures: multiprocessing.Queue[str]) -> None:
    engine = sa.create_engine(address)
    barrier.wait()
    try:
        with closing(StateStore.open(engine, "state")) as state:
            begin(state, SyncIdentity("same", "host", "loc"))
    except BaseException as error:
        failures.put(repr(error))
        raise
