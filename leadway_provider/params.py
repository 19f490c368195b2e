"""Params for a DAG's trigger form: what a person may want to say of one run of a sync.

    from leadway_provider.params import from_params, sync_params

    PARAMS = sync_params(max_rejected=0.05, max_changed=0.3)

    with DAG("customers_to_leadway", params=PARAMS, ...):
        LeadwayUpsertContactsOperator(task_id="sync", sql=..., **from_params(PARAMS))

The values given to `sync_params` are those of every run that nobody triggers with others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from airflow.sdk import Param

from leadway_provider.policies import GuardPolicy

_GUARDS: Final = tuple(GuardPolicy.__dataclass_fields__)
_ROWS: Final = "A whole number of rows, or below 1 a share of"


def sync_params(
    *,
    dry_run: bool = False,
    full_resync: bool = False,
    allow_older: bool = False,
    only_keys: Sequence[str] | None = None,
    max_rejected: float = 0,
    max_new: float | None = None,
    max_changed: float | None = None,
    min_rows: int | None = None,
    max_repeated: float | None = 0.01,
    incremental: bool | None = None,
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, object] | None = None,
) -> dict[str, Param]:
    """Return params of the operator's arguments of the same names, and of the guards.

    There is a param for each of them, except for `incremental`, `mapping` and `constants` where these are not given.
    `from_params` lets a task take its arguments from them.

    Args:
        dry_run: plan only, and send nothing.
        full_resync: send every row, changed or not.
        allow_older: let the run change rows that a newer data interval has seen.
        only_keys: sync the rows of these keys only; None for all rows.
        max_rejected: how many rejected rows are still a success.
        max_new: a guard, as all of these to `max_repeated`; None for no limit.
        max_changed: a guard.
        min_rows: a guard.
        max_repeated: a guard.
        incremental: whether the query reads only some of the rows.
        mapping: target by column.
        constants: value by target.
    """
    limit: dict[str, Any] = {"type": ["null", "number"], "minimum": 0}
    of_contacts = f"{_ROWS} the rows that have a contact. Empty: no limit."
    params = {
        "dry_run": _flag(dry_run, "Dry run", "Plan only, and send nothing."),
        "full_resync": _flag(full_resync, "Send all rows", "Send every row, changed or not."),
        "allow_older": _flag(
            allow_older, "Allow older data", "Let this run change rows that a newer data interval has seen."
        ),
        "only_keys": Param(
            None if only_keys is None else list(only_keys),
            type=["null", "array"],
            items={"type": ["string", "number", "array"]},
            title="Only these keys",
            description="Sync these rows of the query only, one key in each line. Empty: all rows.",
        ),
        "max_rejected": Param(
            max_rejected,
            type="number",
            minimum=0,
            title="Rejected rows",
            description=f"{_ROWS} the rows read. With more rejected rows the task fails.",
        ),
        "max_new": Param(max_new, title="New rows", description=of_contacts, **limit),
        "max_changed": Param(max_changed, title="Changed rows", description=of_contacts, **limit),
        "min_rows": Param(
            min_rows,
            type=["null", "integer"],
            minimum=0,
            title="Rows at least",
            description="With fewer rows the task fails before it sends anything. 0: an empty result is right.",
        ),
        "max_repeated": Param(
            max_repeated,
            title="Rows that repeat a key",
            description=f"{_ROWS} the rows read. Empty: no limit.",
            **limit,
        ),
    }
    if incremental is not None:
        params["incremental"] = _flag(incremental, "Incremental", "The query reads only some of the rows.")
    if mapping is not None:
        params["mapping"] = Param(dict(mapping), type="object", title="Mapping", description="Target by column.")
    if constants is not None:
        params["constants"] = Param(dict(constants), type="object", title="Constants", description="Value by target.")
    return params


def from_params(params: Iterable[str]) -> dict[str, Any]:
    """Return arguments of `LeadwayUpsertContactsOperator` whose values are these params of the DAG's run.

    Args:
        params: what `sync_params` returned, or the names of some of its params.
    """
    names = list(params)
    arguments: dict[str, Any] = {name: _template(name) for name in names if name not in _GUARDS}
    if guards := {name: _template(name) for name in names if name in _GUARDS}:
        arguments["guards"] = GuardPolicy(**guards)
    return arguments


def _flag(default: bool, title: str, description: str) -> Param:  # noqa: FBT001 - the first argument of a Param
    return Param(default, type="boolean", title=title, description=description)


def _template(name: str) -> str:
    return f"{{{{ params.{name} | tojson }}}}"
