"""The hook: a client of the account's API, made of an Airflow connection."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector
from airflow.providers.common.compat.sdk import AirflowNotFoundException, BaseHook

from leadway_provider import connection_type
from leadway_provider.clock import SYSTEM_CLOCK, Clock
from leadway_provider.exceptions import (
    ApiError,
    ConfigurationError,
    ConnectionSettingsError,
    LeadwayError,
    MappingError,
)
from leadway_provider.hooks.blocking import Blocking
from leadway_provider.hooks.session import Session, in_event_loop
from leadway_provider.hooks.tokens import ConnectionTokens
from leadway_provider.policies import QuotaPolicy
from leadway_provider.words import counted

if TYPE_CHECKING:
    from airflow.sdk.lineage import HookLineageCollector

    from leadway_provider.api.client import LeadwayClient
    from leadway_provider.api.installed import InstalledLocation
    from leadway_provider.api.models import UpsertAnswer
    from leadway_provider.api.pacing import Pacer
    from leadway_provider.api.retry import RetryPolicy
    from leadway_provider.api.settings import ConnectionSettings
    from leadway_provider.api.sharing import QuotaSharing
    from leadway_provider.contacts.contact import JsonValue
    from leadway_provider.sync.cancel import CancelToken

T = TypeVar("T")


class LeadwayHook(BaseHook):
    """Calls the API of one account of Leadway CRM from a task.

    Its methods block until the CRM has answered, so that a plain `@task` function can call them. They share one
    client: all calls of a hook keep to the account's quota together and use the same HTTP connections. They can't be
    called inside a running event loop; there, `client()` returns a client with the same methods to await.

        with LeadwayHook("leadway_default") as hook:
            contact = hook.upsert_contact(email="ann@example.com", first_name="Ann")
            hook.add_tags(contact.contact_id, ["customer"])

    A hook must be used by one thread only. `close`, and leaving the `with` block, close the HTTP connections; so does
    the garbage collection of the hook. A closed hook can be used again.

    Every method may raise the errors of `leadway_provider.exceptions`: `AuthenticationError`, `AccessDeniedError`,
    `RefusedError`, `UnavailableError`, `QuotaExhaustedError`, and `ConnectionSettingsError` if the connection holds
    something that can't be used.

    Args:
        leadway_conn_id: the Airflow connection, of type `leadway`.
        location_id: the account, instead of the one that the connection names.
        retry: how often and after which pauses a failed call is repeated; None is the default policy.
        max_in_flight: the most calls of a client that wait for an answer at the same time.
        quota: how much of the account's quota may be used; None is the default policy.
        clock: the time that calls, tokens and pauses go by.
    """

    conn_name_attr = "leadway_conn_id"
    default_conn_name = "leadway_default"
    conn_type = "leadway"
    hook_name = "Leadway CRM"

    def __init__(
        self,
        leadway_conn_id: str = default_conn_name,
        location_id: str | None = None,
        *,
        retry: RetryPolicy | None = None,
        max_in_flight: int = 16,
        quota: QuotaPolicy | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        super().__init__()
        self.leadway_conn_id = leadway_conn_id
        self.location_id = location_id
        self._retry = retry
        self._max_in_flight = max_in_flight
        self._quota = quota or QuotaPolicy()
        self._clock = clock
        self._session: Session | None = None
        self._pacer: Pacer | None = None

    @cached_property
    def settings(self) -> ConnectionSettings:
        """What the connection says; it is read once, and its secrets are masked in Airflow's logs from then on.

        Reading it blocks: read it before an event loop starts.

        Raises:
            ConnectionSettingsError: the connection holds something that can't be used.
        """
        from leadway_provider.hooks.connection import read_settings  # noqa: PLC0415 - a DAG file needs no pydantic

        try:
            connection = self.get_connection(self.leadway_conn_id)
        except AirflowNotFoundException:
            raise ConnectionSettingsError(
                f"Connection {self.leadway_conn_id!r} does not exist: create it in Airflow, of type "
                f"{self.conn_type!r}, or correct leadway_conn_id."
            ) from None
        return read_settings(connection, self.leadway_conn_id, conn_type=self.conn_type, location_id=self.location_id)

    def for_location(self, location_id: str) -> LeadwayHook:
        """Return a hook of another account by way of the same connection; its id must be that of a location."""
        hook = LeadwayHook(
            self.leadway_conn_id,
            location_id,
            retry=self._retry,
            max_in_flight=self._max_in_flight,
            quota=self._quota,
            clock=self._clock,
        )
        hook.settings = self.settings.of_location(location_id)
        hook._tokens = self._tokens
        return hook

    def client(
        self,
        max_in_flight: int | None = None,
        *,
        quota: QuotaPolicy | None = None,
        sharing: QuotaSharing | None = None,
        cancel_token: CancelToken | None = None,
    ) -> LeadwayClient:
        """Return an asynchronous client, which must be entered with `async with`.

        The clients of one hook keep to one quota as long as they are used one after the other. If the tokens of the
        connection rotate, this opens the database that keeps them, which blocks.

        Args:
            max_in_flight: the most calls that wait for an answer at the same time; None is the hook's.
            quota: how much of the account's quota may be used, or None for the hook's; the first client of the hook
                decides on the reserve.
            sharing: how the quota is shared with other processes; None is by the headers of the answers alone.
            cancel_token: ends the client's calls early.

        Raises:
            ConnectionSettingsError: the connection holds something that can't be used.
            StateUnavailableError: the database that keeps rotating tokens is out of reach.
        """
        from leadway_provider.api.client import LeadwayClient  # noqa: PLC0415 - a DAG file needs no httpx
        from leadway_provider.api.retry import RetryPolicy  # noqa: PLC0415 - the same

        client = LeadwayClient(
            self.settings,
            tokens=self._tokens.source(self.settings),
            max_in_flight=max_in_flight or self._max_in_flight,
            pacer=self._pacer,
            quota=quota or self._quota,
            sharing=sharing,
            cancel_token=cancel_token,
            retry=self._retry or RetryPolicy(),
            clock=self._clock,
        )
        self._pacer = client.pacer
        return client

    def get_conn(self) -> LeadwayClient:
        """Return what `client` returns: a new asynchronous client, which must be entered with `async with`.

        The hook's own methods call the API without it.
        """
        return self.client()

    def upsert_contact(self, fields: Mapping[str, JsonValue] | None = None, /, **named: JsonValue) -> UpsertAnswer:
        """Create a contact, or update the one that the account matches by e-mail or phone.

        Args:
            fields: names in snake_case or as the API writes them (`first_name`, `firstName`), with values as the API
                takes them: nothing is normalised, and a field that is not given is not changed.
            named: the same as keyword arguments.

        Raises:
            MappingError: one field is given under two names, or the location is given, which belongs to the hook.
        """
        body = _api_fields(fields, named)
        return self.call(lambda client: client.upsert_contact(body), writes=True)

    def update_contact(
        self, contact_id: str, fields: Mapping[str, JsonValue] | None = None, /, **named: JsonValue
    ) -> UpsertAnswer:
        """Update the contact of an id.

        Args:
            contact_id: the contact.
            fields: as in `upsert_contact`.
            named: the same as keyword arguments.

        Raises:
            ContactNotFoundError: the account does not have this contact.
            IdentityTakenError: the e-mail or the phone belongs to another contact; nothing was written.
            MappingError: as in `upsert_contact`.
            ValueError: a field is given that the API does not take here, such as `gender` or `company_name`.
        """
        body = _api_fields(fields, named)
        return self.call(lambda client: client.update_contact(contact_id, body), writes=True)

    get_contact = Blocking(lambda client: client.get_contact)
    find_duplicate = Blocking(lambda client: client.find_duplicate)
    delete_contact = Blocking(lambda client: client.delete_contact, writes=True)
    add_tags = Blocking(lambda client: client.add_tags, writes=True)
    remove_tags = Blocking(lambda client: client.remove_tags, writes=True)
    update_tags = Blocking(lambda client: client.update_tags, writes=True)
    get_custom_fields = Blocking(lambda client: client.get_custom_fields)
    get_location = Blocking(lambda client: client.get_location)
    get_users = Blocking(lambda client: client.get_users)

    def installed_locations(self) -> list[InstalledLocation]:
        """Return the accounts in which the agency's app is installed. Its token needs the scope `oauth.readonly`.

        Raises:
            ConnectionSettingsError: the connection is not an agency's.
        """
        from leadway_provider.hooks.agency import installed_locations  # noqa: PLC0415 - a DAG file needs no pydantic

        self._require_no_loop()
        return installed_locations(self.settings, partial(self._tokens.of_app, self.settings), clock=self._clock)

    def call(self, call: Callable[[LeadwayClient], Coroutine[Any, Any, T]], *, writes: bool = False) -> T:
        """Call the hook's client, and block until the answer is there.

        Args:
            call: returns the coroutine of a method of the client.
            writes: whether the call changes contacts of the account, which is then reported to Airflow's lineage.

        Raises:
            ConfigurationError: an event loop is running in this thread.
        """
        self._require_no_loop()
        if self._session is None:
            self._session = Session(self.client())
        answer = self._session.run(call)
        if writes:
            collector: HookLineageCollector = get_hook_lineage_collector()  # type: ignore[no-untyped-call]  # Airflow gives it no types
            collector.add_output_asset(self, scheme="leadway", asset_kwargs={"location_id": self.settings.location_id})
        return answer

    def test_connection(self) -> tuple[bool, str]:
        """Return whether the token works, and a sentence that names the account or what to correct.

        An agency's connection need name no account: then the sentence has the number of accounts.
        """
        from leadway_provider.hooks.agency import names_no_account  # noqa: PLC0415 - a DAG file needs no pydantic

        try:
            if names_no_account(self.settings):
                accounts = counted(len(self.installed_locations()), "account")
                return True, f"The agency's token works; its app is installed in {accounts}."
            return True, self.call(_describe_account)
        except LeadwayError as error:
            return False, str(error)

    def close(self) -> None:
        """Close the connections to the API and to the database that keeps tokens, if there are any."""
        if self._session is not None:
            self._session.close()
        self._session = None
        if "_tokens" in self.__dict__:
            self._tokens.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """Return how Airflow 3.1 shows the standard fields of the connection form."""
        return {name.replace("-", "_"): value for name, value in connection_type()["ui-field-behaviour"].items()}

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """Return the form's own fields for Airflow 3.1, which has wtforms or a replacement for it."""
        import wtforms  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; Airflow 3.2 does without it

        widgets = {}
        for name, declared in connection_type()["conn-fields"].items():
            schema = declared["schema"]
            kind = schema.get("format", schema["type"][0])
            field = {"integer": wtforms.IntegerField, "password": wtforms.PasswordField}.get(kind, wtforms.StringField)
            widgets[name] = field(declared["label"], description=declared["description"], default=schema.get("default"))
        return widgets

    def _require_no_loop(self) -> None:
        if in_event_loop():
            raise ConfigurationError(
                f"{type(self).__name__}'s methods block and can't be called inside a running event loop; "
                "use `async with hook.client() as client` there, and await the client's methods of the same names."
            )

    @cached_property
    def _tokens(self) -> ConnectionTokens:
        return ConnectionTokens(self.settings.state_conn_id, self._clock)


async def _describe_account(client: LeadwayClient) -> str:
    custom_fields = await client.get_custom_fields()
    account = f"location {client.location_id}"
    with contextlib.suppress(ApiError):  # a sync needs neither the name nor the scope that reads it
        if name := (await client.get_location()).name:
            account = f"{name} ({account})"
    sentence = f"The token works for {account}, which has {len(custom_fields)} custom fields."
    if (daily := client.pacer.daily) is None:
        return sentence
    limit = "" if daily.limit is None else f" of {daily.limit:,}"
    return f"{sentence} {daily.remaining:,}{limit} calls are left today."


def _api_fields(fields: Mapping[str, JsonValue] | None, named: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    given: Iterable[tuple[str, JsonValue]] = [*(fields or {}).items(), *named.items()]
    body: dict[str, JsonValue] = {}
    for name, value in given:
        api_name = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
        if api_name == "locationId":
            raise MappingError("A contact can't name its location; name it with LeadwayHook(location_id=…).")
        if api_name in body:
            raise MappingError(f"The contact's field {api_name} is given twice, once as {name}; give it once.")
        body[api_name] = value
    return body
