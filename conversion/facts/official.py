"""Where the official files are and what they hold: URLs, checksums, merged classes, numbers of images."""

from __future__ import annotations

import json
import operator
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

from ..core.errors import ImageNetSError

CONFIG_NAMES = ("50", "300", "919")
SPLITS = ("train", "train_semi", "validation", "test", "train_full")
"""The names of the splits in `datasets`, in the order they are built."""
SPELLINGS: Mapping[str, str] = MappingProxyType(
    {"train-semi": "train_semi", "train-full": "train_full", "val": "validation"}
)
"""How the official toolbox and people spell splits, to the names in `datasets`, where a name must match `\\w+`."""
TRAINING_SPLITS = ("train", "train_full")
"""The splits that no list names: all training images of the classes, and all of them."""
ANNOTATED_SPLITS = ("train_semi", "validation")
"""The splits with masks; those of `test` are on the test server only."""


@dataclass(frozen=True)
class Archive:
    """A zip of masks; the md5 is the one its file name carries, never checked against the real archive here."""

    file: str
    md5: str
    url_path: str
    """The path of its address on github.com."""


@dataclass(frozen=True)
class ListFile:
    """A text file with one image a line."""

    file: str
    lines: int
    bytes: int
    sha256: str
    url_path: str
    """The path of its address on raw.githubusercontent.com."""


@dataclass(frozen=True)
class Official:
    """All of it, by configuration."""

    repository: str
    revision: str
    archives: Mapping[str, Archive]
    lists: Mapping[str, Mapping[str, ListFile]]
    """Configuration -> role -> file; roles: categories, train_semi, validation, validation_names, test."""
    merged_wnids: Mapping[str, str]
    num_images: Mapping[str, Mapping[str, int]]
    """Configuration -> split -> number of images."""


def _load() -> Official:
    data = json.loads(resources.files(__package__).joinpath("official.json").read_text(encoding="utf-8"))
    repository, revision = data["repository"], data["revision"]
    archives = {
        config: Archive(one["file"], one["md5"], f"/{repository}/releases/download/ImageNet-S/{one['file']}")
        for config, one in data["archives"].items()
    }
    lists = {
        config: MappingProxyType(
            {
                role: ListFile(
                    file=one["path"].rsplit("/", 1)[1],
                    lines=one["lines"],
                    bytes=one["bytes"],
                    sha256=one["sha256"],
                    url_path=f"/{repository}/{revision}/{one['path']}",
                )
                for role, one in roles.items()
            }
        )
        for config, roles in data["lists"].items()
    }
    return Official(
        repository=repository,
        revision=revision,
        archives=MappingProxyType(archives),
        lists=MappingProxyType(lists),
        merged_wnids=MappingProxyType(data["merged_wnids"]),
        num_images=MappingProxyType({k: MappingProxyType(v) for k, v in data["num_images"].items()}),
    )


OFFICIAL = _load()


def config_name(config: Any) -> str:
    """The name of a configuration: `919`, `"919"`, `"im919"` and `"ImageNetS919"` are one.

    Raises:
        ImageNetSError: there is no such configuration.
    """
    try:
        name = str(operator.index(config))
    except TypeError:
        name = os.fspath(config) if isinstance(config, (str, os.PathLike)) else repr(config)
    name = re.sub(r"^(?:im|imagenet-?s-?)(?=\d)", "", name.strip(), flags=re.IGNORECASE)
    if name not in CONFIG_NAMES:
        raise ImageNetSError(f"ImageNet-S has no configuration {config!r}; it has {', '.join(CONFIG_NAMES)}.")
    return name


def split_names(config: str | int) -> tuple[str, ...]:
    """The splits of a configuration: `train_full`, all of ImageNet's training images, is 919's only."""
    return tuple(name for name in SPLITS if name in OFFICIAL.num_images[config_name(config)])
