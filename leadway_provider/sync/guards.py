"""Guards: what a plan looks like is compared with what the task expects, before any contact is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from leadway_provider.exceptions import GuardError
from leadway_provider.policies import GuardPolicy, Limit, rows_allowed
from leadway_provider.words import counted


@dataclass(frozen=True, slots=True)
class PlannedCounts:
    """The rows that a plan would send.

    Attributes:
        new: those without a contact.
        changed: those with one.
    """

    new: int
    changed: int


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """What the guards look at. What costs a query is counted only where a guard needs it.

    Attributes:
        read: rows that the query returned.
        repeated: rows among them that repeat the key of another row.
        count_with_contact: returns how many rows of the sync have a contact, before this plan is sent.
        count_planned: returns how many rows the plan would send.
        reads_all: whether the query was to return every row of the source.
        min_rows_applies: whether `min_rows` can be compared with `read`; not where certain keys were asked for.
    """

    read: int
    repeated: int
    count_with_contact: Callable[[], int]
    count_planned: Callable[[], PlannedCounts]
    reads_all: bool = True
    min_rows_applies: bool = True


def check_guards(policy: GuardPolicy, figures: PlanFigures, *, task_id: str) -> None:
    """Check a plan, after the source was read and before the plan is sealed.

    Raises:
        GuardError: the plan is not as the policy allows; the message has every guard that is not met.
        ConfigurationError: a guard is a template that was not rendered.
    """
    if broken := list(_broken(policy, figures)):
        others = ", ".join(f"{name}={'0' if name == 'min_rows' else 'null'}" for name, _ in broken)
        raise GuardError(
            f"Task {task_id} was stopped before any contact was changed: {' '.join(says for _, says in broken)} "
            f"Look at the query and its source first. If this is right, let this one run pass: trigger the DAG with "
            f"{others}. The params for that come from leadway_provider.params; without them, change the task's guards."
        )


def _broken(policy: GuardPolicy, figures: PlanFigures) -> Iterator[tuple[str, str]]:
    """Return name and sentence of each guard that is not met."""
    if figures.min_rows_applies and (says := _too_few(policy.limit("min_rows"), figures)):
        yield "min_rows", says
    max_new, max_changed = policy.limit("max_new"), policy.limit("max_changed")
    if max_new is not None or max_changed is not None:
        planned, with_contact = figures.count_planned(), figures.count_with_contact()
        of = "rows of the sync that have a contact"
        whole = (of, with_contact)
        yield from _too_many("max_new", max_new, (planned.new, "without a contact would be sent"), whole)
        yield from _too_many("max_changed", max_changed, (planned.changed, "with a contact would be sent"), whole)
    repeated = (figures.repeated, "with the key of another row")
    whole = ("rows that the query returned", figures.read)
    yield from _too_many("max_repeated", policy.limit("max_repeated"), repeated, whole)


def _too_few(limit: Limit | None, figures: PlanFigures) -> str | None:
    fewest = 1 if limit is None else limit
    if figures.read >= fewest:
        return None
    why = ""
    if limit is None:
        if not (figures.reads_all and (with_contact := figures.count_with_contact())):
            return None
        why = f" unless it is set, as the sync has {counted(with_contact, 'row')} with a contact"
    return f"The query returned {counted(figures.read, 'row')}, and min_rows is {fewest:,}{why}."


def _too_many(
    name: str, limit: Limit | None, found: tuple[int, str], whole: tuple[str, int]
) -> Iterator[tuple[str, str]]:
    """Return the sentence, if more rows were found than the limit allows, which may be a share of the whole."""
    (rows, what), (of, total) = found, whole
    if limit is None or rows <= rows_allowed(limit, total):
        return
    says = f"{counted(rows, 'row')} {what}, and {name} is {limit}"
    if isinstance(limit, int):
        says += f" ({of}: {total:,})."
    elif total:
        says += f", which allows {rows_allowed(limit, total):,} of the {total:,} {of}."
    else:
        says += f", a share of the {of}. There are none, so it can't be evaluated: give a number of rows."
    yield name, says
