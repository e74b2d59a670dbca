"""What `cnncli explain --json` prints: plain values of everything that the text shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from cnncli.explain.search import Answer
from cnncli.explain.topics import Topic, families, first_sentence, names, topic


def list_as_json() -> dict[str, Any]:
    """Every family with its names, and whose text explains each."""
    return {
        family: [{"name": name, "source": topic(family, name).source} for name in names(family)]
        for family in families()
    }


def answer_as_json(answer: Answer) -> dict[str, Any]:
    """The topics, the meanings of an argument, and the names of a family."""
    plain: dict[str, Any] = {"topics": [_topic(one, answer.argument) for one in answer.topics]}
    if answer.meanings:
        plain["meanings"] = [
            {"family": meaning.family, "owners": list(meaning.owners), **asdict(meaning.argument)}
            for meaning in answer.meanings
        ]
    if answer.family:
        plain["family"] = answer.family
        plain["names"] = [{"name": name, "is": first_sentence(answer.family, name)} for name in names(answer.family)]
    if answer.others:
        plain["others"] = list(answer.others)
    return plain


def _topic(topic: Topic, argument: str) -> dict[str, Any]:
    plain = asdict(topic)
    plain["arguments"] = [each for each in plain["arguments"] if argument in ("", each["name"])]
    return plain
