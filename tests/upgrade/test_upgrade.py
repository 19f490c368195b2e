"""A state store of each version before is upgraded, and its syncs go on: what was acknowledged is not sent again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from leadway_provider.cli import main
from leadway_provider.clock import utc_now
from leadway_provider.hooks.database import database_name, open_state
from leadway_provider.hooks.engine import sql_engine
from leadway_provider.hooks.secrecy import decrypt, encrypt
from leadway_provider.notifications.leadway import LeadwayNotifier
from leadway_provider.policies import ContactRules
from leadway_provider.sandbox.file import load
from leadway_provider.sandbox.server import SandboxServer
from leadway_provider.store.schema import REVISIONS
from leadway_provider.sync.outcome import COUNTED
from tests.operators.task import TaskInstance
from tests.services import KINDS
from tests.upgrade.make import database
from tests.upgrade.scene import (
    CONDITIONS,
    HEX_HOST,
    HOST,
    SETTINGS,
    SOURCE,
    STORES,
    TUESDAY,
    WEDNESDAY,
    change,
    connected,
    fill,
    run,
    task,
    token_family,
)

BEFORE = [(folder.name, kind) for folder in sorted(STORES.iterdir()) for kind in KINDS]


@dataclass
class Kept:
    """What a version before has left, opened by this one.

    Attributes:
        warehouse: the source, as it was then.
        account: the account, as it was then.
        now: an hour after the last run.
        state: the connection's database.
    """

    warehouse: Path
    account: SandboxServer
    now: datetime
    state: sa.URL = field(repr=False)

    def run(self, name: str, run_id: str, **arguments: Any) -> dict[str, Any]:
        """Run a sync's task, and return what its report counts."""
        self.account.journal.clear()
        return counted(run(name, run_id, now=self.now, **arguments))

    def written(self) -> set[str]:
        """Return the e-mails that the last run has sent."""
        return {str((call.body or {}).get("email")) for call in self.account.journal.writes}

    def emails(self) -> Counter[str | None]:
        """Return how many contacts of the first location have each e-mail."""
        return Counter(contact.email for contact in self.account.account.contacts)


def counted(report: dict[str, Any]) -> dict[str, int]:
    """Return the rows of a report by outcome, without those that are none."""
    return {name: report[name] for name in COUNTED if report.get(name)}


@pytest.fixture(scope="module", params=BEFORE, ids="-".join)
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """What that version has left in that database; each test goes on with a sync of its own."""
    revision, kind = request.param
    folder = tmp_path_factory.mktemp("upgrade")
    facts = json.loads((STORES / revision / "facts.json").read_text(encoding="utf-8"))
    warehouse = folder / "warehouse.db"
    fill(warehouse, facts["rows"])
    with database(kind, folder) as url, SandboxServer(SETTINGS) as account, connected(warehouse, account, url):
        load(account.service, STORES / revision / f"{kind}.json")
        restore(url, (STORES / revision / f"{kind}.sql").read_text(encoding="utf-8"), account.url, warehouse)
        move_runs(url, account.url)
        move_tokens(url, account.url)
        yield Kept(warehouse, account, datetime.fromisoformat(facts["made_at"]) + timedelta(hours=1), url)


def restore(url: sa.URL, text: str, host: str, warehouse: Path) -> None:
    """Fill an empty database with what was kept of another one."""
    hexadecimal = host.encode().hex()
    for name, value in ((HOST, host), (HEX_HOST, hexadecimal), (SOURCE, str(warehouse))):
        text = text.replace(name, value)
    with raw(url) as connection:
        if url.get_backend_name() == "sqlite":
            connection.executescript(text)
            return
        with closing(connection.cursor()) as cursor:
            if url.get_backend_name() == "mysql":
                cursor.execute("SET FOREIGN_KEY_CHECKS = 0")
            for statement in text.rstrip(";\n").split(";\n"):
                cursor.execute(statement)
        connection.commit()


@contextmanager
def raw(url: sa.URL) -> Iterator[Any]:
    """Give a connection of the driver, which takes statements as they are."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with closing(engine.raw_connection()) as connection:
        yield connection.driver_connection


def move_runs(url: sa.URL, host: str) -> None:
    """Let runs that are not over have been planned of this source, and for this account's address."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    for name in ("killed", "deferred"):
        digest = task(name).request.digest(
            source=database_name(sql_engine("warehouse", None)), host=host, location_id=SETTINGS.location_id
        )
        planned_by = "SELECT id FROM leadway_sync WHERE name = :name"
        with engine.begin() as connection:
            changed = connection.execute(
                sa.text(f"UPDATE leadway_run SET digest = :digest WHERE sync_id = ({planned_by})"),  # noqa: S608 - of constants
                {"digest": digest, "name": name},
            )
            assert changed.rowcount == 1


