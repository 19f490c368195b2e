"""An API that quotes values: no part of one is anywhere that somebody could read it."""

from __future__ import annotations

import json
import re
import sqlite3
import traceback
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, cast

import httpx
import pytest
from airflow.providers.common.compat.sdk import AirflowException
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from leadway_provider.api.answer import Fatal, interpret
from leadway_provider.api.call import Call
from leadway_provider.api.network import Network, Received
from leadway_provider.api.refusal import error_of
from leadway_provider.cli import main
from leadway_provider.exceptions import LeadwayError, RefusedError
from leadway_provider.sandbox.server import SandboxServer
from tests.api.clients import settings_for
from tests.operators.task import NEVER_AGAIN, TaskInstance, Warehouse, operator
from tests.security.quoting import ROWS, SENTENCES, VALUES, Piece, pieces, quoting
from tests.security.test_hostile_words import pages

SQL = (
    'SELECT id, email, first_name, phone, city, company_name, website, tags, notes AS "custom.Notes" '
    "FROM customers ORDER BY id"
)
_BY_CHANCE = re.compile(r"gAAAAA[\w-]+|[0-9a-f]{16,}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?|\d+\.\d+")
"""Encrypted text, ids, times and durations, which have any characters by chance."""
_ENCRYPTED = re.compile(r"gAAAAA[\w-]+")
_TEXT_IN_BYTES = re.compile(rb"[ -~]{6,}")
"""What could be text in bytes: hashes have three letters in a row by chance, but seldom six characters of text."""
EVERY_PIECE = [piece for value in VALUES for piece in pieces(value)]


def test_every_slice_in_every_disguise() -> None:
    """The error says the same, whatever word or words stand in the answer's sentence; sentences take turns."""
    call = Call("POST", "/contacts/upsert", lambda _: None, json={"email": VALUES[0]})
    connection = settings_for("https://example.com")

    def said(sentence: str, shown: str) -> str:
        result = interpret(422, {}, json.dumps({"message": [sentence.replace("{}", shown)]}).encode())
        assert isinstance(result, Fatal)
        error = error_of(result, call, connection, "loc")
        assert isinstance(error, RefusedError)
        return f"{error!r} {error.fields} {error.reasons}"

    without = {sentence: {said(sentence, "Ω"), said(sentence, "Ω Ω")} for sentence in SENTENCES}
    for number, piece in enumerate(EVERY_PIECE):
        sentence = SENTENCES[number % len(SENTENCES)]
        assert said(sentence, piece.shown) in without[sentence], (sentence, piece)
    assert number > 10_000


