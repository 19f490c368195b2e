"""The hook: an Airflow connection becomes a client of the account's API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector
from airflow.providers.common.compat.sdk import BaseHook

from leadway_provider import connection_type
from leadway_provider.exceptions import (
    ApiError,
    ConfigurationError,
    ConnectionSettingsError,
    LeadwayError,
    MappingError,
)
from leadway_provider.hooks.secrecy import decrypt, encrypt, mask
from leadway_provider.policy import QuotaPolicy

if TYPE_CHECKING:
    from airflow.sdk.lineage import HookLineageCollector

    from leadway_provider.api.auth import TokenSource
    from leadway_provider.api.brake import Brake
    from leadway_provider.api.client import LeadwayClient
    from leadway_provider.api.models import ContactRecord, Location, TagsAnswer, UpsertAnswer
    from leadway_provider.api.pacing import Pacer
    from leadway_provider.api.settings import ConnectionSettings
    from leadway_provider.contacts.contact import JsonValue
    from leadway_provider.contacts.custom_field import CustomField
    from leadway_provider.store.state import StateStore

log = logging.getLogger(__name__)

T = TypeVar("T")


class LeadwayHook(BaseHook):
    """Talks to one account of Leadway CRM from a task.

    Its methods block until the CRM has answered, so that a plain `@task` function can call them. They share one
    client: the account's quota is kept, and the HTTP connection reused, across all calls of a hook. They must not be
    called inside a running event loop; there, `client()` offers the same methods to await.

        with LeadwayHook("leadway_default") as hook:
            contact = hook.upsert_contact(email="ann@example.com", first_name="Ann")
            hook.add_tags(contact.contact_id, ["customer"])

    A hook belongs to the thread that uses it. `close`, or leaving the `with` block, lets go of the HTTP connection; so
    does dropping the hook. A closed hook may be used again.

    Every method may raise the errors of `leadway_provider.exceptions`: `AuthenticationError`, `AccessDeniedError`,
    `RefusedError`, `UnavailableError`, `QuotaExhaustedError`, and `ConnectionSettingsError` where the connection holds
    what can't be used.

    Args:
        leadway_conn_id: the Airflow connection, of type `leadway`.
        location_id: the account to talk to, in place of the one that the connection names.
    """

    conn_name_attr = "leadway_conn_id"
    default_conn_name = "leadway_default"
    conn_type = "leadway"
    hook_name = "Leadway CRM"

    def __init__(self, leadway_conn_id: str = default_conn_name, location_id: str | None = None) -> None:
        super().__init__()
        self.leadway_conn_id = leadway_conn_id
        self.location_id = location_id
        self._session: tuple[asyncio.Runner, LeadwayClient] | None = None
        self._disconnect: Callable[[], object] | None = None
        self._pacer: Pacer | None = None

    @cached_property
    def settings(self) -> ConnectionSettings:
        """What the connection says; Airflow is asked once, and told to mask the secrets in its logs.

        Asking blocks: read this before an event loop starts.

        Raises:
            ConnectionSettingsError: the connection holds what can't be used.
        """
        from leadway_provider.api.settings import ConnectionSettings  # noqa: PLC0415 - a DAG file needs no pydantic

        connection = self.get_connection(self.leadway_conn_id)
        extra = _extra(connection.extra, self.leadway_conn_id)
        mask(connection.password, extra.get("proxy"), extra.get("refresh_token"), extra)
        settings = ConnectionSettings.from_connection(
            self.leadway_conn_id,
            schema=connection.schema,
            host=connection.host,
            port=connection.port,
            login=connection.login,
            password=connection.password,
            extra=extra,
            location_id=self.location_id,
        )
        if settings.verify is False:
            log.warning(
                "Connection %r: the server's certificate is not checked, because its extra `verify` is false: whoever "
                "is on the way can read the token and every contact. Name the certificates to check against instead.",
                self.leadway_conn_id,
            )
        return settings

    def client(
        self, max_in_flight: int = 16, *, quota: QuotaPolicy | None = None, brake: Brake | None = None
    ) -> LeadwayClient:
        """The asynchronous client, to be entered with `async with`.

        The clients of one hook keep to one quota as long as they are used one after the other. Where tokens rotate,
        this opens the database that keeps them, which blocks.

        Args:
            max_in_flight: the most calls that wait for an answer at a time.
            quota: how much of the account's quota may be used; the hook's first client decides on the reserve.
            brake: ends the client's calls before their time.

        Raises:
            ConnectionSettingsError: the connection holds what can't be used.
            StateUnavailableError: the place where rotating tokens are kept is out of reach.
        """
        from leadway_provider.api.client import LeadwayClient  # noqa: PLC0415 - a DAG file needs no httpx

        client = LeadwayClient(
            self.settings,
            tokens=self._tokens(),
            max_in_flight=max_in_flight,
            pacer=self._pacer,
            quota=quota or QuotaPolicy(),
            brake=brake,
        )
        self._pacer = client.pacer
        return client

    def upsert_contact(self, fields: Mapping[str, JsonValue] | None = None, /, **named: JsonValue) -> UpsertAnswer:
        """Create a contact, or update the one that the account matches by e-mail or phone.

        Args:
            fields: names in snake_case or as the API writes them (`first_name`, `firstName`), with values as the API
                takes them: nothing is normalised, and what is not given is not touched.
            named: the same as keyword arguments.

        Raises:
            MappingError: one field is given under two names, or the location, which belongs to the hook.
        """
        body = _api_names([*(fields or {}).items(), *named.items()])
        return self._write(lambda client: client.upsert_contact(body))

    def get_contact(self, contact_id: str) -> ContactRecord:
        """The contact with that id; RefusedError if the account has none."""
        return self._call(lambda client: client.get_contact(contact_id))

    def find_duplicate(self, email: str | None = None, phone: str | None = None) -> ContactRecord | None:
        """The contact that the account would match by this e-mail or phone, or None; ValueError if neither is given."""
        return self._call(lambda client: client.find_duplicate(email=email, phone=phone))

    def add_tags(self, contact_id: str, tags: Iterable[str]) -> TagsAnswer:
        """Give a contact tags beside those it has; tells all that it has now."""
        return self._write(lambda client: client.add_tags(contact_id, tags))

    def remove_tags(self, contact_id: str, tags: Iterable[str]) -> TagsAnswer:
        """Take tags from a contact; tells those that it still has."""
        return self._write(lambda client: client.remove_tags(contact_id, tags))

    def get_custom_fields(self) -> list[CustomField]:
        """The account's custom fields of contacts."""
        return self._call(lambda client: client.get_custom_fields())

    def get_location(self) -> Location:
        """The account itself; its token needs the scope `locations.readonly`."""
        return self._call(lambda client: client.get_location())

    def test_connection(self) -> tuple[bool, str]:
        """Whether token and location fit, and a sentence that names the account or what to put right."""
        try:
            return True, self._call(_describe_account)
        except LeadwayError as error:
            return False, str(error)

    def close(self) -> None:
        """Let go of the connections to the API and to the database that keeps tokens, if there are any."""
        if self._disconnect is not None:
            self._disconnect()
        self._session = self._disconnect = None
        if (state := self.__dict__.get("_token_state")) is not None:
            state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """How Airflow 3.0 and 3.1 show the standard fields."""
        return {name.replace("-", "_"): value for name, value in connection_type()["ui-field-behaviour"].items()}

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, Any]:
        """The form's own fields for Airflow 3.0 and 3.1, which offer wtforms or a stand-in for it."""
        import wtforms  # type: ignore[import-untyped]  # noqa: PLC0415 - it has no types; later versions do without it

        widgets = {}
        for name, declared in connection_type()["conn-fields"].items():
            schema = declared["schema"]
            kind = schema.get("format", schema["type"][0])
            field = {"integer": wtforms.IntegerField, "password": wtforms.PasswordField}.get(kind, wtforms.StringField)
            widgets[name] = field(declared["label"], description=declared["description"], default=schema.get("default"))
        return widgets

    def _tokens(self) -> TokenSource:
        """Where the client's tokens come from; a source of its own, for a client belongs to one event loop."""
        from leadway_provider.api.auth import AgencyToken, StaticToken  # noqa: PLC0415 - a DAG file needs no pydantic
        from leadway_provider.api.credentials import PrivateToken  # noqa: PLC0415
        from leadway_provider.api.oauth import OAuthToken  # noqa: PLC0415

        settings, conn_id = self.settings, self.leadway_conn_id
        credentials = settings.credentials
        if isinstance(credentials, PrivateToken):
            return StaticToken(credentials)
        location_id = settings.account()
        vault = self._token_state.tokens(encrypt, decrypt)
        own = OAuthToken(credentials, vault, conn_id=conn_id, host=settings.base_url, tell_secret=mask)
        if credentials.company_id is None:
            return own
        company_id = credentials.company_id
        return AgencyToken(own, company_id=company_id, location_id=location_id, conn_id=conn_id, tell_secret=mask)

    @cached_property
    def _token_state(self) -> StateStore:
        from leadway_provider.hooks.state import open_state  # noqa: PLC0415 - a DAG file needs no SQLAlchemy

        encrypt("")  # without a key, this fails before a refresh token is used up for a pair that can't be kept
        state = open_state(self.settings.state_conn_id)
        weakref.finalize(self, state.close)
        return state

    def _write(self, call: Callable[[LeadwayClient], Coroutine[Any, Any, T]]) -> T:
        """Call, and let Airflow know that the task has written to the account's contacts."""
        answer = self._call(call)
        collector: HookLineageCollector = get_hook_lineage_collector()  # type: ignore[no-untyped-call]
        collector.add_output_asset(self, scheme="leadway", asset_kwargs={"location_id": self.settings.location_id})
        return answer

    def _call(self, call: Callable[[LeadwayClient], Coroutine[Any, Any, T]]) -> T:
        if _in_event_loop():
            raise ConfigurationError(
                f"{type(self).__name__}'s methods block and can't be called inside a running event loop; "
                "use `async with hook.client() as client` there, and await the client's methods of the same names."
            )
        if self._session is None:
            runner, client = asyncio.Runner(loop_factory=asyncio.new_event_loop), self.client()
            self._disconnect = weakref.finalize(self, _disconnect, runner, client)
            runner.run(client.__aenter__())
            self._session = runner, client
        runner, client = self._session
        return runner.run(call(client))


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _disconnect(runner: asyncio.Runner, client: LeadwayClient) -> None:
    if _in_event_loop():
        # A dropped hook can be collected at any time, also amid somebody else's loop, which must not be entered twice.
        threading.Thread(target=_disconnect, args=(runner, client)).start()
        return
    with runner:
        runner.run(client.__aexit__(None, None, None))


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


def _extra(text: str | None, conn_id: str) -> Mapping[str, Any]:
    try:
        extra = json.loads(text or "{}")
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        # Neither Airflow's parser nor ours is quoted: the text may hold secrets.
        raise ConnectionSettingsError(f"Connection {conn_id!r}: its extra is not a JSON object; correct it there.")
    return extra


def _api_names(fields: Iterable[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = {}
    for name, value in fields:
        api_name = re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
        if api_name == "locationId":
            raise MappingError("A contact can't name its location; name it with LeadwayHook(location_id=…).")
        if api_name in body:
            raise MappingError(f"The contact's field {api_name} is given twice, once as {name}; give it once.")
        body[api_name] = value
    return body
