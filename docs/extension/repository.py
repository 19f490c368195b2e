"""Links from a page to files of the repository that are not pages: on the site they lead to the code host."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Final

from myst_parser.mdit_to_docutils.base import default_slugify
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT: Final = Path(__file__).parents[2]
ADDRESS: Final = "https://github.com/leadway-crm/leadway-provider"
_LINK: Final = re.compile(r"(?<=\]\()(?P<path>\.\./[^)#\s]*)(?:#(?P<heading>[^)\s]+))?(?=\))")
_HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


def link_to_repository(app: Sphinx, docname: str, source: list[str]) -> None:  # noqa: ARG001 - Sphinx's interface
    """Change a page's text, when Sphinx has read it, as `absolute_links` says."""
    source[0] = absolute_links(docname, source[0])


def absolute_links(docname: str, text: str) -> str:
    """Return a page's text with links to the code host in place of links that leave `docs/`.

    Raises:
        ExtensionError: a link names a file, or a heading of a file, that does not exist.
    """

    def absolute(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(docname), link["path"]))
        if path.startswith("docs/"):
            return link[0]
        target = ROOT / path
        if not target.exists():
            raise ExtensionError(f"docs/{docname}.md has a link to {path}, which does not exist.")
        anchor = ""
        if heading := link["heading"]:
            headings = _HEADING.findall(target.read_text(encoding="utf-8"))
            if heading not in map(default_slugify, headings):
                raise ExtensionError(f"docs/{docname}.md finds no heading #{heading} in {path}.")
            anchor = f"#{heading}"
        return f"{ADDRESS}/{'tree' if target.is_dir() else 'blob'}/main/{path}{anchor}"

    return _LINK.sub(absolute, text)
