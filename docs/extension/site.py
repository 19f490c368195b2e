"""The Sphinx extension of this site."""

from __future__ import annotations

from sphinx.application import Sphinx

from docs.extension import directives, repository


def setup(app: Sphinx) -> dict[str, bool]:
    """Add what the pages use."""
    app.connect("source-read", repository.link_to_repository)
    app.add_directive("from-code", directives.FromCode)
    app.add_directive("objects", directives.Objects)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
