"""The accounts of an agency in which its app is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from leadway_provider.api.call import Call

_OF_A_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class InstalledLocation:
    """An account in which the app is installed.

    Attributes:
        id: its location id.
        name: its name, which people gave it.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class InstalledPage:
    """A part of these accounts.

    Attributes:
        locations: the accounts of the page.
        after: how many accounts come before the next page, or, in version v3, its token; None at the end.
    """

    locations: Sequence[InstalledLocation]
    after: str | None

    @classmethod
    def read(cls, answer: Mapping[str, Any], before: str) -> InstalledPage:
        """Return the page of an answer; raise LookupError or TypeError if it has no list of locations."""
        is_v3 = "items" in answer
        items = answer["items" if is_v3 else "locations"]
        if not isinstance(items, list):
            raise TypeError("locations must be a list")
        found = [
            InstalledLocation(str(each["_id"]), str(each.get("name") or ""))
            for each in items
            if each.get("isInstalled", True)
        ]
        if is_v3:
            after = (answer.get("pagination") or {}).get("nextPageToken")
            return cls(found, str(after) if after else None)
        return cls(found, str(int(before) + len(items)) if len(items) == _OF_A_PAGE else None)


def installed_call(company_id: str, app_id: str, before: str, *, is_v3: bool) -> Call[InstalledPage]:
    """Return the call for one page; it needs the agency's own token, with the scope `oauth.readonly` (documented).

    Args:
        company_id: the agency.
        app_id: the app.
        before: what the page before it said; `0` for the first page.
        is_v3: whether the version is v3, where the path and the paging differ.
    """
    known = {"companyId": company_id, "appId": app_id, "isInstalled": "true"}
    if is_v3:
        paging = {"pageSize": str(_OF_A_PAGE)} | ({} if before == "0" else {"pageToken": before})
        path = "/oauth/installed-locations"
    else:
        paging, path = {"limit": str(_OF_A_PAGE), "skip": before}, "/oauth/installedLocations"
    return Call("GET", path, lambda answer: InstalledPage.read(answer.json, before), params=known | paging)
