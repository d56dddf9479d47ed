"""`DataDir`: where ImageNet is, resolved once from what a person wrote, and handed on from there to the readers."""

from __future__ import annotations

import functools
import os
import re
from dataclasses import dataclass

import fsspec

from ..converted.dataset_index import Index
from ..converted.find_converted import find_converted
from ..core.errors import ImageNetSError, is_utf8
from ..core.paths import AnyPath, is_address, path_or_address, real_path
from .tree_images import find_tree

VARIABLE = "IMAGENET_S_DATA_DIR"

_HUB_PAGE = re.compile(
    r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/(datasets/)?([^/?#]+/[^/?#]+)(?:/tree/([^/?#]+))?"
)
_KINDS = ("datasets", "models", "spaces", "buckets")


@dataclass(frozen=True)
class DataDir:
    """A folder or an address that ImageNet is to be read from.

    Attributes:
        root: an absolute path, its links followed, so that two spellings of one folder are one; or an address.
    """

    root: str

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return not is_address(self.root)

    @functools.cached_property
    def converted(self) -> tuple[str, Index] | None:
        """The root and the index of the converted data set that it is; None where it is none."""
        return find_converted(self.root) if self.is_local else None

    def tree(self, config: str) -> str | None:
        """The folder of a configuration's official tree; None where it holds none.

        Raises:
            ImageNetSError: it holds those of other configurations only.
        """
        return find_tree(self.root, config) if self.is_local and os.path.isdir(self.root) else None


def resolve_data_dir(data_dir: AnyPath | DataDir | None) -> DataDir:
    """Where ImageNet is: the argument, else `$IMAGENET_S_DATA_DIR`. Nothing is looked at yet.

    Raises:
        ImageNetSError: neither is given; or an address of a form that is not read; or a path that no table can hold.
    """
    if isinstance(data_dir, DataDir):
        return data_dir
    given = os.environ.get(VARIABLE) if data_dir is None else os.fsdecode(data_dir)
    if not given:
        raise ImageNetSError(
            'ImageNet-S is built over your own ImageNet: say where it is with data_dir="/path/to/imagenet" (any usual '
            f"layout; `imagenet-s check` says what it sees) or with the environment variable {VARIABLE}."
        )
    place = path_or_address(given)
    if is_address(place):
        _check_form(place)
        return DataDir(place)
    if re.match(r"hf:|datasets/[^/]+/[^/]+$", given) and not os.path.exists(place):
        name = re.sub(r"^(hf:)?(datasets/)?", "", given)
        raise ImageNetSError(f"{given} is no folder; a data set on the Hub is written hf://datasets/{name}.")
    if not is_utf8(place):
        raise ImageNetSError(
            f"{place}: its name is not UTF-8, and the paths of images are kept as text. Rename it, or move "
            "it where all names are."
        )
    return DataDir(real_path(place))


def _check_form(address: str) -> None:
    scheme, rest = address.split("://", 1)
    if page := _HUB_PAGE.match(address):
        revision = f"@{page[3]}" if page[3] and page[3] != "main" else ""
        raise ImageNetSError(f"{address} is a page: the same data set is written hf://datasets/{page[2]}{revision}.")
    if scheme in ("http", "https"):
        raise ImageNetSError(
            f"{address}: pages of the web are not read. Give a folder of this machine, or a data set on the "
            "Hub as hf://datasets/ILSVRC/imagenet-1k; download anything else first."
        )
    if scheme == "hf" and not re.match(r"datasets/[^/@]+/[^/]+", rest):
        names = rest.strip("/").split("/")
        name = "/".join(names[:2]) if len(names) >= 2 and names[0] not in _KINDS else "ILSVRC/imagenet-1k"
        raise ImageNetSError(f"{address}: a data set on the Hub is written hf://datasets/{name}.")
    if scheme not in fsspec.available_protocols():
        raise ImageNetSError(
            f"{address}: {scheme}:// is no kind of address that is known here. Give a folder of this machine, "
            "or a data set on the Hub as hf://datasets/ILSVRC/imagenet-1k."
        )