class Shown:
    """Runs the task against an API that refuses every write, and reads everything that can be read afterwards."""

    def __init__(
        self,
        warehouse: Warehouse,
        page: TestClient,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        self.warehouse, self.page, self.monkeypatch, self.caplog, self.capfd = (
            warehouse,
            page,
            monkeypatch,
            caplog,
            capfd,
        )
        warehouse.run("DROP TABLE customers")
        with sqlite3.connect(warehouse.file) as database:
            database.execute(f"CREATE TABLE customers ({', '.join(ROWS[0])})")
            places = ", ".join("?" * len(ROWS[0]))
            database.executemany(f"INSERT INTO customers VALUES ({places})", [[*row.values()] for row in ROWS])  # noqa: S608 - no value is formatted

    def after(self, status: int, body: Callable[[bytes], bytes]) -> str:
        """Everything that is shown after a run whose writes are answered so, in lower case."""
        original = Network.send

        async def send(network: Network, method: str, url: httpx.URL, *others: Any) -> Received:
            if method != "GET" and url.path.startswith("/contacts/"):
                return Received(status, {}, body(others[1]))
            return await original(network, method, url, *others)

        self.caplog.clear()
        self.capfd.readouterr()
        for file in self.warehouse.state.parent.glob("state.db*"):
            file.unlink()
        with self.monkeypatch.context() as patch, self.caplog.at_level("DEBUG"):
            patch.setattr(Network, "send", send)
            texts = [*self._run(), *self._stored(), *self._commands()]
        texts += [*pages(self.page), self.caplog.text, *self.capfd.readouterr()]
        lines = dict.fromkeys(line for text in texts for line in _BY_CHANCE.sub("#", text).casefold().splitlines())
        return "\n".join(lines)

    def after_a_revert(self) -> str:
        """Everything that is shown after a run that kept what contacts were before, and after it was reverted."""
        self.caplog.clear()
        self.capfd.readouterr()
        for file in self.warehouse.state.parent.glob("state.db*"):
            file.unlink()
        with self.caplog.at_level("DEBUG"):
            task, ti = operator(timing=NEVER_AGAIN, sql=SQL, keep_before=True), TaskInstance()
            report = task.execute(cast("Any", {"ti": ti}))
            texts = [repr([report, ti.pushed, task.get_openlineage_facets_on_complete(ti)]), *self._stored()]
            assert len(_ENCRYPTED.findall("".join(texts))) >= len(ROWS)
            command = ["revert", "--run", str(report["run_id"]), "--state-conn-id", "state"]
            assert main(command) == 2, "it waits for a confirmation"
            assert main([*command, "--yes", "--json"]) == 0
            texts += [*self._stored(), *self._commands()]
        texts += [*pages(self.page), self.caplog.text, *self.capfd.readouterr()]
        return "\n".join(_BY_CHANCE.sub("#", text).casefold() for text in texts)

    def _run(self) -> Iterator[str]:
        """What the task raises, pushes and tells OpenLineage."""
        task = operator(timing=NEVER_AGAIN, sql=SQL, max_rejected=0)
        ti = TaskInstance()
        with pytest.raises((AirflowException, LeadwayError)) as raised:
            task.execute(cast("Any", {"ti": ti}))
        yield "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value))
        yield repr([ti.pushed, task.get_openlineage_facets_on_failure(ti), task.record and task.record.lineage])

    def _stored(self) -> Iterator[str]:
        """Every table of the state store, but for the contacts that wait in the outbox."""
        with sqlite3.connect(self.warehouse.state) as database:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                cursor = database.execute(f"SELECT * FROM {table}")  # noqa: S608 - a table of the store
                names = [each[0] for each in cursor.description]
                for row in cursor:
                    values = [v for name, v in zip(names, row, strict=True) if (table, name) != WAITING]
                    yield repr([_TEXT_IN_BYTES.findall(v) if isinstance(v, bytes) else v for v in values])

    def _commands(self) -> Iterator[str]:
        """What the commands print."""
        for arguments in (
            ["syncs"],
            ["syncs", "--json"],
            ["rejected"],
            ["rejected", "--csv"],
            ["rejected", "--json"],
            *(
                [*command, *more]
                for command in (["runs"], ["waiting"], ["state", "export"])
                for more in ([], ["--json"])
            ),
            *(["trace", "--key", str(row["id"]), *more] for row in ROWS for more in ([], ["--json"])),
        ):
            assert main([*arguments, "--state-conn-id", "state"]) == 0
            yield "\n".join(self.capfd.readouterr())


WAITING = ("leadway_outbox", "contact")
"""Where a contact is kept until the CRM has acknowledged it."""


@pytest.fixture
def shown(
    warehouse: Warehouse,
    page: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> Shown:
    """A task over these rows, and whatever shows something of it."""
    return Shown(warehouse, page, monkeypatch, caplog, capfd)


@settings(
    max_examples=2, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(random=st.randoms(use_true_random=False), status=st.sampled_from([400, 422]))
def test_no_slice_is_anywhere_after_a_run(shown: Shown, random: Random, status: int) -> None:
    """Log, exception, XCom, OpenLineage, state store, ledger, commands and page of a run whose rows are refused.

    What the same run shows when the API quotes nothing is no part of a value.
    """
    assert_nothing_leaves(shown, random, status)


@pytest.mark.parametrize("status", [401, 403, 500])
def test_no_slice_is_anywhere_after_a_run_that_fails(shown: Shown, status: int) -> None:
    """The same where the run ends with the first answer."""
    assert_nothing_leaves(shown, Random(status), status)  # noqa: S311 - a sample


def test_nothing_of_what_contacts_were_before_is_anywhere(shown: Shown, sandbox: SandboxServer) -> None:
    """The account has each row's person with the values of the other row, which the run keeps and the revert writes."""
    plain = shown.after(422, lambda _: b'{"message": "Unprocessable Entity"}')
    one, two = ROWS
    notes = next(field.id for field in sandbox.account.custom_fields if field.name == "Notes")
    for row, other in ((one, two), (two, one)):
        values = {"firstName": "first_name", "city": "city", "companyName": "company_name", "website": "website"}
        held = {name: other[column] for name, column in values.items()}
        custom = [{"id": notes, "field_value": other["notes"]}]
        sandbox.account.upsert(
            {"email": row["email"], "tags": other["tags"].split(","), "customFields": custom, **held}
        )
    before = [each.copy().fields for each in sandbox.account.contacts]
    after = shown.after_a_revert()
    assert [each.fields for each in sandbox.account.contacts] == before
    looked_for = [piece for piece in EVERY_PIECE if piece.disguise == "plain" and not piece.is_in(plain)]
    assert len(looked_for) > 100
    assert [piece for piece in looked_for if piece.is_in(after)] == []


def assert_nothing_leaves(shown: Shown, random: Random, status: int) -> None:
    """Run once without a quotation and once with a thousand, and compare what is shown."""
    plain = shown.after(status, lambda _: b'{"message": "Unprocessable Entity"}')
    assert "unprocessable entity" in plain or status == 500
    quoted: list[Piece] = []

    def body(content: bytes) -> bytes:
        chosen = random.sample(EVERY_PIECE, 20)
        quoted.extend(chosen)
        sent = [str(value) for value in json.loads(content).values() if str(value) in VALUES]
        return quoting(chosen, random, random.choice(sent))

    after = shown.after(status, body)
    assert quoted
    wanted = [*quoted, *(piece for piece in EVERY_PIECE if piece.disguise == "plain")]
    looked_for = [piece for piece in wanted if not piece.is_in(plain)]
    assert len(looked_for) > 0.9 * len(wanted)
    assert [piece for piece in looked_for if piece.is_in(after)] == []
