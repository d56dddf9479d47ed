"""Configurations, splits and the official files: addresses, checksums, merged classes, numbers of images."""

from __future__ import annotations

import json
import operator
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ..core.errors import ImageNetSError
from ..core.read_only_dict import ReadOnlyDict

CONFIG_NAMES = ("50", "300", "919")
SPLITS = ("train", "train_semi", "validation", "test", "train_full")
"""The names of the splits in `datasets`, in the order they are built."""
SPELLINGS: Mapping[str, str] = ReadOnlyDict(
    {"train-semi": "train_semi", "train-full": "train_full", "val": "validation"}
)
"""Spellings of the official toolbox and of people -> the names of splits in `datasets`, which must match `\\w+`."""
TRAINING_SPLITS = ("train", "train_full")
"""The splits without an official list: all training images of the classes, and all training images."""
ANNOTATED_SPLITS = ("train_semi", "validation")
"""The splits with public masks; the masks of `test` are on the test server only."""


@dataclass(frozen=True)
class Archive:
    """A zip of masks. The md5 is the one in its file name; it was never checked against the real archive."""

    file: str
    md5: str
    url_path: str
    """The path of its URL on github.com."""


@dataclass(frozen=True)
class ListFile:
    """A text file with one image a line."""

    file: str
    lines: int
    bytes: int
    sha256: str
    url_path: str
    """The path of its URL on raw.githubusercontent.com."""


@dataclass(frozen=True)
class Official:
    """The official repository, what it publishes for each configuration, and the numbers of images."""

    repository: str
    revision: str
    archives: Mapping[str, Archive]
    """Configuration -> zip of masks."""
    lists: Mapping[str, Mapping[str, ListFile]]
    """Configuration -> role -> file; roles: categories, train_semi, validation, validation_names, test."""
    merged_wnids: Mapping[str, str]
    """ImageNet folder -> the folder of the class that its images count as."""
    num_images: Mapping[str, Mapping[str, int]]
    """Configuration -> split -> number of images."""


def _load() -> Official:
    data = json.loads(resources.files(__package__).joinpath("official.json").read_text(encoding="utf-8"))
    repository, revision = data["repository"], data["revision"]
    archives = {
        config: Archive(entry["file"], entry["md5"], f"/{repository}/releases/download/ImageNet-S/{entry['file']}")
        for config, entry in data["archives"].items()
    }
    lists = {
        config: ReadOnlyDict(
            {
                role: ListFile(
                    file=entry["path"].rsplit("/", 1)[1],
                    lines=entry["lines"],
                    bytes=entry["bytes"],
                    sha256=entry["sha256"],
                    url_path=f"/{repository}/{revision}/{entry['path']}",
                )
                for role, entry in roles.items()
            }
        )
        for config, roles in data["lists"].items()
    }
    return Official(
        repository=repository,
        revision=revision,
        archives=ReadOnlyDict(archives),
        lists=ReadOnlyDict(lists),
        merged_wnids=ReadOnlyDict(data["merged_wnids"]),
        num_images=ReadOnlyDict({k: ReadOnlyDict(v) for k, v in data["num_images"].items()}),
    )


OFFICIAL = _load()


def config_name(config: Any) -> str:
    """The name of a configuration, from any spelling: `919`, `"919"`, `"im919"` and `"ImageNetS919"` give `"919"`.

    Raises:
        ImageNetSError: there is no such configuration.
    """
    try:
        name = str(operator.index(config))
    except TypeError:
        name = os.fspath(config) if isinstance(config, (str, os.PathLike)) else repr(config)
    name = re.sub(r"^(?:im|imagenet-?s-?)(?=\d)", "", name.strip(), flags=re.IGNORECASE)
    if name not in CONFIG_NAMES:
        raise ImageNetSError(f"ImageNet-S has no configuration {config!r:.80}; it has {', '.join(CONFIG_NAMES)}.")
    return name


def split_names(config: str | int) -> tuple[str, ...]:
    """The splits of a configuration; only 919 has `train_full`, all of ImageNet's training images."""
    return tuple(name for name in SPLITS if name in OFFICIAL.num_images[config_name(config)])
