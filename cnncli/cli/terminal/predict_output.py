"""Prints predictions: as a table, JSON or CSV, and the notes about images."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnncli import Prediction, UnreadableImage


def show_notes(predictions: Sequence[Prediction]) -> None:
    """Each note about an image once, with the number of images that it applies to."""
    from cnncli.cli.terminal.console import notice

    noted: dict[str, list[str]] = {}
    for prediction in predictions:
        if prediction.note:
            noted.setdefault(prediction.note, []).append(prediction.image)
    for note, names in noted.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        notice(f"note: {names[0]}{more}: {note}")


def print_answers_table(answers: Sequence[Prediction | UnreadableImage], with_close_second: bool) -> None:
    """Prints a row for each image and class; of one class also a row for a second that is close, if it is wanted."""
    from cnncli.cli.terminal.console import show_table
    from cnncli.records import Prediction

    rows = [
        (answer.image if rank == 0 else "", name, f"{probability:.4f}", *(_more(answer) if rank == 0 else ("", "")))
        for answer in answers
        if isinstance(answer, Prediction)
        for rank, (name, probability) in enumerate(_shown(answer, with_close_second))
    ]
    if rows:
        columns = ("image", "class", "probability", "set", "doubt")
        shown = [at for at in range(len(columns)) if at < 3 or any(row[at] for row in rows)]
        show_table(
            [columns[at] for at in shown],
            [[row[at] for at in shown] for row in rows],
            right=("probability",),
            shortened=("image", "class"),
        )


def _more(prediction: Prediction) -> tuple[str, str]:
    """The set and the doubt about an image, if they were asked for."""
    from cnncli.wording import some

    inside, doubt = prediction.classes_in_set, prediction.doubt
    words = {"unlike": "unlike the training images", "": "none"}
    return (
        "" if inside is None else some(inside) or "(no class: doubtful)",
        "" if doubt is None else words.get(doubt, doubt),
    )


def _shown(prediction: Prediction, with_close_second: bool) -> Sequence[tuple[str, float]]:
    """The classes that were asked for, or one and a second that is close."""
    second = prediction.runner_up if with_close_second else None
    return (*prediction.top, second) if second else prediction.top


def print_answers_json(answers: Sequence[Prediction | UnreadableImage], weights: str) -> None:
    """Prints a list of objects; of an image that cannot be read, why."""
    from cnncli.cli.terminal.console import print_json
    from cnncli.records import Prediction

    listed = []
    for answer in answers:
        if isinstance(answer, Prediction):
            top = [{"class": name, "probability": probability} for name, probability in answer.top]
            entry = {"image": answer.image, **top[0], "top": top, "weights": weights, "note": answer.note}
            if answer.classes_in_set is not None:
                entry["set"] = answer.classes_in_set
            if answer.doubt is not None:
                entry["doubt"] = answer.doubt
        else:
            entry = {"image": answer.image, "error": answer.reason}
        listed.append(entry)
    print_json(listed)


def print_answers_csv(answers: Sequence[Prediction | UnreadableImage], top_k: int) -> None:
    """Prints a row for each image that can be read."""
    import csv

    from cnncli.cli.terminal.console import one_line
    from cnncli.records import Prediction
    from cnncli.report.tables import cell, set_cell, shortest

    predictions = [answer for answer in answers if isinstance(answer, Prediction)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = min(top_k, len(predictions[0].class_names)) if predictions else 1
    numbers = [""] + [f"_{rank}" for rank in range(2, columns + 1)]
    first = predictions[0] if predictions else None
    more = [*(["set"] if first and first.classes_in_set is not None else [])]
    more += ["doubt"] if first and first.doubt is not None else []
    writer.writerow(["image", *(heading + n for n in numbers for heading in ("class", "probability")), *more])
    for prediction in predictions:
        cells = [text for name, value in prediction.top for text in (one_line(cell(name)), shortest(value))]
        if prediction.classes_in_set is not None:
            cells.append(set_cell([one_line(name) for name in prediction.classes_in_set]))
        if prediction.doubt is not None:
            cells.append(prediction.doubt)
        writer.writerow([one_line(cell(prediction.image)), *cells])
