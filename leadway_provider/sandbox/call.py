"""One call to the API as its endpoints see it: what was asked, an answer, or a refusal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from leadway_provider.sandbox.tokens import Holder

Answer = tuple[int, dict[str, Any]]


@dataclass(slots=True)
class Call:
    """One request, read from the wire.

    Attributes:
        method: the HTTP method.
        path: the decoded path.
        query: the query's parameters; of one that is repeated, the last.
        token: the bearer token; None where there is none.
        version: the `Version` header; None where there is none.
        holder: whom the token stands for; None where it is unknown or expired.
        json: the parsed body; None where it is no JSON.
        form: the form-encoded body's values.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    token: str | None = field(default=None, repr=False)
    version: str | None = None
    holder: Holder | None = None
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def email(self) -> str | None:
        """The e-mail of an upsert, as it was sent."""
        email = self.json.get("email") if isinstance(self.json, dict) else None
        return email if isinstance(email, str) else None


class RefusalError(Exception):
    """The API refuses a call: its status and body, in the documented form of that status."""

    def __init__(self, status: int, message: str | list[str], error: str | None = None) -> None:
        super().__init__(f"refused with {status}")
        self.answer: Answer = (status, {"statusCode": status, "message": message} | ({"error": error} if error else {}))


def unprocessable(*messages: str) -> RefusalError:
    """The refusal of a request that the endpoint's description doesn't allow."""
    return RefusalError(422, list(messages), error="Unprocessable Entity")


def json_object(call: Call) -> dict[str, Any]:
    """The body; a call whose body is no JSON object is refused."""
    if not isinstance(call.json, dict):
        raise RefusalError(400, "Unexpected token in JSON")
    return call.json
