"""The site of the documentation, built by `make docs` from the pages of this folder and from the code."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from leadway_provider import __version__

project = "leadway-provider"
author = "The leadway-provider authors"
project_copyright = author
release = version = __version__

extensions = ["myst_parser", "docs.extension.site"]
exclude_patterns = ["extension"]
nitpicky = True

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
"""Headings have the anchors that the code host gives them, so a link works in both."""

html_theme = "furo"
html_title = f"{project} {release}"
html_favicon = "integration-logos/leadway.svg"
html_show_sphinx = False
html_copy_source = False
