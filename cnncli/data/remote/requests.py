"""Requests to servers: tried again while that may help, and their failures in sentences without secrets."""

from __future__ import annotations

import contextlib
import errno
import ssl
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

PATIENCE = 60.0
"""Seconds that a server may ask for between two tries."""

_OF_CONNECTIONS = ("aiohttp", "gcsfs", "google")
"""Packages whose errors may pass."""


def retried(do: Callable[[], Any]) -> Any:
    """The result of a request, tried again for a minute unless the answer is a refusal."""
    for pause in PAUSES:
        try:
            return do()
        except Exception as error:
            cause = _cause(error)
            if _is_final(cause):
                raise
            time.sleep(max(pause, min(_wanted_pause(cause), PATIENCE)))
    return do()


def _wanted_pause(error: Exception) -> float:
    """Seconds that a server asks to be left alone, by its header `Retry-After`; 0 where it says none, or a date."""
    headers = getattr(error, "headers", None) or {}
    wanted = headers.get("Retry-After") or headers.get("retry-after") or ""
    return float(wanted) if wanted.isdecimal() else 0.0


def _cause(error: Exception) -> Exception:
    """The error behind one of fsspec, to which every answer of a web server but success is a missing file."""
    cause = error.__cause__
    if isinstance(error, FileNotFoundError) and isinstance(cause, Exception) and _is_of_connection(cause):
        return error if getattr(cause, "status", 0) in (404, 410) else cause
    return error


def _is_of_connection(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in _OF_CONNECTIONS


def is_absence(error: Exception) -> bool:
    """Whether there is no file of the name that was asked for."""
    return isinstance(_cause(error), FileNotFoundError)


def _is_final(error: Exception) -> bool:
    """Whether a request that failed would fail again."""
    if isinstance(error, FileNotFoundError | PermissionError | ObjectChanged | CnncliError):
        return True
    if is_distrust(error) or is_of_disk(error):
        return True
    if not isinstance(error, OSError) and not _is_of_connection(error):
        return True
    return getattr(error, "status", 500) in range(400, 500) and error.status not in (408, 429)  # type: ignore[attr-defined]


def is_distrust(error: Exception) -> bool:
    """Whether nobody vouches for the certificate of the server."""
    kinds = ssl.SSLCertVerificationError, ssl.CertificateError
    return isinstance(error, kinds) or isinstance(getattr(error, "certificate_error", None), kinds)


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
            if where.startswith("http"):
                hint = "write the name and the password for its server into ~/.netrc"
            raise ResourceError(f"{where} may not be read with these credentials", hint) from None
        if is_distrust(error):
            hint = "name the file of its authority in SSL_CERT_FILE, or for S3 in AWS_CA_BUNDLE"
            raise ResourceError(f"the certificate of the server of {where} is not trusted", hint) from None
        if is_of_disk(error):
            raise ResourceError(f"the copy cannot be written: {error.strerror}") from None  # type: ignore[attr-defined]
        reason = without_secrets(brief(error))
        raise ResourceError(f"{where} cannot be read: {reason}", "what was fetched stays; try again") from None
