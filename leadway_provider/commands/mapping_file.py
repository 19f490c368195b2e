"""A file of tests of a mapping, read and run. It needs neither Airflow nor a network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml  # type: ignore[import-untyped]  # the package has no types
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from leadway_provider.commands.error import CommandError
from leadway_provider.commands.values import contact_values
from leadway_provider.contacts.contact import Rejection
from leadway_provider.contacts.custom_field import CustomField
from leadway_provider.contacts.mapping import ContactMapping, compile_mapping
from leadway_provider.exceptions import LeadwayError
from leadway_provider.policies import ContactRules
from leadway_provider.sync.row import source_keys

_UNREADABLE = 2
"""The exit status where a file is not one of tests."""


class _Part(BaseModel):
    """A part of the file: what it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, frozen=True)


class _Field(_Part):
    """A custom field of the account, as `leadway fields --json` prints it, or shorter."""

    name: str
    data_type: str
    id: str = ""
    field_key: str = ""
    options: tuple[str, ...] = ()
    allows_custom_option: bool = False
    target: str | None = Field(default=None, repr=False)
    unusable: str | None = None

    def custom_field(self) -> CustomField:
        """Return the field; its id is its name, where none is given."""
        return CustomField(
            id=self.id or self.name,
            name=self.name,
            field_key=self.field_key,
            data_type=self.data_type,
            options=self.options,
            allows_custom_option=self.allows_custom_option,
            unusable=self.unusable or "",
        )


class _Test(_Part):
    """One row, and what is expected of it."""

    name: str = Field(repr=False)
    row: dict[str, Any] = Field(repr=False)
    contact: dict[str, Any] | None = Field(default=None, repr=False)
    withheld: dict[str, str] = Field(default_factory=dict, repr=False)
    invalid: list[str] | None = Field(default=None, repr=False)

    @model_validator(mode="after")
    def _expects_one_thing(self) -> Self:
        if (self.contact is None) == (self.invalid is None):
            raise ValueError("give either `contact` or `invalid`")
        return self


class MappingFile(_Part):
    """The tests of one mapping."""

    key: str | list[str]
    mapping: dict[str, str] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict, repr=False)
    rules: dict[str, Any] = Field(default_factory=dict, repr=False)
    custom_fields: list[_Field] | str = Field(default_factory=list, repr=False)
    users: dict[str, str] = Field(default_factory=dict, repr=False)
    tests: list[_Test] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class TestResult:
    """How one test ended.

    Attributes:
        name: the test.
        differences: the lines that differ, `-` before what is expected and `+` before what the mapping makes; none
            where the test passed.
    """

    name: str = field(repr=False)
    differences: Sequence[str] = field(repr=False)


def run_file(path: Path) -> list[TestResult]:
    """Run the tests of a file.

    Raises:
        CommandError: the file can't be read, is not one of tests, or its mapping is wrong.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise CommandError(f"{path} is not a file of tests: it has no `key` and no `tests`.", _UNREADABLE)
        file = MappingFile.model_validate(document)
        mapping, columns = _compiled(file, path)
    except OSError as error:
        raise CommandError(f"{path} can't be read: {error.strerror}.", _UNREADABLE) from None
    except UnicodeDecodeError:
        raise CommandError(f"{path} can't be read: it is not UTF-8 text.", _UNREADABLE) from None
    except yaml.YAMLError as error:
        raise CommandError(f"{path} is not YAML: {' '.join(str(error).split())}", _UNREADABLE) from None
    except ValidationError as error:
        raise CommandError(f"{path} is not a file of tests: {_in_words(error)}", _UNREADABLE) from None
    except (LeadwayError, TypeError) as error:
        raise CommandError(f"{path}: {error}", _UNREADABLE) from None
    return [TestResult(each.name, list(_differences(each, mapping, columns))) for each in file.tests]


def _compiled(file: MappingFile, path: Path) -> tuple[ContactMapping, list[str]]:
    columns = list(dict.fromkeys(column for test in file.tests for column in test.row))
    mapping = compile_mapping(
        columns,
        key=[file.key] if isinstance(file.key, str) else file.key,
        mapping=file.mapping,
        constants=file.constants,
        custom_fields=[each.custom_field() for each in _fields(file, path)],
        users=file.users,
        rules=_rules(file.rules),
    )
    return mapping, columns


def _fields(file: MappingFile, path: Path) -> Sequence[_Field]:
    """Return the custom fields; a text is the path of what `leadway fields --json` has printed, beside the file."""
    if not isinstance(file.custom_fields, str):
        return file.custom_fields
    found = json.loads((path.parent / file.custom_fields).read_text(encoding="utf-8"))
    return [_Field.model_validate(each) for each in found]


def _rules(given: Mapping[str, Any]) -> ContactRules:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return ContactRules(**values)


def _differences(test: _Test, mapping: ContactMapping, columns: Sequence[str]) -> Iterator[str]:
    row = [test.row.get(column) for column in columns]
    found = mapping.contact(row)
    expected: dict[str, Any] = {} if test.invalid is None else {"invalid": sorted(test.invalid)}
    if source_keys([row], mapping.key_positions) == [None]:
        made: dict[str, Any] = {"invalid": ["key_missing"]}
    elif isinstance(found, Rejection):
        made = {"invalid": sorted({reason.code for reason in found.reasons})}
    else:
        expected |= (test.contact or {}) | {f"withheld {name}": code for name, code in test.withheld.items()}
        made = {}
        if test.contact is not None:
            made |= {target: value for target, _, value in contact_values(found, mapping)}
            made |= {f"withheld {reason.field}": reason.code for reason in found.withheld}
    for name in dict.fromkeys((*expected, *made)):
        both = [f"{sign} {name}: {_text(of[name])}" for sign, of in (("-", expected), ("+", made)) if name in of]
        if len({line[1:] for line in both}) > 1 or len(both) == 1:
            yield from both


def _text(value: Any) -> str:
    """Return a value in JSON; 12 and 12.0 are one number, as in JSON."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _in_words(error: ValidationError) -> str:
    found = (f"{'.'.join(map(str, each['loc'])) or 'the file'}: {each['msg']}" for each in error.errors())
    return "; ".join(found)
