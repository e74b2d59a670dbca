"""`track` of a spec: trackers by name, with their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.catalog.entries import Entry
from cnncli.catalog.trackers import TRACKERS, tracker_name
from cnncli.catalog.validators import Validator, list_of
from cnncli.errors import KeyPath, Place, Problem, SpecError
from cnncli.spec.reader import read_value
from cnncli.wording import nearest, shown, without_secrets

_DESCRIPTION = f"a list of trackers, of {' and '.join(TRACKERS)}"


def _accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    if isinstance(value, str):
        value = {value: None}
    if not isinstance(value, dict) or len(value) != 1:
        problems.append(Problem(path, f"expected a tracker, of {' and '.join(TRACKERS)}; got {shown(value)}"))
        return value
    word, arguments = next(iter(value.items()))
    name = tracker_name(str(word))
    if name is None:
        near = nearest(str(word), TRACKERS) or f"; there are {' and '.join(TRACKERS)}"
        problems.append(Problem((*path, word), f"no tracker is called '{word}'{near}", at_key=True))
        return value
    accepted, inside = TRACKERS[name].arguments, (*path, word)
    if not isinstance(arguments, dict | None):
        problems.append(Problem(inside, f"expected the arguments of {name}: {', '.join(accepted)}"))
        return value
    values = {}
    for key, item in (arguments or {}).items():
        if key in accepted:
            values[key] = accepted[key].accept(item, (*inside, key), problems)
        else:
            near = nearest(str(key), accepted) or f"; {name} takes {', '.join(accepted)}"
            problems.append(Problem((*inside, key), f"unknown argument{near}", at_key=True))
    return Entry("tracker", name, values)


def _accept_list(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    accepted = _LIST.accept(value, path, problems)
    names = [each.name for each in accepted if isinstance(each, Entry)] if isinstance(accepted, list) else []
    for index, name in enumerate(names):
        if name in names[:index]:
            problems.append(Problem((*path, index), f"{name} is listed twice"))
    return accepted


def _schema() -> dict[str, Any]:
    named = {
        name: {
            "type": ["object", "null"],
            "properties": {key: each.schema for key, each in tracker.arguments.items()},
            "additionalProperties": False,
        }
        for name, tracker in TRACKERS.items()
    }
    one = {"type": "object", "properties": named, "additionalProperties": False, "minProperties": 1, "maxProperties": 1}
    return {"anyOf": [{"enum": list(TRACKERS)}, one]}


_LIST = list_of(Validator("a tracker", _accept, _schema()), description=_DESCRIPTION, empty=True)
trackers = Validator(_DESCRIPTION, _accept_list, _LIST.schema)


def parse_trackers(texts: Sequence[str], option: str) -> list[Entry]:
    """Trackers as an option of the command line has them: `MLflow`, or `MLflow: {tracking_uri: …}`.

    Raises:
        SpecError: One is unknown, or an argument is wrong.
    """
    place = Place(f"{option} {without_secrets(' '.join(texts))}", 1, 1)
    problems: list[Problem] = []
    accepted = _accept_list([read_value(each, place.file) for each in texts], (), problems)
    if problems:
        raise SpecError([Problem((), problem.message, place) for problem in problems], place.file)
    return list(accepted)
