"""What CONTRIBUTING.md and the hooks of pre-commit name exists."""

from __future__ import annotations

import re
from typing import Final

import pytest
import yaml  # type: ignore[import-untyped]  # comes with Airflow, its types don't

from tests.docs.page import ROOT, read

PAGE: Final = read("CONTRIBUTING.md")
TARGETS: Final = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`make ([a-z-]+)", PAGE))))
def test_a_command_of_the_page_is_one_of_make(command: str) -> None:
    """A target that was renamed is found here."""
    assert command in TARGETS


def test_every_target_is_in_the_help() -> None:
    """`make` lists each command; targets that begin with a dot are files."""
    listed = set(re.findall(r"@echo 'make ([a-z-]+)", read("Makefile")))
    assert {"help"} | listed == TARGETS


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!https:)[^)]+)\)", PAGE))))
def test_a_link_of_the_page_leads_to_a_file(link: str) -> None:
    """Relative to the repository."""
    assert (ROOT / link).is_file()


def test_the_hooks_are_local() -> None:
    """They load nothing, and call make or a tool that make installs."""
    config = yaml.safe_load(read(".pre-commit-config.yaml"))
    assert [each["repo"] for each in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        first, second = hook["entry"].split()[:2]
        assert (first == "make" and second in TARGETS) or (ROOT / first).is_file(), hook["id"]
