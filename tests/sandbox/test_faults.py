"""The programme of faults: which call suffers which."""

from __future__ import annotations

import pytest

from leadway_provider.sandbox.faults import Fault, FaultKind, FaultProgramme


def struck(
    programme: FaultProgramme, calls: int, path: str = "/contacts/upsert", email: str | None = None
) -> list[bool]:
    """Which of so many equal calls suffer a fault."""
    return [programme.strike("POST", path, email) is not None for _ in range(calls)]


def test_a_fault_strikes_after_so_many_calls_so_many_times() -> None:
    """Two pass, three suffer, the rest pass."""
    programme = FaultProgramme()
    programme.add(Fault(FaultKind.UNAVAILABLE, times=3, after=2))
    assert struck(programme, 7) == [False, False, True, True, True, False, False]


def test_a_fault_without_number_strikes_for_ever() -> None:
    """Until the programme is cleared."""
    programme = FaultProgramme()
    programme.add(Fault(FaultKind.RESET, times=None))
    assert all(struck(programme, 20))
    programme.clear()
    assert not any(struck(programme, 20))


def test_faults_strike_in_their_order() -> None:
    """One call suffers one fault."""
    programme = FaultProgramme()
    programme.add(Fault(FaultKind.TOO_MANY), Fault(FaultKind.HANG))
    kinds = [fault and fault.kind for fault in (programme.strike("GET", "/", None) for _ in range(3))]
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
def test_a_fault_strikes_only_what_it_names(fault: Fault, matches: bool) -> None:  # noqa: FBT001
    """By method, path and e-mail."""
    programme = FaultProgramme()
    programme.add(fault)
    assert struck(programme, 1, email="Ann@example.com") == [matches]


def test_a_kind_may_be_given_by_its_word() -> None:
    """As over HTTP; an unknown word is an error."""
    assert Fault("401-gateway").kind is FaultKind.COMMAND_TIMED_OUT  # type: ignore[arg-type]  # the word, not the member
    with pytest.raises(ValueError, match="teapot"):
        Fault("teapot")  # type: ignore[arg-type]  # the same
