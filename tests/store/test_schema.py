"""The schema comes by itself, once, whatever happens meanwhile."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from leadway_provider import __version__
from leadway_provider.exceptions import StateVersionError
from leadway_provider.store import schema, tables
from leadway_provider.store.columns import UtcDateTime
from leadway_provider.store.schema import REVISIONS, VERSION_TABLE
from leadway_provider.store.state import StateStore, SyncIdentity
from tests.store.sample import begin, sealed

VERSION = sa.table(VERSION_TABLE, sa.column("version_num", sa.String))


@pytest.fixture
def empty_engine(empty_url: sa.URL) -> sa.Engine:
    """An engine on a database without tables."""
    return sa.create_engine(empty_url, poolclass=sa.NullPool)


def versions(engine: sa.Engine) -> list[str]:
    """What the version table says."""
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(VERSION.c.version_num)))


def test_a_migrated_database_is_what_the_code_believes(empty_engine: sa.Engine) -> None:
    """Tables, columns, types, indexes and constraints made by the migrations equal the metadata."""
    StateStore.open(empty_engine, "state")

    with empty_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, tables.metadata) == []
        made = sa.inspect(connection).get_table_names()
    assert sorted(made) == [VERSION_TABLE, *sorted(tables.metadata.tables)]
    assert versions(empty_engine) == [REVISIONS[-1]]


def test_ids_are_never_used_twice(empty_engine: sa.Engine) -> None:
    """A plan keeps one bit for each row id, so an id that was deleted must not come back."""
    StateStore.open(empty_engine, "state")
    row = {"name": "a", "host": "b", "location_id": "c", "created_at": datetime.now(UTC)}
    ids = []
    for _ in range(2):
        with empty_engine.begin() as connection:
            connection.execute(sa.insert(tables.sync).values(**row))
            ids.append(connection.execute(sa.select(tables.sync.c.id)).scalar_one())
            connection.execute(sa.delete(tables.sync))

    assert ids[0] < ids[1]


def test_every_revision_is_known_by_name() -> None:
    """The revisions that the fast path knows are the scripts that exist, in their order."""
    scripts = ScriptDirectory(str(schema.SCRIPTS))

    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == REVISIONS
    assert scripts.get_heads() == [REVISIONS[-1]]


def test_a_current_schema_costs_no_alembic(empty_url: sa.URL) -> None:
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
    """A provider that was rolled back must not write into tables it doesn't know; the error says both versions."""
    StateStore.open(empty_engine, "state")
    with empty_engine.begin() as connection:
        connection.execute(sa.update(VERSION).values(version_num="0999"))

    with pytest.raises(StateVersionError, match=r"'state_conn' has schema 0999.* up to 0003.*upgrade") as raised:
        StateStore.open(empty_engine, "state_conn")

    assert __version__ in str(raised.value)
    assert versions(empty_engine) == ["0999"]


def test_the_users_own_alembic_table_is_left_alone(empty_engine: sa.Engine) -> None:
    """The state may live in a database that another program migrates with alembic, Airflow's for one."""
    with empty_engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES ('theirs')")

    StateStore.open(empty_engine, "state")

    with empty_engine.connect() as connection:
        assert list(connection.scalars(sa.text("SELECT version_num FROM alembic_version"))) == ["theirs"]


def test_the_first_schema_is_upgraded_with_what_it_holds(
    empty_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store of the first version keeps its rows, and the contacts that it made are known as made by it."""
    with monkeypatch.context() as old:
        old.setattr(schema, "REVISIONS", REVISIONS[:1])
        StateStore.open(empty_engine, "state").close()
    assert versions(empty_engine) == ["0001"]
    now = datetime.now(UTC)
    first = sa.MetaData()
    first.reflect(empty_engine, only=["leadway_sync", "leadway_row"])
    with empty_engine.begin() as connection:
        sync = {"id": 1, "name": b"a", "host": b"b", "location_id": b"c"}
        connection.execute(sa.insert(first.tables["leadway_sync"]), _texts(empty_engine, sync) | {"created_at": now})
        for number, outcome in enumerate(("created", "updated"), start=1):
            row = {"id": number, "sync_id": 1, "source_key": str(number).encode(), "outcome": outcome, "run_id": "r"}
            row |= {"created_at": now, "updated_at": now}
            connection.execute(sa.insert(first.tables["leadway_row"]), _texts(empty_engine, row))

    StateStore.open(empty_engine, "state").close()

    with empty_engine.connect() as connection:
        made = sa.select(tables.row.c.source_key, tables.row.c.made).order_by(tables.row.c.id)
        assert [tuple(found) for found in connection.execute(made)] == [("1", 1), ("2", 0)]
    test_a_migrated_database_is_what_the_code_believes(empty_engine)


def test_calls_that_must_not_be_repeated_move_to_their_rows(
    empty_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An outbox of the second version goes on in the third one, with what it kept of a call in flight."""
    sync, sent_at = SyncIdentity("a", "b", "c"), datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
    with monkeypatch.context() as old:
        old.setattr(schema, "REVISIONS", REVISIONS[:2])
        with closing(StateStore.open(empty_engine, "state")) as state:
            sealed(state, sync, "sent", "waiting")
    outbox = sa.table("leadway_outbox", sa.column("source_key", sa.String), sa.column("sent_at", UtcDateTime()))
    with empty_engine.begin() as connection:
        connection.execute(sa.update(outbox).where(outbox.c.source_key == "sent").values(sent_at=sent_at))

    with closing(StateStore.open(empty_engine, "state")) as state:
        assert [row.sent_at for row in begin(state, sync).outbox(0, 10)] == [sent_at, None]
    test_a_migrated_database_is_what_the_code_believes(empty_engine)


def _texts(engine: sa.Engine, values: dict[str, object]) -> dict[str, object]:
    """Values of a reflected table, whose text columns are bytes on MySQL only."""
    if engine.dialect.name == "mysql":
        return values
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}


@pytest.mark.parametrize("after", ["_create_run", "_create_index", "_create_outbox", "_add", "_create_quota", "_move"])
def test_a_migration_that_was_killed_is_completed(
    empty_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """Wherever a migration dies, the next opening makes the schema whole, MySQL's implicit commits or not."""
    with monkeypatch.context() as killing:
        _kill_migration(killing, after)
        with pytest.raises(KeyboardInterrupt):
            StateStore.open(empty_engine, "state")
    if empty_engine.dialect.name != "mysql":
        assert sa.inspect(empty_engine).get_table_names() == []

    with closing(StateStore.open(empty_engine, "state")) as state:
        begin(state, SyncIdentity("a", "b", "c"))

    test_a_migrated_database_is_what_the_code_believes(empty_engine)


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


def _kill_migration(monkeypatch: pytest.MonkeyPatch, after: str) -> None:
    """Let the migration die behind one of its steps; alembic loads the script anew each time it runs."""
    load = ScriptDirectory.run_env

    def run_env(directory: ScriptDirectory) -> None:
        modules = [directory.get_revision(revision).module for revision in REVISIONS]
        script = next(module for module in modules if hasattr(module, after))
        step = getattr(script, after)

        def last(*arguments: object) -> None:
            step(*arguments)
            raise KeyboardInterrupt

        setattr(script, after, last)
        load(directory)

    monkeypatch.setattr(ScriptDirectory, "run_env", run_env)
