"""Names of files -> keys of masks: which PNGs belong to the split that is read, and what each is called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# The official tree's folders of masks (data_preparation.sh of the official toolbox at b2312ba).
_FOLDERS = {"train_semi": "train-semi-segmentation", "validation": "validation-segmentation"}
_TREE = re.compile(r"ImageNetS\d+")
SPELLINGS = {"val": "validation", "train-semi": "train_semi", "train-full": "train_full"}


@dataclass(frozen=True)
class Choice:
    """Of an official tree that holds the masks of several splits or configurations, those that are read.

    Attributes:
        config: the configuration; None takes what is there.
        split: the split.
    """

    config: str | None
    split: str

    def among(self, folders: Iterable[str]) -> set[str]:
        """Of the folders that lie side by side, those that may hold masks of the choice."""
        found = set(folders)
        if self.config and f"ImageNetS{self.config}" in found:
            found = {name for name in found if not _TREE.fullmatch(name)} | {f"ImageNetS{self.config}"}
        if found & set(_FOLDERS.values()):
            found &= {_FOLDERS.get(self.split, "")}
        return found

    def refusal(self, path: Path, splits: set[str]) -> ValueError:
        """The error where the masks are those of other splits."""
        there = ", ".join(sorted(split for split, folder in _FOLDERS.items() if folder in splits))
        return ValueError(f"{path} has no masks of the split {self.split!r}; it has: {there}.")


def mask_folders(folders: Iterable[str]) -> set[str]:
    """Of some names of folders, those that hold the masks of a split in the official tree."""
    return set(folders) & set(_FOLDERS.values())


def keys_of(names: Iterable[str], path: Path) -> dict[str, str]:
    """Key -> name of every PNG among the names; a key leaves out the folders above the class folder that all share.

    Raises:
        ValueError: no PNG is among them, or two have the same key.
    """
    names = list(names)
    files = [name for name in names if name.lower().endswith(".png") and not _is_litter(name)]
    if not files:
        raise ValueError(f"{path} holds no PNG (it holds {_seen(names)}); expected <class folder>/<image>.png.")
    split = [name.split("/") for name in files]
    above = 0
    while all(len(parts) > above + 2 for parts in split) and len({parts[above] for parts in split}) == 1:
        above += 1
    keys: dict[str, str] = {}
    for parts, name in zip(split, files):
        key = "/".join(parts[above:])[:-4] + ".png"
        if key in keys:
            other = f"{keys[key]} and {name}" if keys[key] != name else f"{name} twice"
            raise ValueError(f"{path} holds {other}: which of the two is the mask? Remove one.")
        keys[key] = name
    return keys


def _seen(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown + (f" and {len(names) - 3:,} more" if len(names) > 3 else "") or "nothing"


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or name.rsplit("/", 1)[-1].startswith(".")
