"""The page that shows a person what the sandbox holds."""

from __future__ import annotations

from html import escape

from leadway_provider.sandbox.account import Account
from leadway_provider.sandbox.contact import Contact, timestamp
from leadway_provider.sandbox.service import Service

PER_PAGE = 100

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #222; }
h1 { font-size: 1.4rem; } dl { display: flex; flex-wrap: wrap; gap: 0 2.5rem; } dt { color: #666; } dd { margin: 0; }
dd { font-size: 1.2rem; font-variant-numeric: tabular-nums; } nav { margin: 1rem 0; } nav > * { margin-right: 1rem; }
table { border-collapse: collapse; } th, td { text-align: left; padding: .3rem .8rem; vertical-align: top; }
th { border-bottom: 2px solid #999; } td { border-bottom: 1px solid #ddd; max-width: 28rem; overflow-wrap: anywhere; }
"""
_COLUMNS = ("Name", "E-mail", "Phone", "Company", "Country", "Tags", "Custom fields", "Updated", "Id")


def contacts_page(service: Service, account: Account, number: int) -> str:
    """The HTML of one page of an account's contacts, last written first, with the counts above it."""
    contacts = sorted(account.contacts, key=lambda contact: contact.updated_at, reverse=True)
    pages = max(1, -(-len(contacts) // PER_PAGE))
    number = min(max(number, 1), pages)
    shown = contacts[(number - 1) * PER_PAGE : number * PER_PAGE]
    head = "".join(f"<th>{column}</th>" for column in _COLUMNS)
    rows = "".join(_row(account, contact) for contact in shown)
    table = (
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>" if shown else "<p>No contacts yet.</p>"
    )
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Leadway sandbox</title>"
        f"<style>{_STYLE}</style></head><body><h1>Leadway sandbox: {escape(account.location_id)}</h1>"
        f"{_counts(service, account)}{_navigation(account, number, pages)}{table}</body></html>"
    )


def _counts(service: Service, account: Account) -> str:
    journal = service.journal
    counts = {
        "Contacts": len(account),
        "Calls": journal.total,
        "Refused with 429": journal.statuses[429],
        "Faults struck": journal.faults.total(),
        "In flight": journal.in_flight,
    }
    return "<dl>" + "".join(f"<div><dt>{name}</dt><dd>{count:,}</dd></div>" for name, count in counts.items()) + "</dl>"


def _navigation(account: Account, number: int, pages: int) -> str:
    location = escape(account.location_id)

    def link(target: int, text: str) -> str:
        inside = 1 <= target <= pages
        return f"<a href='/?location={location}&amp;page={target}'>{text}</a>" if inside else f"<span>{text}</span>"

    return f"<nav>{link(number - 1, 'newer')}<span>page {number} of {pages}</span>{link(number + 1, 'older')}</nav>"


def _row(account: Account, contact: Contact) -> str:
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
