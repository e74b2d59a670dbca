"""Pictures of a run, one file each. Drawn without a display, on any thread that is the only one that draws."""

from cnncli.environment import matplotlib_backend_aside
from cnncli.errors import ResourceError

with matplotlib_backend_aside():
    try:
        from matplotlib import font_manager  # noqa: F401 – needs a folder for its list of fonts
    except OSError as error:
        message = f"matplotlib cannot be imported: {error}"
        raise ResourceError(message, "set MPLCONFIGDIR or TMPDIR to a folder of yours") from error
