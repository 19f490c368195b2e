"""`leadway verify-mapping`: run the tests of a mapping, which are rows and the contacts that are expected of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from leadway_provider.commands.layout import printed
from leadway_provider.commands.options import AsJson
from leadway_provider.commands.screen import screen_of
from leadway_provider.words import counted

if TYPE_CHECKING:
    from leadway_provider.commands.mapping_file import TestResult

_FAILED: Final = 1
"""The exit status where a test failed."""


def verify_mapping(
    context: typer.Context,
    *,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="A YAML file of tests.")],
    as_json: AsJson = False,
) -> None:
    """Run tests of a mapping: rows in, expected contacts out.

    They need neither Airflow nor a network, so that they run in your own CI. The values of a test that failed are
    shown, since they are those of the file. The exit status is 1 if a test failed.
    """
    from leadway_provider.commands.mapping_file import run_file  # noqa: PLC0415 - `leadway --help` needs none of this

    found = [(path, run_file(path)) for path in files]
    screen = screen_of(context)
    if as_json:
        screen.show_json(
            [
                {"file": str(path), "test": each.name, "passed": not each.differences, "differences": each.differences}
                for path, results in found
                for each in results
            ]
        )
    else:
        screen.show(printed(line for path, results in found for line in _lines(path, results)))
    if any(each.differences for _, results in found for each in results):
        raise typer.Exit(_FAILED)


def _lines(path: Path, results: list[TestResult]) -> Iterator[str]:
    yield str(path)
    for each in results:
        yield f"  {'failed' if each.differences else 'ok':<6}  {each.name}"
        for difference in each.differences:
            yield f"          {difference}"
    failed = sum(bool(each.differences) for each in results)
    yield f"{counted(len(results), 'test')}, {failed:,} failed"
