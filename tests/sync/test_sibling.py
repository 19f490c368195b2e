"""Which mapped tasks of one operator may not share a sync."""

from __future__ import annotations

import pytest

from leadway_provider.sync.sibling import TaskRun, find_conflict

MINE = TaskRun("customers", "scheduled__2/x", "sync", 1)
DE, FR = b"the query for DE", b"the query for FR"


@pytest.mark.parametrize("task_run", [MINE, TaskRun("a", "b", "c", -1)])
def test_a_task_run_is_read_as_it_is_written(task_run: TaskRun) -> None:
    """The id of a DAG run may have slashes."""
    assert TaskRun.parse(str(task_run)) == task_run


@pytest.mark.parametrize("text", ["", "run 1", "a/b", "a/b/c", "a/b/c/d"])
def test_another_text_is_not_a_task_run(text: str) -> None:
    """A run that something else than the operator began has a text of its own."""
    assert TaskRun.parse(text) is None


def conflict(mine: TaskRun, *newest_first: tuple[TaskRun, bytes]) -> TaskRun | None:
    """Return the conflict of a run that reads FR."""
    return find_conflict(mine, FR, [(str(task_run), digest) for task_run, digest in newest_first])


OTHER = MINE._replace(map_index=0)
BEFORE = MINE._replace(run_id="scheduled__1")
LONG_BEFORE = MINE._replace(run_id="scheduled__0")


@pytest.mark.parametrize("map_index", [0, 2])
def test_siblings_with_different_queries_are_in_conflict(map_index: int) -> None:
    """Also where a run of another DAG run, or of another task, came in between."""
    other = MINE._replace(map_index=map_index)
    another_task = (MINE._replace(task_id="other"), DE)
    assert conflict(MINE, another_task, (BEFORE, FR), (other, DE)) == other


@pytest.mark.parametrize(
    "earlier",
    [
        (MINE, DE),  # its own attempt, before the query was changed
        (OTHER, FR),  # the same query twice: the second finds nothing to do
        (MINE._replace(map_index=-1), DE),  # before the task was mapped
        (MINE._replace(dag_id="others"), DE),
        (OTHER._replace(task_id="other"), DE),
        (BEFORE._replace(map_index=0), DE),  # the list has changed, and the name goes with the query
    ],
)
def test_these_are_not_in_conflict(earlier: tuple[TaskRun, bytes]) -> None:
    """Only siblings of one DAG run say something about each other."""
    assert conflict(MINE, earlier) is None


def test_a_task_that_is_not_mapped_has_no_siblings() -> None:
    """Its runs may follow mapped ones."""
    assert conflict(MINE._replace(map_index=-1), (OTHER, DE), (MINE, FR)) is None


@pytest.mark.parametrize("mine", [MINE, OTHER, MINE._replace(map_index=7)])
def test_siblings_that_met_in_the_dag_run_before_are_in_conflict_from_the_first_on(mine: TaskRun) -> None:
    """Whichever begins first now would take the other's rows for departed."""
    before = [(BEFORE, FR), (BEFORE._replace(map_index=0), DE)]
    found = conflict(mine, *before)
    assert found
    assert found.run_id == "scheduled__1"
    assert found.map_index in {0, 1} - {mine.map_index}


def test_only_the_dag_run_before_counts() -> None:
    """Where only one sibling has begun since, the task was changed."""
    met = [(LONG_BEFORE, FR), (LONG_BEFORE._replace(map_index=0), DE)]
    assert conflict(MINE, (BEFORE, FR), *met) is None