def move_tokens(url: sa.URL, host: str) -> None:
    """Let the agency's tokens have been kept for this account's address, which upgrades the store."""
    with raw(url) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SELECT family FROM leadway_token WHERE length(family) = 64")
        [(family,)] = cursor.fetchall()
    with closing(open_state("state")) as state:
        tokens, moved = state.tokens(encrypt, decrypt), token_family(host)
        secret = tokens.read(family).secret
        assert secret
        assert tokens.begin(moved, 0, lease="moved", instead_of=None, now=utc_now())
        assert tokens.keep(moved, 0, secret, utc_now())


def test_a_finished_sync_sends_what_was_refused_and_what_changes(kept: Kept) -> None:
    """Nothing else is sent; a change reaches the contact that the earlier version has made, and so does a return."""
    before = kept.emails()
    rest = {"unchanged": 4, "invalid": 1, "superseded": 1}
    assert kept.run("customers", "third") == {"read": 7, "created": 1, **rest}
    assert kept.written() == {"eva@example.com"}

    change(kept.warehouse, "UPDATE people SET first_name = 'Ben the third' WHERE sync = 'customers' AND id = 2")
    change(
        kept.warehouse,
        "INSERT INTO people SELECT sync, 7, 'finn@example.com', NULL, 'Finn', NULL, NULL, NULL "
        "FROM people WHERE sync = 'customers' AND id = 1",
    )
    assert kept.run("customers", "fourth") == {"read": 8, "unchanged": 4, "updated": 2, "invalid": 1, "superseded": 1}
    contacts = {contact.email: contact for contact in kept.account.account.contacts}
    assert contacts["ben@example.com"].first_name == "Ben the third"
    assert contacts["finn@example.com"].tags == []
    assert kept.emails() == before + Counter(["eva@example.com"])


def test_an_unknown_row_is_looked_up_and_not_sent(kept: Kept) -> None:
    """Whether its lost call was carried out is still not known."""
    assert kept.run("each_anew", "second") == {"read": 2, "unchanged": 1, "unknown": 1}
    assert not kept.account.journal.writes


def test_a_killed_task_goes_on_when_it_is_retried(kept: Kept) -> None:
    """The retry reads no source, delivers what was not acknowledged, and reports the whole run."""
    waiting = unacknowledged(kept, "killed")
    change(kept.warehouse, "UPDATE people SET first_name = 'Nobody' WHERE sync = 'killed'")
    report = kept.run("killed", "first")
    assert (report.pop("read"), sum(report.values())) == (6, 6)
    assert {"created", "updated"} >= set(report)
    assert kept.written() == waiting
    assert [kept.emails()[f"killed{number}@example.com"] for number in range(1, 7)] == [1] * 6


def test_what_a_killed_run_left_is_delivered_by_the_next(kept: Kept) -> None:
    """What was acknowledged before is unchanged."""
    waiting = unacknowledged(kept, "left")
    report = kept.run("left", "second")
    assert report["read"] == 6 == report["unchanged"] + report.get("created", 0) + report.get("updated", 0)
    assert report["unchanged"] == 6 - len(waiting)
    assert kept.written() == waiting


def test_a_deferred_task_goes_on_when_it_comes_back(kept: Kept) -> None:
    """It sends what its quota did not suffice for."""
    assert kept.run("deferred", "first") == {"read": 3, "created": 3}
    assert kept.written() == {"deferred2@example.com", "deferred3@example.com"}


def test_what_a_dry_run_planned_is_delivered(kept: Kept) -> None:
    """A person has reviewed it before the upgrade."""
    assert kept.run("reviewed", "first", reviewed_run=last_run("reviewed")) == {"read": 2, "created": 2}


def test_workers_go_on_where_one_was_killed(kept: Kept) -> None:
    """Each row is delivered once, and the last task reports all."""
    waiting = unacknowledged(kept, "workers")
    planned = last_run("workers")
    kept.run("workers", "first", worker=1, reviewed_run=planned)
    assert kept.written() == waiting
    report = kept.run("workers", "first", task_id="end", reviewed_run=planned)
    assert (report.pop("read"), sum(report.values())) == (6, 6)
    assert not kept.account.journal.writes


