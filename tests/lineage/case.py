"""A query of the corpus, with the lineage of every column of its result written by hand.

An expected column is one of
    customers.email              the column as it is
    customers.email:T            through an expression; :A an aggregate, :C it only decides, :W it only sorts or groups
    two of these with a space    both
    constant, computed           made from no column
    ?                            can't be determined from the query's text
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """A query, and what it reads.

    Attributes:
        name: what is special about the query.
        backend: the database's name in a SQLAlchemy URL.
        sql: the query.
        columns: what each column is made from, in the result's order.
        tables: all tables, if the columns don't name all of them.
    """

    name: str
    backend: str
    sql: str
    columns: dict[str, str]
    tables: str = ""

    def __str__(self) -> str:
        return f"{self.backend}-{self.name.replace(' ', '-')}"
