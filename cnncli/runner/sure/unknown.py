"""Tells doubtful images of a run: those that it is unsure of, and those unlike its training images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.data.inventory.location import require_existing
from cnncli.errors import DataError, ResourceError, RunError
from cnncli.insight.intervals import Interval, if_known
from cnncli.insight.probabilities import of_logits
from cnncli.insight.ranking import roc_area
from cnncli.insight.sets import least_images
from cnncli.insight.unknown import (
    KEPT,
    DoubtShares,
    Head,
    doubt_shares,
    fit_doubts,
    fit_likeness,
    images_to_measure,
)
from cnncli.notices import Notice, ignore
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runner.predict import Predictor, named_images
from cnncli.runner.sure.class_sets import validation_logits
from cnncli.runner.sure.stored_doubts import FILE, StoredDoubts, stored_doubts, write_doubts
from cnncli.wording import counted, with_interval

if TYPE_CHECKING:
    from cnncli.data.samples import LabelledImages
    from cnncli.inference.tensorflow_graph import TensorFlowGraph

RECORD = "unknown.json"
"""The file of a run that says what doubts are worth."""

_BATCH = 64
_FEWEST = 50
"""Training images that their features say something from."""

_OWN_UNKNOWN = 500
"""Images that are made of test images, for each way to make unknown ones."""


def require_doubts(run: OpenRun, weights: Weights, allow_changed_weights: bool) -> None:
    """Refuses a run that has no thresholds of doubts and cannot get them, as far as its records tell.

    Raises:
        RunError: There are too few images, or other weights answer.
    """
    validation_logits(run, "doubts", weights, allow_changed_weights)
    counts = run.data_record.counts
    if counts and stored_doubts(run) is None:
        _require_images(*(sum(counts.get(split, {}).values()) for split in ("train", "validation")))


def _require_images(train: int, validation: int) -> None:
    if train < _FEWEST:
        raise RunError(f"doubts need {_FEWEST} training images, and this run has {train}")
    if validation < least_images(KEPT):
        have = counted(validation, "validation image")
        raise RunError(f"doubts need {least_images(KEPT)} validation images, and this run has {have}")


def require_negatives(folders: Sequence[Path]) -> None:
    """Refuses folders of images that no class fits where there are no images.

    Raises:
        DataError: One does not exist, or there are none in it.
    """
    for folder in folders:
        first = next(iter(named_images([folder])), None)
        if first is None:
            raise DataError(f"there are no images in {folder}", "name a folder of images that no class fits")
        require_existing(Path(first.name))


def doubts_of(
    run: OpenRun, weights: Weights, allow_changed_weights: bool, notice: Notice, data_path: Path | None = None
) -> StoredDoubts:
    """What tells doubtful images: from unknown.npz if that is of these weights, else measured, and kept there.

    Args:
        run: The run.
        weights: The weights that answer.
        allow_changed_weights: Whether they may be others than the run's.
        notice: Receives what is done, and warnings.
        data_path: Where the images are now, if they were moved.

    Raises:
        DataError: Training, validation or test images are missing.
        RunError: The network has no head that gives logits of features, there are too few images, or other weights
            answer.
    """
    require_doubts(run, weights, allow_changed_weights)
    stored = stored_doubts(run)
    if stored is not None:
        return stored
    stored = _fitted(run, notice, data_path)
    try:
        with run.folder.locked(), run.folder.write(FILE) as path:
            write_doubts(run, stored, path)
    except (ResourceError, RunError) as error:
        notice(f"note: {FILE} is not kept, and will be measured again: {error.message}")
    return stored


def _fitted(run: OpenRun, notice: Notice, data_path: Path | None) -> StoredDoubts:
    from cnncli.inference.tensorflow_graph import TensorFlowGraph
    from cnncli.runner.evaluate import decoded_split, own_split

    try:
        splits = own_split(run, "train", data_path, notice, further=("validation", "test"))
    except DataError as error:
        hint = f"measure once where the images are, and copy {FILE}: cnncli evaluate RUN --negatives FOLDER --data PATH"
        raise DataError(f"doubts need the images of the run once: {error.message}", hint) from None
    images = {split: decoded_split(splits, split, run.spec.data, ignore) for split in splits.samples}
    network = TensorFlowGraph(run, "best", False, notice, embeddings=True)
    width = features_of(network, images["train"], np.arange(1)).shape[1]
    places = images_to_measure(len(images["train"]), width)
    _require_images(len(places), len(images["validation"]))
    notice(f"measuring {counted(len(places), 'training image')}, once: {run.path / FILE}")
    features = features_of(network, images["train"], places)
    head = _head(network, images["train"].read(places[:_BATCH]), features[:_BATCH])
    doubts = fit_doubts(fit_likeness(head, features), features_of(network, images["validation"]))
    return StoredDoubts(doubts, doubts.scores(features_of(network, images["test"])))


def features_of(network: TensorFlowGraph, images: LabelledImages, places: np.ndarray | None = None) -> np.ndarray:
    """What the last layer with weights gets of images, float32, shape `(images, features)`."""
    every = np.arange(len(images)) if places is None else places
    batches = (every[start : start + _BATCH] for start in range(0, len(every), _BATCH))
    found = [network.both(images.read(batch))[1] for batch in batches]
    return np.concatenate([features for features in found if features is not None])


def _head(network: TensorFlowGraph, pixels: np.ndarray, features: np.ndarray) -> Head:
    """The last layer, once it is sure that it makes the logits of these features.

    Raises:
        RunError: It does not, such as where another layer comes after it.
    """
    kind, weights = network.head()
    probabilities, _ = network.both(pixels)  # (images, classes)
    kernel = weights[0].reshape(-1, weights[0].shape[-1]).astype(np.float32)  # of a convolution with 1×1 as well
    bias = weights[1].astype(np.float32) if len(weights) > 1 else np.zeros(kernel.shape[1], np.float32)
    if kernel.shape[1] == 1 and bias.shape == (1,):
        kernel, bias = np.pad(kernel, [(0, 0), (1, 0)]), np.pad(bias, [(1, 0)])
    if len(weights) <= 2 and bias.shape == kernel.shape[1:] and len(kernel) == features.shape[1]:
        head = Head(kernel, bias)
        logits = head.logits(features)
        if logits.shape == probabilities.shape and np.allclose(of_logits(logits), probabilities, atol=1e-3):
            return head
    raise RunError(
        f"doubts need a network that ends in a Dense layer whose outputs are the logits; the last weights of this one "
        f"are those of a {kind} that does not",
        "use --coverage, which needs probabilities only",
    )


def own_unknown(pixels: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Images that no class fits, made of test images: a name and uint8 `(images, height, width, channels)`."""
    random = np.random.default_rng(0)
    yield "noise", random.integers(0, 256, pixels.shape, dtype=np.uint8)
    flat = pixels.reshape(len(pixels), -1, pixels.shape[-1])  # (images, places, channels)
    yield "test images with pixels shuffled", random.permuted(flat, axis=1).reshape(pixels.shape)
    yield "test images inverted", 255 - pixels


