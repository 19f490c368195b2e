"""The site of the documentation: its links into the repository. `make docs` builds all of it, and takes no warning."""

from __future__ import annotations

import pytest
from sphinx.errors import ExtensionError

from docs.extension.repository import ADDRESS, absolute_links


@pytest.mark.parametrize(
    ("docname", "text", "shown"),
    [
        ("scaling", "[a](../dags/many_locations.py)", f"[a]({ADDRESS}/blob/main/dags/many_locations.py)"),
        ("scaling", "[a](../dags)", f"[a]({ADDRESS}/tree/main/dags)"),
        ("connection", "[a](../README.md#the-operator)", f"[a]({ADDRESS}/blob/main/README.md#the-operator)"),
        ("reference/index", "[a](../../README.md)", f"[a]({ADDRESS}/blob/main/README.md)"),
        ("reference/index", "[a](../mapping.md#targets)", "[a](../mapping.md#targets)"),
        ("scaling", "[a](page.md) `(../dags)`", "[a](page.md) `(../dags)`"),
    ],
)
def test_a_link_out_of_the_pages_leads_to_the_code_host(docname: str, text: str, shown: str) -> None:
    """A file or a folder of the repository has an address there; a link to another page stays as it is."""
    assert absolute_links(docname, text) == shown


def test_a_link_to_a_file_that_does_not_exist_ends_the_build() -> None:
    """The code host would answer 404."""
    with pytest.raises(ExtensionError, match=r"docs/scaling\.md has a link to dags/gone\.py, which does not exist"):
        absolute_links("scaling", "[a](../dags/gone.py)")


def test_a_link_to_a_heading_that_does_not_exist_ends_the_build() -> None:
    """A heading of README was renamed, and a page still links to it."""
    with pytest.raises(ExtensionError, match=r"no heading #gone in README\.md"):
        absolute_links("scaling", "[a](../README.md#gone)")
