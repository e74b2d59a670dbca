"""Packs images into tar shards, which are read in one piece, from a disk or a bucket."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cnncli.catalog.image_sources import IMAGE_SOURCES
from cnncli.data.cache_room import LIMIT
from cnncli.data.recognition import in_folder, opened_table, recognised
from cnncli.data.remote.copies import local_copy
from cnncli.data.remote.shard_index import INDEX, indexed, written
from cnncli.data.samples import FileSamples, LabelledImages
from cnncli.data.shards import Shard, images_to_pack, in_random_order, shards_of
from cnncli.data.sources.rows.webdataset import CLASSES
from cnncli.errors import DataError, ResourceError
from cnncli.machine import address_in, create_folder, existing_folder, expanded
from cnncli.notices import Notice, Progress
from cnncli.runner.inputs.splits import load_source, load_splits
from cnncli.runs import write_text, writing
from cnncli.runs.untrusted import Unreadable, read_json
from cnncli.spec.schema import Data, Image, Spec
from cnncli.spec.sections.sources import Source
from cnncli.wording import counted, in_shell, listed, size_text, some

RECORD = ".packed-by-cnncli.json"
"""In the folder: the shards that were written, each with what distinguishes its images."""

_PART = ".packing-"


@dataclass(frozen=True)
class Packed:
    """What a folder has now."""

    folder: Path
    images: int  # in all shards
    shards: int  # all of them
    written: int  # those that were not there
    size: int  # bytes of all shards


def pack(
    subject: Path | Spec,
    folder: Path,
    most: int,
    notice: Notice,
    progress: Progress | None = None,
    shuffled: bool = False,
) -> Packed:
    """Packs the images of a folder, a table or a spec into tar shards; those that are there already stay.

    All shards of a data set appear together, each whole; until then they are hidden parts, which the next call takes
    over.

    Args:
        subject: Those of a spec are divided as its training divides them; others as the source does.
        folder: It is created; one with other files in it is refused.
        most: Bytes of a shard.
        notice: Receives what there is to say of the images.
        progress: Receives the number of images packed, and of all.
        shuffled: Whether the images of a split are put in a random order, always the same.

    Raises:
        DataError: The images cannot be loaded, or some cannot be decoded.
        ResourceError: The folder has other files, or the disk is too small.
    """
    _require_apart(subject, folder)
    data, class_names, splits = _images(subject, notice)
    if shuffled:
        splits = {split: samples.take(in_random_order(len(samples))) for split, samples in splits.items()}
    shards = [shard for split, samples in splits.items() for shard in shards_of(split, images_to_pack(samples), most)]
    known = _recorded(folder)
    _refuse_foreign(folder, known, [shard.name for shard in shards])
    missing = [shard for shard in shards if not _is_there(folder, shard, known)]
    if missing and data.unreadable != "exclude":  # else they were all decoded
        _require_readable(splits.values(), data.source.where, notice)
    create_folder(folder)
    parts = {folder / f"{_PART}{shard.digest}": shard for shard in missing}
    _write_parts(parts, folder, notice, progress or (lambda done, total: None))
    digests = {shard.name: shard.digest for shard in shards}
    _record(folder, {**known, **digests})
    if missing:
        (folder / INDEX).unlink(missing_ok=True)  # until it is that of the new shards
    for part, shard in parts.items():
        part.replace(folder / shard.name)
    write_text(folder / CLASSES, json.dumps(class_names, ensure_ascii=False, indent=0) + "\n")
    for name in known.keys() - digests.keys():
        (folder / name).unlink(missing_ok=True)
    for part in folder.glob(f"{_PART}*"):
        part.unlink()
    if not (folder / INDEX).exists():
        index = {name: indexed(folder / name) for name in digests}
        with writing(folder / INDEX) as aside:
            aside.write_bytes(written(index, {shard.name: shard.size for shard in shards}))
    _record(folder, digests)
    size = sum(shard.size for shard in shards)
    return Packed(folder, sum(map(len, splits.values())), len(shards), len(missing), size)


def _images(subject: Path | Spec, notice: Notice) -> tuple[Data, tuple[str, ...], Mapping[str, LabelledImages]]:
    """What a spec says of the data, the class names, and the images of each split."""
    if isinstance(subject, Spec):
        data = subject.data
        if not data.source.has_files:
            if data.source.has_encoded_images:
                raise DataError(f"{data.source.where} is packed already, by TensorFlow Datasets")
            data = dataclasses.replace(data, image=dataclasses.replace(data.image, size=None, color=None))
        splits = load_splits(data, subject.seed, notice=notice)
        return data, splits.class_names, splits.samples
    data = _data_of(subject, notice)
    source = load_source(data, notice)
    for unused in source.unused:
        notice(unused.message)
    return data, source.class_names, source.splits


def _data_of(path: Path, notice: Notice) -> Data:
    """The data of a folder or table, as `cnncli data` recognises it; its images may have any size."""
    if address := address_in(path):
        path = local_copy(address, LIMIT, notice)
    place = recognised(path)
    if place.source == "folder":
        place = in_folder(path) or place
    for sentence in place.notices:
        notice(sentence)
    if place.source == "table":
        place, _ = opened_table(place, {}, notice)
    is_array = IMAGE_SOURCES[place.source].images == "arrays"
    image = Image() if is_array else Image(size=1, color="rgb")  # nothing is resized that is only copied
    return Data(source=Source(place.source, place.arguments), image=image)


def _require_readable(splits: Iterable[LabelledImages], where: str, notice: Notice) -> None:
    files = [samples for samples in splits if isinstance(samples, FileSamples)]
    if not files:
        return
    notice(f"decoding {counted(sum(map(len, files)), 'image')} once, so that no damaged one is packed")
    reasons = {name: reason for samples in files for name, reason in samples.failures().items()}
    if reasons:
        broken = listed(f"{name} {reason}" for name, reason in reasons.items())
        raise DataError(
            f"{where} has {counted(len(reasons), 'file')} that cannot be read:{broken}",
            f"fix or exclude them; `cnncli data {in_shell(where)} --list exclude.yaml` lists them all; or pack a spec "
            "with data.unreadable: exclude",
        )


def _require_apart(subject: Path | Spec, folder: Path) -> None:
    place = subject.data.source.arguments.get("path") if isinstance(subject, Spec) else subject
    if place and (around := expanded(place)).is_dir() and folder.resolve().is_relative_to(around.resolve()):
        raise ResourceError(f"'{folder}' would be inside the data", "choose another folder")


def _recorded(folder: Path) -> dict[str, str]:
    """The shards that were written into a folder, each with its digest."""
    with contextlib.suppress(Unreadable):
        shards = read_json(folder / RECORD).get("shards")
        if isinstance(shards, dict):
            return {name: str(digest) for name, digest in shards.items() if Path(name).name == name}
    return {}


def _refuse_foreign(folder: Path, known: Mapping[str, str], planned: list[str]) -> None:
    """Refuses a folder with files that this command has not written, which would be overwritten, or read as shards."""
    if not folder.is_dir():
        return
    there = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    in_the_way = (*planned, *(name for name in there if ".tar" in name)) if known else there
    if foreign := [name for name in there if name in in_the_way and name not in known]:
        message = f"'{folder}' has {counted(len(foreign), 'file')} that this command did not write: {some(foreign)}"
        raise ResourceError(message, "choose another folder")


def _is_there(folder: Path, shard: Shard, known: Mapping[str, str]) -> bool:
    path = folder / shard.name
    return known.get(shard.name) == shard.digest and path.is_file() and path.stat().st_size == shard.size


def _write_parts(parts: Mapping[Path, Shard], folder: Path, notice: Notice, progress: Progress) -> None:
    """Writes the parts that an earlier call has not."""
    waiting = {path: shard for path, shard in parts.items() if not path.exists()}
    size, free = sum(shard.size for shard in waiting.values()), shutil.disk_usage(existing_folder(folder)).free
    if size > free:
        raise ResourceError(f"{size_text(size)} are to be written, and {size_text(free)} are free", "free some space")
    total, done = sum(len(shard.images) for shard in waiting.values()), 0

    def on_image() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    if waiting:
        notice(f"packing {counted(total, 'image')} into {counted(len(waiting), 'shard')}, {size_text(size)}")
    for path, shard in waiting.items():
        with writing(path) as aside:
            shard.write(aside, on_image)


def _record(folder: Path, digests: Mapping[str, str]) -> None:
    write_text(folder / RECORD, json.dumps({"shards": digests}, indent=0) + "\n")
