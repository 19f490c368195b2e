"""Which row of a sync holds an e-mail or a phone, and which rows wait for it. Identities are kept as hashes only.

What a plan changes is staged with its run: it counts for this plan at once, and for others from the seal on.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any, Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.bulk import insert, matching
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.sync.claims import Claim, ClaimKind, Holder, Waiting
from leadway_provider.sync.outcome import RowState

ENDED: Final = -1
"""In place of a kind, in a staged claim: the plan ends the claim."""
PLAN_WHEN_READ: Final = -2
"""In place of a kind, without an identity: the row counts as changed when a later run reads it."""
NO_IDENTITY: Final = bytes(10)
_WAITS: Final[sa.ColumnClause[Any]] = sa.literal_column(str(int(ClaimKind.WAITS)))
"""In the statement itself: a database does not use an index of some rows where their condition is a parameter."""


class SqlClaimStore:
    """The claims of one sync, as one run's plan leaves them; see `ClaimStore` for what each method promises.

    Args:
        database: where they are.
        sync_id: the sync.
        run_id: the run.
        is_added: returns whether the run's plan added the row of that id. Nobody knows of such a row before the seal,
            so its claims need not be staged; they are deleted with the row where the plan is never sealed.
    """

    def __init__(self, database: Database, sync_id: int, run_id: str, is_added: Callable[[int], bool]) -> None:
        self._database = database
        self._sync_id = sync_id
        self._run_id = run_id
        self._is_added = is_added
        self._of_sync = tables.claim.c.sync_id == sync_id
        self._of_run = tables.staged_claim.c.run_id == run_id
        self._has_staged: bool | None = None

    def claims_of(self, row_ids: Collection[int]) -> list[Claim]:
        """See `ClaimStore.claims_of`."""
        with self._database.reading() as connection:
            found = self._merged(connection, "row_id", list(row_ids))
        return [Claim(identity.hex(), row_id, kind) for (identity, row_id), kind in found.items()]

    def holders(self, identities: Collection[str]) -> dict[str, Holder]:
        """See `ClaimStore.holders`."""
        with self._database.reading() as connection:
            found = self._merged(connection, "identity", [bytes.fromhex(identity) for identity in identities])
            holding = {claim: kind for claim, kind in found.items() if kind is not ClaimKind.WAITS}
            keys = self._keys(connection, [row_id for _, row_id in holding])
        return {
            identity.hex(): Holder(row_id, keys[row_id], retains=kind is ClaimKind.RETAINS)
            for (identity, row_id), kind in holding.items()
        }

    def in_crm(self, row_ids: Collection[int]) -> dict[int, frozenset[str]]:
        """See `ClaimStore.in_crm`."""
        row = tables.row.c
        found: dict[int, frozenset[str]] = {}
        with self._database.reading() as connection:
            for chunk in chunks(list(row_ids)):
                for row_id, first, second in matching(connection, (row.id, row.in_crm, row.also_in_crm), row.id, chunk):
                    if identities := frozenset(identity.hex() for identity in (first, second) if identity):
                        found[row_id] = identities
                for each in connection.execute(self._left_by_earlier_runs(chunk)):
                    found[each.row_id] = found.get(each.row_id, frozenset()).union(each.claimed.split())
        return found

    def _left_by_earlier_runs(self, row_ids: Sequence[int]) -> sa.Select[Any]:
        """Return the query of what earlier runs of the sync may have sent for rows, without an answer."""
        outbox = tables.outbox.c
        return sa.select(outbox.row_id, outbox.claimed).where(
            outbox.row_id.in_(row_ids),
            outbox.run_id != self._run_id,
            outbox.outcome.in_([RowState.PENDING, tables.FORMER]),
            outbox.claimed.is_not(None),
        )

    @repeated_after_deadlock
    def update_claims(self, dropped: Sequence[Claim], changed: Sequence[Claim]) -> None:
        """See `ClaimStore.update_claims`."""
        kinds = {(bytes.fromhex(claim.identity), claim.row_id): ENDED for claim in dropped}
        kinds |= {(bytes.fromhex(claim.identity), claim.row_id): int(claim.kind) for claim in changed}
        self._stage(kinds)

    @repeated_after_deadlock
    def plan_when_read(self, row_ids: Collection[int]) -> None:
        """See `ClaimStore.plan_when_read`."""
        self._stage({(NO_IDENTITY, row_id): PLAN_WHEN_READ for row_id in row_ids})

    def waiting(self) -> Iterator[Waiting]:
        """See `ClaimStore.waiting`."""
        claim, staged = tables.claim.c, tables.staged_claim.c
        stored_and_staged = heapq.merge(
            self._pages(claim, sa.and_(self._of_sync, claim.kind == _WAITS)),
            self._pages(staged, sa.and_(self._of_run, staged.kind == _WAITS)),
        )
        waiting = (each for each, _ in groupby(stored_and_staged))
        while part := list(islice(waiting, self._database.chunk)):
            yield from self._as_waiting(part)

    def _as_waiting(self, part: Sequence[tuple[bytes, int]]) -> Iterator[Waiting]:
        identities = list(dict.fromkeys(identity for identity, _ in part))
        with self._database.reading() as connection:
            merged = self._merged(connection, "identity", identities)
        holders = self.holders([identity.hex() for identity in identities])
        sent = {each.row_id for each in self.claims_of({row_id for _, row_id in part}) if each.kind is ClaimKind.HOLDS}
        for identity, row_id in part:
            if merged.get((identity, row_id)) is ClaimKind.WAITS:
                yield Waiting(identity.hex(), row_id, holders.get(identity.hex()), row_id in sent)

    def _pages(self, columns: Any, condition: sa.ColumnElement[bool]) -> Iterator[tuple[bytes, int]]:
        """Read claims by identity and row, page by page."""
        page = (
            sa.select(columns.identity, columns.row_id)
            .where(condition)
            .order_by(columns.identity, columns.row_id)
            .limit(self._database.chunk)
        )
        identity, row_id = b"", 0
        while True:
            behind = sa.or_(columns.identity > identity, sa.and_(columns.identity == identity, columns.row_id > row_id))
            with self._database.reading() as connection:
                found = connection.execute(page.where(behind)).all()
            if not found:
                return
            for each in found:
                yield bytes(each.identity), each.row_id
            identity, row_id = found[-1].identity, found[-1].row_id

    def _merged(
        self, connection: sa.Connection, column: str, values: Sequence[object]
    ) -> dict[tuple[bytes, int], ClaimKind]:
        """Return the claims with these identities, or of these rows, with what the plan has changed of them."""
        found: dict[tuple[bytes, int], int] = {}
        places: list[tuple[sa.Table, dict[str, Any]]] = [(tables.claim, {"sync_id": self._sync_id})]
        if self._stages(connection):
            places.append((tables.staged_claim, {"run_id": self._run_id}))
        for table, of in places:
            wanted = (table.c.identity, table.c.row_id, table.c.kind)
            for chunk in chunks(values):
                for identity, row_id, kind in matching(connection, wanted, table.c[column], chunk, **of):
                    found[bytes(identity), row_id] = kind
        return {claim: ClaimKind(kind) for claim, kind in found.items() if kind >= 0}

    def _stages(self, connection: sa.Connection) -> bool:
        """Return whether the plan has staged any claim; that of a first sync stages none."""
        if self._has_staged is None:
            any_staged = sa.select(tables.staged_claim.c.row_id).where(self._of_run).limit(1)
            self._has_staged = connection.execute(any_staged).first() is not None
        return self._has_staged

    def _keys(self, connection: sa.Connection, row_ids: Sequence[int]) -> Mapping[int, str]:
        row = tables.row.c
        return {
            row_id: source_key
            for chunk in chunks(row_ids)
            for row_id, source_key in connection.execute(sa.select(row.id, row.source_key).where(row.id.in_(chunk)))
        }

    def _stage(self, kinds: Mapping[tuple[bytes, int], int]) -> None:
        """Store what a plan changes: staged, or at once where the plan added the row, which counts from the seal on."""
        if not kinds:
            return
        staged: list[tuple[bytes, int, int]] = []
        kept: list[tuple[bytes, int, int]] = []
        ended: list[tuple[bytes, int]] = []
        for (identity, row_id), kind in kinds.items():
            if kind == PLAN_WHEN_READ or not self._is_added(row_id):
                staged.append((identity, row_id, kind))
            elif kind == ENDED:
                ended.append((identity, row_id))
            else:
                kept.append((identity, row_id, kind))
        columns, changes = ("identity", "row_id", "kind"), ("kind",)
        with self._database.writing() as connection:
            insert(connection, tables.claim, columns, kept, {"sync_id": self._sync_id}, changes=changes)
            end_claims(connection, self._sync_id, ended)
            insert(connection, tables.staged_claim, columns, staged, {"run_id": self._run_id}, changes=changes)
        if staged:
            self._has_staged = True


def end_claims(connection: sa.Connection, sync_id: int, ended: Sequence[tuple[bytes, int]]) -> None:
    """Delete claims, given by identity and row, as part of a transaction."""
    claim = tables.claim.c
    if ended:
        connection.execute(
            sa.delete(tables.claim).where(
                claim.sync_id == sync_id,
                claim.identity == sa.bindparam("of_identity"),
                claim.row_id == sa.bindparam("of_row"),
            ),
            [{"of_identity": identity, "of_row": row_id} for identity, row_id in ended],
        )
