"""A repr of anything that holds a contact's value, a secret or a parameter shows none of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from leadway_provider.operators.leadway import LeadwayUpsertContactsOperator
from leadway_provider.source.engine import Address, engine_over, sqlite_engine
from leadway_provider.sync.outcome import Counts
from leadway_provider.triggers.wait import WaitTrigger
from tests.markers import classes, fields, marked, marker

VALUE = "ann-73f1c2"

SHOWN: Final = """
    AccountsAttempt.rows AccountsAttempt.tried _ids _name _Plan.general _Plan.leading _Plan.types _producer _result
    _schemaURL abroad
    accounts acknowledged after api_path api_paths api_version backend base_url by_form calls_path catalog
    channels claimed claims client client_id code collision column columns company_id conn_id contact_id
    ContactRules.write Counting.doing country counts
    created_in cursor dag_id data_type database default default_name digest document_type drivername
    DryRunFigures.effects DryRunFigures.fields effect Entry.text
    expression failure failures feeds field field_key fingerprint first_key found given_up HeldLease.token
    holder host id identity ids in_crm into key lanes leadway_conn_id LeadwaySyncRunFacet.constants lease
    LeaseState.token links lives_on location_id locationId log_url lost mapping matches max_changed max_new max_repeated
    met method min_rows model more_locations name namespace only_keys options origin outcome Parted.rows parts
    path phone_region Plan.missing PlanOutput.common planned plans PlanTable.table problem process queryFingerprint
    quota quota_path reason Reason.message
    records recovered removed_tags reports request retry_after reviewed_run row_hash run run_id runId
    RunLineage.constants says schema seen seen_by_newer sent Sentence.text source source_key sources
    SpooledRows._batches SyncAttempt.task
    sql_conn_id state_conn_id status success_key summary sync sync_name takes_over target targets task_id
    task_run template timezone trace_id trunk type UnreadableValue.detail
    unplanned unusable value_keys verify version versions waiting
    waits_in written written_to
"""
"""The fields that a repr may show: names, codes, ids, hashes and a task's settings, and the numbers of leases.

None of them can hold a contact's value or a secret. A field whose name is not here must be left out of the repr; a name
that could be one of a value elsewhere is here with its class.
"""

BUILT: Final[dict[type, Callable[[], object]]] = {
    LeadwayUpsertContactsOperator: lambda: LeadwayUpsertContactsOperator(
        task_id="sync",
        sql=f"SELECT {VALUE!r} AS email",
        sql_conn_id="warehouse",
        key="id",
        constants={"first_name": VALUE},
        parameters={"p": VALUE},
        hook_params={"password": VALUE},
    ),
    WaitTrigger: lambda: WaitTrigger("2026-11-26T00:00:00+00:00", "no quota is left"),
    Counts: lambda: Counts(created=1),
}
"""Classes that are not made of their fields, each with a value where it can hold one."""


@pytest.mark.parametrize("kind", [each for each in classes() if each not in BUILT], ids=lambda each: each.__qualname__)
def test_a_text_shows_no_value(kind: type) -> None:
    """Every class of the package, made with a marker in each field: only fields that hold no value are shown."""
    made = marked(kind)
    texts = (repr(made), str(made), f"{made}", repr([made]))
    shown = {name for name in fields(kind) if any(marker(name) in text for text in texts)}
    own_words = {"message"} if issubclass(kind, Exception) else set()
    allowed = set(SHOWN.split())
    assert {name for name in shown - own_words if not allowed & {name, f"{kind.__name__}.{name}"}} == set()


@pytest.mark.parametrize("kind", BUILT, ids=lambda each: each.__qualname__)
def test_a_text_of_the_others_shows_no_value(kind: type) -> None:
    """The same for the classes with a builder of their own."""
    made = BUILT[kind]()
    assert isinstance(made, kind)
    assert VALUE not in repr(made)
    assert VALUE not in str(made)


def test_markers_are_found_where_they_are_shown() -> None:
    """A class that shows its values, in all kinds of fields, does not pass for one that does not."""

    @dataclasses.dataclass
    class Open:
        plain: str | None
        many: tuple[str, ...]
        named: dict[str, object]
        raw: bytes
        hidden: str = dataclasses.field(repr=False)

    text = repr(marked(Open))
    assert {name for name in fields(Open) if marker(name) in text} == {"plain", "many", "named", "raw"}


def test_parameters_are_not_in_sqlalchemys_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither on an engine of a hook's connections nor on one of a file, in the log or in an error."""
    import sqlite3

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(tmp_path / "a.db")

    for engine in (
        engine_over(Address("sqlite", database="a.db"), connect, lambda error: error),
        sqlite_engine(f"sqlite:///{tmp_path / 'b.db'}", lambda error: error),
        sqlite_engine(f"sqlite:///{tmp_path / 'b.db'}?timeout=3", lambda error: error),
    ):
        with caplog.at_level("INFO", "sqlalchemy.engine"), engine.connect() as connection:
            connection.execute(sa.text("SELECT :value"), {"value": VALUE})
            with pytest.raises(sa.exc.OperationalError) as raised:
                connection.execute(sa.text("SELECT :value FROM nowhere"), {"value": VALUE})
        assert VALUE not in str(raised.value)
        engine.dispose()
    assert "SELECT" in caplog.text
    assert VALUE not in caplog.text
