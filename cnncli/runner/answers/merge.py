"""Joins the files of all shards into the one that a single command would have written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cnncli.errors import DataError, RunError
from cnncli.records import WrittenPredictions
from cnncli.runner.answers.files import AnswerFile, written
from cnncli.runner.answers.job import Noted, Outcome, added
from cnncli.wording import listed, some


def merge_predictions(shards: Sequence[Path], out: Path, overwrite: bool) -> WrittenPredictions:
    """Arguments and errors are those of `cnncli.merge_predictions`."""
    file = AnswerFile(out)
    if not overwrite:
        file.require_free()
    if not shards:
        raise DataError("no shard is named", "name the files of all shards")
    files = [AnswerFile(path) for path in shards]
    outcomes = [_outcome(each, file) for each in files]
    _require_all_once(files, outcomes)
    for each, outcome in zip(files, outcomes, strict=True):
        each.require_unchanged(outcome)
    notes: dict[str, Noted] = {}
    for outcome in outcomes:
        notes = added(notes, outcome.notes)
    answers, unreadable = (sum(getattr(each, field) for each in outcomes) for field in ("answers", "unreadable"))
    job = replace(outcomes[0].job, shard=1, shards=1)
    with file.locked():
        merged = file.finish(
            lambda hashes: Outcome(job, answers, unreadable, hashes, notes),
            [[each.path] for each in files],
            [[each.unreadable] for each, outcome in zip(files, outcomes, strict=True) if outcome.unreadable],
            job.images,
            job.images,
            keep=False,
        )
    return written(file, merged, 0)


def _outcome(shard: AnswerFile, out: AnswerFile) -> Outcome:
    """What a file of a shard says of itself."""
    if shard.parts.begun():
        raise RunError(f"{shard.path} is not finished", "continue its command with --resume")
    if not shard.path.exists():
        raise DataError(f"{shard.path} does not exist: no such file")
    if shard.form is not out.form:
        raise DataError(
            f"{shard.path} is .{shard.form.name} and {out.path} .{out.form.name}", f"write .{shard.form.name}"
        )
    outcome = shard.outcome()
    if outcome is None:
        raise DataError(f"{shard.path} has no {shard.record.name} beside it", "copy it as well: it says what is there")
    if outcome.job.shards == 1:
        raise DataError(f"{shard.path} is not a shard: it has all images already", "leave it out")
    return outcome


def _require_all_once(files: Sequence[AnswerFile], outcomes: Sequence[Outcome]) -> None:
    """Refuses shards of different commands, and one that is there twice or not at all."""
    first, places = outcomes[0].job, dict[int, Path]()
    for file, outcome in zip(files, outcomes, strict=True):
        if lines := first.differences(outcome.job):
            raise RunError(
                f"{file.path} is not of the command that wrote {files[0].path}:{listed(lines)}",
                "answer this shard again, or leave it out",
            )
        if twin := places.setdefault(outcome.job.shard, file.path) is not file.path and places[outcome.job.shard]:
            raise RunError(f"shard {outcome.job.shard_text} is there twice: {twin} and {file.path}", "leave one out")
    if missing := sorted({*range(1, first.shards + 1)} - places.keys()):
        names = some([f"{number}/{first.shards}" for number in missing])
        which = "shard" if len(missing) == 1 else "shards"
        raise RunError(f"images are missing: there is no {which} {names}", "name the files of all shards")
