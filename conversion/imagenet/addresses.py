"""ImageNet at an address: which forms are taken, and what a listing that fails says."""

from __future__ import annotations

import os
import re

import fsspec

from ..core.errors import ImageNetSError, is_utf8
from ..core.hub_errors import readable_errors
from ..facts.spellings import path_of_file_address

_HUB_PAGE = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/)?([^/?#]+/[^/?#]+)(?:/tree/([^/?#]+))?"
)
_KINDS = ("datasets", "models", "spaces", "buckets")
_FOLDERS = ("", "data", "imagenet-1k", "ILSVRC2012")
"""Where a repository has its Parquet files."""


def normalise(root: str | os.PathLike[str]) -> str:
    """An absolute path, or an address that can be listed.

    A path is everything without `://`, whatever else is in it; `file:///data/imagenet` is a path too.

    Raises:
        ImageNetSError: an address of another form; or a path whose name no table can hold.
    """
    path = os.fspath(root)
    path = (path_of_file_address(path) if "://" in path else None) or path
    if "://" in path:
        _check_form(path)
        return path.rstrip("/")
    if re.match(r"hf:|datasets/[^/]+/[^/]+$", path) and not os.path.exists(path):
        name = re.sub(r"^(hf:)?/*(datasets/)?", "", path)
        raise ImageNetSError(f"data_dir {path} is no folder; a data set on the Hub is written hf://datasets/{name}.")
    path = os.path.abspath(os.path.expanduser(path))
    if not is_utf8(path):
        raise ImageNetSError(
            f"data_dir {path}: its name is not UTF-8, and the paths of images are kept as text. Rename it, or move "
            "it where all names are."
        )
    return path


def list_address(address: str) -> list[tuple[str, list[str]]]:
    """The folders at an address that may hold Parquet files, with the names in each.

    Raises:
        ImageNetSError: it can't be listed: not there, no access, no connection, ...
    """
    with readable_errors(address):
        fs, base = fsspec.core.url_to_fs(address)
        here = {one["name"].rstrip("/").rsplit("/", 1)[-1]: one["type"] for one in fs.ls(base, detail=True)}
        found = []
        for folder in _FOLDERS:
            if not folder:
                names = [f"{name}/" if kind == "directory" else name for name, kind in here.items()]
            elif here.get(folder) == "directory":
                names = [one["name"].rsplit("/", 1)[-1] for one in fs.ls(f"{base}/{folder}", detail=True)]
            else:
                continue
            found.append((f"{address}/{folder}".rstrip("/"), sorted(names)))
        return found


def _check_form(address: str) -> None:
    scheme, rest = address.split("://", 1)
    if page := _HUB_PAGE.match(address):
        revision = f"@{page[3]}" if page[3] and page[3] != "main" else ""
        raise ImageNetSError(
            f"data_dir {address} is a page: the same data set is written hf://datasets/{page[2]}{revision}."
        )
    if scheme in ("http", "https"):
        raise ImageNetSError(
            f"data_dir {address}: pages of the web are not read. Give a folder of this machine, or a data set on the "
            "Hub as hf://datasets/ILSVRC/imagenet-1k; download anything else first."
        )
    if scheme == "hf" and not re.match(r"datasets/[^/@]+/[^/]+", rest):
        names = rest.strip("/").split("/")
        name = "/".join(names[:2]) if len(names) >= 2 and names[0] not in _KINDS else "ILSVRC/imagenet-1k"
        raise ImageNetSError(f"data_dir {address}: a data set on the Hub is written hf://datasets/{name}.")
    if scheme not in fsspec.available_protocols():
        raise ImageNetSError(
            f"data_dir {address}: {scheme}:// is no kind of address that is known here. Give a folder of this machine, "
            "or a data set on the Hub as hf://datasets/ILSVRC/imagenet-1k."
        )
