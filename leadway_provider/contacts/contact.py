"""What a row becomes: a contact to send, or a rejection with every reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something was rejected, withheld or not kept.

    Attributes:
        field: the target as the user writes it (`phone`, `custom.Lifetime Value`), or the key's column.
        code: a stable snake_case word to filter by, such as `email_malformed`.
        message: one sentence for a person. Never the value itself.
    """

    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact as the upsert endpoint takes it, without the location.

    Attributes:
        fields: the request body in the API's names (`firstName`, `customFields`, …), form of version 2021-07-28.
        add_tags: tags the contact must end up having, beside those it has.
        remove_tags: tags the contact must end up without.
        withheld: values that were left out because the API would refuse or misuse them.
        notes: blanks that were to clear a field that the API doesn't let be cleared.
    """

    fields: Mapping[str, JsonValue]
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    withheld: tuple[Reason, ...] = ()
    notes: tuple[Reason, ...] = ()

    @property
    def identities(self) -> dict[str, str]:
        """What the account may match this contact by, e-mail and phone: calls that share one must keep their order."""
        return {name: value for name in ("email", "phone") if isinstance(value := self.fields.get(name), str)}

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does the same as sending it once; otherwise each time may make another contact."""
        return self.fields.get("createNewIfDuplicateAllowed") is not True

    @property
    def places(self) -> set[str]:
        """The places in the request that it fills, written as a mapping's `wire`; tags count however they are sent."""
        found = set(self.fields)
        for name, value in self.fields.items():
            if isinstance(value, dict):
                settings = ((channel, each) for channel, each in value.items() if isinstance(each, dict))
                found.update(f"{name}.{channel}.{part}" for channel, each in settings for part in each)
            elif name == "customFields" and isinstance(value, list):
                found.update(f"{name}.{each['id']}" for each in value if isinstance(each, dict))
        if self.add_tags or self.remove_tags:
            found.add("tags")
        return found


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that can't be a contact, with every reason; it costs no call."""

    reasons: tuple[Reason, ...]
