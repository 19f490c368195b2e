"""What `make package` finds in a wheel and in the lists of `airflow providers`."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

import leadway_provider
from leadway_provider import get_provider_info
from tests.docs.page import ROOT
from tests.package.run import LISTS, differing_examples, missing_parts

EXAMPLES = {path.name: path.read_bytes() for path in (ROOT / "dags").glob("*.py")}


def wheel_with(path: Path, files: dict[str, bytes]) -> Path:
    """Return a wheel with these examples."""
    with ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"leadway_provider/example_dags/{name}", content)
    return path


def test_a_wheel_has_the_examples_as_they_are(tmp_path: Path) -> None:
    """All of them, byte by byte."""
    assert EXAMPLES
    assert list(differing_examples(wheel_with(tmp_path / "a.whl", EXAMPLES))) == []


@pytest.mark.parametrize("change", [{}, {"warehouse_to_leadway.py": b"# another\n"}, {**EXAMPLES, "old.py": b""}])
def test_another_example_is_found(tmp_path: Path, change: dict[str, bytes]) -> None:
    """One that is missing, was changed, or is only in the wheel."""
    found = list(differing_examples(wheel_with(tmp_path / "a.whl", change)))
    assert found
    assert all(sentence.startswith("leadway_provider/example_dags/") for sentence in found)


def test_the_source_has_the_examples_where_airflow_looks() -> None:
    """An editable installation has them as the wheel does: a link leads to them."""
    folder = Path(leadway_provider.__file__).parent / "example_dags"
    assert {path.name: path.read_bytes() for path in folder.glob("*.py")} == EXAMPLES


def test_a_part_that_airflow_does_not_show_is_found() -> None:
    """Each kind that `airflow providers` lists."""
    info = get_provider_info()
    found = "\n".join(missing_parts(info, {name: [] for name in LISTS}))
    for name in LISTS:
        assert f"`airflow providers {name}` does not show leadway_provider." in found
