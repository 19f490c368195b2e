"""The tables that a query names, and what stands in a table's place without being one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from sqlglot import exp

from leadway_provider.lineage.functions import makes_rows_of_arguments
from leadway_provider.lineage.origin import Table

_FILE: Final = re.compile(r"[/*?.]")
"""DuckDB and its extensions read a file by its ending, and any of them may be new."""
_FILE_FORMATS: Final = frozenset({"parquet", "csv", "json", "orc", "avro", "text", "delta", "binaryfile", "iceberg"})
"""Spark reads a file where one of these is written in place of a schema."""
_SPARK: Final = frozenset({"spark", "spark2", "databricks"})


def named_table(source: exp.Expr, dialect: str) -> Table | None:
    """Return the table of this database that a source is, or None where it is something else."""
    if not isinstance(source, exp.Table) or outside(source, dialect) or not isinstance(source.this, exp.Identifier):
        return None
    return Table(source.name, source.db, source.catalog)


def outside(source: exp.Table, dialect: str) -> str | None:
    """Return why the columns of a source are not those of a table that the query names, or None where they may be.

    Args:
        source: what stands in a table's place.
        dialect: the parser's name for the database.
    """
    inner = source.this
    if isinstance(inner, exp.Identifier):
        return _outside_name(source, inner, dialect)
    kinds: Mapping[type[exp.Expr], str] = {
        exp.Var: "it comes from a stage",
        exp.Literal: "it comes from a stage or a file",
        exp.Dot: "its table is on another server",
        exp.DynamicIdentifier: "the name of its table is not written in the query",
    }
    if reason := kinds.get(type(inner)):
        return reason
    if inner is None or source.db or not makes_rows_of_arguments(inner):
        return "it comes from a table function, which may read anything"
    return None


def _outside_name(source: exp.Table, inner: exp.Identifier, dialect: str) -> str | None:
    if inner.args.get("temporary") or inner.args.get("global_"):
        return "it comes from a temporary table"
    if dialect == "clickhouse" and _is_dictionary(source):
        return "it comes from a dictionary"
    if _is_file(source, dialect):
        return "it comes from a file"
    if dialect == "oracle" and "@" in source.name:
        return "its table is in another database"
    return None


def _is_dictionary(source: exp.Table) -> bool:
    """Return True for `dictionary('name')`, which the parser reads as a table with names for its columns."""
    return source.name.lower() == "dictionary" and bool(source.alias_column_names)


def _is_file(source: exp.Table, dialect: str) -> bool:
    if dialect == "duckdb":
        return not source.db and bool(_FILE.search(source.name))
    return dialect in _SPARK and source.db.lower() in _FILE_FORMATS and bool(_FILE.search(source.name))
