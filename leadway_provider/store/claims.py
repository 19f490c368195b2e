"""Which row of a sync holds an e-mail or a phone, and which rows wait for it. Identities are kept as hashes only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

import sqlalchemy as sa

from leadway_provider.store import tables
from leadway_provider.store.database import Database, chunks, repeated_after_deadlock
from leadway_provider.sync.claims import Claim, Holder, Waiting

_CHUNK: Final = 1000


class ClaimBook:
    """The claims of one sync; see `ClaimStore` for what each method promises."""

    def __init__(self, database: Database, sync_id: int) -> None:
        self._database = database
        self._sync_id = sync_id
        self._of_sync = tables.claim.c.sync_id == sync_id

    def claims_of(self, row_ids: Collection[int]) -> list[Claim]:
        """See `ClaimStore.claims_of`."""
        claim = tables.claim.c
        with self._database.reading() as connection:
            return [
                Claim(identity.hex(), row_id, bool(holds))
                for chunk in chunks(list(row_ids), _CHUNK)
                for identity, row_id, holds in connection.execute(
                    sa.select(claim.identity, claim.row_id, claim.holds).where(claim.row_id.in_(chunk))
                )
            ]

    def holders(self, identities: Collection[str]) -> dict[str, Holder]:
        """See `ClaimStore.holders`."""
        claim = tables.claim.c
        wanted = (
            sa.select(claim.identity, claim.row_id, tables.row.c.source_key)
            .join(tables.row, tables.row.c.id == claim.row_id)
            .where(self._of_sync, claim.holds == 1)
        )
        with self._database.reading() as connection:
            return {
                identity.hex(): Holder(row_id, key)
                for chunk in chunks([bytes.fromhex(identity) for identity in identities], _CHUNK)
                for identity, row_id, key in connection.execute(wanted.where(claim.identity.in_(chunk)))
            }

    @repeated_after_deadlock
    def reclaim(self, dropped: Sequence[Claim], made: Sequence[Claim]) -> None:
        """See `ClaimStore.reclaim`."""
        claim = tables.claim.c
        this_claim = sa.and_(
            self._of_sync, claim.identity == sa.bindparam("of_identity"), claim.row_id == sa.bindparam("of_row")
        )
        gone = [{"of_identity": bytes.fromhex(each.identity), "of_row": each.row_id} for each in (*dropped, *made)]
        new = [
            {
                "sync_id": self._sync_id,
                "identity": bytes.fromhex(each.identity),
                "row_id": each.row_id,
                "holds": int(each.holds),
            }
            for each in made
        ]
        with self._database.writing() as connection:
            if gone:
                connection.execute(sa.delete(tables.claim).where(this_claim), gone)
            if new:
                connection.execute(sa.insert(tables.claim), new)

    def disinherit(self, ended: Sequence[Claim]) -> None:
        """See `ClaimStore.disinherit`."""
        with self._database.writing() as connection:
            for rows in chunks([claim.row_id for claim in ended], _CHUNK):
                connection.execute(sa.update(tables.row).where(tables.row.c.id.in_(rows)).values(fingerprint=None))
        self.reclaim(dropped=ended, made=[])

    def waiting(self) -> Iterator[Waiting]:
        """See `ClaimStore.waiting`."""
        wait, hold = tables.claim.alias("wait").c, tables.claim.alias("hold")
        holder = sa.and_(hold.c.sync_id == wait.sync_id, hold.c.identity == wait.identity, hold.c.holds == 1)
        page = (
            sa.select(wait.identity, wait.row_id, hold.c.row_id)
            .select_from(sa.outerjoin(wait.identity.table, hold, holder))
            .where(wait.sync_id == self._sync_id, wait.holds == 0)
            .order_by(wait.identity, wait.row_id)
            .limit(_CHUNK)
        )
        identity, row_id = b"", 0
        while True:
            behind = sa.or_(wait.identity > identity, sa.and_(wait.identity == identity, wait.row_id > row_id))
            with self._database.reading() as connection:
                found = connection.execute(page.where(behind)).all()
            if not found:
                return
            identity, row_id, _ = found[-1]
            for waits_for, waiting, held_by in found:
                yield Waiting(waits_for.hex(), waiting, held_by)
