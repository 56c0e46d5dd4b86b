"""What a customer chose in a survey: the `answers` of feedback, a JSON object of questions and answers."""

from __future__ import annotations

from collections.abc import Container

import msgspec

from scoring.events.schema import Feedback

_answers = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_chosen = msgspec.json.Decoder(str | list[str]).decode


def named(e: Feedback, question: str, choices: Container[str]) -> list[str]:
    """The choices that the answer to a question names, a text or a list of texts, each once. Answers of another shape name none."""
    if e.more is None or not len(e.more.answers):
        return []
    try:
        given = _chosen(_answers(e.more.answers).get(question, b"[]"))
    except msgspec.DecodeError:
        return []
    return [each for each in dict.fromkeys([given] if isinstance(given, str) else given) if each in choices]
