"""What `cnncli explain --json` prints: plain values of everything that the text shows."""

from __future__ import annotations

from typing import Any

from cnncli.explain.examples import Case, Example, of_spec, of_text
from cnncli.explain.search import Found
from cnncli.explain.topics import ArgumentTopic, Topic, families, first_sentence, is_ours, names
from cnncli.explain.training import rates, schedule_of_spec, steps_of_spec
from cnncli.spec import LoadedSpec


def list_as_plain() -> dict[str, Any]:
    """Every family with its names; whose words explain each."""
    return {
        family: [{"name": name, "source": "cnncli" if is_ours(family, name) else "Keras"} for name in names(family)]
        for family in families()
    }


def as_plain(found: Found, loaded: LoadedSpec | None) -> dict[str, Any]:
    """The topics that were found, with their examples."""
    plain: dict[str, Any] = {"topics": [_topic(topic, found.argument, loaded) for topic in found.topics]}
    if found.family:
        plain["family"] = found.family
        plain["names"] = [{"name": name, "is": first_sentence(found.family, name)} for name in names(found.family)]
    if found.others:
        plain["others"] = list(found.others)
    return plain


def _topic(topic: Topic, argument: str, loaded: LoadedSpec | None) -> dict[str, Any]:
    shown = [each for each in topic.arguments if not argument or each.name == argument]
    plain: dict[str, Any] = {
        "family": topic.family,
        "name": topic.name,
        "source": topic.source,
        "words": list(topic.paragraphs),
        "arguments": [_argument(each) for each in shown],
    }
    if topic.family == "key":
        plain |= {"default": topic.default, "takes": topic.takes}
    if topic.usage:
        plain["usage"] = topic.usage
    plain["examples"] = _examples(topic, argument, loaded)
    return plain


def _argument(argument: ArgumentTopic) -> dict[str, Any]:
    return {
        "name": argument.name,
        "default": argument.default,
        "takes": argument.takes,
        "words": argument.words,
        "source": argument.source,
    }


def _examples(topic: Topic, argument: str, loaded: LoadedSpec | None) -> list[dict[str, Any]]:
    if loaded and topic.family == "schedule":
        steps, schedule = steps_of_spec(loaded), schedule_of_spec(loaded)
        if steps and schedule and schedule.name == topic.name:
            return [point._asdict() for point in rates(schedule, steps.total)]
    if topic.family != "layer":
        return []
    own = of_spec(topic.name, loaded, argument) if loaded else []
    worked = of_text(topic, argument)
    return [_example(example) for example in own or ([worked] if worked else [])]


def _example(example: Example) -> dict[str, Any]:
    return {
        "layer": example.layer.plain(),
        "name": example.name,
        "place": example.place,
        "given": [list(shape) for shape in example.given],
        "cases": [_case(case) for case in example.cases],
    }


def _case(case: Case) -> dict[str, Any]:
    if case.refusal:
        return {"change": case.change, "refusal": case.refusal}
    return {
        "change": case.change,
        "output": list(case.output) if case.output else None,
        "parameters": case.count.total if case.count else None,
        "formula": case.count.numbers if case.count else None,
    }