def test_an_account_is_still_as_the_source_says(kept: Kept) -> None:
    """A comparison with the account itself finds nothing to send."""
    report = run("compared", "third", now=kept.now)
    assert (counted(report), report["verified_rows"]) == ({"read": 2, "unchanged": 2}, 2)


def test_an_incremental_sync_goes_on_at_its_watermark(kept: Kept) -> None:
    """It reads what has changed since, and nothing again."""
    change(
        kept.warehouse,
        "INSERT INTO people SELECT sync, 3, 'recent3@example.com', NULL, NULL, NULL, NULL, '2026-11-17 12:00' "
        "FROM people WHERE sync = 'recent' AND id = 1",
    )
    report = kept.run("recent", "second", interval=(TUESDAY, WEDNESDAY))
    assert report == {"read": 1, "created": 1}


def test_many_accounts_go_on_with_the_tokens_that_were_kept(kept: Kept) -> None:
    """The refresh token of the connection was used long ago; nothing is sent again to any account."""
    assert kept.run("accounts", "second") == {"read": 3, "unchanged": 3}
    assert not kept.account.journal.writes
    assert SETTINGS.agency_refresh_token in kept.account.tokens.unused_refresh_tokens()


def test_a_sync_may_keep_what_people_have_edited(kept: Kept) -> None:
    """Of values from before the upgrade nothing is known; what is written from then on is the sync's."""
    given = {"rules": ContactRules(write={"first_name": "if_unedited"})}
    assert kept.run("left", "rules", **given)["read"] == 6
    edited, *others = [each for each in kept.account.account.contacts if str(each.email).startswith("left")]
    kept.account.account.update(edited.id, {"firstName": "By hand"})
    change(kept.warehouse, "UPDATE people SET first_name = 'New' WHERE sync = 'left'")
    assert kept.run("left", "names", **given) == {"read": 6, "updated": 6, "edited_in_crm": 1}
    names = {each.id: each.first_name for each in kept.account.account.contacts}
    assert (names[edited.id], {names[each.id] for each in others}) == ("By hand", {"New"})


@pytest.mark.usefixtures("kept")
def test_nobody_is_told_again_what_they_were_told() -> None:
    """A condition that was met before the upgrade is still met; a notifier that is new since then tells it."""
    context = {"ti": TaskInstance(dag_id="people"), "task": SimpleNamespace(state_conn_id="state")}
    for name, messages in (("ignore", 0), ("another", 1)):
        told: list[object] = []
        LeadwayNotifier(told.append, name=name, conditions=CONDITIONS, sync_name="customers")(context)
        assert len(told) == messages


@pytest.mark.usefixtures("kept")
def test_commands_read_what_was_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Syncs, their runs, rejected rows, what waits, and each delivery of a key, with the answer of then."""
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")

    def shown(*command: str) -> Any:
        capsys.readouterr()
        assert main([*command, "--json", "--state-conn-id", "state"]) == 0
        return json.loads(capsys.readouterr().out)

    assert {"customers", "killed", "recent", "accounts"} <= {each["sync"] for each in shown("syncs")}
    assert len(shown("runs", "--sync", "customers")) >= 2
    [rejected] = shown("rejected", "--sync", "customers")
    assert "5" in {each["source_key"] for each in rejected["rows"]}
    assert shown("waiting", "--sync", "customers")
    [traced] = shown("trace", "--sync", "customers", "--key", "2")
    assert [(each["outcome"], each["status"]) for each in traced["deliveries"][:2]] == [
        ("created", 201),
        ("updated", 200),
    ]


def unacknowledged(kept: Kept, name: str) -> set[str]:
    """Return the e-mails of a sync's rows that wait in its outbox."""
    with raw(kept.state) as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SELECT contact FROM leadway_outbox")
        found = {json.loads(text)["fields"].get("email", "") for (text,) in cursor.fetchall() if text}
    waiting = {email for email in found if email.startswith(name)}
    assert 0 < len(waiting) < 6
    return waiting


def last_run(name: str) -> str:
    """Return a sync's only run."""
    with closing(open_state("state")) as state:
        reader = state.reader()
        [sync] = reader.syncs().known(name)
        [found] = reader.runs().of_sync(sync.id).records
        return found.id


def test_every_released_schema_is_here() -> None:
    """Each folder is a revision of this version; `make.py` makes the next one."""
    assert {folder for folder, _ in BEFORE} <= set(REVISIONS)
    assert BEFORE
