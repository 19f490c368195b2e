"""A request to the API as the endpoints get it, and its answer or refusal."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from leadway_provider.sandbox.tokens import TokenHolder
from leadway_provider.sandbox.version import FIRST, VERSIONS, ApiVersion

_MOST_DIGITS = 15

JsonAnswer = tuple[int, dict[str, Any]]
"""The status and the JSON body of an answer."""


@dataclass(slots=True)
class Request:
    """One request.

    Attributes:
        method: the HTTP method.
        path: the decoded path.
        query: the parameters of the query; of a repeated one, the last value.
        token: the bearer token; None if there is none.
        version: the `Version` header; None if there is none.
        holder: the holder of the token; None if the token is unknown or expired.
        json: the parsed body; None if it is not JSON.
        is_unbounded: whether the body is not parsed because it holds a number of thousands of digits.
        form: the values of a form-encoded body.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    token: str | None = field(default=None, repr=False)
    version: str | None = None
    holder: TokenHolder | None = None
    json: object = field(default=None, repr=False)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_unbounded: bool = False

    @property
    def api_version(self) -> ApiVersion:
        """The version that the header names, which must be known; the first one if there is no header."""
        return VERSIONS[self.version or FIRST]

    @property
    def is_of_company(self) -> bool:
        """Whether the token is a company's."""
        return self.holder is not None and self.holder.user_type == "Company"

    @property
    def email(self) -> str | None:
        """The e-mail in the body, as it was sent; None if there is none."""
        email = self.json.get("email") if isinstance(self.json, dict) else None
        return email if isinstance(email, str) else None


class RefusalError(Exception):
    """A request was refused. The answer has the documented body of its status.

    Args:
        status: the HTTP status.
        message: the reason, or a list of reasons.
        more: further keys of the body with their values.
    """

    def __init__(self, status: int, message: str | list[str], **more: object) -> None:
        super().__init__(f"refused with {status}")
        self.answer: JsonAnswer = (status, {"statusCode": status, "message": message, **more})


def unprocessable(*messages: str) -> RefusalError:
    """Return the refusal of a request that is not as the endpoint's description says; 422."""
    return RefusalError(422, list(messages), error="Unprocessable Entity")


def json_object(request: Request) -> dict[str, Any]:
    """Return the body, which must be a JSON object whose numbers fit a double-precision number.

    Raises:
        RefusalError: it is not a JSON object; 400. Or a number is too large; 422.
    """
    if request.is_unbounded or any(not is_bounded(number) for number in _numbers(request.json)):
        raise unprocessable("a number is too large")
    if not isinstance(request.json, dict):
        raise RefusalError(400, "Unexpected token in JSON")
    return request.json


def query_number(request: Request, name: str, default: int) -> int:
    """Return a whole number of the query.

    Raises:
        RefusalError: it is something else, or has more than 15 digits; 422.
    """
    return whole_number(name, request.query.get(name, str(default)))


def whole_number(name: str, text: str) -> int:
    """Return a whole number that is written as text.

    Raises:
        RefusalError: it is something else, or has more than 15 digits; 422.
    """
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise unprocessable(f"{name} must be a number")
    return int(text)


def is_bounded(number: float) -> bool:
    """Return True if a number is finite and not larger than a double-precision number can be."""
    return -sys.float_info.max <= number <= sys.float_info.max


def _numbers(json: object) -> Iterator[int | float]:
    waiting = [json]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
        elif isinstance(value, int | float):
            yield value
