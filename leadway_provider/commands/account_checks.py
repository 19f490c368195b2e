"""The checks of a connection and its account. They change no contact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from leadway_provider.api.client import LeadwayClient
from leadway_provider.api.settings import ConnectionSettings
from leadway_provider.clock import utc_now
from leadway_provider.commands.account import open_account
from leadway_provider.commands.check_result import CheckResult, CheckState, failed, ok, warning
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.exceptions import (
    AccessDeniedError,
    ApiError,
    AuthenticationError,
    LeadwayError,
    RefusedError,
)
from leadway_provider.hooks.leadway import LeadwayHook
from leadway_provider.words import counted, duration_text

_NOBODY: Final = "00000000000000000000"
"""An id that no contact has: a call about it shows whether the token may make such calls, and finds nothing."""
_CLOCK_TOLERANCE: Final = timedelta(seconds=30)
_LITTLE: Final = 0.1
"""The share of a day's quota below which it is worth a warning."""
_SCOPE_ADVICE: Final = "Add the scope {scope} to the token in the account's settings, {purpose}."


def check_account(conn_id: str, location_id: str | None) -> Iterator[CheckResult]:
    """Return what is found of a connection and its account; after a failure that ends everything, nothing more."""
    try:
        with open_account(conn_id, location_id) as hook:
            yield _connection(hook.settings)
            if not hook.settings.location_id:
                yield warning(
                    "account",
                    "the connection names no account.",
                    "Give --location to check one; `leadway locations` lists those that the connection reaches.",
                )
                return
            found = hook.get_custom_fields()
            yield ok("token", f"it works for location {hook.settings.account()}.")
            yield from _clock_and_quota(hook)
            yield from _scopes(hook)
            yield _duplicates(hook)
            yield _custom_fields(found)
    except (AccessDeniedError, AuthenticationError) as error:
        yield failed("token", str(error))
    except LeadwayError as error:
        yield failed("connection", str(error))


def _connection(settings: ConnectionSettings) -> CheckResult:
    says = f"{settings.conn_id} reaches {settings.base_url}, version {settings.api_version}."
    if settings.verify is False:
        return warning(
            "connection",
            f"{says} The server's certificate is not checked.",
            "Set the extra `verify` to true, or to the path of the certificates to check against.",
        )
    return ok("connection", says)


def _clock_and_quota(hook: LeadwayHook) -> Iterator[CheckResult]:
    async def headers(client: LeadwayClient) -> tuple[str | None, LeadwayClient]:
        return client.headers.get("date"), client

    date, client = hook.call(headers)
    yield clock_result(date, utc_now())
    pacer, daily = client.pacer, client.pacer.daily
    if "x-ratelimit-max" not in client.headers or daily is None:
        yield warning(
            "quota",
            "the API's answer has no quota headers, so the connection's own numbers count.",
            "Check that no proxy removes headers that begin with X-RateLimit.",
        )
        return
    limit = f" of {daily.limit:,}" if daily.limit else ""
    says = f"{pacer.maximum:,} calls in {pacer.interval:g} s; {daily.remaining:,}{limit} calls are left today."
    if daily.limit and daily.remaining < _LITTLE * daily.limit:
        yield warning("quota", says, "A sync that needs more waits until the day's quota returns.")
    else:
        yield ok("quota", says)


def clock_result(date: str | None, now: datetime) -> CheckResult:
    """Return how far this machine's clock, which says now, is from the Date header of an answer."""
    try:
        server = parsedate_to_datetime(date or "")
        difference = abs(now - server)
    except (ValueError, TypeError):
        return warning("clock", "the API's answer has no readable date, so this machine's clock was not compared.", "")
    if difference <= _CLOCK_TOLERANCE:
        return ok("clock", "this machine's clock and the API's differ by less than half a minute.")
    return warning(
        "clock",
        f"this machine's clock and the API's differ by {duration_text(difference)}.",
        "Synchronise the machine's clock: data intervals and the end of OAuth tokens are compared with it.",
    )


def _scopes(hook: LeadwayHook) -> Iterator[CheckResult]:
    """Return whether each scope is there, by a call that needs it and finds nothing."""
    yield ok("scope", "locations/customFields.readonly is there.")
    yield _scope("contacts.readonly", "to look contacts up after a lost answer", lambda: hook.get_contact(_NOBODY))
    yield _scope(
        "contacts.write", "to create and update contacts", lambda: hook.update_contact(_NOBODY, first_name="Check")
    )
    users = _scope("users.readonly", "to read e-mails in assigned_to", hook.get_users)
    yield users if users.state is CheckState.OK else replace(users, state=CheckState.WARNING)


def _scope(scope: str, purpose: str, call: Callable[[], object]) -> CheckResult:
    try:
        call()
    except (AccessDeniedError, AuthenticationError):
        return failed("scope", f"{scope} is missing.", _SCOPE_ADVICE.format(scope=scope, purpose=purpose))
    except RefusedError:
        pass  # the contact does not exist, and the token was allowed to ask
    return ok("scope", f"{scope} is there.")


def _duplicates(hook: LeadwayHook) -> CheckResult:
    name = "duplicates"
    try:
        allowed = hook.get_location().allow_duplicate_contact
    except ApiError:
        return warning(
            name,
            "the account's setting can't be read, so a sync assumes that duplicates are allowed.",
            _SCOPE_ADVICE.format(scope="locations.readonly", purpose="so that the setting can be read"),
        )
    if allowed is False:
        return ok(name, "the account allows none: one e-mail or phone is on one contact.")
    return warning(
        name,
        "the account allows contacts with the same e-mail or phone.",
        "Turn off Allow Duplicate Contact in the account's settings, unless you need it.",
    )


def _custom_fields(found: list[CustomField]) -> CheckResult:
    says = f"the account has {counted(len(found), 'custom field')} for contacts"
    if unusable := sum(bool(each.unusable) for each in found):
        return warning(
            "custom fields",
            f"{says}, and {unusable} of them can't be filled.",
            "`leadway fields` says why. It matters only where a column names one of them.",
        )
    return ok("custom fields", f"{says}.")
