"""The state store has only keyed hashes of e-mails and phones, and the key is encrypted by Airflow's Fernet key."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from cryptography.fernet import Fernet

from leadway_provider.cli import main
from leadway_provider.sync.identities import UNKEYED
from tests.airflow_version import forget_fernet
from tests.operators.task import Row, Warehouse, sync

UseKeys = Callable[..., None]
ANN: Row = (1, "ann@example.com", "Ann", "+12025550101", "US")
SAME_PHONE: Row = (2, "bob@example.com", "Bob", "+12025550101", "US")
PLAIN = {UNKEYED.hash("email", "ann@example.com"), UNKEYED.hash("phone", "+12025550101")}
OLD, NEW = Fernet.generate_key(), Fernet.generate_key()


@pytest.fixture
def use_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[UseKeys]:
    """Return a function that sets the Fernet keys of Airflow's configuration, or none."""

    def use(*keys: bytes) -> None:
        monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", ",".join(key.decode() for key in keys))
        forget_fernet()

    yield use
    forget_fernet()


def hashes(warehouse: Warehouse) -> list[str]:
    """What the state store has of identities, of all syncs."""
    with sqlite3.connect(warehouse.state) as database:
        claims = database.execute("SELECT identity FROM leadway_claim").fetchall()
        rows = database.execute(
            "SELECT in_crm FROM leadway_row UNION ALL SELECT also_in_crm FROM leadway_row"
        ).fetchall()
        return [each.hex() for (each,) in claims + rows if each]


@pytest.mark.usefixtures("sandbox")
def test_hashes_are_keyed_and_those_of_two_syncs_differ(warehouse: Warehouse) -> None:
    """Nobody who reads the state can find a phone by trying, nor see that two syncs have the same one."""
    warehouse.fill(ANN)
    sync(sync_name="one")
    one = set(hashes(warehouse))
    assert len(one) == 2
    assert not one & PLAIN
    sync(sync_name="two")
    assert len(set(hashes(warehouse))) == 4
    with sqlite3.connect(warehouse.state) as database:
        stored = database.execute("SELECT secret FROM leadway_token").fetchall()
        rows = database.execute("SELECT fingerprint FROM leadway_row").fetchall()
    assert len({half for (each,) in rows for half in (each[:8], each[8:])}) == 4
    assert len(stored) == 2
    assert all(text.startswith("gAAAA") for (text,) in stored)


@pytest.mark.usefixtures("sandbox")
def test_an_identity_is_known_again_after_a_rotation(warehouse: Warehouse, use_keys: UseKeys) -> None:
    """One run with both Fernet keys is enough for the old one to be taken away."""
    for number, keys in enumerate(((OLD,), (NEW, OLD), (NEW,))):
        use_keys(*keys)
        warehouse.fill(ANN, SAME_PHONE, (3 + number, f"new{number}@example.com", None, "+12025550101", "US"))
        report = sync(str(number))
        assert report["withheld"] >= 1, "the phone is still the first row's"
    use_keys(OLD)
    with pytest.raises(AirflowFailException, match=r"can't decrypt.*after the new one"):
        sync("again")


@pytest.mark.usefixtures("sandbox")
def test_without_a_fernet_key_it_is_said_and_stays_so_until_a_reset(
    warehouse: Warehouse,
    use_keys: UseKeys,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each run says it once; hashes of two kinds never meet in one sync."""
    use_keys()
    warehouse.fill(ANN)
    sync("first")
    assert set(hashes(warehouse)) == PLAIN
    assert caplog.text.count("can be found by trying") == 1
    use_keys(NEW)
    caplog.clear()
    warehouse.fill(ANN, SAME_PHONE)
    assert sync("second")["withheld"] == 1
    assert caplog.text.count("began without a Fernet key") == 1
    assert main(["state", "reset", "--state-conn-id", "state", "--sync", "customers.sync", "--yes"]) == 0, capsys
    sync("third")
    assert not set(hashes(warehouse)) & PLAIN
    use_keys()
    with pytest.raises(AirflowFailException, match=r"set \[core\] fernet_key"):
        sync("fourth")
