"""Reads YAML 1.2 text into plain values that remember their line and column.

PyYAML scans and composes; what a scalar means is decided in `scalars`. Budgets on size, depth and expansion are checked
before anything is built, and only the pure-Python loader is used: the C one crashes the process on deeply nested text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from cnncli.errors import KeyPath, Place, Problem, SpecError
from cnncli.spec.lookalikes import lookalike, lookalike_above
from cnncli.spec.scalars import meaning

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_NODES = 50_000
NOT_A_SPEC = "a spec is a mapping with the keys data, model and train"

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")

_NO_SPACE = re.compile(r"[ -]*(\w+:)[^ /]")

_WORDING = {
    # PyYAML's words for what people do most often, in words that help
    "found character '\\t' that cannot start any token": "YAML does not allow tabs for indentation; use spaces",
    "mapping values are not allowed here": "a ':' is not allowed here; is the line indented wrongly, "
    "or does a text with ': ' need quotes?",
    "could not find expected ':'": "a ':' is missing after this key",
    "found undefined alias": "no anchor of this name stands above it",
    "found unexpected end of stream": "a quote is opened here or above and never closed",
    **dict.fromkeys(
        (
            f"expected <block end>, but found '{what}'"
            for what in ("<block sequence start>", "<block mapping start>", "-")
        ),
        "this line is indented neither like the lines above that it continues nor deeper; lines of one list or mapping "
        "begin in the same column",
    ),
    "expected <block end>, but found '<scalar>'": "the value on this line ends before this text; a text with quotes in "
    "it needs other quotes around it",
    **dict.fromkeys(
        ("expected escape sequence of", "found unknown escape character"),
        "in double quotes a backslash begins an escape; write '/' in paths, or single quotes around the text",
    ),
    "second occurrence": "an anchor of this name already stands above it",
}


@dataclass(frozen=True)
class Document:
    """The content of one YAML text, and where each part of it stands."""

    file: str  # name of the file in problems
    value: Any  # mappings, lists and scalars
    keys: Mapping[KeyPath, Place] = field(default_factory=dict)  # place of each mapping's key, by path
    values: Mapping[KeyPath, Place] = field(default_factory=dict)  # place of each value, by path
    problems: tuple[Problem, ...] = ()  # what a spec may not hold, such as a key that is set twice; the rest is read
    text: str = ""  # the text itself

    def locate(self, problem: Problem) -> Problem:
        """The problem with its place: that of its key or value, or of the nearest part above it."""
        first, second = (self.keys, self.values) if problem.at_key else (self.values, self.keys)
        above = (problem.path[:length] for length in range(len(problem.path), -1, -1))
        places = (places[path] for path in above for places in (first, second) if path in places)
        return replace(problem, place=problem.place or next(places, None))


def read(data: bytes | str, file: str) -> Document:
    """Reads one YAML document, and raises the problems that `read_leniently` returns."""
    document = read_leniently(data, file)
    if document.problems:
        raise SpecError(document.problems, file)
    return document


def read_leniently(data: bytes | str, file: str) -> Document:
    """Reads one YAML document and continues after what a spec may not hold, so that the rest can be checked.

    Args:
        data: Text; bytes must be UTF-8, or UTF-16 with a byte-order mark.
        file: Name of the file in problems.

    Returns:
        The values with their places and problems. What cannot be read is None; of a key set twice the first counts.

    Raises:
        SpecError: The text is not YAML, or exceeds the limits of a spec.
    """
    text = _decode(data, file)
    try:
        _check_events(text, file)
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, file, text) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
        raise _fatal(message, Place(file, line, 1)) from None
    except RecursionError:
        raise _fatal(f"nested deeper than {MAX_DEPTH} levels", Place(file, 1, 1)) from None
    if node is None:
        raise _fatal("the file is empty; a spec needs at least 'data' and 'model'", Place(file, 1, 1))
    builder = _Builder(file)
    value = builder.build(node)
    return Document(file, value, builder.keys, builder.values, tuple(builder.problems), text)


def read_value(text: str, file: str) -> Any:
    """Reads the value of one override, such as `5`, `[0, 1]` or `{L2: {l2: 0.01}}`."""
    return read(text, file).value if text.strip() else None


def _fatal(message: str, place: Place) -> SpecError:
    return SpecError([Problem((), message, place)], place.file)


def _decode(data: bytes | str, file: str) -> str:
    if isinstance(data, str):
        return data
    if len(data) > MAX_BYTES:
        raise _fatal(f"the file is too large: a spec has at most {MAX_BYTES:,} bytes", Place(file, 1, 1))
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        name = encoding.removesuffix("-sig").upper()
        raise _fatal(f"byte {error.start} is not {name}; save the file as UTF-8", Place(file, line, column)) from None


def _place(file: str, mark: Any) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)


def _syntax(error: yaml.MarkedYAMLError, file: str, text: str) -> SpecError:
    mark = error.problem_mark or error.context_mark
    if mark and (found := lookalike_above(text, mark.line)):
        return _fatal(found[2], Place(file, found[0] + 1, found[1] + 1))
    words = error.problem or str(error)
    message = next((better for theirs, better in _WORDING.items() if words.startswith(theirs)), words)
    message = message.replace("'<stream end>'", "the end of the text")
    above = text.splitlines()[mark.line - 1] if mark and mark.line else ""
    if words.startswith("mapping values") and (key := _NO_SPACE.match(above)):
        message = f"a ':' is not allowed here; the line above has no space after '{key[1]}'"
    bracket = error.context_mark if words.startswith("expected ',' or") else None
    if bracket and mark and bracket.line < mark.line:
        message += f"; the bracket at line {bracket.line + 1}, column {bracket.column + 1} is still open"
    return _fatal(message, _place(file, mark) if mark else Place(file, 1, 1))


def _check_events(text: str, file: str) -> None:
    """Refuses on the stream of events, before anything is built, what must never be built."""
    depth = documents = values = 0
    problems = []
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents == 2:
                raise _fatal("a spec must be a single YAML document", _place(file, event.start_mark))
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise _fatal(f"nested deeper than {MAX_DEPTH} levels", _place(file, event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        values += isinstance(event, yaml.NodeEvent)
        if values > MAX_NODES:
            raise _fatal(f"a spec has at most {MAX_NODES:,} keys and values", _place(file, event.start_mark))
        tag = getattr(event, "tag", None)
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            problems.append(Problem((), f"tags such as '{shown}' are not allowed", _place(file, event.start_mark)))
    if problems:
        raise SpecError(problems, file)


class _TooLarge(Exception):
    """Aliases expand to too much; the problem is noted."""


class _Builder:
    """Turns composed nodes into values and notes where each of them stands."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[KeyPath, Place] = {}
        self.values: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []
        self._count = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node) -> Any:
        try:
            return self._build(node, ())
        except _TooLarge:
            raise SpecError(self.problems, self.file) from None

    def _build(self, node: yaml.Node, path: KeyPath) -> Any:
        self._count += 1
        if self._count > MAX_NODES:
            self._problem((), f"the aliases of this text expand to more than {MAX_NODES:,} values", node)
            raise _TooLarge
        self.values[path] = _place(self.file, node.start_mark)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            self._problem(path, "this alias refers to itself", node)
            return None
        if len(self._open) >= MAX_DEPTH:  # aliases of aliases: each is shallow where it stands
            self._problem((), f"nested deeper than {MAX_DEPTH} levels", node)
            raise _TooLarge
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self._build(item, (*path, i)) for i, item in enumerate(node.value)]
            return self._mapping(node, path)  # the third and last kind of node
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(path, "a key must be a word, not a list or mapping", key_node)
                continue
            key = self._text(key_node, path)
            if key == "<<" and key_node.style is None:
                if merged is not None:
                    self._problem(path, "'<<' is already there; merge several with '<<: [*first, *second]'", key_node)
                merged = self._merged(value_node, path)
            elif key in mapping:
                first = self.keys[*path, key].line
                self._problem((*path, key), f"the key '{key}' is already set at line {first}", key_node)
            else:
                self.keys[*path, key] = _place(self.file, key_node.start_mark)
                mapping[key] = self._build(value_node, (*path, key))
        return {**{key: value for key, value in (merged or {}).items() if key not in mapping}, **mapping}

    def _merged(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        """What `<<: *anchor` brings in; own keys win over it, whatever their order."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        own_keys, own_values = self.keys, self.values
        self.keys, self.values = {}, {}
        merged: dict[str, Any] = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode) or id(source) in self._open:
                self._problem(path, "'<<' takes a mapping, or an alias of one that stands elsewhere", source)
                continue
            merged = {**self._build(source, path), **merged}
        for own, brought in ((own_keys, self.keys), (own_values, self.values)):
            for where, place in brought.items():
                own.setdefault(where, place)
        self.keys, self.values = own_keys, own_values
        return merged

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        text = self._text(node, path)
        if node.style is not None:
            return text
        try:
            return meaning(text)
        except ValueError as error:
            self._problem(path, str(error), node)
            return None

    def _text(self, node: yaml.ScalarNode, path: KeyPath) -> str:
        """The text of a scalar; an escape such as `"\\uD800"` can make half a character, which nothing can print."""
        text: str = node.value
        if _LONE_SURROGATE.search(text):
            self._problem(path, "this text has an invalid Unicode escape; see its \\u escapes", node)
            return _LONE_SURROGATE.sub("?", text)
        if node.style is None and (wrong := lookalike(text)):
            self._problem(path, wrong, node)
        return text

    def _problem(self, path: KeyPath, message: str, node: yaml.Node) -> None:
        self.problems.append(Problem(path, message, _place(self.file, node.start_mark)))
