"""Rows compared with the account itself, instead of what it once acknowledged.

Each row is compared with the contact that it lives on or, where none is known, with the one that the account would
match. Where that can't be said for certain, nothing is concluded and the row is sent: a contact that another row lives
on, an e-mail that several contacts have, a call without an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final

from leadway_provider.contacts.contact import Contact
from leadway_provider.sync.compared import ComparedRow, ComparisonResult, ContactLookup, RowComparison
from leadway_provider.sync.snapshot import ContactDigest, ContactDigester, KnownHome, SnapshotStore
from leadway_provider.sync.tally import Tally
from leadway_provider.sync.verification import RowHome

LAG: Final = timedelta(minutes=2)
"""How long a search may not show what was written; up to a minute was observed."""
_FOUND: Final = "found"
_BELIEVED: Final = "believed"
"""Of rows that are equal: whether their contacts were found so, or the account's acknowledgement is believed."""
_ALWAYS_SHOWN: Final = frozenset({"email", "phone", "tags", "customFields"})
_UNKNOWN: Final = RowComparison(ComparisonResult.UNKNOWN)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row is compared.

    Attributes:
        home: what is known of the row.
        contact_id: the contact; None where there is none to compare with.
        digest: the contact as it was read; None where it was not.
        is_home: whether the row names the contact, or lives on it. Otherwise the account would match it.
        is_shared: whether another row lives on the contact.
        is_absent: whether the account has no contact with the row's e-mail or phone.
    """

    home: KnownHome | None
    contact_id: str | None = None
    digest: ContactDigest | None = None
    is_home: bool = False
    is_shared: bool = False
    is_absent: bool = False


@dataclass(kw_only=True)
class AccountComparison:
    """Compares batches of rows with the contacts that a run has read.

    Attributes:
        store: the contacts.
        digester: hashes what rows send.
        lookup: the account, for contacts that the search may not show as they are.
        identity: the fields that the account matches by, in its order.
        shown: the names of the fields that the search showed of any contact.
        read_since: when the account was begun to be read. What was written in the two minutes before may be missing in
            what was read.
        targets: the fields as the user writes them, by API path.
    """

    store: SnapshotStore
    digester: ContactDigester
    lookup: ContactLookup
    identity: Sequence[str]
    shown: Collection[str] = field(repr=False)
    read_since: datetime
    targets: Mapping[str, str]
    tally: Tally = field(default_factory=Tally)
    _returned: dict[str, bool] = field(default_factory=dict, repr=False)
    fields: Tally = field(default_factory=Tally)
    equal: Tally = field(default_factory=Tally)

    def compare(self, rows: Sequence[ComparedRow]) -> dict[int, RowComparison]:
        """Return what was found for each row, by its id, and count it."""
        places = self._places(rows)
        looked_up = self._looked_up(rows, places)
        found: dict[int, RowComparison] = {}
        for row in rows:
            place = places[row.row_id]
            finding = found[row.row_id] = self._finding(row, place, looked_up)
            self._count(row, finding)
        matched = {
            finding.contact_id: row_id
            for row_id, finding in found.items()
            if finding.contact_id is not None and not places[row_id].is_home
        }
        if matched:
            self.store.match(matched)
        return found

    def take_back(self, row_ids: Collection[int]) -> None:
        """Count these rows no more: they are planned again, or another row stands for them."""
        self.tally.take_back(row_ids)
        self.fields.take_back(row_ids)
        self.equal.take_back(row_ids)

    def findings(self, contacts: int, was_read: Callable[[int], bool] | None) -> AccountFindings:
        """Return what was found when all rows are compared.

        Args:
            contacts: how many contacts were read.
            was_read: returns whether the plan read the row of that id; None where it did not read the whole source.
        """
        unmatched = None if was_read is None else self.store.count_unmatched(was_read)
        by_field = sorted(self.fields.counts().items(), key=lambda each: (-each[1], each[0]))
        return AccountFindings(contacts, dict(by_field), self.equal.counts().get(_BELIEVED, 0), unmatched)

    def equal_rows(self) -> Iterator[RowHome]:
        """Return the rows that were compared with their contacts and found equal, in the order of their keys."""
        return (row for row in self.store.rows() if self.equal.has(row.row_id, _FOUND))

    def _places(self, rows: Sequence[ComparedRow]) -> dict[int, _Place]:
        homes = self.store.homes([row.row_id for row in rows if not row.is_new])
        named = {row.row_id: row.contact.contact_id or _contact_of(homes.get(row.row_id)) for row in rows}
        wanted = {row.row_id: self._identities(row.contact) for row in rows if not named[row.row_id]}
        holders = self.store.with_identities({each for several in wanted.values() for each in several})
        contact_ids = {each for each in named.values() if each}
        digests = self.store.by_id(contact_ids)
        candidates = {digest.contact_id for several in holders.values() for digest in several}
        residents = self.store.residents(contact_ids | candidates)
        taken: set[str] = set()
        places: dict[int, _Place] = {}
        for row in rows:
            row_id, home, contact_id = row.row_id, homes.get(row.row_id), named[row.row_id]
            if contact_id is not None:
                others = set(residents.get(contact_id, ())) - {row_id}
                places[row_id] = _Place(home, contact_id, digests.get(contact_id), is_home=True, is_shared=bool(others))
                continue
            match = self._match(row_id, wanted[row_id], holders) if row.contact.repeatable else None
            if match is None or match.contact_id in taken or residents.get(match.contact_id):
                is_absent = match is None and not any(map(holders.get, wanted[row_id]))
                places[row_id] = _Place(home, is_absent=is_absent)
            else:
                taken.add(match.contact_id)
                places[row_id] = _Place(home, match.contact_id, match)
        return places

    def _identities(self, contact: Contact) -> list[str]:
        """Return the hashes of a contact's identities, in the order in which the account matches them."""
        found = contact.identities
        return [self.digester.hasher.hash(name, found[name]) for name in self.identity if name in found]

    @staticmethod
    def _match(
        row_id: int, identities: Sequence[str], holders: Mapping[str, Sequence[ContactDigest]]
    ) -> ContactDigest | None:
        """Return the contact that the account would match; None where that is none, or can't be said."""
        for identity in identities:
            if several := holders.get(identity):
                [first, *others] = several
                return first if not others and first.matched_by in (None, row_id) else None
        return None

    def _looked_up(self, rows: Sequence[ComparedRow], places: Mapping[int, _Place]) -> dict[str, ContactDigest]:
        """Return the contacts that had to be looked up, of those that the account has."""
        wanted = {
            place.contact_id: None
            for row in rows
            if (place := places[row.row_id]).contact_id is not None and self._is_unsure(row, place)
        }
        found = self.lookup.by_id(list(wanted)) if wanted else {}
        return {contact_id: self.digester.digest(contact_id, each.fields) for contact_id, each in found.items()}

    def _is_unsure(self, row: ComparedRow, place: _Place) -> bool:
        """Return whether the search may not show the contact as it is."""
        if not place.is_home:
            return False
        if place.digest is None or place.is_shared:
            return place.digest is None
        is_recent = place.home is not None and place.home.changed_at >= self.read_since - LAG
        return is_recent and (not row.is_acknowledged or bool(self.digester.differences(row.contact, place.digest)))

    def _finding(self, row: ComparedRow, place: _Place, looked_up: Mapping[str, ContactDigest]) -> RowComparison:
        if place.home is not None and place.home.is_unanswered:
            return _UNKNOWN
        if place.contact_id is None:
            return RowComparison(ComparisonResult.ABSENT) if place.is_absent else _UNKNOWN
        digest = looked_up.get(place.contact_id)
        if digest is None:
            digest = None if self._is_unsure(row, place) else place.digest
        if digest is None:
            return RowComparison(ComparisonResult.MISSING, place.contact_id)
        if place.is_shared:
            return RowComparison(ComparisonResult.EQUAL, is_believed=True) if row.is_acknowledged else _UNKNOWN
        found = differing = self.digester.differences(row.contact, digest)
        is_looked_up = place.contact_id in looked_up
        edited = self._edited(row.contact, place, digest, is_looked_up=is_looked_up)
        found = differing = found - edited
        if not is_looked_up and row.is_acknowledged:
            differing = self._returned_of(found, digest)
        if row.is_acknowledged and place.home:
            differing = differing - self._kept_back(differing, row.contact, place.home, digest)
        result = ComparisonResult.DIFFERENT if differing else ComparisonResult.EQUAL
        is_known = row.is_acknowledged and place.home is not None and place.home.in_crm == digest.identities
        in_crm = None if is_known else digest.identities
        return RowComparison(
            result,
            place.contact_id,
            in_crm,
            frozenset(differing),
            place.is_home,
            is_believed=differing != found,
            edited=edited,
            acknowledged_values=self._acknowledged(row, place, digest),
        )

    def _edited(self, contact: Contact, place: _Place, digest: ContactDigest, *, is_looked_up: bool) -> frozenset[str]:
        """Return the fields that somebody has edited; of those that a search does not return, that is not known."""
        edited = self.digester.edited(contact, digest, place.home)
        return edited if is_looked_up or not edited else frozenset(self._returned_of(set(edited), digest))

    def _acknowledged(self, row: ComparedRow, place: _Place, digest: ContactDigest) -> bytes | None:
        """Return what is kept of an equal row's contact; for one that was acknowledged, None where that is kept now."""
        after = self.digester.acknowledged(row.contact, digest, place.home)
        return None if row.is_acknowledged and place.home and after == place.home.acknowledged_values else after

    def _returned_of(self, differing: set[str], digest: ContactDigest) -> set[str]:
        """Return the fields that a search returns; of others the account's last acknowledgement is believed."""
        return {
            path
            for path in differing
            if (head := _head(path)) in self.shown or head in _ALWAYS_SHOWN or self._is_returned(head, digest)
        }

    def _is_returned(self, name: str, digest: ContactDigest) -> bool:
        """Return whether a search returns a field that no contact showed: one contact is looked up to find that out."""
        if name not in self._returned:
            found = self.lookup.by_id([digest.contact_id]).get(digest.contact_id)
            self._returned[name] = found is None or found.fields.get(name) in (None, "")
        return self._returned[name]

    def _kept_back(
        self, differing: Collection[str], contact: Contact, home: KnownHome, digest: ContactDigest
    ) -> set[str]:
        """Return the fields that the contact did not keep when they were sent, and would not keep now."""
        not_kept = {path for path in differing if self.targets.get(path, path) in home.not_kept}
        identities = contact.identities
        return {path for path in not_kept if path not in identities or self._is_taken(path, identities[path], digest)}

    def _is_taken(self, name: str, value: str, digest: ContactDigest) -> bool:
        """Return whether a contact has an e-mail or phone that no delivery makes it give up."""
        owner = self.lookup.owner(name, value)
        if owner is None or owner == digest.contact_id:
            return False
        found = self.store.by_id([owner]).get(owner)
        is_first = found is not None and self.digester.hasher.hash(name, value) in found.identities
        return not (is_first and self.store.residents([owner]).get(owner))

    def _count(self, row: ComparedRow, finding: RowComparison) -> None:
        if finding.is_equal:
            self.equal.add(row.row_id, [_BELIEVED if finding.is_believed else _FOUND])
            self.tally.add(row.row_id, ["edited_in_crm"] if finding.edited else [])
        match finding.result:
            case ComparisonResult.EQUAL if not row.is_acknowledged:
                self.tally.add(row.row_id, ["adopted"])
            case ComparisonResult.DIFFERENT if row.is_acknowledged:
                self.tally.add(row.row_id, ["drifted"])
                self.fields.add(row.row_id, [self.targets.get(path, path) for path in finding.differing])
            case ComparisonResult.MISSING:
                self.tally.add(row.row_id, ["missing"])


@dataclass(frozen=True, slots=True)
class AccountFindings:
    """What a comparison found beside the counts of rows.

    Attributes:
        contacts: how many contacts the account has.
        drifted_by_field: how many rows drifted in which field, as the user writes it.
        believed: how many rows count as unchanged because the account acknowledged them, although their contacts, or
            some of their fields, were not found to be equal.
        unmatched: how many contacts no row is about; None where the plan did not read the whole source.
    """

    contacts: int
    drifted_by_field: Mapping[str, int] = field(repr=False)
    believed: int
    unmatched: int | None = None

    def document(self) -> dict[str, object]:
        """Return it as plain values that the state store can keep as JSON, without what is None."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def _contact_of(home: KnownHome | None) -> str | None:
    return home.contact_id if home else None


def _head(path: str) -> str:
    return path.partition(".")[0]
