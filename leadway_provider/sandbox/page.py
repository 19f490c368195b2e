"""The page that shows the contacts of the sandbox in a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlencode

from leadway_provider.sandbox.account import SandboxAccount
from leadway_provider.sandbox.contact import SandboxContact, timestamp
from leadway_provider.sandbox.service import Service

PER_PAGE = 100
REFRESH = 5
"""Seconds after which the page loads again, where that is chosen."""

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; }
h1 { font-size: 1.4rem; } dl { display: flex; flex-wrap: wrap; gap: 0 2.5rem; } dt { color: #666; } dd { margin: 0; }
dd { font-size: 1.2rem; font-variant-numeric: tabular-nums; } nav { margin: 1rem 0; } nav > * { margin-right: 1rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem .8rem; vertical-align: top; }
th { border-bottom: 2px solid #999; } td { border-bottom: 1px solid #ddd; max-width: 28rem; overflow-wrap: break-word; }
.table { overflow-x: auto; } strong { color: #111; } input { font: inherit; }
"""
_COLUMNS = ("Name", "E-mail", "Phone", "Company", "Country", "Tags", "Custom fields", "Updated", "Id")


@dataclass(frozen=True, slots=True)
class View:
    """What of an account is shown.

    Attributes:
        page: the page of contacts, from 1.
        search: only contacts that have this text in a field, a tag or the id; all where it is blank.
        refresh: the seconds after which the browser loads the page again; 0 for never.
    """

    page: int = 1
    search: str = field(default="", repr=False)
    refresh: int = 0

    def href(self, location_id: str, **changes: object) -> str:
        """Return the address of the same view with changes, escaped for an attribute."""
        shown = {"location": location_id, "page": self.page, "search": self.search, "refresh": self.refresh} | changes
        return escape("/?" + urlencode({name: value for name, value in shown.items() if value not in ("", 0)}))


def contacts_page(service: Service, account: SandboxAccount, view: View) -> str:
    """Return the HTML of one page of an account's contacts, last written first, below the counts."""
    found = [contact for contact in account.contacts if _has(contact, view.search.strip().casefold())]
    contacts = sorted(found, key=lambda contact: contact.updated_at, reverse=True)
    pages = max(1, -(-len(contacts) // PER_PAGE))
    number = min(max(view.page, 1), pages)
    shown = contacts[(number - 1) * PER_PAGE : number * PER_PAGE]
    head = "".join(f"<th>{column}</th>" for column in _COLUMNS)
    rows = "".join(_row(account, contact) for contact in shown)
    nothing = "No contact has this text." if view.search.strip() else "No contacts yet."
    table = (
        f"<div class='table'><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        if shown
        else f"<p>{nothing}</p>"
    )
    refresh = f"<meta http-equiv='refresh' content='{view.refresh}'>" if view.refresh else ""
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'>{refresh}"
        "<meta name='viewport' content='width=device-width'><title>Leadway sandbox</title>"
        f"<style>{_STYLE}</style></head><body><h1>Leadway sandbox: {escape(account.location_id)}</h1>"
        f"{_accounts(service, account, view)}{_counts(service, account)}{_search(account, view)}"
        f"{_navigation(account, view, number, pages)}{table}</body></html>"
    )


def _has(contact: SandboxContact, text: str) -> bool:
    """Return True if a contact has the text, which is case-folded, anywhere."""
    if not text:
        return True
    values = (contact.id, contact.name, *contact.fields.values(), *contact.tags, *contact.custom.values())
    return any(text in str(value).casefold() for value in values)


def _accounts(service: Service, shown: SandboxAccount, view: View) -> str:
    """Return links to the accounts; nothing where there is only one."""
    if len(service.accounts) == 1:
        return ""

    def link(account: SandboxAccount) -> str:
        name = f"{escape(account.location_id)} ({len(account):,})"
        href = view.href(account.location_id, page=1)
        return f"<strong>{name}</strong>" if account is shown else f"<a href='{href}'>{name}</a>"

    return "<nav aria-label='Accounts'>" + "".join(map(link, service.accounts.values())) + "</nav>"


def _search(account: SandboxAccount, view: View) -> str:
    seconds = 0 if view.refresh else REFRESH
    label = "stop refreshing" if view.refresh else f"refresh every {REFRESH} s"
    return (
        "<form><input type='hidden' name='location' value='" + escape(account.location_id) + "'>"
        f"<input type='hidden' name='refresh' value='{view.refresh}'>"
        f"<input type='search' name='search' aria-label='Search' value='{escape(view.search)}' "
        "placeholder='name, e-mail, tag, id'> <button>Search</button> "
        f"<a href='{view.href(account.location_id, refresh=seconds)}'>{label}</a></form>"
    )


def _counts(service: Service, account: SandboxAccount) -> str:
    journal = service.journal
    counts: dict[str, int] = {
        "Contacts": len(account),
        "Calls": journal.total,
        "Refused with 429": journal.statuses[429],
        "Faults applied": journal.faults.total(),
        "In flight": journal.in_flight,
    }
    if (daily := service.limits(account.location_id).daily) is not None:
        counts["Left of the daily quota"] = daily.remaining(service.clock())
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for name, count in counts.items()) + "</dl>"


def _navigation(account: SandboxAccount, view: View, number: int, pages: int) -> str:
    def link(target: int, text: str) -> str:
        inside = 1 <= target <= pages
        href = view.href(account.location_id, page=target)
        return f"<a href='{href}'>{text}</a>" if inside else f"<span>{text}</span>"

    return f"<nav>{link(number - 1, 'newer')}<span>page {number} of {pages}</span>{link(number + 1, 'older')}</nav>"


def _row(account: SandboxAccount, contact: SandboxContact) -> str:
    names = {field.id: field.name for field in account.custom_fields}
    fields = contact.fields
    cells = (
        contact.name,
        fields.get("email", ""),
        fields.get("phone", ""),
        fields.get("companyName", ""),
        fields.get("country", ""),
        ", ".join(contact.tags),
        "; ".join(f"{names[field_id]}: {_text(value)}" for field_id, value in contact.custom.items()),
        timestamp(contact.updated_at),
        contact.id,
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
