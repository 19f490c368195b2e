"""A sample of the contacts is read by id after a plan, in place of the whole account."""

from __future__ import annotations

from dataclasses import dataclass, replace

from leadway_provider.contacts.mapping import ContactMapping
from leadway_provider.exceptions import ConfigurationError
from leadway_provider.operators.account import Account
from leadway_provider.printable import printable_log
from leadway_provider.store.state import SyncRun
from leadway_provider.sync.findings import Plan
from leadway_provider.sync.request import SyncRequest
from leadway_provider.sync.sample import RowSample, SampleFindings
from leadway_provider.sync.sampling import SampleComparison, SampleReading
from leadway_provider.sync.snapshot import ContactDigester
from leadway_provider.words import counted

log = printable_log(__name__)


@dataclass(frozen=True, slots=True)
class SampledAccount:
    """An account of which the contacts of a sample are read.

    Attributes:
        request: what is asked for.
        run: the plan's run.
        account: the account.
        sample: the rows.
    """

    request: SyncRequest
    run: SyncRun
    account: Account
    sample: RowSample

    def conclude(self, planned: Plan, mapping: ContactMapping, digester: ContactDigester) -> Plan:
        """Read the contacts of the sample, store and log what they say, and return the plan with what is counted.

        Args:
            planned: what the plan found.
            mapping: how a row becomes a contact.
            digester: hashes the fields that are compared.

        Raises:
            ConfigurationError: a day's quota does not suffice for the sample.
            LeadwayError: the contacts could not be read to the last one, so that nothing is concluded; or the state
                store could not be reached.
        """
        found = self._findings(mapping, digester)
        self.run.store_comparison(found.document())
        log.info("%s", found.sentences())
        if found.drifted or found.missing:
            by_field = ", ".join(f"{name} {rows:,}" for name, rows in found.drifted_by_field.items())
            drifted = f"{found.drifted:,} drifted" + (f" ({by_field})" if by_field else "")
            log.info("Of the others: %s, %s whose contact is missing", drifted, counted(found.missing, "row"))
        return replace(planned, counts=planned.counts.plus(drifted=found.drifted, missing=found.missing))

    def _findings(self, mapping: ContactMapping, digester: ContactDigester) -> SampleFindings:
        contact_ids = [row.contact_id for row in self.sample.rows()]
        if not contact_ids:
            return SampleFindings(self.sample.population)
        calls, daily = self.account.calls, self.account.granted_quota.daily
        if daily is not None and calls + len(contact_ids) > daily:
            raise ConfigurationError(
                f"sample of task {self.request.task_id} needs {counted(calls + len(contact_ids), 'call')}, which are "
                f"made in one go, and the account grants {daily:,} a day: give a smaller one."
            )
        log.info("Reading %s by id, of %s", counted(len(contact_ids), "contact"), f"{self.sample.population:,}")
        reading = SampleReading(contact_ids, digester, self.request.max_in_flight)
        self.account.call(reading.read, self.request.max_in_flight)
        read = counted(len(reading.found), "contact")
        log.info("Read %s in %s", read, counted(self.account.calls - calls, "call"))
        comparison = SampleComparison(
            mapping=mapping, removal=self.request.removal, store=self.run.snapshot, digester=digester
        )
        return comparison.findings(self.sample, reading.found)
