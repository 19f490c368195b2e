"""The directives of the reference pages. Each puts Markdown that is made from the code in its own place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from docs.extension import tables
from docs.extension.objects import described

TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "codes": tables.codes,
    "connection": tables.connection,
    "errors": tables.errors,
    "facet": tables.facet,
    "options": tables.options,
    "outcomes": tables.outcomes,
    "state": tables.state,
}
"""What the directive `from-code` can show."""


class _Generated(Directive):
    """Parses Markdown as if it stood in the page, with its headings."""

    def parsed(self, markdown: str) -> list[nodes.Node]:
        """Return the nodes of a text."""
        node = nodes.Element()
        lines = StringList(markdown.splitlines(), source=self.state.document.current_source)
        self.state.nested_parse(lines, self.content_offset, node, match_titles=True)
        return node.children


class FromCode(_Generated):
    """Shows one of `TABLES`."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return its nodes."""
        if self.arguments[0] not in TABLES:
            raise self.error(f"from-code can show {', '.join(TABLES)}, and not {self.arguments[0]}.")
        return self.parsed(TABLES[self.arguments[0]]())


class Objects(_Generated):
    """Shows classes and functions, whose dotted paths are its lines."""

    has_content: ClassVar[bool] = True

    def run(self) -> list[nodes.Node]:
        """Return the nodes of each."""
        return self.parsed("\n\n".join(described(path.strip()) for path in self.content if path.strip()))
