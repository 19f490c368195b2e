"""What is known of a run while it goes on: the ground of everything that is told about it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from leadway_provider.lineage.fields import ContactField, expected_fields
from leadway_provider.lineage.query import QueryLineage, read_query
from leadway_provider.lineage.source import DatasetName, SourceDatabase


@dataclass(frozen=True, slots=True)
class RunLineage:
    """A run as far as it got; each step makes one that knows more.

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
        fields: the contact's fields, or None before they were resolved in this attempt.
        counts: rows by outcome and remark, as in the report; of all attempts.
        calls: calls of all attempts.
        seconds: of all attempts.
        quota_limit: the account's calls a day, as last told.
        quota_remaining: those left.
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

    @property
    def fingerprint(self) -> str:
        """Stands for the query; see `query_fingerprint`."""
        return query_fingerprint(self.sql)

    @property
    def contacts(self) -> DatasetName:
        """The account's contacts."""
        return contacts_dataset(self.host, self.location_id)

    def query(self) -> QueryLineage:
        """What the query reads; the parser is asked anew each time."""
        # With parameters the text passes SQLAlchemy, where `\\:` is a colon that starts none.
        sql = self.sql.replace("\\:", ":") if self.parameters else self.sql
        return read_query(sql, self.source.backend, self.columns)

    def fields_of(self, query: QueryLineage) -> tuple[ContactField, ...]:
        """The contact's fields: as resolved, or before that as far as the names tell."""
        if self.fields is not None:
            return self.fields
        return expected_fields([each.name for each in query.columns], self.mapping, self.constants)


def query_fingerprint(sql: str) -> str:
    """Stands for a query where its text is not shown: another query has another one. 16 hexadecimal digits."""
    return hashlib.blake2b(sql.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def contacts_dataset(host: str, location_id: str) -> DatasetName:
    """The contacts of an account, as OpenLineage knows them: below the API's scheme and host."""
    scheme, _, rest = host.partition("://")
    return DatasetName(f"{scheme}://{rest.partition('/')[0]}", f"{location_id}.contacts")
