"""Answers as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from cnncli.runner.answers.answers import Answers, on_one_line, shortest_texts
from cnncli.runner.answers.census import Census
from cnncli.runner.answers.text_lines import join_lines

name = "jsonl"

_START = b'{"position": '


def write(answers: Answers, class_names: Sequence[str], path: Path) -> None:
    """Writes a line for each answer."""
    path.write_bytes("".join(_lines(answers, [_text(each) for each in class_names])).encode())


def _lines(answers: Answers, names: Sequence[str]) -> Iterator[str]:
    every = None if answers.every is None else shortest_texts(answers.every)
    embeddings = None if answers.embeddings is None else shortest_texts(answers.embeddings)
    texts, classes, positions = shortest_texts(answers.probabilities), answers.classes.tolist(), answers.positions
    for at, (position, image) in enumerate(zip(positions.tolist(), answers.names, strict=True)):
        top = [
            f'"class": {names[each]}, "probability": {text}' for each, text in zip(classes[at], texts[at], strict=True)
        ]
        fields = [f'"position": {position}', f'"image": {_text(image)}', top[0]]
        if len(top) > 1:
            fields.append(f'"top": [{", ".join(f"{{{each}}}" for each in top)}]')
        if answers.sets is not None:
            fields.append(f'"set": [{", ".join(names[label] for label in answers.sets[at])}]')
        if answers.doubts is not None:
            fields.append(f'"doubt": {_text(answers.doubts[at])}')
        if every is not None:
            of_all = ", ".join(f"{each}: {text}" for each, text in zip(names, every[at], strict=True))
            fields.append(f'"probabilities": {{{of_all}}}')
        if embeddings is not None:
            fields.append(f'"embedding": [{", ".join(embeddings[at])}]')
        yield f"{{{', '.join(fields)}}}\n"


def join(sources: Sequence[Sequence[Path]], path: Path, keep: bool, census: Census) -> None:
    """Joins such files in the order of the images; see `join_lines`."""
    join_lines(sources, path, keep, census, _divide, header=False)


def _divide(line: bytes) -> tuple[int, bytes]:
    start, _, rest = line.partition(b", ")
    return int(start.removeprefix(_START)), b"{" + rest


def _text(text: str) -> str:
    return json.dumps(on_one_line(text), ensure_ascii=False)
