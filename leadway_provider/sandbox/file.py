"""A sandbox that remembers: its contacts and refresh tokens are in a file from one start to the next."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from leadway_provider.sandbox.contact import SandboxContact
from leadway_provider.sandbox.service import Service
from leadway_provider.sandbox.tokens import TokenHolder


def load(service: Service, file: Path) -> None:
    """Bring a new service to what a file has; a file that does not exist changes nothing.

    Raises:
        ValueError: the file is not one that `save` has written.
    """
    if not file.exists():
        return
    try:
        kept: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        for location_id, account in kept["accounts"].items():
            if location_id in service.accounts:
                contacts = [SandboxContact(**contact) for contact in account["contacts"]]
                service.accounts[location_id].restore(contacts, account["deleted"])
        for token, holder in kept["refresh_tokens"].items():
            service.tokens.add_refresh(token, TokenHolder(**holder))
    except (AttributeError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{file} is not a file of a sandbox: delete it, or name another one") from error


def save(service: Service, file: Path) -> None:
    """Write what `load` reads; the file is there as a whole or as it was before."""
    kept = {
        "accounts": {
            location_id: {
                "contacts": [asdict(contact) for contact in account.contacts],
                "deleted": sorted(account.deleted),
            }
            for location_id, account in service.accounts.items()
        },
        "refresh_tokens": {token: asdict(holder) for token, holder in service.tokens.unused_refresh_tokens().items()},
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    written = file.with_suffix(".new")
    with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as output:  # noqa: PTH123 - pathlib has no mode
        json.dump(kept, output)
    written.replace(file)
