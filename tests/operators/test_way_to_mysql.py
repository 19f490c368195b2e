"""MariaDB as source and as state, with each driver: what the connection says holds, or is refused by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from airflow.providers.common.compat.sdk import AirflowFailException

from leadway_provider.exceptions import SourceUnavailableError, StateUnavailableError
from leadway_provider.sandbox.server import SandboxServer
from tests.faults.mariadb import TlsServer, mariadb_with_tls
from tests.operators.task import sync
from tests.services import MARIADB, airflow_connection, mariadb_database

DRIVERS = ("mysql+mysqldb", "mysql+pymysql", "mysql+mysqlconnector")
REFUSED = (AirflowFailException, SourceUnavailableError, StateUnavailableError)
SQL = "SELECT 1 AS id, 'ann@example.com' AS email"
pytestmark = pytest.mark.usefixtures("warehouse")


@pytest.fixture(scope="module")
def database() -> Iterator[sa.URL]:
    """Three customers, one of them with a name that only four-byte characters can write."""
    with mariadb_database() as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            columns = "id INTEGER, email TEXT, first_name TEXT, phone TEXT, country TEXT"
            connection.exec_driver_sql(f"CREATE TABLE customers ({columns}) CHARACTER SET utf8mb4")
            for number, name in enumerate(("Ann", "Zoë", "🦊")):
                row = f"({number}, 'c{number}@example.com', '{name}', NULL, NULL)"
                connection.exec_driver_sql(f"INSERT INTO customers VALUES {row}")  # noqa: S608 - the test's own values
        yield url


@pytest.fixture(scope="module")
def tls_server() -> Iterator[TlsServer]:
    """A server that offers TLS."""
    with mariadb_with_tls() as server:
        yield server


@pytest.fixture(params=DRIVERS)
def url(request: pytest.FixtureRequest, database: sa.URL) -> sa.URL:
    """The database, by each driver that a connection can name."""
    return database.set(drivername=request.param)


def connect(monkeypatch: pytest.MonkeyPatch, url: sa.URL, conn_id: str = "WAREHOUSE", **extra: object) -> None:
    """Let a connection lead to a database."""
    monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id}", airflow_connection(url, **extra))


@pytest.mark.parametrize(
    "extra",
    [{}, {"charset": "latin1"}, {"charset": "utf8"}, {"init_command": "SET NAMES latin1"}],
    ids=["nothing", "latin1", "utf8", "init_command"],
)
def test_all_characters_arrive(
    monkeypatch: pytest.MonkeyPatch, url: sa.URL, sandbox: SandboxServer, extra: dict[str, str]
) -> None:
    """All of Unicode is read and kept, also where the connection names a charset that lacks most of it."""
    connect(monkeypatch, url, **extra)
    connect(monkeypatch, url, "STATE", **extra)
    sync_name = f"{url.drivername} {extra}"

    if "charset" in extra and url.drivername == "mysql+mysqlconnector":
        with pytest.raises(AirflowFailException, match="hook does not pass its extra `charset`"):
            sync(sync_name=sync_name)
        return
    assert sync(sync_name=sync_name)["created"] == 3
    assert {contact.fields["firstName"] for contact in sandbox.account.contacts} == {"Ann", "Zoë", "🦊"}
    assert sync("second", sync_name=sync_name)["unchanged"] == 3


@pytest.mark.parametrize("cursor", ["sscursor", "dictcursor", "ssdictcursor"])
def test_the_cursor_of_a_connection_changes_nothing(monkeypatch: pytest.MonkeyPatch, url: sa.URL, cursor: str) -> None:
    """It is for what the hook's own methods return; rows are read as rows, and state works."""
    connect(monkeypatch, url, cursor=cursor)
    connect(monkeypatch, url, "STATE", cursor=cursor)

    assert sync(sync_name=f"{url.drivername} {cursor}")["read"] == 3


TLS = [
    ("mysql+mysqldb", {"ssl": {"ca": "{authority}"}}),
    ("mysql+mysqldb", {"ssl": '{"ca": "{authority}"}'}),
    ("mysql+mysqldb", {"ssl": True}),
    ("mysql+mysqldb", {"ssl_mode": "REQUIRED"}),
    ("mysql+mysqldb", {"ssl_mode": "VERIFY_IDENTITY", "ssl": {"ca": "{authority}"}}),
    ("mysql+pymysql", {"ssl": {"ca": "{authority}"}}),
    ("mysql+pymysql", {"ssl_ca": "{authority}", "ssl_verify_cert": True, "ssl_verify_identity": True}),
    ("mysql+mysqlconnector", {"ssl_ca": "{authority}", "ssl_verify_cert": True}),
]


def filled(extra: Any, server: TlsServer) -> Any:
    """An extra with the files of a server."""
    text = json.dumps(extra).replace("{authority}", str(server.authority)).replace("{stranger}", str(server.stranger))
    return json.loads(text)


def address(driver: str, server: TlsServer) -> sa.URL:
    """The server by its address, which its certificate has; `localhost` would be a socket, perhaps of another one."""
    return MARIADB.set(drivername=driver, port=server.port, database="mysql")


