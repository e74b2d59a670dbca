"""Groups of DICOM files: those of one patient, one examination or one series."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cnncli.data.decode.formats import HEAD, format_of
from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.readers.dicom import read_identity
from cnncli.data.files import Part, open_file
from cnncli.data.groups import Groups
from cnncli.data.threads import each_in_threads
from cnncli.errors import DataError
from cnncli.wording import counted

_ANY = InputFormat(1, 1, 1, frame="first")


def dicom_groups(images: Sequence[str], paths: Sequence[Path | Part], keyword: str) -> Groups:
    """The groups of files by an element of their headers. Each is called by its first file, not by a patient's number.

    The keyword is `PatientID`, `StudyInstanceUID` or `SeriesInstanceUID`.

    Raises:
        DataError: A file cannot be read, or some do not have the element.
    """
    identities = each_in_threads(lambda number: _identity(paths[number], keyword), len(paths))
    lacking = [image for image, identity in zip(images, identities, strict=True) if not identity]
    if lacking:
        raise DataError(
            f"{len(lacking):,} of the {counted(len(images), 'image')} have no {keyword}, such as '{lacking[0]}'",
            "data.split.group needs it of every image: leave these out with data.exclude, or group by {pattern: …}",
        )
    first: dict[bytes, str] = {}
    for image, identity in zip(images, identities, strict=True):
        first.setdefault(identity, image)
    return Groups.named([first[identity] for identity in identities])


def _identity(path: Path | Part, keyword: str) -> bytes:
    """What the header says; empty for nothing, and for files of other formats."""
    with open_file(path) as stream:
        kind = format_of(stream.read(HEAD))
        if kind is None or kind.name != "DICOM":
            return b""
        try:
            return read_identity(stream, keyword)
        except Exception:
            read_image(path, _ANY)  # says what is wrong with it
            raise
