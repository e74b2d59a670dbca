"""Requests to servers: tried again while that may help, and their failures in sentences without secrets."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator
from typing import Any

from cnncli.data.remote.objects import ObjectChanged
from cnncli.errors import CnncliError, DataError, ResourceError, brief
from cnncli.wording import without_secrets

THREADS = 16
"""Requests at a time: small files take as long as the way to the server and back."""

PAUSES = (1, 2, 4, 8, 15, 30)
"""Seconds before each further try, when a server does not answer: a minute in all."""

_OF_CONNECTIONS = ("aiohttp", "gcsfs", "google")
"""Packages whose errors may pass."""


def retried(do: Callable[[], Any]) -> Any:
    """The result of a request, tried again for a minute unless the answer is a refusal."""
    for pause in PAUSES:
        try:
            return do()
        except Exception as error:
            if _is_final(_cause(error)):
                raise
            time.sleep(pause)
    return do()


def _cause(error: Exception) -> Exception:
    """The error behind one of fsspec, to which every answer of a web server but success is a missing file."""
    cause = error.__cause__
    is_another = isinstance(cause, Exception) and getattr(cause, "status", 404) not in (404, 410)
    return cause if isinstance(error, FileNotFoundError) and isinstance(cause, Exception) and is_another else error


def _is_final(error: Exception) -> bool:
    """Whether a request that failed would fail again."""
    if isinstance(error, FileNotFoundError | PermissionError | ObjectChanged | CnncliError) or is_of_disk(error):
        return True
    if not isinstance(error, OSError) and type(error).__module__.partition(".")[0] not in _OF_CONNECTIONS:
        return True
    return getattr(error, "status", 500) in range(400, 500) and error.status not in (408, 429)  # type: ignore[attr-defined]


def is_of_disk(error: Exception) -> bool:
    """Whether it is the disk of this machine that failed, which no further try mends."""
    full = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.ENAMETOOLONG)
    return isinstance(error, OSError) and error.errno in full


@contextlib.contextmanager
def in_sentences(address: str) -> Iterator[None]:
    """Inside, errors of a server become ours, without secrets."""
    where = without_secrets(address)
    try:
        yield
    except (CnncliError, ObjectChanged):
        raise
    except Exception as caught:
        error = _cause(caught)
        if isinstance(error, FileNotFoundError):
            missing = without_secrets(str(error.filename or error))
            raise DataError(f"there is no {where if ' ' in missing or not missing else missing}") from None
        if isinstance(error, PermissionError) or getattr(error, "status", None) in (401, 403):
            hint = "log in with the tool of the protocol first, such as 'aws configure'"
            raise ResourceError(f"{where} may not be read with these credentials", hint) from None
        if is_of_disk(error):
            raise ResourceError(f"the copy cannot be written: {error.strerror}") from None  # type: ignore[attr-defined]
        reason = without_secrets(brief(error))
        raise ResourceError(f"{where} cannot be read: {reason}", "what was fetched stays; try again") from None
