"""Event files, TensorBoard's format: one record after the other, each a message with its checksums."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import metadata
from tensorboard.plugins.hparams.api_pb2 import Status
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from tensorboard.summary.writer.record_writer import RecordWriter

if TYPE_CHECKING:
    from google.protobuf.message import Message

_PREFIX = "events.out.tfevents"
_PNG = b"\x89PNG\r\n\x1a\n"


class EventFile:
    """A new file of events in a folder; it makes TensorBoard forget those of the files before it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{_PREFIX}.{time.time_ns():020d}.cnncli"
        self._records = RecordWriter(self.path.open("xb"))
        self._write(Event(wall_time=time.time(), file_version="brain.Event:2"))
        self._write(Event(wall_time=time.time(), session_log=SessionLog(status=SessionLog.START)))

    def scalars(self, values: Mapping[str, float], step: int, at: float | None = None) -> None:
        """Writes values by their tags."""
        self._summary(Summary(value=[Summary.Value(tag=tag, simple_value=v) for tag, v in values.items()]), step, at)

    def picture(self, tag: str, data: bytes, step: int) -> None:
        """Writes a picture in PNG's format; other data are left out."""
        if data[:8] == _PNG and len(data) > 24:
            width, height = struct.unpack(">II", data[16:24])
            image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=data)
            self._summary(Summary(value=[Summary.Value(tag=tag, image=image)]), step, None)

    def hyperparameters(self, values: Mapping[str, Any], name: str, started: float) -> None:
        """Writes the hyperparameters of a training, which begins its entry in TensorBoard's table."""
        content = HParamsPluginData()
        start = content.session_start_info
        start.group_name, start.start_time_secs = name, started
        for key, value in values.items():
            if isinstance(value, bool):
                start.hparams[key].bool_value = value
            elif isinstance(value, int | float):
                start.hparams[key].number_value = value
            else:
                start.hparams[key].string_value = str(value)
        self._metadata(metadata.SESSION_START_INFO_TAG, content)

    def end(self, finished: bool, at: float) -> None:
        """Writes how the training ended, which ends its entry in the table."""
        content = HParamsPluginData()
        status = Status.Value("STATUS_SUCCESS" if finished else "STATUS_FAILURE")
        content.session_end_info.status, content.session_end_info.end_time_secs = status, at
        self._metadata(metadata.SESSION_END_INFO_TAG, content)

    def copy(self, event: Event) -> None:
        """Writes an event of another file."""
        self._write(event)

    def flush(self) -> None:
        """Lets readers see what was written."""
        self._records.flush()

    def close(self) -> None:
        """Ends the file."""
        self._records.close()

    def _metadata(self, tag: str, content: Message) -> None:
        about = metadata.create_summary_metadata(content)
        self._summary(Summary(value=[Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR)]), 0, None)

    def _summary(self, summary: Summary, step: int, at: float | None) -> None:
        self._write(Event(wall_time=time.time() if at is None else at, step=step, summary=summary))

    def _write(self, event: Event) -> None:
        self._records.write(event.SerializeToString())


def event_files(folder: Path) -> list[Path]:
    """The files of events in a folder, oldest first."""
    return sorted(folder.glob(f"{_PREFIX}.*.cnncli"))


def events_in(path: Path) -> Iterator[Event]:
    """The events of a file, up to where it is cut off or damaged."""
    with path.open("rb") as file:
        while len(header := file.read(12)) == 12:
            size = struct.unpack("<Q", header[:8])[0]
            if size > path.stat().st_size:
                return
            data = file.read(size)
            if len(file.read(4)) < 4:
                return
            try:
                yield Event.FromString(data)
            except Exception:  # protobuf's own class of a damaged message has moved from release to release
                return