def measure_unknown(
    run: OpenRun,
    folders: Sequence[Path],
    allow_changed_weights: bool,
    notice: Notice,
    data_path: Path | None = None,
) -> dict[str, Any]:
    """Measures how many known images are refused, and how many unknown ones are noticed; writes unknown.json.

    Args:
        run: The run.
        folders: Folders of images that no class fits, beside those that are made of test images.
        allow_changed_weights: Whether weights may be others than the run's.
        notice: Receives what is done, and warnings.
        data_path: Where the images of the run are now, if they were moved.

    Raises:
        DataError: Images are missing, or a folder has none.
        RunError: As `doubts_of`.
    """
    from cnncli.runner.evaluate import decoded_split, own_split

    stored = doubts_of(run, "best", allow_changed_weights, notice, data_path)
    predictor = Predictor(run, ignore, calibrated=False, features=True)
    test = decoded_split(own_split(run, "test", data_path, ignore), "test", run.spec.data, ignore)
    few = np.linspace(0, len(test) - 1, min(len(test), _OWN_UNKNOWN)).astype(np.int64)
    unknown = [(name, _scores(stored, predictor.features, pixels)) for name, pixels in own_unknown(test.read(few))]
    for folder in folders:
        path = str(folder).encode(errors="backslashreplace").decode()  # a name that is no text cannot be in JSON
        features, unreadable = predictor.features_in(folder)
        if not len(features):
            raise DataError(f"{folder} has no images that can be read")
        if unreadable:
            notice(f"note: {counted(unreadable, 'image')} in {folder} cannot be read, and is left out")
        unknown.append((path, stored.scores(features)))
    record = {
        "kept": KEPT,
        "unsure": {"least_confidence": stored.doubts.least_confidence},
        "unlike": {
            "most_unlikeness": stored.doubts.most_unlikeness,
            "training_images": stored.doubts.likeness.images,
            "features": stored.doubts.likeness.directions.shape[0],
            "directions": stored.doubts.likeness.directions.shape[1],
        },
        "sentence": price_sentence(run, stored),
        "known": _shares(known_shares(run, stored)),
        "unknown": [{"images_of": name, **_noticed(stored, scores)} for name, scores in unknown],
    }
    with run.folder.locked():
        run.folder.write_json(RECORD, record)
    return record


def _scores(stored: StoredDoubts, features: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray) -> np.ndarray:
    starts = range(0, len(pixels), _BATCH)
    return np.concatenate([stored.scores(features(pixels[at : at + _BATCH])) for at in starts], axis=1)


def known_shares(run: OpenRun, stored: StoredDoubts) -> DoubtShares:
    """How many test images are doubtful; without intervals where images come in groups, which the file lacks."""
    groups = np.zeros(stored.known.shape[1], np.int64) if run.metrics.get("groups") else None
    return doubt_shares(*stored.doubts.of(stored.known), groups)


def price_sentence(run: OpenRun, stored: StoredDoubts) -> str:
    """What doubts cost: how many known images are refused."""
    known = known_shares(run, stored)
    share, interval = known.either
    unsure, unlike = (with_interval(each, None, known.images) for each in (known.unsure[0], known.unlike[0]))
    refused = with_interval(share, if_known(interval), known.images)
    return (
        f"doubts: {refused} of {known.images:,} known test images;\n"
        f"{unsure} unsure, {unlike} unlike the training images"
    )


def _noticed(stored: StoredDoubts, scores: np.ndarray) -> dict[str, Any]:
    """Shares of unknown images that are noticed, and how well each score tells them from the test images."""
    is_unknown = np.repeat([False, True], [stored.known.shape[1], scores.shape[1]])
    confidence, unlikeness = np.concatenate([stored.known, scores], axis=1)
    return {
        **_shares(doubt_shares(*stored.doubts.of(scores))),
        "auroc": {
            "unsure": roc_area(-confidence, is_unknown),
            "unlike": roc_area(unlikeness, is_unknown),
        },
    }


def _shares(shares: DoubtShares) -> dict[str, Any]:
    def plain(share: tuple[float, Interval]) -> dict[str, Any]:
        ends = if_known(share[1])
        return {"share": share[0], "interval": None if ends is None else list(ends)}

    kinds = {"unsure": shares.unsure, "unlike": shares.unlike, "either": shares.either}
    return {"images": shares.images, **{kind: plain(share) for kind, share in kinds.items()}}
