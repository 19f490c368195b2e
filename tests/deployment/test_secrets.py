"""After runs that failed, no secret is in anything that Airflow keeps of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadway_provider.sandbox.faults import Fault, FaultKind
from leadway_provider.sandbox.service import Settings
from tests.deployment.deployment import until
from tests.deployment.scene import Scene
from tests.operators.secret import ALL, CONNECTIONS, SETTINGS, WRONG

UPSERT = "/contacts/upsert"
WAYS: dict[str, tuple[dict[str, str], list[Fault], str]] = {
    "a wrong secret": ({"password": WRONG}, [], "refused with 401|client id and client secret"),
    "no access": ({}, [Fault(FaultKind.FORBIDDEN, times=None, path=UPSERT)], "refused with 403"),
    "a row refused": ({}, [Fault(FaultKind.UNPROCESSABLE, times=None, path=UPSERT)], "20 of 20 rows rejected"),
    "success": ({}, [], "Run [0-9a-f]{12}: 20 read"),
}
"""What is changed in the connection, what goes wrong, and what the log then says (a pattern)."""


@pytest.fixture
def settings() -> Settings:
    """An account whose secrets are no ordinary words."""
    return SETTINGS


def tables(metadata: sa.URL) -> Iterator[tuple[str, bytes]]:
    """Every table of Airflow's database, with all that it holds."""
    engine = sa.create_engine(metadata, poolclass=sa.NullPool)
    with engine.connect() as connection:
        for table in sa.inspect(engine).get_table_names():
            rows = connection.execute(sa.text(f'SELECT "{table}"::text FROM "{table}"')).scalars()  # noqa: S608 - a name of Airflow's
            yield table, "\n".join(rows).encode()


def test_no_secret_is_kept(scene: Scene) -> None:
    """Not in the metadata database with rendered templates and XCom, not in logs, events or the state store."""
    sandbox, deployment = scene.sandbox, scene.deployment
    scene.fill(20)
    kinds = {kind: Scene(f"{scene.name}_{kind}", deployment, sandbox, scene.warehouse) for kind in CONNECTIONS}
    for each in kinds.values():
        deployment.connect(f"{each.name}_warehouse", "sqlite", host=str(scene.warehouse.file))
        deployment.connect(f"{each.name}_state", "sqlite", host=str(scene.warehouse.state))
    for changed, faults, said in WAYS.values():
        sandbox.faults.clear()
        sandbox.faults.add(*faults)
        for kind, each in kinds.items():
            each.connect(login="sandbox-client", **CONNECTIONS[kind] | changed)
        for run in [each.trigger() for each in kinds.values()]:
            until(run.is_over)
            assert re.search(said, run.log()), run.log()
    kept = {path: path.read_bytes() for path in deployment.home.rglob("*") if path.is_file()}
    kept |= {path: path.read_bytes() for path in scene.warehouse.state.parent.glob("state.db*")}
    kept |= {Path(table): text for table, text in tables(deployment.metadata)}
    assert f"{scene.name}_agency".encode() in kept[Path("rendered_task_instance_fields")]
    assert b'""read"": 20' in kept[Path("xcom")]
    everything = b"".join(kept.values())
    for sign in (b"refused with 403", b"leadwaySync", b'"FAIL"'):
        assert sign in everything, sign
    tokens = sandbox.tokens
    secrets = {*ALL, *tokens._access, *tokens._refresh}
    assert len(secrets) > 8
    assert [(secret[:8], path) for secret in secrets for path in kept if secret.encode() in kept[path]] == []
