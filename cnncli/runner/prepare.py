"""Makes predictions of a run start at once: writes its export to LiteRT where nobody waits for that.

That is when a training ends, if it adds next to nothing to it, or else after the first prediction.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cnncli.catalog.export_formats import EXPORT_FORMATS
from cnncli.data.samples import LabelledImages
from cnncli.errors import CnncliError, NotExported, ResourceError
from cnncli.export.description import DESCRIPTION
from cnncli.export.refusals import require_expressible
from cnncli.inference.exported import AUTOMATIC, EXPORTS, NotUsable, Origin, fingerprint, verified_files
from cnncli.machine import available_memory
from cnncli.notices import Notice, ignore
from cnncli.runner.evaluate import own_split
from cnncli.runner.exporter import Exporter, conversion_seconds
from cnncli.runner.inputs.training_images import is_here
from cnncli.runner.open_run import OpenRun
from cnncli.runs import BEST, verified_weights
from cnncli.runs.hashes import sha256_of
from cnncli.runs.untrusted import Unreadable, read_json
from cnncli.wording import in_shell

if TYPE_CHECKING:
    from cnncli.runner.training.results import Trained

LIMIT = 30.0
"""Seconds that it may take after a prediction."""

SHARE = 0.03
"""How much of the time of a training may be added to it."""

ATTEMPT = f"{EXPORTS}/not-made.json"
"""Why there is no such export, so that it is tried once for the same weights."""

_FORM = EXPORT_FORMATS["litert"]
_MOST_FILES = 5_000  # test images, of which each is read to see whether it has changed
_MEMORY = 8  # times the bytes of the weights: what the converter needs
_MEMORY_OF_ANY = 400_000_000


def prepare_for_predictions(run: OpenRun, notice: Notice, skip: str = " (Ctrl-C skips this)") -> None:
    """Writes the export unless there is one, or it was tried; says so before, and afterwards if there will be none.

    `skip` is how the caller lets a person skip it. The run may be read-only and the disk full: then predictions start
    TensorFlow as before.
    """
    try:
        origin = _wanted(run)
        if origin is None:
            return
        try:
            _require_own_place(run)
            notice(f"preparing the run, so that further predictions start at once{skip} …")
            _prepare(run, _tested(run), LIMIT)
        except NotExported as error:
            run.folder.write_json(ATTEMPT, {**vars(origin), "reason": error.message})
            notice(f"note: predictions of this run start TensorFlow each time: {error.message}; {error.hint}")
    except Exception:  # whatever TensorFlow, a converter or the disk raises: the answers are given
        return


def prepare_after_training(run: OpenRun, trained: Trained) -> None:
    """Writes the export of a finished run if that takes at most `SHARE` of its training."""
    limit = SHARE * trained.seconds
    if conversion_seconds(trained.model) + trained.report_seconds > limit or run.spec.train.max_time is not None:
        return
    try:
        if _wanted(run) is not None:
            _require_own_place(run)
            _prepare(run, trained.tested, limit)
    except Exception:  # the training is finished, and the first prediction tells
        return


def _wanted(run: OpenRun) -> Origin | None:
    """What an export would be made from; None if there is one, it was tried, or cannot be written."""
    if find_spec(_FORM.runtime) is None or not os.access(run.path, os.W_OK) or run.status.get("state") != "finished":
        return None
    origin = Origin("best", sha256_of(verified_weights(run.folder, BEST)), fingerprint(run))
    with contextlib.suppress(Unreadable):
        tried = read_json(run.path / ATTEMPT)
        if all(tried.get(key) == value for key, value in vars(origin).items()):
            return None
    try:
        verified_files(run.path, _FORM, origin)
    except NotUsable:
        return origin
    return None


def _require_own_place(run: OpenRun) -> None:
    """Raises `NotExported` if somebody has exported the run to where the export would be, of other weights perhaps."""
    target = run.path / EXPORTS / _FORM.name
    with contextlib.suppress(Unreadable):
        if not target.exists() or read_json(target / DESCRIPTION).get(AUTOMATIC):
            return
    raise NotExported(f"'{target}' is not of these weights", f"export it again: {_by_hand(run)}")


def _tested(run: OpenRun) -> LabelledImages:
    """The test images, if they are on this machine and not too many.

    Raises:
        NotExported: They are not.
    """
    source, by_hand = run.spec.data.source, _by_hand(run)
    if not is_here(source):
        raise NotExported("the test images, on which an export is checked, would have to be downloaded", by_hand)
    count = run.metrics.get("images")
    if source.has_files and isinstance(count, int) and count > _MOST_FILES:
        raise NotExported(f"checking an export on {count:,} test images takes too long", by_hand)
    try:
        return own_split(run, "test", notice=ignore).samples["test"]
    except CnncliError as error:
        hint = f"if they are elsewhere: {by_hand} --data FOLDER"
        raise NotExported(f"an export cannot be checked: {error.message}", hint) from error


def _prepare(run: OpenRun, tested: LabelledImages, limit: float) -> None:
    """Writes and checks the export.

    Raises:
        NotExported: The network cannot be expressed, answers differently, or the check takes longer than `limit`.
        ResourceError: Memory or the disk is full.
    """
    require_expressible(_FORM, run.spec.model.nodes)
    exporter = Exporter(run, "best", False, ignore)
    free = available_memory()
    if free is not None and _MEMORY * exporter.weight_bytes + _MEMORY_OF_ANY > free:
        raise ResourceError("there is too little free memory to export the network")
    if (seconds := exporter.seconds(tested)) > limit:
        raise NotExported(f"an export and its check on the test images would take about {seconds:.0f} s", _by_hand(run))
    exported = exporter.write(_FORM, exporter.reference(tested), automatic=True)
    try:
        verified_files(run.path, _FORM, exporter.origin)
    except NotUsable as reason:
        shutil.rmtree(exported.path, ignore_errors=True)
        raise NotExported(str(reason), "another format may do: cnncli export --help") from None


def _by_hand(run: OpenRun) -> str:
    return f"cnncli export {in_shell(run.path)} --format {_FORM.name}"
