"""What is known of a run while it goes on. Everything that is reported about a run is made from this."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadway_provider.lineage.assets import SCHEME
from leadway_provider.lineage.fields import ContactField, expected_fields
from leadway_provider.lineage.origin import QueryLineage, Table
from leadway_provider.lineage.query import read_query, unread
from leadway_provider.lineage.source import DatasetName, SourceDatabase


@dataclass(frozen=True, slots=True)
class RunLineage:
    """A run as far as it got. Each step of the run replaces it with one that holds more.

    Attributes:
        sync: the sync's name.
        sql_conn_id: the source's connection.
        source: the source database.
        sql: the query, as the task has it.
        host: the API's scheme, host and path.
        location_id: the account.
        key: the columns that identify a row.
        mapping: the task's `mapping`.
        constants: the names of the fields that the task's `constants` fill.
        parameters: whether values are bound to the query.
        run_id: the run in the state store, once there is one.
        columns: the live result's columns, or None before the query ran in this attempt.
        fields: the contact fields, or None before they were resolved in this attempt.
        counts: rows by outcome and remark, as in the report; of all attempts.
        calls: calls of all attempts.
        seconds: the duration of all attempts.
        quota_limit: the account's calls a day, from the API's last answer that named them.
        quota_remaining: the calls that are left of them.
        comparison: what a comparison with the account found beside the counts; empty where there was none.
        accounts: where each row names its account, the run of each.
        plan_database: the database of the table that a dry run writes its plan to; None where it writes none.
        plan_table: this table.
    """

    sync: str
    sql_conn_id: str
    source: SourceDatabase
    sql: str = field(repr=False)
    host: str
    location_id: str
    key: tuple[str, ...]
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: tuple[str, ...] = ()
    parameters: bool = False
    run_id: str | None = None
    columns: tuple[str, ...] | None = None
    fields: tuple[ContactField, ...] | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    calls: int | None = None
    seconds: float | None = None
    quota_limit: int | None = None
    quota_remaining: int | None = None
    comparison: Mapping[str, Any] = field(default_factory=dict, repr=False)
    accounts: tuple[RunLineage, ...] = ()
    plan_database: SourceDatabase | None = None
    plan_table: Table | None = None

    @property
    def fingerprint(self) -> str:
        """The query's fingerprint; see `query_fingerprint`."""
        return query_fingerprint(self.sql)

    @property
    def contacts(self) -> DatasetName:
        """The dataset of the account's contacts."""
        return contacts_dataset(self.location_id)

    @property
    def plan(self) -> DatasetName | None:
        """The dataset of the plan's table; None where there is none, or the connection does not show its database."""
        database, table = self.plan_database, self.plan_table
        return database.table(table) if database and table and database.named else None

    def query(self) -> QueryLineage:
        """Return what the query reads. The query is parsed anew at each call."""
        if not self.source.named:
            return unread("the connection does not show which database it is", self.columns)
        # A query with parameters passes through SQLAlchemy, where `\\:` is a colon that does not start a parameter.
        sql = self.sql.replace("\\:", ":") if self.parameters else self.sql
        return read_query(sql, self.source.backend, self.columns)

    def tables_without_schema(self) -> frozenset[str]:
        """Return the names of the tables that the query names without a schema."""
        return frozenset(each.name for each in self.query().tables if not each.schema)

    def fields_of(self, query: QueryLineage) -> tuple[ContactField, ...]:
        """Return the contact fields: those resolved, or before that those that the names alone show."""
        if self.fields is not None:
            return self.fields
        return expected_fields([each.name for each in query.columns], self.mapping, self.constants)


def query_fingerprint(sql: str) -> str:
    """Return 16 hexadecimal digits that stand for a query where its text is not shown. Another query has others."""
    return hashlib.blake2b(sql.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def contacts_dataset(location_id: str) -> DatasetName:
    """Return the OpenLineage dataset of an account's contacts: with its namespace, its name is the asset's URI."""
    return DatasetName(f"{SCHEME}://{location_id}", "contacts")
