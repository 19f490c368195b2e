"""What the page about the connection says of settings, scopes and versions is what the code knows."""

from __future__ import annotations

from leadway_provider.api.credentials import EXTRAS
from leadway_provider.api.refusal import SCOPES
from leadway_provider.api.settings import ALLOWED
from leadway_provider.sandbox.version import FIRST, VERSIONS
from tests.docs.page import quoted, read, table

PAGE = read("docs/connection.md")


def test_every_extra_is_listed() -> None:
    """The table has each extra that the connection reads, and no other."""
    listed = {name for extra, *_ in table(PAGE, "Extra", "Default", "Meaning") for name in quoted(extra)}
    assert listed == {*ALLOWED, *EXTRAS} - {"host"}


def test_the_scopes_that_messages_list_are_on_the_page() -> None:
    """A message about a missing scope names those that a sync needs; the page explains each."""
    explained = [scope for cell, _ in table(PAGE, "Scope", "For") for scope in quoted(cell)]
    needed = [scope for scope in explained if scope in SCOPES]
    assert needed == ["contacts.write", "contacts.readonly", "locations/customFields.readonly", "users.readonly"]
    assert set(explained) - set(needed) == {"locations.readonly", "oauth.write", "oauth.readonly"}


def test_the_versions_are_those_that_exist() -> None:
    """The table has each version that the sandbox serves, the default first."""
    listed = [quoted(cell)[0] for cell, _ in table(PAGE, "Version", "What differs")]
    assert listed == list(VERSIONS)
    assert listed[0] == FIRST
