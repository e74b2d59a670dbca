"""Files that people have their images or labels in and that are no tables: what each is, and the step that helps."""

from __future__ import annotations

import shlex
from pathlib import Path

from cnncli.data.decode.formats import SUFFIXES as IMAGES
from cnncli.errors import DataError

_PICKLE = "loading one can run any code, so it is not read"

_KINDS: dict[tuple[str, ...], tuple[str, str]] = {
    (".xlsx", ".xlsm", ".xls", ".ods", ".numbers"): (
        "a spreadsheet",
        "save the sheet as CSV (in Excel: CSV UTF-8), and name that file",
    ),
    (".db", ".sqlite", ".sqlite3", ".db3"): (
        "an SQLite database",
        "write the table as CSV, and name that file: sqlite3 -header -csv {file} 'SELECT * FROM TABLE' > {stem}.csv",
    ),
    (".pkl", ".pickle", ".joblib"): (
        f"a pickle; {_PICKLE}",
        "save it where it was made: a table with to_csv or to_parquet, arrays with numpy.savez",
    ),
    (".pt", ".pth", ".ckpt"): (
        f"a PyTorch file, which holds pickles; {_PICKLE}",
        "save its images and labels where it was made: numpy.savez('{stem}.npz', images=images, labels=labels)",
    ),
    (".tfrecord", ".tfrecords"): (
        "a TFRecord file, whose fields have a meaning to the program that wrote it alone",
        "save its images as files, one folder for each class; data sets of TensorFlow Datasets need no file, see "
        "{{tfds: {{name: …}}}} in docs/data.md",
    ),
    (".mdb", ".lmdb"): (
        "an LMDB database, whose entries have a meaning to the program that wrote it alone",
        "save its images as files, one folder for each class",
    ),
    (".npy",): (
        "an array whose name does not tell what it holds",
        "expected images.npy and labels.npy in one folder, or x_train.npy, y_train.npy, x_test.npy and y_test.npy",
    ),
    (".dta", ".sav", ".sas7bdat", ".xpt", ".rds", ".rdata", ".orc", ".avro", ".fea"): (
        "a table of another program",
        "save it as CSV where it was made, and name that file",
    ),
    (".md", ".html", ".htm", ".docx", ".pdf"): ("a document", "save the table in it as CSV, and name that file"),
    (".zip", ".tm", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"): (
        "an archive, and nothing is read from inside",
        "unpack it: cnncli init {file}",
    ),
    (".7z",): ("an archive", "unpack it and name the folder: 7z x -o{stem} {file} && cnncli init {stem}"),
    (".rar",): ("an archive", "unpack it and name the folder: unrar x {file} {stem}/ && cnncli init {stem}"),
    (".tar.zst",): (
        "an archive",
        "unpack it and name the folder: mkdir {stem} && tar -xf {file} -C {stem} && cnncli init {stem}",
    ),
    (".gz", ".bz2", ".xz"): ("a compressed file", "decompress it: gunzip {file}, bunzip2 {file} or unxz {file}"),
    (".yaml", ".yml"): ("a spec", "to train it: cnncli train {file}"),
    tuple(IMAGES): ("one image", "name the folder that has a folder of images for each class, or a table of images"),
}
"""By suffix: what a file is, and what to do about it. `.gz` is last of those that end in it."""


def not_a_table(path: Path) -> DataError | None:
    """Why a file is no table of images, and what to do; None where its name does not tell."""
    name = path.name.lower()
    for suffixes, (kind, step) in _KINDS.items():
        if suffix := next((each for each in suffixes if name.endswith(each)), None):
            quoted = {"file": shlex.quote(str(path)), "stem": shlex.quote(path.name[: -len(suffix)] or "images")}
            return DataError(f"{path} is {kind}", step.format(**quoted))
    return None
