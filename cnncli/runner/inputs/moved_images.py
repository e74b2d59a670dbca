"""The images of a run at another place than the one that its spec names."""

from __future__ import annotations

from pathlib import Path

from cnncli.errors import RunError
from cnncli.spec.schema import Data
from cnncli.spec.sections.sources import Source


def moved_to(data: Data, path: Path) -> Data:
    """The section `data` with its images at another place.

    Raises:
        RunError: Its source has no path.
    """
    source = data.source
    if "path" not in source.arguments:
        raise RunError(f"the images of this run come from {source.name}, which has no path that --data could change")
    # The images of a table are below its root, when it has one
    key = "root" if "root" in source.arguments and path.is_dir() else "path"
    return data.replace(source=Source(source.name, {**source.arguments, key: str(path)}))
