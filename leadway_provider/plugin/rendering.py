"""Turns what was read into HTML, from templates that escape everything."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from leadway_provider.clock import Clock
from leadway_provider.contacts.reasons import CODES
from leadway_provider.links.addresses import contact_url
from leadway_provider.plugin import words
from leadway_provider.plugin.outcomes import parts, remarks, success
from leadway_provider.printable import printable

FILES: Final = Path(__file__).parent


class Renderer:
    """The page's templates.

    Args:
        clock: gives the present, to which times are compared.
        app_url: the address of the CRM's app, to which contacts are linked; None where it is not known.
    """

    def __init__(self, clock: Clock, app_url: str | None = None) -> None:
        self.now = clock.now
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(FILES / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            rows=words.rows,
            calls=words.calls,
            number=words.number,
            percent=words.percent,
            when=words.when,
            duration=words.duration,
            account=words.account,
            printable=_printable,
            clipped=words.clipped,
        )
        self._templates.globals.update(
            parts=parts,
            remarks=remarks,
            success=success,
            statuses=words.STATUSES,
            codes=CODES,
            contact_url=partial(contact_url, app_url) if app_url else None,
        )

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a template with these values.

        Args:
            request: what was asked; the page's links begin with the path that it is mounted at.
            template: the file.
            status: the answer's status.
            values: what the template names.
        """
        html = self._templates.get_template(template).render(
            base=request.scope.get("root_path", ""),
            here=None,
            now=self.now(),
            in_tab=_is_in_tab(request),
            **values,
        )
        return HTMLResponse(html, status_code=status)


def _is_in_tab(request: Request) -> bool:
    """Return whether a link was followed in a tab of Airflow's pages of a DAG run or task.

    Airflow (seen in 3.3) shows a tab in a frame without an origin, so that a form in it can't be known for our own.
    """
    headers = request.headers
    return headers.get("sec-fetch-dest") == "iframe" and headers.get("sec-fetch-site") == "cross-site"


def _printable(text: str | None) -> str:
    """Return text for a template, which escapes HTML itself; nothing is the empty text."""
    return printable(text or "")
