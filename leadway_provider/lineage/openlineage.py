"""A run in OpenLineage's terms: datasets and facets.

It is imported only where OpenLineage is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from airflow.providers.common.compat.openlineage.facet import (
    ColumnLineageDatasetFacet,
    Fields,
    InputDataset,
    InputField,
    OutputDataset,
    OutputStatisticsOutputDatasetFacet,
    SchemaDatasetFacet,
    SchemaDatasetFacetFields,
    SQLJobFacet,
)
from airflow.providers.openlineage.extractors import OperatorLineage
from openlineage.client.facet_v2 import column_lineage_dataset, data_quality_assertions_dataset

from leadway_provider.contacts.targets import find_target
from leadway_provider.lineage.facet import PRODUCER, ColumnUse, LeadwaySyncRunFacet
from leadway_provider.lineage.fields import ContactField
from leadway_provider.lineage.origin import Effect, Origin, QueryLineage, ResultColumn
from leadway_provider.lineage.query import DIALECTS
from leadway_provider.lineage.run import RunLineage
from leadway_provider.lineage.source import DatasetName
from leadway_provider.sync.plan_entry import PLAN_TABLE_COLUMNS
from leadway_provider.sync.request import ALL_ACCOUNTS
from leadway_provider.sync.verification import Verification

_ALL_EQUAL: Final = "all_rows_equal"
_NOT_DRIFTED: Final = "not_drifted"


def operator_lineage(run: RunLineage) -> OperatorLineage[Any, Any]:
    """Return what a run has read and written so far."""
    query = run.query()
    datasets = _Datasets(run, query)
    written = run.accounts or (() if run.location_id == ALL_ACCOUNTS else (run,))
    accounts = [_Datasets(each, query) for each in written]
    return OperatorLineage(
        inputs=[*datasets.inputs(), *(each.compared() for each in accounts if each.run.comparison)],
        outputs=[*(each.output() for each in accounts), *datasets.plan()],
        run_facets={"leadwaySync": datasets.run_facet()},
        job_facets={
            "sql": SQLJobFacet(
                producer=PRODUCER, query=run.sql, dialect=DIALECTS.get(run.source.backend, run.source.backend)
            )
        },
    )


@dataclass(frozen=True, slots=True)
class _Datasets:
    """A run's datasets and facets.

    Attributes:
        run: the run.
        query: what its query reads.
    """

    run: RunLineage
    query: QueryLineage

    def inputs(self) -> list[InputDataset]:
        """Return the source tables, and the query's own result where a column's table can't be determined."""
        tables = [self.run.source.table(table) for table in self.query.tables]
        inputs = [InputDataset(namespace=each.namespace, name=each.name) for each in tables]
        unresolved = [each.name for each in self.query.columns if each.origin is Origin.UNRESOLVED]
        if unresolved or not inputs:
            schema = SchemaDatasetFacet(
                producer=PRODUCER, fields=[SchemaDatasetFacetFields(name=name) for name in unresolved]
            )
            namespace, name = self._result
            inputs.append(InputDataset(namespace=namespace, name=name, facets={"schema": schema}))
        return inputs

    def compared(self) -> InputDataset:
        """Return the account's contacts as a comparison has read them, with what it asserts of them."""
        namespace, name = self.run.contacts
        asserted = data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(
            producer=PRODUCER, assertions=list(self._assertions())
        )
        return InputDataset(namespace=namespace, name=name, inputFacets={"dataQualityAssertions": asserted})

    def _assertions(self) -> Iterator[data_quality_assertions_dataset.Assertion]:
        """Return whether all rows are equal, where the whole source was compared, and then the fields that drifted."""
        found, counts = self.run.comparison, self.run.counts
        if "unmatched" in found:
            is_verified = Verification.of_run(found, counts) is not None
            yield data_quality_assertions_dataset.Assertion(assertion=_ALL_EQUAL, success=is_verified)
        for written in found.get("drifted_by_field", {}):
            drifted = find_target(written).name
            yield data_quality_assertions_dataset.Assertion(assertion=_NOT_DRIFTED, success=False, column=drifted)

    def output(self) -> OutputDataset:
        """Return the account's contacts."""
        namespace, name = self.run.contacts
        fields = self._fields
        counts = self.run.counts
        statistics = OutputStatisticsOutputDatasetFacet(
            producer=PRODUCER, rowCount=counts.get("created", 0) + counts.get("updated", 0)
        )
        return OutputDataset(
            namespace=namespace,
            name=name,
            facets={
                "schema": SchemaDatasetFacet(
                    producer=PRODUCER,
                    fields=[SchemaDatasetFacetFields(name=each.name, type=each.type) for each in fields],
                ),
                "columnLineage": ColumnLineageDatasetFacet(
                    producer=PRODUCER, fields={each.name: self._origin(each) for each in fields}
                ),
            },
            outputFacets={"outputStatistics": statistics} if counts else {},
        )

    def plan(self) -> Iterator[OutputDataset]:
        """Return the table of a dry run's plan, where there is one; its keys are the columns that identify a row."""
        if not (dataset := self.run.plan):
            return
        columns = [column for name in self.run.key if (column := self._column(name))]
        keys = [each for column in columns for each in self._input_fields(column)]
        yield OutputDataset(
            namespace=dataset.namespace,
            name=dataset.name,
            facets={
                "schema": SchemaDatasetFacet(
                    producer=PRODUCER, fields=[SchemaDatasetFacetFields(name=each) for each in PLAN_TABLE_COLUMNS]
                ),
                "columnLineage": ColumnLineageDatasetFacet(
                    producer=PRODUCER, fields={"source_key": Fields(inputFields=keys)} if keys else {}
                ),
            },
        )

    def run_facet(self) -> LeadwaySyncRunFacet:
        """Return what OpenLineage's own facets have no place for."""
        run = self.run
        return LeadwaySyncRunFacet(
            producer=PRODUCER,
            sync=run.sync,
            runId=run.run_id,
            locationId=run.location_id,
            source=run.sql_conn_id,
            queryFingerprint=run.fingerprint,
            counts=dict(run.counts),
            calls=run.calls,
            seconds=run.seconds,
            dailyQuota=run.quota_limit,
            dailyQuotaRemaining=run.quota_remaining,
            key=list(run.key),
            columns=list(self._uses()),
            constants=[each.name for each in self._fields if each.column is None],
            problem=self.query.problem,
        )

    @property
    def _fields(self) -> tuple[ContactField, ...]:
        return self.run.fields_of(self.query)

    @property
    def _result(self) -> DatasetName:
        return self.run.source.result(self.run.sync)

    def _column(self, name: str | None) -> ResultColumn | None:
        return next((each for each in self.query.columns if each.name == name), None)

    def _uses(self) -> Iterator[ColumnUse]:
        feeds = {each.column: each.name for each in self._fields}
        for column in self.query.columns:
            yield ColumnUse(column.name, feeds.get(column.name), column.origin.value, column.problem)

    def _origin(self, contact_field: ContactField) -> Fields:
        """Return what one field is made from. Where no column feeds it, the transformation says what does."""
        column = self._column(contact_field.column)
        if column is None:
            return Fields(
                inputFields=[], transformationType="CONSTANT", transformationDescription="the task's constants"
            )
        if column.origin is Origin.UNRESOLVED:
            namespace, name = self._result
            return Fields(
                inputFields=[InputField(namespace=namespace, name=name, field=column.name)],
                transformationDescription=f"from the query's result only: {column.problem}",
            )
        if column.origin is not Origin.COLUMNS:
            return Fields(
                inputFields=[], transformationType=column.origin.upper(), transformationDescription="by the query"
            )
        return Fields(inputFields=list(self._input_fields(column)))

    def _input_fields(self, column: ResultColumn) -> Iterator[InputField]:
        effects: dict[tuple[DatasetName, str], list[Effect]] = {}
        for each in column.inputs:
            effects.setdefault((self.run.source.table(each.table), each.column), []).append(each.effect)
        for (dataset, name), found_effects in effects.items():
            yield InputField(
                namespace=dataset.namespace,
                name=dataset.name,
                field=name,
                transformations=[
                    column_lineage_dataset.Transformation(
                        type="DIRECT" if effect.direct else "INDIRECT", subtype=effect.value, masking=False
                    )
                    for effect in found_effects
                ],
            )
