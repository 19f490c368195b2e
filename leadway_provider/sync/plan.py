"""The first phase: which rows changed, and what would be sent for them. No contact is touched.

Memory is constant: a batch of rows at a time, and one bit for each row that the state store knows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from leadway_provider.contacts.contact import Contact, Reason, Rejection
from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.sync.claims import Claimant, Verdict, heirs, settle
from leadway_provider.sync.lane import lanes
from leadway_provider.sync.outcome import Counts, Outcome
from leadway_provider.sync.ports import ClaimStore, PlannedRow, PlanStore, SettledRow
from leadway_provider.sync.removal import RemovalPolicy
from leadway_provider.sync.row import KEY_LENGTH, fingerprinter, source_keys
from leadway_provider.sync.seen import is_set

_UNKEYED_SAMPLE = 20

_IGNORE = RemovalPolicy()

_NOBODY: tuple[int, bytes | None] = (0, None)
"""No row: ids begin with 1."""


@dataclass(frozen=True, slots=True)
class UnkeyedRow:
    """An invalid row without a usable key, told by its number in the result (from 1)."""

    number: int
    reason: Reason


@dataclass(slots=True)
class Finding:
    """Something that is wrong with rows in the same way.

    Attributes:
        reason: what is wrong, with which field.
        first_key: the first row that has it.
        rows: how many rows the plan has met that have it.
    """

    reason: Reason
    first_key: str
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan found.

    Attributes:
        counts: rows by outcome so far; pending ones will be sent.
        unkeyed: the first few rows without a key.
        findings: what was wrong with changed rows, the most frequent first.
        outdated: rows among the superseded ones that were left to a newer data interval.
        seen: one bit for each row id that the source has.
        is_present: whether it met the row of that id.
    """

    counts: Counts
    unkeyed: tuple[UnkeyedRow, ...]
    findings: tuple[Finding, ...]
    outdated: int
    seen: bytes
    is_present: Callable[[int], bool]


def plan(
    batches: Iterable[Sequence[Sequence[object]]],
    *,
    key: Sequence[str],
    mapping: ContactMapping,
    store: PlanStore,
    claims: ClaimStore,
    again: Callable[[], Iterable[Sequence[Sequence[object]]]],
    newer: bytes = b"",
    resend: bool = False,
    removal: RemovalPolicy = _IGNORE,
    on_batch: Callable[[Counts], None] = lambda _: None,
) -> Plan:
    """Compare every row with what the CRM last acknowledged, and put the changed ones into the outbox.

    Args:
        batches: the source rows, in the source's order.
        key: the key's columns, as errors call them.
        mapping: how a row becomes a contact.
        store: the run's side of the state store; it is left to the caller to seal it.
        claims: who holds which e-mail and phone.
        again: reads the source once more; asked for only where a row that was compared already inherits an identity.
        newer: one bit for each row id that a newer data interval has seen: such a row is superseded where it differs.
        resend: whether rows that did not change are sent as well.
        removal: what becomes of rows that leave; `find_leavers` finds them thereafter.
        on_batch: told the counts after each batch.
    """
    planner = _Planner(" and ".join(key), mapping, store, claims, newer=newer, resend=resend, removal=removal)
    for rows in batches:
        planner.add(rows)
        on_batch(planner.counts())
    for _ in mapping.rules.identity:  # who inherits the first identity may inherit the next one thereafter
        if found := planner.heirs():
            for rows in again():
                planner.revisit(rows, found)
    return planner.plan()


