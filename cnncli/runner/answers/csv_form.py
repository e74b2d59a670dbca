"""Answers as CSV, and the list of images that cannot be read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from cnncli.report.tables import cell, set_cell, write_rows
from cnncli.runner.answers.answers import Answers, Refused, columns, on_one_line, shortest_texts
from cnncli.runner.answers.census import Census
from cnncli.runner.answers.text_lines import join_lines

name = "csv"


def write(answers: Answers, class_names: Sequence[str], path: Path) -> None:
    """Writes a row for each answer."""
    header = columns(class_names, answers)
    names = [_cell(each) for each in class_names]
    texts, classes = shortest_texts(answers.probabilities), answers.classes.tolist()
    more: list[list[str]] = [[] for _ in texts]
    for cells, inside in zip(more, answers.sets or (), strict=answers.sets is not None):
        cells.append(set_cell([on_one_line(class_names[label]) for label in inside]))
    for cells, doubt in zip(more, answers.doubts or (), strict=answers.doubts is not None):
        cells.append(doubt)
    every: Sequence[Sequence[str]] = [()] * len(texts) if answers.every is None else shortest_texts(answers.every)
    rows = (
        (
            position,
            _cell(image),
            *(field for at, text in zip(top, of_top, strict=True) for field in (names[at], text)),
            *others,
            *of_all,
        )
        for position, image, top, of_top, others, of_all in zip(
            answers.positions.tolist(), answers.names, classes, texts, more, every, strict=True
        )
    )
    _write(path, [_cell(each) for each in header], rows)


def write_refused(refused: Sequence[Refused], path: Path) -> None:
    """Writes a row for each image that cannot be read: `image,reason`."""
    rows = ((each.position, _cell(each.name), _cell(each.reason)) for each in refused)
    _write(path, ["image", "reason"], rows)


def join(sources: Sequence[Sequence[Path]], path: Path, keep: bool, census: Census) -> None:
    """Joins such files in the order of the images; see `join_lines`."""
    join_lines(sources, path, keep, census, _divide, header=True)


def _divide(line: bytes) -> tuple[int, bytes]:
    position, _, rest = line.partition(b",")
    return int(position), rest


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO()
    write_rows(text, [("position", *header)])
    write_rows(text, rows)  # type: ignore[arg-type]
    path.write_bytes(text.getvalue().encode())


def _cell(text: str) -> str:
    return cell(on_one_line(text))
