"""Work on a text grows as the text does: every target, every comparison, every message; with 100,000 characters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from leadway_provider.api.answer import interpret, read_trace_id, retry_after
from leadway_provider.api.sentences import known_sentence
from leadway_provider.contacts.choice import folded
from leadway_provider.contacts.contact import JsonValue
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.echo import not_kept
from leadway_provider.contacts.mapping import compile_mapping
from leadway_provider.contacts.nearest import nearest
from leadway_provider.contacts.targets import TARGETS
from leadway_provider.exceptions import MappingError
from leadway_provider.policies import ContactRules
from leadway_provider.printable import printable, spreadsheet_cell
from leadway_provider.source.statement import without_values
from leadway_provider.sync.row import source_keys
from tests.contacts.test_properties import COLUMNS, FIELDS
from tests.linear.work import AROUND, KINDS, grows_too_fast, repeated

RULES = ContactRules(phone_region="DE")


def as_column(target: str) -> Callable[[str], object]:
    """What becomes of a text in a column of that target."""
    mapping = compile_mapping(
        ["id", "email" if target != "email" else "phone", target], key=["id"], custom_fields=FIELDS, rules=RULES
    )
    return lambda text: mapping.contact((1, None, text))


def as_answer(
    api_path: str, sent: Callable[[str], JsonValue], shown: Callable[[str], JsonValue]
) -> Callable[[str], object]:
    """What becomes of a text in an answer, compared with one that was sent."""
    return lambda text: not_kept({api_path: sent(text)}, {"email": "a@b.de", api_path: shown(text)}, new=True)


def of_message(text: str) -> object:
    """A refusal that says it in every place."""
    body = _json({"message": [text, text], "error": text, "traceId": text, "meta": {"contactId": text}})
    return [interpret(status, {"retry-after": text, "date": text}, body) for status in (400, 401)]


def _json(document: Mapping[str, object]) -> bytes:
    """Return JSON."""
    import msgspec

    return msgspec.json.encode(document)


TEXTS: Mapping[str, Callable[[str], object]] = {
    "refusal": of_message,
    "sentence": known_sentence,
    "trace id": lambda text: read_trace_id({"traceId": text}),
    "retry-after": lambda text: retry_after({"retry-after": text, "date": text}),
    "printable": printable,
    "cell": spreadsheet_cell,
    "folded": folded,
    "nearest": lambda text: nearest(text, [text + "a", "b" + text, text[::-1]]),
    "key": lambda text: source_keys([(text, 1)], (0, 1)),
    "database's message": lambda text: without_values(text, text),
}
PATHS = ("city", "email", "phone", "website", "dateOfBirth", "tags", "dnd")
"""A field for each way of comparing."""
KINDS_OF_TARGET = [*{target.kind: name for name, target in TARGETS.items()}.values(), *COLUMNS[-len(FIELDS) :]]
"""A target for each way of reading."""


def fails(work: Callable[[str], object]) -> list[tuple[str, str, str]]:
    """Return the kinds of text at which work grows too fast."""
    return [
        (kind, before, behind)
        for kind, unit in KINDS.items()
        for before, behind in AROUND
        if grows_too_fast(work, lambda size: f"{before}{repeated(unit, size)}{behind}")  # noqa: B023 - it is called here
    ]


@pytest.mark.parametrize("target", KINDS_OF_TARGET)
def test_every_target(target: str) -> None:
    """A value of any kind is read, or withheld, in a time that is in proportion to its length."""
    assert fails(as_column(target)) == []


@pytest.mark.parametrize("api_path", PATHS)
def test_every_comparison_with_an_answer(api_path: str) -> None:
    """The same holds for what an answer shows beside what was sent, whichever of them is long."""
    both = as_answer(api_path, lambda text: [text] if api_path == "tags" else text, lambda text: text + "b")
    shown = as_answer(api_path, lambda _: "2024-01-31", lambda text: text)
    assert fails(lambda text: (both(text), shown(text))) == []


def test_comparisons_of_channels_and_custom_fields() -> None:
    """Both have values inside of values."""

    def work(text: str) -> object:
        sent: JsonValue = [{"id": each.id, "field_value": text} for each in FIELDS[:2]]
        channels: JsonValue = {"Call": {"status": "active", "message": text, "code": text}}
        fields: dict[str, JsonValue] = {"customFields": sent, "dndSettings": channels}
        kept: dict[str, JsonValue] = {
            "customFields": [{"id": each.id, "value": [text + "x"]} for each in FIELDS[:2]],
            "dndSettings": {"call": {"status": text, "message": text + "x", "code": 1}},
        }
        return not_kept(fields, kept, new=True)

    assert fails(work) == []


@pytest.mark.parametrize("name", TEXTS)
def test_every_other_text(name: str) -> None:
    """What the API, a database and a user say."""
    assert fails(TEXTS[name]) == []


def test_names_of_the_account() -> None:
    """A target that names no custom field is compared with the names of all, however long they are."""
    long = "x1" * 50_000
    fields = [CustomField(str(number), long + str(number), "", "TEXT") for number in range(50)]

    def work(text: str) -> None:
        with pytest.raises(MappingError):
            compile_mapping(["id", "email", f"custom.a{text}"], key=["id"], custom_fields=fields)

    assert not grows_too_fast(work, lambda size: repeated("x1", size))
