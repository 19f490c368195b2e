"""Contacts as JSON text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from leadway_provider.contacts.contact import Contact
from leadway_provider.store.encoding import decode_contact, encode_contact

_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_VALUES = st.recursive(
    _PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.text(), _VALUES, max_size=5), st.lists(st.text(), max_size=3), st.none() | st.text(min_size=1)
)
def test_a_contact_comes_back_as_it_was(fields: dict[str, object], tags: list[str], contact_id: str | None) -> None:
    """Any value comes back with its type, whatever characters and numbers it has, and the text is ASCII."""
    contact = Contact(fields, add_tags=tuple(tags), contact_id=contact_id)  # type: ignore[arg-type]  # any JSON
    text = encode_contact(contact)
    assert text.isascii()
    found = decode_contact(text)
    assert found == contact
    assert repr(dict(found.fields)) == repr(fields)
