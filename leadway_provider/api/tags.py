"""Calls that change tags, and what their answers say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from leadway_provider.api.call import Call
from leadway_provider.api.models import BulkTagsAnswer, TagsAnswer
from leadway_provider.api.sentences import known_sentence
from leadway_provider.api.v3 import JsonObject


def change_of_tags(method: Literal["POST", "DELETE"], contact_id: str, tags: Iterable[str]) -> Call[TagsAnswer]:
    """Return the call that adds tags to one contact, or removes them."""
    return Call(
        method,
        "/contacts/{contactId}/tags",
        lambda answer: TagsAnswer.model_validate(answer.json),
        ids={"contactId": contact_id},
        json={"tags": list(tags)},
    )


def read_bulk_tags(answer: JsonObject, most: int) -> BulkTagsAnswer:
    """Return an answer about that many contacts; no more of its items are read."""
    responses = answer.get("responses")
    return BulkTagsAnswer.model_validate(
        {**answer, "responses": responses[:most] if isinstance(responses, list) else ()}
    )


def with_known_sentences(answer: BulkTagsAnswer) -> BulkTagsAnswer:
    """Return the answer with its messages as far as they are known, because they are stored as reasons."""
    responses = tuple(
        item.model_copy(update={"message": known_sentence(item.message).text}) if item.message else item
        for item in answer.responses
    )
    return answer.model_copy(update={"responses": responses})
