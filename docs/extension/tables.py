"""What the reference has as tables: errors, outcomes, reasons, options, the connection, the state store, the facet."""

from __future__ import annotations

import ast
import inspect
import textwrap
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import attrs
import sqlalchemy as sa
from sphinx.errors import ExtensionError

from docs.extension.docstring import docstring_of
from docs.extension.objects import described
from leadway_provider import configuration_section, connection_type, exceptions
from leadway_provider.contacts import reasons
from leadway_provider.lineage.facet import ColumnUse, LeadwaySyncRunFacet
from leadway_provider.store.tables import metadata
from leadway_provider.sync.outcome import Remark, RowState

STATE: Final = Path(__file__).parent / "state.toml"
"""What each table and column of the state store keeps."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


def errors() -> str:
    """Return the tree of errors, and the entry of each, parents first."""
    found = [each for each in vars(exceptions).values() if _is_error(each)]
    tree = docstring_of(exceptions, exceptions.__name__).text.partition("\n\n")[2]
    return "\n".join([tree, "", *(described(f"{each.__module__}.{each.__name__}") for each in found)])


def _is_error(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, exceptions.LeadwayError)


def outcomes() -> str:
    """Return what became of a row, what else is counted, and in which phase a row gets its state."""
    states = [(f"`{each}`", each.phase, text) for each, text in members(RowState).items()]
    remarks = [(f"`{each}`", text) for each, text in members(Remark).items()]
    return "\n".join(
        [table(("State", "Phase", "The row"), states), "", table(("Remark", "The row, beside its outcome"), remarks)]
    )


def members(kind: type[StrEnum]) -> dict[Any, str]:
    """Return what is written under each member of an enumeration.

    Raises:
        ExtensionError: nothing is.
    """
    [node] = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = node.body if isinstance(node, ast.ClassDef) else []
    texts: dict[Any, str] = {}
    for member, after in zip(body, [*body[1:], None], strict=True):
        match member, after:
            case ast.Assign(targets=[ast.Name(id=name)]), ast.Expr(value=ast.Constant(value=str(text))):
                texts[kind[name]] = " ".join(text.split())
            case ast.Assign(targets=[ast.Name(id=name)]), _:
                raise ExtensionError(f"{kind.__name__}.{name} has no docstring, which the reference is made of.")
    return texts


def codes() -> str:
    """Return every reason and remark by its code, group by group."""
    groups = {
        "Why a value can't be sent": reasons.VALUE_CODES,
        "Why a row is not sent": reasons.ROW_CODES,
        "What could not be cleared": reasons.BLANK_CODES,
        "When the CRM's answer shows another value": reasons.ECHO_CODES,
        "When a row is written to a known contact": reasons.KNOWN_CONTACT_CODES,
        "When a row is skipped": reasons.MATCH_CODES,
    }
    if {code for group in groups.values() for code in group} != set(reasons.CODES):
        raise ExtensionError("The reference does not have every group of leadway_provider.contacts.reasons.")
    return "\n".join(
        f"## {title}\n\n" + table(("Code", "Meaning"), [(f"`{code}`", text) for code, text in group.items()])
        for title, group in groups.items()
    )


def options() -> str:
    """Return the section `[leadway]` of Airflow's configuration."""
    return table(
        ("Option", "Type", "Default", "Environment variable", "Meaning"),
        [
            (
                f"`{name}`",
                option["type"],
                f"`{option['default']}`",
                f"`AIRFLOW__LEADWAY__{name.upper()}`",
                option["description"],
            )
            for name, option in configuration_section()["options"].items()
        ],
    )


def connection() -> str:
    """Return the fields that the connection's form has of its own."""
    return table(
        ("Extra", "Label", "Default", "Meaning"),
        [
            (
                f"`{name}`",
                field["label"],
                f"`{field['schema']['default']}`" if "default" in field["schema"] else "",
                field["description"],
            )
            for name, field in connection_type()["conn-fields"].items()
        ],
    )


def state() -> str:
    """Return every table of the state store with its columns."""
    return explained(metadata.tables, tomllib.loads(STATE.read_text(encoding="utf-8")))


def explained(tables: Mapping[str, sa.Table], texts: Mapping[str, Mapping[str, str]]) -> str:
    """Return tables with their columns.

    Args:
        tables: the tables by name.
        texts: what each keeps, under `table`, and what each of its columns keeps.

    Raises:
        ExtensionError: a table or a column is not explained, or one is explained that does not exist.
    """
    expected = {(name, column) for name, each in tables.items() for column in ("table", *each.columns.keys())}
    found = {(name, column) for name, columns in texts.items() for column in columns}
    if wrong := sorted(f"{name}.{column}" for name, column in expected ^ found):
        raise ExtensionError(f"{STATE.name} and the tables of the state store differ in {', '.join(wrong)}.")
    return "\n".join(_table_lines(tables, texts))


def _table_lines(tables: Mapping[str, sa.Table], texts: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name, each in tables.items():
        yield f"## `{name}`\n\n{texts[name]['table']}\n"
        keys = [column.name for column in each.primary_key]
        yield f"Primary key: {', '.join(f'`{key}`' for key in keys)}.\n"
        rows = [
            (f"`{column.name}`", _kind(column), "yes" if column.nullable else "no", texts[name][column.name])
            for column in each.columns
        ]
        yield table(("Column", "Type", "Null", "What it keeps"), rows)


def _kind(column: sa.Column[Any]) -> str:
    """Return the kind of a column: databases have types of their own for each."""
    kind: Any = getattr(column.type, "impl_instance", column.type)
    names = {int: "number", float: "number", str: "text", bytes: "bytes", datetime: "time"}
    return names[kind.python_type]


def facet() -> str:
    """Return the attributes of the run facet, in order; the page about lineage has its schema."""
    columns = docstring_of(ColumnUse, ColumnUse.__name__).attributes
    names = [each.name for each in attrs.fields(LeadwaySyncRunFacet) if not each.name.startswith("_")]
    return "\n".join(
        [
            f"`{LeadwaySyncRunFacet.__name__}`: {docstring_of(LeadwaySyncRunFacet, 'the facet').text}\n",
            f"Its attributes: {', '.join(f'`{name}`' for name in names)}.\n",
            table(("Of each column", "Meaning"), [(f"`{name}`", text) for name, text in columns.items()]),
        ]
    )
