"""Keys and names that others wrote, wherever they become words: log, exception, commands, CSV, page."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from datetime import UTC, datetime

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fastapi.testclient import TestClient

from leadway_provider.cli import main
from leadway_provider.policies import GuardPolicy
from leadway_provider.printable import printable
from tests.operators.task import Warehouse, sync

HOSTILE = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "two\nlines\r\n[ERROR] forged",
    "\u202eright\u2066",
    "zero\u200bwidth\ufeff",
    "=HYPERLINK(1)",
    "z7;=HYPERLINK(1)",
    "\u0301@SUM(1)",
    "<img src=x onerror=alert(1)>",
    "x" * 255,
]
"""One for each thing that a terminal, a log reader, a spreadsheet or a browser would obey."""
SAFE = {
    "=HYPERLINK(1)": "'=HYPERLINK(1)",
    "z7;=HYPERLINK(1)": "z7;'=HYPERLINK(1)",
    "\u0301@SUM(1)": "'\u0301@SUM(1)",
}
"""What a spreadsheet gets in place of a formula."""
NAME = "night\x1b[8m\u202e\nsync"


def rejecting(warehouse: Warehouse) -> str:
    """Run a task that rejects a row of each of these keys, twice each, and fails; what it raises."""
    warehouse.run("DROP TABLE customers")
    warehouse.run("CREATE TABLE customers (id TEXT, email TEXT, first_name TEXT, phone TEXT, country TEXT)")
    warehouse.fill(*((key, "no e-mail", "Pat", None, None) for key in HOSTILE * 2))
    with pytest.raises(AirflowFailException) as raised:
        sync(sync_name=NAME, max_rejected=0, guards=GuardPolicy(max_repeated=None))
    return str(raised.value)


def pages(page: TestClient) -> list[str]:
    """Every page that links lead to, as HTML."""
    seen: dict[str, str] = {}
    waiting = ["/"]
    while waiting:
        path = waiting.pop()
        if path not in seen and not path.startswith(("http", "#")) and ".css" not in path:
            answer = page.get(path)
            assert answer.status_code == 200, path
            seen[path] = answer.text
            waiting += map(html.unescape, re.findall(r'href="([^"]*)"', answer.text))
    return [text for path, text in seen.items() if not path.endswith((".csv", ".ico"))]


def test_words_of_others_stay_data(
    warehouse: Warehouse, page: TestClient, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that is shown has a character that is obeyed, and no line is forged."""
    with caplog.at_level("INFO"):
        said = rejecting(warehouse)
    assert said.isprintable()
    own = [each.getMessage() for each in caplog.records if each.name.startswith("leadway_provider")]
    assert [line for line in own if not line.isprintable()] == []
    assert any(r"first key \x1b[31mred\x1b[0m: " in line for line in own)
    assert any(r"two\nlines\r\n[ERROR] forged (2 rows)" in line for line in own)
    capsys.readouterr()
    for arguments in (["syncs"], ["rejected"], *(["trace", "--key", key] for key in HOSTILE)):
        assert main([*arguments, "--state-conn-id", "state"]) == 0
        printed = capsys.readouterr().out
        assert {each for each in printed if not each.isprintable()} == {"\n"}, arguments
        assert not [line for line in printed.splitlines() if line.startswith("[ERROR]")]
    assert main(["trace", "--key", "no\nkey\x1b[1m", "--state-conn-id", "state"]) == 1
    assert capsys.readouterr().err.rstrip("\n").isprintable()
    assert main(["state", "reset", "--sync", NAME, "--yes", "--state-conn-id", "state"]) == 0
    assert {each for each in capsys.readouterr().out if not each.isprintable()} == {"\n"}
    assert pages(page)


def test_tables_and_pages_of_others_words(
    warehouse: Warehouse, page: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key is one cell and no formula; a page shows it as text, and links to its row."""
    rejecting(warehouse)
    shown = {SAFE.get(key) or printable(key) for key in HOSTILE}
    capsys.readouterr()
    assert main(["rejected", "--csv", "--state-conn-id", "state"]) == 0
    own = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    run_id = own[0]["run_id"]
    of_page = list(csv.DictReader(io.StringIO(page.get(f"/runs/{run_id}/rejected.csv").text)))
    assert {row["source_key"] for row in own} == {row["source_key"] for row in of_page} == shown
    texts = pages(page)
    assert sum("<h1>Row " in text for text in texts) == len(HOSTILE)
    for text in texts:
        assert {each for each in text if not each.isprintable()} <= {"\n"}
        assert "<img" not in text
    assert main(["syncs", "--json", "--state-conn-id", "state"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out[out.index("[\n") :])[0]["sync"] == NAME


def test_a_deferral_says_who_is_at_work_in_one_line() -> None:
    """Its reason names a sync and a task run, is logged, and is kept by the trigger."""
    from leadway_provider.operators.waiting import Deferral

    assert str(Deferral(f"Another run of sync {NAME} is at work", datetime.now(UTC))).isprintable()