class _Planner:
    """The tally of one plan."""

    def __init__(
        self,
        key: str,
        mapping: ContactMapping,
        store: PlanStore,
        claims: ClaimStore,
        *,
        newer: bytes,
        resend: bool,
        removal: RemovalPolicy,
    ) -> None:
        self._key = key
        self._mapping = mapping
        self._store = store
        self._claims = claims
        self._removal = removal
        self._shared = mapping.rules.on_shared_identity
        self._fingerprint = fingerprinter(mapping.digest)
        self._newer = newer
        self._outdated = bytearray(len(newer))
        self._resend = resend
        self._seen = bytearray(1024)
        self._read = 0
        self._tally = dict.fromkeys((Outcome.UNCHANGED, Outcome.INVALID, Outcome.SUPERSEDED, Outcome.PENDING), 0)
        self.unkeyed: list[UnkeyedRow] = []
        self._findings: dict[tuple[str, str], Finding] = {}

    def plan(self) -> Plan:
        return Plan(
            self.counts(),
            tuple(self.unkeyed),
            self.findings(),
            outdated=int.from_bytes(self._outdated, "little").bit_count(),
            seen=bytes(self._seen),
            is_present=self.is_present,
        )

    def counts(self) -> Counts:
        return replace(Counts(read=self._read), **{outcome.value: count for outcome, count in self._tally.items()})

    def add(self, rows: Sequence[Sequence[object]]) -> None:
        keys = source_keys(rows, self._mapping.key_positions)
        latest = dict(zip(keys, range(len(rows)), strict=True))
        unkeyed = self._without_key(keys) if latest.pop(None, None) is not None else 0
        self._tally[Outcome.SUPERSEDED] += len(rows) - unkeyed - len(latest)
        self._read += len(rows)
        self._settle(rows, latest)  # type: ignore[arg-type]  # None was popped

    def _without_key(self, keys: Sequence[str | None]) -> int:
        numbers = [self._read + index + 1 for index, key in enumerate(keys) if key is None]
        message = f"The key ({self._key}) is null, blank, not storable as text or longer than {KEY_LENGTH} characters."
        reason = Reason(field=self._key, code="key_missing", message=message)
        room = _UNKEYED_SAMPLE - len(self.unkeyed)
        self.unkeyed += [UnkeyedRow(number, reason) for number in numbers[:room]]
        self._tally[Outcome.INVALID] += len(numbers)
        return len(numbers)

    def _settle(self, rows: Sequence[Sequence[object]], latest: dict[str, int]) -> None:
        """Give each row of a batch, by now one a key, its outcome as far as the plan can tell."""
        known = self._store.known(list(latest))
        self._make_room(max(known.values(), default=_NOBODY)[0])  # by the id, which no two have
        fingerprint, seen, resend = self._fingerprint, self._seen, self._resend
        changed: list[tuple[int, str, bytes]] = []
        repeated: list[int] = []
        outdated: list[int] = []
        unchanged = 0
        for key, index in latest.items():
            current = fingerprint(rows[index])
            row_id, acknowledged = known.get(key, _NOBODY)
            if row_id:
                byte, bit = row_id >> 3, 1 << (row_id & 7)
                if seen[byte] & bit:
                    repeated.append(row_id)
                else:
                    seen[byte] |= bit
            if acknowledged == current and not resend:
                unchanged += 1
            elif self._newer and is_set(self._newer, row_id):
                outdated.append(row_id)
            else:
                changed.append((index, key, current))
        if repeated:
            self._supersede(repeated)
        self._tally[Outcome.UNCHANGED] += unchanged
        self._tally[Outcome.SUPERSEDED] += len(outdated)
        for row_id in outdated:
            self._outdated[row_id >> 3] |= 1 << (row_id & 7)
        if changed:
            self._write(rows, sorted(changed))

    def _make_room(self, row_id: int) -> None:
        """Let there be a bit for the row, and for those to come."""
        missing = (row_id >> 3) + 1 - len(self._seen)
        if missing > 0:
            self._seen.extend(bytes(missing + len(self._seen) // 8))

    def _mark_seen(self, row_ids: Collection[int]) -> None:
        self._make_room(max(row_ids, default=0))
        for row_id in row_ids:
            self._seen[row_id >> 3] |= 1 << (row_id & 7)

    def is_present(self, row_id: int) -> bool:
        """Whether this plan met the row."""
        return is_set(self._seen, row_id)

    def _supersede(self, row_ids: Sequence[int]) -> None:
        """Earlier batches had these keys too: what was found there counts no more."""
        counted = [row_id for row_id in row_ids if not is_set(self._outdated, row_id)]
        for was in self._store.retract(counted).values():
            self._tally[was] -= 1
            self._tally[Outcome.SUPERSEDED] += 1
        for row_id in set(row_ids).difference(counted):
            self._outdated[row_id >> 3] ^= 1 << (row_id & 7)

    def heirs(self) -> set[int]:
        """The rows to look at again, because they inherit an e-mail or a phone whose holder changed or is absent."""
        if not self._read or self._newer or self._shared == "send":
            return set()  # an older interval doesn't tell who is absent now
        found, ended = heirs(self._claims.waiting(), self.is_present)
        self._claims.disinherit(ended)
        return found

    def revisit(self, rows: Sequence[Sequence[object]], heirs: Collection[int]) -> None:
        """Look again at those of these rows that are heirs."""
        keys = source_keys(rows, self._mapping.key_positions)
        latest = {key: index for index, key in enumerate(keys) if key is not None}
        ids = {key: row_id for key, (row_id, _) in self._store.known(list(latest)).items() if row_id in heirs}
        if ids:
            for was in self._store.retract(list(ids.values())).values():
                self._tally[was] -= 1
            self._write(rows, sorted((latest[key], key, self._fingerprint(rows[latest[key]])) for key in ids))

    def _write(self, rows: Sequence[Sequence[object]], changed: Sequence[tuple[int, str, bytes]]) -> None:
        """Put changed rows, in the source's order, into the outbox, each with what may be sent of it."""
        contacts = {key: self._mapping.contact(rows[index]) for index, key, _ in changed}
        ids = self._store.enroll(list(contacts))
        self._mark_seen(ids.values())
        fingerprints = {key: fingerprint for _, key, fingerprint in changed}
        planned: list[PlannedRow] = []
        settled: list[SettledRow] = []
        for key, verdict in self._verdicts(contacts, ids).items():
            found = contacts[key]
            self._find(key, found, verdict)
            if isinstance(found, Rejection):
                settled.append(SettledRow(key, Outcome.INVALID, found.reasons))
            elif verdict.reasons and self._shared == "invalid":
                settled.append(SettledRow(key, Outcome.INVALID, verdict.reasons))
            elif verdict.contact is None:
                settled.append(SettledRow(key, Outcome.SUPERSEDED, verdict.reasons))
            else:
                planned.append(
                    PlannedRow(key, fingerprints[key], self._removal.present(verdict.contact), verdict.lanes)
                )
        self._store.write(planned, settled)
        self._tally[Outcome.PENDING] += len(planned)
        for row in settled:
            self._tally[row.outcome] += 1

    def findings(self) -> tuple[Finding, ...]:
        return tuple(sorted(self._findings.values(), key=lambda finding: -finding.rows))

    def _find(self, key: str, found: Contact | Rejection, verdict: Verdict) -> None:
        reasons = found.reasons if isinstance(found, Rejection) else (*found.withheld, *found.notes, *verdict.reasons)
        for reason in reasons:
            self._findings.setdefault((reason.field, reason.code), Finding(reason, key)).rows += 1

    def _verdicts(self, contacts: Mapping[str, Contact | Rejection], ids: Mapping[str, int]) -> dict[str, Verdict]:
        """What each row may send, in the order in which it must be sent."""
        candidates = {key: found if isinstance(found, Contact) else None for key, found in contacts.items()}
        if self._shared == "send":
            return {key: Verdict(found, lanes=lanes(found) if found else ()) for key, found in candidates.items()}
        own = self._claims.claims_of(ids.values())
        wanted = {name for found in candidates.values() if found for name in lanes(found)}
        settlement = settle(
            [Claimant(ids[key], key, found) for key, found in candidates.items()],
            identity=self._mapping.rules.identity,
            own=own,
            holders=self._claims.holders(wanted),
        )
        self._claims.reclaim(settlement.dropped, settlement.made)
        keys = {row_id: key for key, row_id in ids.items()}
        return {keys[row_id]: verdict for row_id, verdict in settlement.verdicts.items()}
