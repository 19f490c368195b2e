"""What differs between the versions of the API: names in bodies, in answers and in calls about tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CHANNELS: Final = ("Call", "Email", "SMS", "WhatsApp", "GMB", "FB")
"""The channels of do-not-disturb, as they are stored."""
_V3_CHANNELS: Final = ("call", "email", "sms", "whatsApp", "gmb", "fb")


@dataclass(frozen=True, slots=True)
class ApiVersion:
    """One version, as its description was published.

    Attributes:
        name: the value of the `Version` header.
        value_keys: the names of a custom field's value in a request; the first one counts, the others are deprecated.
        channels: the keys of `dndSettings`, each with the name under which it is stored.
        success_key: the key under which an answer says that a change succeeded.
        camel_case_tokens: whether the calls about tokens have names in camelCase.
    """

    name: str
    value_keys: tuple[str, ...]
    channels: Mapping[str, str]
    success_key: str
    camel_case_tokens: bool

    def value(self, entry: Mapping[str, Any]) -> Any:
        """Return the value in an entry of `customFields`; None if it has none."""
        return next((entry[key] for key in self.value_keys if key in entry), None)

    def contact(self, shown: dict[str, Any]) -> dict[str, Any]:
        """Return a contact with the names of this version."""
        if "dndSettings" in shown:
            names = {stored: channel for channel, stored in self.channels.items()}
            settings = {names[stored]: setting for stored, setting in shown["dndSettings"].items()}
            return {**shown, "dndSettings": settings}
        return shown

    def token_name(self, name: str) -> str:
        """Return the name of a value in a call about tokens, which is given in snake_case."""
        return re.sub(r"_([a-z])", lambda found: found[1].upper(), name) if self.camel_case_tokens else name


def _first(name: str) -> ApiVersion:
    return ApiVersion(name, ("field_value",), dict(zip(CHANNELS, CHANNELS, strict=True)), "succeded", False)  # noqa: FBT003 - the fields are named above


FIRST: Final = "2021-07-28"
"""The version of calls about tokens that name no version."""
V3: Final = "v3"
VERSIONS: Final[Mapping[str, ApiVersion]] = {
    FIRST: _first(FIRST),
    # The default of the vendor's client for JavaScript. Its calls and answers are those of 2021-07-28.
    "2023-02-21": _first("2023-02-21"),
    V3: ApiVersion(
        V3,
        ("fieldValue", "field_value"),
        dict(zip(_V3_CHANNELS, CHANNELS, strict=True)),
        "succeeded",
        True,  # noqa: FBT003 - the fields are named above
    ),
}
"""The versions by the `Version` header."""
BEFORE_V3: Final = frozenset(VERSIONS) - {V3}
"""The versions whose calls v3 has renamed or dropped."""
