"""Addresses of remote data, and what opens them."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cnncli.data.remote.objects import Objects
from cnncli.errors import CnncliError, DataError, ResourceError
from cnncli.machine import address_in
from cnncli.wording import without_secrets

PROTOCOLS = {"s3": "botocore", "gs": "gcsfs", "https": "aiohttp", "http": "aiohttp"}
"""Protocols with the package that speaks each."""

_SETTINGS = {
    "s3": "look at AWS_PROFILE, AWS_ENDPOINT_URL and ~/.aws/config",
    "gs": "look at GOOGLE_APPLICATION_CREDENTIALS",
}
"""Where the tools of a protocol take their settings from, as a hint."""

ZIP = "zip://"
"""What the address of files in an archive begins with: `zip://FOLDER::ARCHIVE`, as fsspec chains addresses."""


def refuse_address(path: Path | str) -> None:
    """A DataError for remote data where a path of this machine is expected."""
    if address := without_secrets(address_in(path)):
        name = address.rstrip("/").rpartition("/")[2] or "photos"
        raise DataError(f"{address} is not on this machine", f"fetch it first: cnncli data fetch {address} {name}")


def require_address(address: str) -> None:
    """Refuses what is no address of remote data that can be read here; nothing is asked of a server.

    Raises:
        DataError: The address is none, or names a user.
        ResourceError: A package is missing.
    """
    if address.startswith(ZIP):
        archive = archive_of(address)
        if address_in(archive):
            require_address(archive)
    else:
        open_remote(address)


def archive_of(address: str) -> str:
    """The archive that `zip://FOLDER::ARCHIVE` names: an address, or the path of a file.

    Raises:
        DataError: It names none, or one within another.
    """
    archive = address.partition("::")[2]
    if not archive or archive.startswith(ZIP):
        raise DataError(f"'{without_secrets(address)}' names no archive", "write zip://FOLDER::ARCHIVE.zip")
    return archive


def open_remote(address: str) -> tuple[Objects, str]:
    """The files of the server of an address, and the path there.

    Credentials are those that the tools of the protocol use: for S3 the variables and files of AWS, for Google Cloud
    Storage its default credentials, for web servers `~/.netrc`.

    Raises:
        DataError: The address is none, or names a user.
        ResourceError: A package is missing, or the settings of the tools cannot be used.
    """
    parts = urlsplit(address)
    if parts.scheme not in PROTOCOLS or not parts.netloc:
        listed = ", ".join(f"{name}://" for name in PROTOCOLS)
        raise DataError(f"'{address}' is not an address of remote data", f"it begins with one of {listed}")
    if "@" in parts.netloc:
        hint = "leave it out; credentials are those that the tools of the protocol use, such as ~/.netrc or ~/.aws"
        raise DataError("the address contains a user name or password", hint)
    try:
        return _opened(parts.scheme, address)
    except CnncliError:
        raise
    except Exception as error:  # each of the packages has errors of its own
        message = f"the settings for {parts.scheme}:// cannot be used: {without_secrets(str(error))}"
        raise ResourceError(message, _SETTINGS.get(parts.scheme, "look at ~/.netrc")) from error


def _opened(protocol: str, address: str) -> tuple[Objects, str]:
    path = address.partition("://")[2].rstrip("/")  # in a bucket, ? and # are letters of a name
    package = PROTOCOLS[protocol]
    if package == "botocore":
        _require(package, protocol)
        from cnncli.data.remote.s3 import S3Objects

        return S3Objects(), path
    for name in ("fsspec", package):
        _require(name, protocol)
    import fsspec

    from cnncli.data.remote.file_system import FileSystem

    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if package == "aiohttp":
        options["client_kwargs"] = {"trust_env": True}  # proxies, and ~/.netrc
    return FileSystem(fsspec.filesystem(protocol, **options)), address if package == "aiohttp" else path


def _require(package: str, protocol: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError as error:
        wanted = "gcsfs" if package == "gcsfs" else "'cnncli[remote]'"
        raise ResourceError(f"{protocol}:// needs a package that is not installed", f"pip install {wanted}") from error
