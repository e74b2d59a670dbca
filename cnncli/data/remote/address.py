"""Addresses of remote data, and what opens them."""

from __future__ import annotations

import importlib
from typing import Any
from urllib.parse import urlsplit

from cnncli.errors import DataError, ResourceError

PROTOCOLS = {"s3": "s3fs", "gs": "gcsfs", "https": "aiohttp", "http": "aiohttp"}
"""Protocols with the package that speaks each."""


def fetch_first(address: str) -> DataError:
    """The error of who names remote data where a path is expected."""
    name = address.rstrip("/").rpartition("/")[2] or "photos"
    return DataError(f"{address} is not on this machine", f"fetch it first: cnncli data fetch {address} {name}")


def open_remote(address: str) -> tuple[Any, str]:
    """The file system of an address, of fsspec, and the path in it.

    Credentials are those that the tools of the protocol use: for S3 the variables and files of AWS, for Google Cloud
    Storage its default credentials, for web servers `~/.netrc`.

    Raises:
        DataError: The address is none, or names a user.
        ResourceError: A package is missing.
    """
    parts = urlsplit(address)
    if parts.scheme not in PROTOCOLS or not parts.netloc:
        listed = ", ".join(f"{name}://" for name in PROTOCOLS)
        raise DataError(f"'{address}' is not an address of remote data", f"it begins with one of {listed}")
    if "@" in parts.netloc:
        hint = "leave it out; credentials are those that the tools of the protocol use, such as ~/.netrc or ~/.aws"
        raise DataError("the address contains a user name or password", hint)
    package = PROTOCOLS[parts.scheme]
    try:
        import fsspec

        importlib.import_module(package)
    except ImportError as error:
        wanted = "gcsfs" if package == "gcsfs" else "'cnncli[remote]'"
        message = f"{parts.scheme}:// needs a package that is not installed"
        raise ResourceError(message, f"pip install {wanted}") from error
    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if package == "aiohttp":
        options["client_kwargs"] = {"trust_env": True}  # proxies, and ~/.netrc
        return fsspec.filesystem(parts.scheme, **options), address
    if package == "s3fs" and not _has_aws_credentials():
        options["anon"] = True  # a public bucket
    return fsspec.filesystem(parts.scheme, **options), f"{parts.netloc}{parts.path}".rstrip("/")


def _has_aws_credentials() -> bool:
    from botocore.session import Session

    return Session().get_credentials() is not None
