"""Which call gets which fault."""

from __future__ import annotations

import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind, FaultQueue


def applied(queue: FaultQueue, calls: int, path: str = "/contacts/upsert", email: str | None = None) -> list[bool]:
    """Return for each of several equal calls whether it gets a fault."""
    return [queue.take("POST", path, email) is not None for _ in range(calls)]


def test_a_fault_has_a_start_and_a_number() -> None:
    """`after` calls are served, and then `times` calls get the fault."""
    queue = FaultQueue()
    queue.add(Fault(FaultKind.UNAVAILABLE, times=3, after=2))
    assert applied(queue, 7) == [False, False, True, True, True, False, False]


def test_a_fault_without_number_does_not_end() -> None:
    """A fault without a number is applied until the faults are cleared."""
    queue = FaultQueue()
    queue.add(Fault(FaultKind.RESET, times=None))
    assert all(applied(queue, 20))
    queue.clear()
    assert not any(applied(queue, 20))


def test_faults_are_applied_in_their_order() -> None:
    """Each call gets one fault, in the order in which they were added."""
    queue = FaultQueue()
    queue.add(Fault(FaultKind.TOO_MANY), Fault(FaultKind.HANG))
    kinds = [fault and fault.kind for fault in (queue.take("GET", "/", None) for _ in range(3))]
    assert kinds == [FaultKind.TOO_MANY, FaultKind.HANG, None]


@pytest.mark.parametrize(
    ("fault", "matches"),
    [
        (Fault(FaultKind.HTML), True),
        (Fault(FaultKind.HTML, method="post", path="/contacts/*"), True),
        (Fault(FaultKind.HTML, method="GET"), False),
        (Fault(FaultKind.HTML, path="/locations/*"), False),
        (Fault(FaultKind.HTML, email="ANN@example.com"), True),
        (Fault(FaultKind.HTML, email="bob@example.com"), False),
    ],
)
def test_a_fault_is_applied_only_to_matching_calls(fault: Fault, *, matches: bool) -> None:
    """A call must match the method, the path and the e-mail of the fault."""
    queue = FaultQueue()
    queue.add(fault)
    assert applied(queue, 1, email="Ann@example.com") == [matches]


def test_a_kind_may_be_given_by_its_value() -> None:
    """The value of a kind is converted, and an unknown value is an error."""
    assert Fault("401-gateway").kind is FaultKind.COMMAND_TIMED_OUT  # type: ignore[arg-type]  # the value, not the member
    with pytest.raises(ValueError, match="teapot"):
        Fault("teapot")  # type: ignore[arg-type]  # the same
