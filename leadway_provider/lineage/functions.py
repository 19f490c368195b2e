"""What the functions and operators of a query make of their arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sqlglot import exp

from leadway_provider.lineage.origin import Effect

FIXED: Final = (exp.Cast, exp.Concat, exp.ConcatWs, exp.Array, exp.Coalesce, exp.Lower, exp.Upper, exp.Case, exp.If)
"""Functions whose result depends on their arguments only: over constants they are constant too."""

_ROWS_OF_ARGUMENTS: Final = (
    exp.Explode,
    exp.ExplodingGenerateSeries,
    exp.Flatten,
    exp.GenerateDateArray,
    exp.GenerateSeries,
    exp.GenerateTimestampArray,
    exp.Generator,
    exp.Inline,
    exp.JSONTable,
    exp.OpenJSON,
    exp.Posexplode,
    exp.SplitToTable,
    exp.Stack,
    exp.StrtokSplitToTable,
    exp.Unnest,
    exp.XMLTable,
)
_ROWS_OF_ARGUMENTS_BY_NAME: Final = frozenset(
    {
        "generate_subscripts",
        "json_each",
        "json_object_keys",
        "json_to_record",
        "json_to_recordset",
        "json_tree",
        "jsonb_path_query",
        "numbers",
        "range",
        "regexp_matches",
        "regexp_split_to_table",
        "string_split",
        "string_to_table",
        "unnest",
    }
    | {f"json{b}_{rows}" for b in ("", "b") for rows in ("array_elements", "array_elements_text", "each", "each_text")}
    | {"jsonb_object_keys", "jsonb_to_record", "jsonb_to_recordset"}
)
_COMPUTED_BY_NAME: Final = frozenset(
    {
        "generateuuidv4",
        "newsequentialid",
        "now64",
        "statement_timestamp",
        "sys_guid",
        "sysdatetime",
        "sysdatetimeoffset",
        "sysutcdatetime",
        "transaction_timestamp",
        "uuid_generate_v1",
        "uuid_generate_v4",
        "uuidv7",
    }
)
_READERS: Final = frozenset(
    {
        *("AIClassify", "AIEmbed", "AIForecast", "AIGenerate", "AISimilarity", "FeaturesAtTime", "GenerateBool"),
        *("GenerateDouble", "GenerateEmbedding", "GenerateInt", "GenerateTable", "GenerateText", "MLForecast"),
        *("MLTranslate", "Predict", "ReadCSV", "ReadParquet", "Secret", "VectorSearch"),
    }
)
"""Functions that the parser knows, and that read a model, a file or a secret. Some releases of it lack some."""
_LOOK_UPS: Final = ("dictget", "dicthas", "joinget")
_EFFECTS: Final[Sequence[tuple[Any, Effect]]] = (
    (exp.AggFunc | exp.AnonymousAggFunc, Effect.AGGREGATION),
    (exp.Ordered, Effect.WINDOW),
    (exp.Where, Effect.CONDITIONAL),
)
_EFFECTS_OF_PARTS: Final[Sequence[tuple[Any, Mapping[str, Effect]]]] = (
    (exp.Case | exp.If, {"this": Effect.CONDITIONAL}),
    (exp.Window, {"partition_by": Effect.WINDOW, "order": Effect.WINDOW}),
    (exp.CountIf, {"this": Effect.CONDITIONAL}),
    (exp.ArgMax | exp.ArgMin, {"expression": Effect.CONDITIONAL}),
)


def makes_rows_of_arguments(node: exp.Expr) -> bool:
    """Return True if a table function only makes rows of its arguments. Any other one may read anything."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in _ROWS_OF_ARGUMENTS_BY_NAME
    return isinstance(node, _ROWS_OF_ARGUMENTS)


def hides_its_source(node: exp.Expr) -> bool:
    """Return True if an expression takes its value from what only the database can find: a column, a sequence."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower().startswith(_LOOK_UPS)
    return isinstance(node, exp.DynamicIdentifier | exp.PositionalColumn | exp.Columns | exp.NextValueFor)


def may_read_anything(node: exp.Expr) -> bool:
    """Return True for a function that reads something else, or that the parser does not know.

    Without columns as arguments, such a function may read a table.
    """
    known = _COMPUTED_BY_NAME | _ROWS_OF_ARGUMENTS_BY_NAME
    if isinstance(node, exp.Anonymous):
        return node.name.lower() not in known
    return type(node).__name__ in _READERS


def operands(node: exp.Expr) -> Iterator[tuple[Effect, exp.Expr]]:
    """Yield the parts of an expression, each with its effect on the whole."""
    if isinstance(node, exp.Binary) and not isinstance(node, exp.Dot):
        yield from _chain(node)
        return
    if isinstance(node, exp.CombinedAggFunc):
        yield from _combined_aggregate(node)
        return
    direct = next((effect for kind, effect in _EFFECTS if isinstance(node, kind)), Effect.TRANSFORMATION)
    indirect = next((parts for kind, parts in _EFFECTS_OF_PARTS if isinstance(node, kind)), {})
    for name, value in node.args.items():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expr):
                yield indirect.get(name, direct), child


def _chain(node: exp.Binary) -> Iterator[tuple[Effect, exp.Expr]]:
    """Yield the operands of operators that follow each other. A chain of hundreds is read without recursion."""
    waiting: list[exp.Expr] = [node]
    while waiting:
        part = waiting.pop()
        if type(part) is type(node):
            waiting += [part.expression, part.this]
        else:
            yield Effect.TRANSFORMATION, part


def _combined_aggregate(node: exp.CombinedAggFunc) -> Iterator[tuple[Effect, exp.Expr]]:
    """Yield the arguments of an aggregate such as ClickHouse's `sumIf`, whose last argument is a condition."""
    *values, last = node.expressions or [None]
    conditional = node.name.lower().endswith("if")
    for value in values:
        yield Effect.AGGREGATION, value
    if last is not None:
        yield Effect.CONDITIONAL if conditional else Effect.AGGREGATION, last
