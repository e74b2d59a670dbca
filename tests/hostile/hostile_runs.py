"""Run folders that are broken, or that a stranger made to do harm: how each is made, and how each command ends."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from hostile_specs import BOMBS

BEST = "weights/best.weights.h5"


class Case(NamedTuple):
    """One hostile run folder.

    Args:
        spoil: makes it of a good one; is given the folder and the world.
        evaluate: exit code of `cnncli evaluate`, and a part of what it says.
        predict: the same of `cnncli predict`; as evaluate when None.
        resume: the same of `cnncli resume`; None when the run says that it is finished.
    """

    spoil: Callable[[Path, Any], object]
    evaluate: tuple[int, str]
    predict: tuple[int, str] | None = None
    resume: tuple[int, str] | None = None


class Canary:
    """Dies when it is unpickled."""

    def __reduce__(self):
        return os.system, ('touch "$CANARY"',)


def link(name: str, target: str) -> Callable[[Path, Any], None]:
    """Puts a link in the place of a file or folder of the run."""

    def spoil(run: Path, world: Any) -> None:
        place = run / name
        if place.is_dir():
            place.rename(world.work / "put-away")
        else:
            place.unlink(missing_ok=True)
        place.symlink_to(getattr(world, target) if target in ("secret", "neighbour") else target)

    return spoil


def fifo(name: str) -> Callable[[Path, Any], None]:
    def spoil(run: Path, world: Any) -> None:
        (run / name).unlink()
        os.mkfifo(run / name)

    return spoil


def text(name: str, old: str, new: str) -> Callable[[Path, Any], None]:
    """Changes a text file of the run; everything when nothing is to be found."""

    def spoil(run: Path, world: Any) -> None:
        before = (run / name).read_text() if (run / name).exists() else ""
        assert old in before
        (run / name).write_text(before.replace(old, new) if old else new)

    return spoil


def record(name: str, **values: Any) -> Callable[[Path, Any], None]:
    """Changes values in a JSON file of the run; what is no JSON for Python, such as NaN, is written all the same."""

    def spoil(run: Path, world: Any) -> None:
        (run / name).write_text(json.dumps({**json.loads((run / name).read_text()), **values}))

    return spoil


def interrupted(spoil: Callable[[Path, Any], object]) -> Callable[[Path, Any], None]:
    """Has the run say that there is something to resume."""

    def both(run: Path, world: Any) -> None:
        spoil(run, world)
        record("status.json", state="interrupted")(run, world)

    return both


def weights(make: Callable[[h5py.File], object] | bytes, hashed: bool = True) -> Callable[[Path, Any], None]:
    """Puts other weights in the place of the best, with a hash that is right, as a stranger would."""

    def spoil(run: Path, world: Any) -> None:
        path = run / BEST
        if isinstance(make, bytes):
            path.write_bytes(make)
        else:
            with h5py.File(path, "a") as file:
                make(file)
        if hashed:
            (run / "weights.sha256").write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {BEST}\n")

    return spoil


def _first(file: h5py.File) -> str:
    """The path of the first array, which is taken away."""
    names: list[str] = []
    file.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
    del file[names[0]]
    return names[0]


def _external(file: h5py.File) -> None:
    secret = str(Path(file.filename).parents[3] / "neighbour" / "secret.txt")
    file.create_dataset(_first(file), (3, 3, 3, 4), "f4", external=[(secret, 0, h5py.h5f.UNLIMITED)])


def _bomb(file: h5py.File) -> None:
    file.create_dataset(_first(file), (1 << 34,), "f4", chunks=(1 << 20,), compression="gzip")


def _declared(file: h5py.File) -> None:
    file.create_dataset(_first(file), (1 << 44,), "f4")


def _linked(file: h5py.File) -> None:
    file[_first(file)] = h5py.ExternalLink("../../../neighbour/secret.txt", "/")


def _nan(file: h5py.File) -> None:
    name = _first(file)
    file[name] = np.full((3, 3, 3, 4), np.nan, np.float32)


def names_that_deceive(run: Path, world: Any) -> None:
    """Class names that a terminal, a spreadsheet or rich would take for something else."""
    data = json.loads((run / "data.json").read_text())
    data["class_names"] = ["=cmd|'/c calc'!A1", "\x1b[31m[red]\nerror: all is lost", "\u202etxt.exe"]
    (run / "data.json").write_text(json.dumps(data))


@interrupted
def pickled_checkpoint(run: Path, world: Any) -> None:
    np.savez(run / "checkpoint" / "state.npz", state=np.array([Canary()], dtype=object))


@interrupted
def other_metrics(run: Path, world: Any) -> None:
    path = run / "checkpoint" / "state.npz"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["training.json"] = members["training.json"].replace(b'"val_loss"', b'"\\ud800"')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def many_files(run: Path, world: Any) -> None:
    for number in range(200):
        (run / f"{number}.txt").touch()


RUNS = {
    "status is a link to a secret": Case(link("status.json", "secret"), (6, "a symbolic link")),
    "status is a fifo": Case(fifo("status.json"), (6, "FIFO")),
    "status is no json": Case(text("status.json", "", "{[}"), (0, "accuracy"), (0, "probability")),
    "spec is a link to a secret": Case(link("spec.yaml", "secret"), (6, "a symbolic link")),
    "spec extends a secret": Case(
        text("spec.yaml", "name:", "extends: ../../neighbour/secret.txt\nname:"), (6, "the spec of a run cannot")
    ),
    "spec runs code": Case(
        text("spec.yaml", "epochs: 1", "epochs: !!python/object/apply:os.system ['touch $CANARY']"), (6, "tags such as")
    ),
    "spec has a lambda": Case(text("spec.yaml", "GlobalAveragePooling2D", "Lambda"), (6, "runs code")),
    "spec is a bomb": Case(
        lambda run, world: (run / "spec.yaml").write_text(BOMBS["a billion laughs"][0]), (6, "expand to more than")
    ),
    "spec is of a huge model": Case(text("spec.yaml", "filters: 4", "filters: 2000000000"), (6, "weights")),
    "spec is of another model": Case(
        text("spec.yaml", "filters: 4", "filters: 5"), (6, "does not hold the weights of this run's model")
    ),
    "spec downloads a stranger's code": Case(
        lambda run, world: (run / "spec.yaml").write_text(
            re.sub(r"\{folder: .*\}\}", "{tfds: {name: 'huggingface:evil/code'}}", (run / "spec.yaml").read_text())
        ),
        (6, "a data set by name"),
    ),
    "the folder of weights is a link": Case(link("weights", "neighbour"), (6, "a symbolic link")),
    "the weights are a link": Case(link(BEST, "/dev/zero"), (6, "a symbolic link")),
    "the folder of plots is a link": Case(link("plots", "neighbour"), (6, "a symbolic link")),
    "a file to be written is a link": Case(link(".tmp-1-history.csv", "secret"), (6, "a symbolic link")),
    "a link to itself": Case(link("log.txt", "log.txt"), (6, "a symbolic link")),
    "many files": Case(many_files, (6, "more than")),
    "data lacks the names": Case(text("data.json", '"class_names"', '"names"'), (6, "lacks 'class_names'")),
    "data has a name twice": Case(record("data.json", class_names=["a", "a", "b"]), (6, "different names")),
    "data has names that deceive": Case(
        names_that_deceive, (6, "data.json has no class 'dark'"), (0, "\\x1b[31m[red]\\nerror: all is lost")
    ),
    "data is nested deeply": Case(text("data.json", "", "[" * 100_000), (6, "nested too deeply")),
    "data has nan": Case(text("data.json", '"border_std"', '"x": NaN, "border_std"'), (6, "NaN")),
    "data has a number without end": Case(text("data.json", "", '{"a": ' + "9" * 9999 + "}"), (6, "too large")),
    "data has an infinite number": Case(
        text("data.json", '"border_std"', '"x": 1, "border_std": 1e999, "y"'), (6, "too large")
    ),
    "data has an image of a terabyte": Case(record("data.json", image=[10**6, 10**6, 3]), (6, "height, width")),
    "data has another image than the spec": Case(record("data.json", image=[6000, 6000, 3]), (6, "different images")),
    "data is latin 1": Case(lambda run, world: (run / "data.json").write_bytes(b'{"\xe9": 1}'), (6, "UTF-8")),
    "data is huge": Case(lambda run, world: os.truncate(run / "data.json", 1 << 40), (6, "bytes")),
    "images are elsewhere": Case(
        text("images.csv", "test,train,", "test,train,../../../neighbour/"), (3, "are missing"), (0, "probability")
    ),
    "images are absolute": Case(
        text("images.csv", "test,train,", "test,train,/etc/passwd"), (3, "are missing"), (0, "probability")
    ),
    "images are of no split": Case(text("images.csv", "train,train,", "x,train,"), (6, "damaged"), (0, "probability")),
    "images are binary": Case(
        lambda run, world: (run / "images.csv").write_bytes(bytes(range(256)) * 99), (6, "images.csv"), (0, "")
    ),
    "images are one field without end": Case(
        lambda run, world: (run / "images.csv").write_text("x" * 1_000_000), (6, "images.csv"), (0, "")
    ),
    "images are a terabyte of nothing": Case(
        lambda run, world: os.truncate(run / "images.csv", 1 << 40), (6, "more than"), (0, "probability")
    ),
    "weights are a terabyte of nothing": Case(
        lambda run, world: os.truncate(run / BEST, 1 << 40), (6, "File too large")
    ),
    "weights were exchanged": Case(
        weights(lambda file: file.create_group("x"), hashed=False), (6, "not what the training wrote")
    ),
    "weights have no hash": Case(lambda run, world: (run / "weights.sha256").unlink(), (6, "has no line for it")),
    "hashes are no hashes": Case(text("weights.sha256", "", "* * *\n"), (6, "not a list of hashes")),
    "weights are a pickle": Case(weights(pickle.dumps(Canary())), (6, "not an HDF5 file")),
    "weights are cut off": Case(weights(b"\x89HDF\r\n\x1a\n" + bytes(99)), (6, "is damaged")),
    "weights are another file": Case(weights(_external), (6, "kept in another file")),
    "weights lead to another file": Case(weights(_linked), (6, "leads elsewhere")),
    "weights unpack to 64 gigabytes": Case(weights(_bomb), (6, "compressed")),
    "weights declare 64 terabytes": Case(weights(_declared), (6, "larger than what is stored")),
    "weights have more than the model": Case(weights(lambda file: file.create_dataset("x", data=1.0)), (6, "has no x")),
    "weights are no numbers": Case(weights(_nan), (6, "not finite numbers")),
    "checkpoint is a pickle": Case(pickled_checkpoint, (0, "accuracy"), (0, "probability"), (6, "state.npz")),
    "environment has half a character": Case(
        interrupted(record("environment.json", x="\ud800")),
        (0, "accuracy"),
        (0, "probability"),
        (6, "half a character"),
    ),
    "checkpoint is of other metrics": Case(
        other_metrics, (0, "accuracy"), (0, "probability"), (6, "other metrics than this training")
    ),
    "checkpoint is a link": Case(link("checkpoint", "neighbour"), (6, "a symbolic link"), None, (6, "a symbolic link")),
}  # fmt: skip

LISTED = {
    "a pid without end": record("status.json", state="running", pid=10**30),
    "states of other types": record("status.json", state=["x"], started={"a": 1}, ended=[3], epochs={"b": 2}),
    "metrics of other types": record("metrics.json", accuracy="high", loss=[1]),
    "metrics that are infinite": text("metrics.json", '"accuracy":', '"accuracy": 1e999, "x":'),
    "metrics without end": text("metrics.json", '"accuracy":', '"accuracy": 1' + "0" * 400 + ', "x":'),
    "a state with colour": record("status.json", state="\x1b[31mfinished", reason="\x1b]0;title\x07"),
    "a status that is a list": text("status.json", "", "[]"),
    "metrics that are a link": link("metrics.json", "secret"),
}
"""Records that `cnncli runs` reads of every run; it lists them all the same."""
