"""What is kept of the API's texts: known sentences with the names of known properties, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadway_provider.api import sentences
from leadway_provider.api.sentences import NOT_SHOWN, Sentence, known_sentence


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("email must be an email", Sentence("email must be an email", "email")),
        ("EMAIL must be an email", Sentence("… must be an email")),
        (" email  must be\nan EMAIL. ", Sentence("email must be an email", "email")),
        ("each value in tags must be a string", Sentence("each value in tags must be a string", "tags")),
        ("property gender should not exist", Sentence("property gender should not exist", "gender")),
        ("property Springfield should not exist", Sentence("property … should not exist")),
        ("dndSettings.property Fax should not exist", Sentence("property … should not exist")),
        ("dndSettings.Call.status must be one of the following values: active, inactive", Sentence(
            "dndSettings.Call.status must be one of the following values: …", "dndSettings.Call.status"
        )),
        ("dndSettings.whatsApp.code must be a string", Sentence(
            "dndSettings.WhatsApp.code must be a string", "dndSettings.WhatsApp.code"
        )),
        ("customFields.12.field_value must be a string", Sentence(
            "customFields.field_value must be a string", "customFields.field_value", 12
        )),
        ("customFields.+12025550123.id must be a string", Sentence("… must be a string")),
        ("firstName must be shorter than or equal to 120 characters", Sentence(
            "firstName must be shorter than or equal to … characters", "firstName"
        )),
        ("Contact with id 9Xy-4 not found", Sentence("Contact with id … not found")),
        ("contact not found", Sentence("Contact not found")),
        ("Cannot GET /contacts/ann@example.com", Sentence("Cannot GET …")),
        ("Missing parameter: clientId", Sentence("Missing parameter: clientId", "clientId")),
        ("Missing parameter: Springfield", Sentence("Missing parameter: …")),
        ("city Springfield is on no map", Sentence(NOT_SHOWN)),
        ("phone must not be +1 202 555 0123", Sentence(f"phone: {NOT_SHOWN}", "phone")),
        ("Ann must be an email of Ann", Sentence(NOT_SHOWN)),
        ("email must be an email, and ann@example.com is none", Sentence(f"email: {NOT_SHOWN}", "email")),
        ("", Sentence(NOT_SHOWN)),
        ("email must be an email" + " " * 2000, Sentence(NOT_SHOWN)),
    ],
)  # fmt: skip
def test_what_is_kept(said: str, kept: Sentence) -> None:
    """The sentence as this provider writes it; of a name, a number or a value that is not known a gap."""
    assert known_sentence(said) == kept


WORDS = {
    word
    for text in (
        *(each for each in (*sentences._WHOLE, *sentences._OF_PROPERTY, *sentences._LABELS)),
        *(" ".join(before) for before in sentences._BEFORE_PROPERTY),
        NOT_SHOWN,
    )
    for word in text.replace("…", " … ").split()
}
"""The words of all known sentences."""


@given(
    st.lists(
        st.one_of(
            st.sampled_from([*sentences._WHOLE, *sentences._OF_PROPERTY, *sentences._PROPERTIES]),
            st.sampled_from(["each value in", "property", "nested", "…", "customFields.1.", ".property"]),
            st.text(max_size=9),
        ),
        max_size=5,
    ),
    st.sampled_from([" ", "", ": ", "'"]),
)
def test_every_word_that_is_kept_is_one_of_this_module(parts: list[str], glue: str) -> None:
    """Whatever the text is, what is kept of it consists of words of known sentences and of names of properties."""
    kept = known_sentence(glue.join(parts))
    for word in kept.text.replace("…", " … ").split():
        names = word.rstrip(":").split(".")
        assert word in WORDS or all(name in sentences._PROPERTIES for name in names), kept
    assert all(name in sentences._PROPERTIES for name in kept.field.split(".") if name)
    assert kept.position is None or 0 <= kept.position < 1000
