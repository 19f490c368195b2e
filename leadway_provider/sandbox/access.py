"""Which account a request may reach, and the contact that it names."""

from __future__ import annotations

from leadway_provider.sandbox.account import SandboxAccount
from leadway_provider.sandbox.contact import SandboxContact
from leadway_provider.sandbox.request import RefusalError, Request
from leadway_provider.sandbox.service import Service


def account_of(service: Service, request: Request, location_id: object) -> SandboxAccount:
    """Return the account of the location, which must be the one that the token is for.

    Raises:
        RefusalError: it is not; 403.
    """
    own = request.holder.location_id if request.holder else None
    if own is None or own != location_id:
        raise RefusalError(403, "The token does not have access to this location", error="Forbidden")
    return service.accounts[own]


def own_account(service: Service, request: Request) -> SandboxAccount:
    """Return the account that the token is for."""
    return account_of(service, request, request.holder.location_id if request.holder else None)


def reachable_accounts(service: Service, request: Request) -> list[SandboxAccount]:
    """Return the account that the token is for, or every account for the token of the company."""
    if request.is_of_company:
        return list(service.accounts.values())
    return [own_account(service, request)]


def require_company(request: Request) -> None:
    """Refuse a token that is not an agency's access token; a private integration token is refused too (documented)."""
    if not request.is_of_company:
        raise RefusalError(401, "The token is not authorized for this scope.", error="Unauthorized")


def contact_of(account: SandboxAccount, contact_id: str) -> SandboxContact:
    """Return the contact of an id.

    Raises:
        RefusalError: the account has none; 400 (observed).
    """
    contact = account.contact(contact_id)
    if contact is None:
        raise RefusalError(400, "Contact not found")
    return contact
