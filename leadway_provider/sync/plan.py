"""The first phase: which rows changed, and what would be sent for them. No contact is changed.

Memory is constant: three batches of rows at a time, and one bit for each row of the state store. While the store writes
one batch, in a thread of its own, the next one is read, compared and converted: databases do their part without
Python's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from leadway_provider.contacts.contact import Contact, Rejection
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.contacts.stamps import RunStamps
from leadway_provider.policies import OnMatch, RemovalPolicy
from leadway_provider.sync.changed import ChangedRow, compared_rows, remarks
from leadway_provider.sync.claims import Settlement
from leadway_provider.sync.compared import RowComparison
from leadway_provider.sync.comparison import AccountComparison
from leadway_provider.sync.decision import DecisionRules, KnownRow, decide
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.fingerprint import fingerprint_of, is_same_contact, is_same_row, row_hasher
from leadway_provider.sync.forgotten import ForgottenKeys
from leadway_provider.sync.identities import UNKEYED, IdentityHasher
from leadway_provider.sync.keyed import KeyedRows
from leadway_provider.sync.lookahead import KeyedBatch, LookAhead
from leadway_provider.sync.outcome import Counts, RowState
from leadway_provider.sync.ports import ClaimStore, PlanStore
from leadway_provider.sync.problems import Problems
from leadway_provider.sync.records import PlannedRow, SettledRow
from leadway_provider.sync.removal import without_departed_tags
from leadway_provider.sync.residents import beside, freed
from leadway_provider.sync.row import source_keys
from leadway_provider.sync.sample import RowSample
from leadway_provider.sync.seen import is_set, make_room, set_bit, suspiciously_few
from leadway_provider.sync.settling import settled_batch
from leadway_provider.sync.skipped import skipped_rows
from leadway_provider.sync.succession import succession

Rows: TypeAlias = Sequence[Sequence[object]]
"""A batch of source rows."""

_NO_ROW: Final[tuple[int, bytes | None]] = (0, None)
"""Row ids begin with 1."""


@dataclass(kw_only=True)
class Planner:
    """Compares rows with what the CRM last acknowledged, and puts the changed ones into the outbox; used once.

    Attributes:
        key: the key's columns, as errors name them.
        mapping: how a row becomes a contact.
        store: the run's side of the state store; the caller seals it.
        claims: who holds which e-mail and phone.
        removal: what becomes of departed rows; `find_departed` finds them afterwards.
        seen_by_newer: one bit for each row id that a newer data interval has seen; such a row is superseded where it
            differs.
        full_resync: whether rows that did not change are sent as well.
        incremental: whether the query reads only some rows, so that an absent row says nothing.
        retry_refused: after so many runs in which the API refused a row, it waits until it changes.
        trust_few: whether a whole read counts as whole however few rows come; a removal policy has a guard of its own.
        hasher: hashes the sync's e-mails and phones, and its key the rows; the same in every run.
        comparison: compares rows with the account itself; None compares them with what it last acknowledged.
        on_match: which rows are sent, and which are skipped.
        forgotten: the keys whose rows are skipped, because their persons were forgotten.
        stamps: what is written into each contact that is sent.
        sample: chooses rows at random among the unchanged ones; None chooses none.
    """

    key: Sequence[str]
    mapping: ContactMapping
    store: PlanStore
    claims: ClaimStore
    removal: RemovalPolicy = field(default_factory=RemovalPolicy)
    seen_by_newer: bytes = b""
    full_resync: bool = False
    incremental: bool = False
    retry_refused: int = 5
    trust_few: bool = False
    hasher: IdentityHasher = UNKEYED
    comparison: AccountComparison | None = None
    on_match: OnMatch = "upsert"
    forgotten: ForgottenKeys = field(default_factory=ForgottenKeys)
    stamps: RunStamps = field(default_factory=RunStamps)
    sample: RowSample | None = None

    def __post_init__(self) -> None:
        rules = self.mapping.rules
        self._on_shared = rules.on_shared_identity
        is_strict, users = self._on_shared == "invalid", self.mapping.users_digest
        self._rules = DecisionRules(is_strict, self.retry_refused, users, self.hasher, self.stamps)
        self._hash_row = row_hasher(self.mapping.digest, self.hasher.key)
        self._identity_rules = (*rules.identity, rules.on_shared_identity)
        self._compared_again = 0
        self._older = bytearray(len(self.seen_by_newer))
        self._seen = bytearray(1024)
        self._problems = Problems(self.key)
        self._keyed = KeyedRows(self._problems, self.forgotten)
        self._counts, self._repeated = self._keyed.counts, self._keyed.repeated
        self._storing: Future[None] | None = None

    def plan(
        self,
        batches: Iterable[Rows],
        *,
        read_again: Callable[[], Iterable[Rows]],
        on_batch: Callable[[Counts], None] = lambda _: None,
    ) -> Plan:
        """Plan all rows.

        Args:
            batches: the source rows, in the source's order.
            read_again: reads the source once more; used only where a row that was compared already is the next holder
                of an identity.
            on_batch: is called with the counts after each batch.
        """
        with (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="leadway-plan") as self._store_thread,
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="leadway-look-up") as beside,
        ):
            self._ahead = LookAhead(self.store, self.mapping.key_positions, beside)
            return self._plan(batches, read_again, on_batch)

    def _plan(
        self, batches: Iterable[Rows], read_again: Callable[[], Iterable[Rows]], on_batch: Callable[[Counts], None]
    ) -> Plan:
        for batch in self._ahead.batches(batches):
            self._compare(batch, self._keyed.places(batch.keys))
            on_batch(Counts(**self._counts))
        self._until_stored()
        trusts_few = self.incremental or self.trust_few
        too_few = None if trusts_few else suspiciously_few(self._seen, self.store.count_with_contact())
        is_whole = not self.incremental and not self.seen_by_newer and too_few is None and self._counts["read"] > 0
        # Twice, because the next holder of the first identity may become one of the second.
        for find in (*[self._succeed for _ in self.mapping.rules.identity], self._beside):
            if self._shows_all and (found := find(is_whole=is_whole)):
                for rows in read_again():
                    self._plan_again(rows, found)
                self._until_stored()
        compared = self.comparison.tally.counts() if self.comparison else {}
        return Plan(
            Counts(**self._counts, **compared),
            tuple(self._problems.unkeyed),
            self._problems.by_frequency(),
            older=int.from_bytes(self._older, "little").bit_count(),
            compared_again=self._compared_again,
            seen=bytes(self._seen),
            is_whole=is_whole,
            missing=self.comparison.tally.bits("missing") if self.comparison else b"",
            too_few=too_few,
            repeated=self._repeated,
            forgotten=self._keyed.forgotten_rows,
        )

    def _compare(self, batch: KeyedBatch, latest: Mapping[str, int]) -> None:
        """Give each row of a batch, by now one a key, its outcome as far as the plan knows it."""
        rows, known = batch.rows, self._ahead.known(batch, list(latest))
        make_room(self._seen, max(known.values(), default=_NO_ROW)[0])  # by the id, which is different for each row
        hash_row, seen, full_resync, users = self._hash_row, self._seen, self.full_resync, self.mapping.users_digest
        trusts_state = not full_resync and self.comparison is None
        changed: list[ChangedRow] = []
        repeated: dict[int, str] = {}
        older: list[int] = []
        unchanged: list[str] = []
        for key, index in latest.items():
            row_hash = hash_row(rows[index])
            row_id, acknowledged = known.get(key, _NO_ROW)
            if row_id:
                byte, bit = row_id >> 3, 1 << (row_id & 7)
                if seen[byte] & bit:
                    repeated[row_id] = key
                else:
                    seen[byte] |= bit
            is_same = trusts_state and is_same_row(acknowledged, row_hash, users)
            if is_same and (row_id not in repeated or self._is_older(row_id)):
                unchanged.append(key)
            elif self._is_older(row_id):
                older.append(row_id)
            else:
                known_as = None if full_resync else acknowledged
                changed.append(ChangedRow(index, key, row_hash, row_id, known_as, row_id in repeated))
        if repeated:
            self._supersede(list(repeated))
            self._repeated.add(repeated.values())
        if self.sample:
            self.sample.add({known[key][0]: (key, rows[latest[key]]) for key in unchanged})
        self._counts[RowState.UNCHANGED] += len(unchanged)
        self._counts[RowState.SUPERSEDED] += len(older)
        for row_id in older:
            self._older[row_id >> 3] |= 1 << (row_id & 7)
        if changed:
            self._write(rows, sorted(changed, key=lambda row: row.place))

    def _is_older(self, row_id: int) -> bool:
        return bool(self.seen_by_newer) and is_set(self.seen_by_newer, row_id)

    def _was_read(self, row_id: int) -> bool:
        return is_set(self._seen, row_id)

    def _supersede(self, row_ids: Sequence[int]) -> None:
        """Take back what was counted and planned for these rows: their keys came again."""
        self._until_stored()
        counted = [row_id for row_id in row_ids if not is_set(self._older, row_id)]
        for state in self.store.unplan(counted).values():
            self._counts[state] -= 1
            self._counts[RowState.SUPERSEDED] += 1
        self._compared_anew(row_ids)
        for row_id in set(row_ids).difference(counted):
            self._older[row_id >> 3] ^= 1 << (row_id & 7)

    @property
    def _shows_all(self) -> bool:
        """Whether the plan shows which rows are there now: one of an older interval, or of no row, does not."""
        return bool(self._counts["read"]) and not self.seen_by_newer and self._on_shared != "send"

    def _beside(self, *, is_whole: bool) -> Collection[int]:
        """Return the rows that must be planned again because of what becomes of the contacts of other rows."""

        def is_present(row_id: int) -> bool:
            return not is_whole or self._was_read(row_id)

        found = beside(self.store.shared_contacts(), is_present=is_present)
        found |= freed(self.store.denied(), is_present=is_present)
        read = {row_id for row_id in found if self._was_read(row_id)}
        self.claims.plan_when_read(found - read)
        return read

    def _succeed(self, *, is_whole: bool) -> Collection[int]:
        """Let identities pass to the next rows, and return the rows that must be planned again for it."""

        def is_present(row_id: int) -> bool:
            return not is_whole or self._was_read(row_id)

        found = succession(self.claims.waiting(), is_present=is_present, was_read=self._was_read)
        if found.holders:
            self.claims.update_claims(found.ended, found.holders)
        if found.plan_when_read:
            self.claims.plan_when_read(found.plan_when_read)
        return found.plan_again

    def _plan_again(self, rows: Rows, wanted: Collection[int]) -> None:
        """Plan those of these rows once more whose ids are wanted."""
        keys = source_keys(rows, self.mapping.key_positions)
        latest = {key: index for index, key in enumerate(keys) if key is not None}
        ids = {key: row_id for key, (row_id, _) in self.store.known(list(latest)).items() if row_id in wanted}
        if not ids:
            return
        self._until_stored()
        for state in self.store.unplan(list(ids.values())).values():
            self._counts[state] -= 1
        self._compared_anew(ids.values())
        changed = [
            ChangedRow(latest[key], key, self._hash_row(rows[latest[key]]), row_id) for key, row_id in ids.items()
        ]
        self._write(rows, sorted(changed, key=lambda row: row.place))

    def _write(self, rows: Rows, changed: Sequence[ChangedRow]) -> None:
        """Put changed rows, in the source's order, into the outbox, each with what may be sent of it."""
        contacts = {row.key: self.mapping.contact(rows[row.place]) for row in changed}
        fingerprints = {row.key: self._fingerprint(row.row_hash, contacts[row.key]) for row in changed}
        settled = [
            SettledRow(row.row_id, row.key, RowState.UNCHANGED, fingerprint=fingerprints[row.key])
            for row in changed
            if self.comparison is None
            and not row.is_repeated
            and is_same_contact(row.acknowledged, fingerprints[row.key])
        ]
        self._compared_again += len(settled)
        for each in settled:
            del contacts[each.source_key]
        self._until_stored()
        left = [row for row in changed if row.key in contacts]
        settlement, decided = self._decided(left, contacts, fingerprints)
        planned = [each for each in decided if isinstance(each, PlannedRow)]
        settled += [each for each in decided if isinstance(each, SettledRow)]
        self._storing = self._store_thread.submit(self._store, settlement, planned, settled)
        self._counts[RowState.PENDING] += len(planned)
        self._counts[RowState.UNCHANGED] += decided.count(None)
        for each in settled:
            self._counts[each.outcome] += 1
        if self.sample:
            same = {each.source_key for each in settled if each.outcome is RowState.UNCHANGED}
            self.sample.add({row.row_id: (row.key, rows[row.place]) for row in changed if row.key in same})

    def _decided(
        self,
        changed: Sequence[ChangedRow],
        contacts: Mapping[str, Contact | Rejection],
        fingerprints: Mapping[str, bytes],
    ) -> tuple[Settlement, list[PlannedRow | SettledRow | None]]:
        """Return who has which identity, and what becomes of each row, in the order in which they must be sent."""
        ids = self._row_ids(changed)
        by_id = {ids[row.key]: row for row in changed}
        added = {ids[row.key] for row in changed if not row.row_id}
        refusals = {} if self.full_resync else self.store.refusals([row.row_id for row in changed if row.row_id])
        settlement = settled_batch(self.claims, contacts, ids, added, rules=self.mapping.rules, hasher=self.hasher)
        rules = self._rules
        sent = {
            row_id: without_departed_tags(self.removal, verdict.contact)
            for row_id, verdict in settlement.verdicts.items()
            if verdict.contact is not None and not rules.is_invalid(verdict)
        }
        compared: Mapping[int, RowComparison] = {}
        if self.comparison:
            compared = self.comparison.compare(compared_rows(sent, by_id, fingerprints, rules.users, added))
        skipped = skipped_rows(self.on_match, self.store, sent, compared)
        decided: list[PlannedRow | SettledRow | None] = []
        for row_id, verdict in settlement.verdicts.items():
            row = by_id[row_id]
            found, fingerprint = contacts[row.key], fingerprints[row.key]
            self._problems.add(row.key, remarks(found, verdict))
            known = (row, row_id, found, verdict, sent.get(row_id), fingerprint, compared.get(row_id))
            decided.append(decide(KnownRow(*known, refusals.get(row_id), skipped.get(row_id)), rules))
        return settlement, decided

    def _compared_anew(self, row_ids: Collection[int]) -> None:
        if self.comparison:
            self.comparison.take_back(row_ids)
        if self.sample:
            self.sample.take_back(row_ids)

    def _fingerprint(self, row_hash: bytes, found: Contact | Rejection) -> bytes:
        contact = found if isinstance(found, Contact) else None
        return fingerprint_of(row_hash, contact, self._identity_rules, self.hasher.key, self.mapping.users_digest)

    def _row_ids(self, changed: Sequence[ChangedRow]) -> dict[str, int]:
        """Return the row id of each key; a new key gets one, and its bit is set."""
        new = [row.key for row in changed if not row.row_id]
        added = self.store.ensure_rows(new) if new else {}
        if added:
            self._ahead.rows_were_added()
        for row_id in added.values():
            set_bit(self._seen, row_id)
        return {row.key: row.row_id or added[row.key] for row in changed}

    def _store(self, settlement: Settlement, planned: Sequence[PlannedRow], settled: Sequence[SettledRow]) -> None:
        """Store what was decided for a batch, while the next batch is read, compared and converted."""
        self.claims.update_claims(settlement.dropped, settlement.changed)
        self.store.write(planned, settled)

    def _until_stored(self) -> None:
        """Wait until the store has what was decided so far; only what it has counts in the next decisions."""
        if (storing := self._storing) is not None:
            self._storing = None
            storing.result()
