"""Writes predictions for any number of images into a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnncli import __version__
from cnncli.errors import DataError, ResourceError, RunError
from cnncli.inference.exported import fingerprint
from cnncli.insight.views import Views, averaged
from cnncli.notices import Notice, Progress
from cnncli.records import WrittenPredictions
from cnncli.runner.answers.answers import Answers, on_one_line
from cnncli.runner.answers.files import AnswerFile, Destination, written
from cnncli.runner.answers.images import ImageList, ImageSource, list_images
from cnncli.runner.answers.job import Job, Outcome
from cnncli.runner.answers.network import Computing, open_network
from cnncli.runner.answers.parts import PartWriter, Tally
from cnncli.runner.answers.pipeline import Compute, Reader, Settings, answered
from cnncli.runner.open_run import OpenRun
from cnncli.runner.sure.class_sets import RunSets, class_sets
from cnncli.runner.sure.stored_doubts import StoredDoubts
from cnncli.runner.temperature import temperature_for
from cnncli.runner.views.allowed import required_views
from cnncli.runs import verified_weights, weights_file
from cnncli.runs.hashes import sha256_of
from cnncli.wording import listed


def write_predictions(
    run: OpenRun,
    destination: Destination,
    inputs: Iterable[ImageSource],
    image_column: str | None,
    settings: Settings,
    computing: Computing,
    doubts_of: Callable[[], StoredDoubts] | None,
    progress: Progress,
    notice: Notice,
) -> WrittenPredictions:
    """Arguments and errors are those of `cnncli.Run.predict_to`; doubts are asked for when nothing is refused."""
    file = AnswerFile(destination.out)
    if not destination.resume and not destination.overwrite:
        file.require_free()
    if settings.embeddings and file.form.name == "csv":
        raise DataError(f"{file.path} cannot hold embeddings: CSV has no lists", "write .parquet or .jsonl")
    temperature = temperature_for(run, computing.calibrated, computing.weights, notice, settings.tta)
    computing = replace(computing, temperature=temperature)
    views = required_views(run) if settings.tta else None
    settings = replace(settings, top_k=min(settings.top_k, len(run.class_names)))
    sets = _sets(run, settings.coverage, computing)
    images = list_images(inputs, image_column, notice)
    job = _job(run, images, settings, computing, file.form.name, destination.shard)
    with file.locked():
        begun = None if destination.overwrite else file.parts.begun()
        outcome = file.outcome() if destination.resume and begun is None else None
        earlier = outcome.job if outcome is not None else begun
        if earlier is not None:
            computing = replace(computing, engine=computing.engine or earlier.engine)
            job = replace(job, engine=computing.engine or "")
            _require_same(earlier, job, file)
        elif destination.resume and not destination.overwrite and file.path.exists():
            raise ResourceError(f"{file.path} exists, and is not of this command", "replace it with --overwrite")
        if outcome is not None:
            return written(file, outcome, outcome.answers + outcome.unreadable)
        doubts = None if doubts_of is None else doubts_of()
        compute, name = open_network(run, computing, settings.features, len(images), notice)
        if views is not None:
            compute = _of_views(compute, views)
        if begun is None:
            job = replace(job, engine=name)
            file.parts.begin(job)
        tally = file.parts.tally()
        before = tally.images
        positions = images.in_shard(*destination.shard)
        _write_parts(run, file, images, positions, compute, settings, sets, doubts, tally, progress)
        outcome = _finish(file, job, tally, len(positions))
        file.parts.end()
    return written(file, outcome, before)


def _sets(run: OpenRun, coverage: float | None, computing: Computing) -> RunSets | None:
    if coverage is None:
        return None
    return class_sets(run, coverage, computing.weights, computing.allow_changed_weights, computing.calibrated)


def _job(
    run: OpenRun,
    images: ImageList,
    settings: Settings,
    computing: Computing,
    form: str,
    shard: tuple[int, int],
) -> Job:
    weights = verified_weights(run.folder, weights_file(computing.weights), computing.allow_changed_weights)
    return Job(
        cnncli=__version__,
        run=on_one_line(run.folder.name),
        run_sha256=fingerprint(run),
        weights=computing.weights,
        weights_sha256=sha256_of(weights),
        engine=computing.engine or "",
        top_k=settings.top_k,
        probabilities=settings.probabilities,
        embeddings=settings.embeddings,
        invert=settings.invert,
        tta=settings.tta,
        form=form,
        images=len(images),
        images_sha256=images.digest,
        coverage=settings.coverage or 0.0,
        unknown=settings.unknown,
        shard=shard[0],
        shards=shard[1],
        temperature=computing.temperature,
    )


def _of_views(compute: Compute, views: Views) -> Compute:
    """The mean of the probabilities of several views; embeddings are those of the image as it is, the first one."""

    def computed(images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        found = [compute(view) for view in views.of(images)]
        return averaged([probabilities for probabilities, _ in found]), found[0][1]

    return computed


def _require_same(earlier: Job, now: Job, file: AnswerFile) -> None:
    lines = earlier.differences(now)
    if earlier.shards == now.shards and earlier.shard != now.shard:
        lines.append(f"the shard is {now.shard_text}, not {earlier.shard_text}")
    if lines:
        raise RunError(
            f"{file.path} was started by another command:{listed(lines)}",
            "repeat that command with --resume, choose another name, or start again with --overwrite",
        )


def _write_parts(
    run: OpenRun,
    file: AnswerFile,
    images: ImageList,
    positions: np.ndarray,
    compute: Compute,
    settings: Settings,
    sets: RunSets | None,
    doubts: StoredDoubts | None,
    tally: Tally,
    progress: Progress,
) -> None:
    """Answers what is not answered yet."""
    names = run.class_names

    def write(answers: Answers, path: Path) -> None:
        file.form.write(answers, names, path)

    done, total = tally.images, len(positions)
    progress(done, total)
    reader = Reader(images, run, settings.invert)
    if done == total and file.parts.count():
        return
    with PartWriter(file.parts, tally, write) as parts:
        for piece in answered(reader, positions[done:], compute, settings, sets, doubts):
            parts.add(piece)
            done += piece.images
            progress(done, total)


def _finish(file: AnswerFile, job: Job, tally: Tally, images: int) -> Outcome:
    def outcome(hashes: dict[str, str]) -> Outcome:
        return Outcome(job, tally.answers, tally.unreadable, hashes, tally.notes)

    parts = file.parts
    return file.finish(outcome, [parts.answers()], [parts.unreadable()], images, job.images, keep=job.shards > 1)