@pytest.mark.parametrize(("driver", "extra"), TLS, ids=str)
def test_tls_is_used(
    monkeypatch: pytest.MonkeyPatch, tls_server: TlsServer, driver: str, extra: dict[str, Any]
) -> None:
    """A connection that asks for TLS has it."""
    connect(monkeypatch, address(driver, tls_server), **filled(extra, tls_server))
    cipher = "SELECT 1 AS id, concat(variable_value, '@example.com') AS email FROM information_schema.session_status"

    report = sync(sql=f"{cipher} WHERE variable_name = 'Ssl_cipher' AND variable_value <> ''")

    assert report["read"] == 1


@pytest.mark.parametrize(("driver", "extra"), TLS, ids=str)
def test_a_server_without_tls_is_refused(
    monkeypatch: pytest.MonkeyPatch, database: sa.URL, tls_server: TlsServer, driver: str, extra: dict[str, Any]
) -> None:
    """The drivers connect without TLS and say nothing; the task fails before anything is read or kept."""
    for conn_id in ("STATE", "WAREHOUSE"):
        with monkeypatch.context() as changed:
            connect(changed, database.set(drivername=driver), conn_id, **filled(extra, tls_server))

            with pytest.raises(REFUSED, match=f"'{conn_id.lower()}'.*(?:TLS|SSL)") as raised:
                sync(sql=SQL)

            assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("driver", "extra"),
    [
        ("mysql+mysqldb", {"ssl": {"ca": "{stranger}"}}),
        ("mysql+mysqldb", {"ssl": {"ca": "/nonexistent/ca.pem"}}),
        ("mysql+pymysql", {"ssl": {"ca": "{stranger}"}}),
        ("mysql+pymysql", {"ssl": {"ca": "/nonexistent/ca.pem"}}),
        ("mysql+mysqlconnector", {"ssl_ca": "{stranger}", "ssl_verify_cert": True}),
        ("mysql+mysqlconnector", {"ssl_ca": "{stranger}"}),
        ("mysql+mysqlconnector", {"ssl_ca": "/nonexistent/ca.pem", "ssl_verify_cert": True}),
    ],
    ids=str,
)
def test_a_certificate_is_checked(
    monkeypatch: pytest.MonkeyPatch, tls_server: TlsServer, driver: str, extra: dict[str, Any]
) -> None:
    """A server whose certificate another authority signed is not the one that is meant."""
    connect(monkeypatch, address(driver, tls_server), **filled(extra, tls_server))

    with pytest.raises(REFUSED, match=r"'warehouse'.*(?:[Cc]ertificate|No such file)"):
        sync(sql=SQL)


@pytest.mark.parametrize(
    ("driver", "extra"),
    [
        ("mysql+mysqldb", "ssl_ca"),
        ("mysql+mysqldb", "read_timeout"),
        ("mysql+mysqldb", "collation"),
        ("mysql+pymysql", "ssl_mode"),
        ("mysql+pymysql", "read_default_file"),
        ("mysql+mysqlconnector", "ssl"),
        ("mysql+mysqlconnector", "charset"),
        ("mysql+mysqlconnector", "unix_socket"),
    ],
)
def test_an_extra_that_does_not_hold_is_named(
    monkeypatch: pytest.MonkeyPatch, database: sa.URL, driver: str, extra: str
) -> None:
    """Airflow's hook would leave it out without a word."""
    connect(monkeypatch, database.set(drivername=driver), **{extra: "x", "note": "of the owner"})

    with pytest.raises(AirflowFailException, match=f"'warehouse'.* `{extra}`"):
        sync(sql=SQL)


def test_an_unknown_driver_is_named(monkeypatch: pytest.MonkeyPatch, database: sa.URL) -> None:
    """The extra `client` names one of three."""
    connect(monkeypatch, database.set(drivername="mysql+mysqldb"), client="mariadb")

    with pytest.raises(AirflowFailException, match=r"'warehouse'.*`client` is 'mariadb'.*mysqlclient"):
        sync(sql=SQL)


@pytest.mark.parametrize("where", ["extra", "hook_params"])
def test_the_first_command_runs(monkeypatch: pytest.MonkeyPatch, url: sa.URL, where: str) -> None:
    """A session can be prepared by the connection, or by the task, as in Airflow's SQL operators."""
    first = {"init_command": "SET @who = 'ann@example.com'"}
    connect(monkeypatch, url, **(first if where == "extra" else {}))

    sql = "SELECT 1 AS id, @who AS email, @@session.sql_mode AS first_name"
    report = sync(sql=sql, hook_params=first if where == "hook_params" else None)

    assert report["created"] == 1


@pytest.mark.parametrize("driver", ["mysql+mysqldb", "mysql+pymysql"])
def test_the_socket_is_used(monkeypatch: pytest.MonkeyPatch, database: sa.URL, driver: str) -> None:
    """A connection by the server's socket works where no host does."""
    with sa.create_engine(database, poolclass=sa.NullPool).connect() as connection:
        socket = connection.scalar(sa.text("SELECT @@socket"))
    connect(monkeypatch, database.set(drivername=driver, host="localhost", port=1), unix_socket=socket)

    assert sync()["created"] == 3


def test_hook_params_choose_the_database(monkeypatch: pytest.MonkeyPatch, url: sa.URL) -> None:
    """A task may name another schema than its connection."""
    connect(monkeypatch, url.set(database="information_schema"))

    assert sync(hook_params={"schema": url.database})["created"] == 3
