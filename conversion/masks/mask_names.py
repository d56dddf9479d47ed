"""Names of files -> keys of masks: which PNGs belong to the split that is read, and what each is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import ImageNetSError, some
from ..core.walk import walk
from ..facts import CONFIG_NAMES, MASK_FOLDERS, tree_name
from ..facts.spellings import ImageNetPart, image_id_of
from .mask_reader import is_hidden

_OFFICIAL = re.compile(rf"(?:^|/)({'|'.join(MASK_FOLDERS.values())})/(n\d{{8}}/[^/]+)\.png$", re.IGNORECASE | re.ASCII)
_PARTS: tuple[ImageNetPart, ...] = ("train", "validation")
_FOLDERS_OF_IMAGES = 20
"""So many folders of images without a mask are an ImageNet, which need not be walked to its end."""


class NoMasksError(ImageNetSError):
    """A place holds no masks of the split that is asked for.

    Attributes:
        images: whether it holds images, and so may be an ImageNet.
    """

    def __init__(self, message: str, images: bool = False) -> None:
        super().__init__(message)
        self.images = images


@dataclass(frozen=True)
class Choice:
    """Of a tree that holds the masks of several splits or configurations, those that are read.

    Attributes:
        config: the configuration; None takes what is there.
        split: the split.
    """

    config: str | None
    split: str

    def among(self, folders: Iterable[str]) -> set[str]:
        """Of the folders that lie side by side, those that may hold masks of the choice."""
        chosen = {name for name in folders if not self.passes_over(name)}
        if chosen & set(MASK_FOLDERS.values()):
            folder = MASK_FOLDERS.get(self.split)
            chosen = {name for name in chosen if name == folder or _is_tree_name(name)}
        return chosen

    def passes_over(self, folder: str) -> bool:
        """Whether a folder is the tree of another configuration."""
        return self.config in CONFIG_NAMES and folder != tree_name(self.config or "") and _is_tree_name(folder)

    def refusal(self, path: Path, folders: Iterable[str]) -> NoMasksError:
        """The error where the masks are those of other splits or configurations, in some of these folders."""
        names = set(folders)
        if splits := sorted(split for split, folder in MASK_FOLDERS.items() if folder in names):
            return NoMasksError(f"{path} has no masks of the split {self.split!r}; it has: {', '.join(splits)}.")
        trees = ", ".join(sorted(filter(_is_tree_name, names)))
        return NoMasksError(f"{path} has no masks of ImageNet-S-{self.config}; it has: {trees}.")


def names_in_folder(root: Path, choice: Choice) -> list[str]:
    """The names of all files below a folder, with `/`, but for folders that the choice leaves out.

    Raises:
        NoMasksError: an official tree without the masks of the split, or what looks like an ImageNet.
        ImageNetSError: a folder can't be listed.
    """
    names: list[str] = []
    others: set[str] = set()
    masks, of_images = False, 0
    for folder in walk(root):
        chosen = choice.among(folder.folders)
        others |= {name for name in set(folder.folders) - chosen if _holds_masks(name)}
        folder.folders[:] = [name for name in folder.folders if name in chosen]
        names += [f"{folder.name}/{file}" if folder.name else file for file in folder.files]
        masks = masks or any(_is_png(file) for file in folder.files)
        of_images += any(map(_is_image_file, folder.files))
        if of_images >= _FOLDERS_OF_IMAGES and not masks:
            raise NoMasksError(f"{root} holds images and no masks: expected <class folder>/<image>.png.", images=True)
    if not masks and others:
        raise choice.refusal(root, others)
    return names


def holds_images(root: Path) -> bool:
    """Whether the first pictures below a folder are images of ImageNet rather than masks."""
    for folder in walk(root) if root.is_dir() else ():
        if any(_is_png(file) for file in folder.files):
            return False
        if any(map(_is_image_file, folder.files)):
            return True
    return False


def names_in_zip(names: list[str], path: Path, choice: Choice) -> list[str]:
    """The names of the members of a zip that the choice does not leave out.

    Raises:
        NoMasksError: they are those of other splits.
    """
    beside: dict[str, set[str]] = {}
    folders_of = {place: list(_folders(place)) for place in set(map(_place, names))}
    for folders in folders_of.values():
        for above, folder in folders:
            beside.setdefault(above, set()).add(folder)
    chosen = {above: choice.among(folders) for above, folders in beside.items()}
    kept = {place for place, folders in folders_of.items() if all(folder in chosen[above] for above, folder in folders)}
    left = [name for name in names if _place(name) in kept]
    others = {folder for above, folders in beside.items() for folder in folders - chosen[above] if _holds_masks(folder)}
    if not any(map(_is_png, left)) and others:
        raise choice.refusal(path, others)
    return left


def keys_of(names: Iterable[str], path: Path, split: str | None) -> dict[str, str]:
    """Key -> name of every mask among the names of files.

    Where masks lie in the folder of the split, as in the official tree, these are the masks; else all PNGs are, but for
    images of another split. A key leaves out the folders above the class folder that all share.

    Args:
        names: of files, with `/`.
        path: where they are, for messages.
        split: None for whatever is there.

    Raises:
        NoMasksError: no PNG is among them, or all are of another split.
        ImageNetSError: two have the same key.
    """
    names = list(names)
    files = [name for name in names if _is_png(name)]
    if not files:
        images = any(name.lower().endswith((".jpeg", ".jpg", ".tar", ".gz", ".parquet")) for name in names)
        raise NoMasksError(
            f"{path} holds no PNG (it holds {some(sorted(names), 3) or 'nothing'}); expected "
            "<class folder>/<image>.png.",
            images,
        )
    folder = MASK_FOLDERS.get(split or "validation")
    official = {name: match[2] for name in files if (match := _OFFICIAL.search(name)) and match[1].lower() == folder}
    if official:
        named = [(f"{key}.png", name) for name, key in official.items()]
    else:
        paths = [name.split("/") for name in files]
        above = 0
        while all(len(parts) > above + 2 for parts in paths) and len({parts[above] for parts in paths}) == 1:
            above += 1
        named = [("/".join(parts[above:])[:-4] + ".png", name) for parts, name in zip(paths, files)]
    keys: dict[str, str] = {}
    for key, name in named:
        if key in keys:
            both = f"{keys[key]} and {name}" if keys[key] != name else f"{name} twice"
            raise ImageNetSError(f"{path} holds {both}: which of the two is the mask? Remove one.")
        keys[key] = name
    return keys_of_split(keys, path, split)


def keys_of_split(keys: dict[str, str], path: Path, split: str | None) -> dict[str, str]:
    """The keys but for those of images that can't be of a split, by their official names.

    Raises:
        NoMasksError: none is left.
    """
    if split is None:
        return keys
    part: ImageNetPart = "validation" if split.startswith("train") else "train"
    left = {key: name for key, name in keys.items() if not image_id_of(key.rsplit("/", 1)[-1][:-4], part)}
    if not left:
        other = "validation" if part == "validation" else "train_semi"
        raise NoMasksError(f"{path} has no masks of the split {split!r}; it has: {other}.")
    return left


def _place(name: str) -> str:
    """The folder that a file is in."""
    return name.rpartition("/")[0]


def _folders(place: str) -> Iterator[tuple[str, str]]:
    """(what is above, the folder) for a folder and each above it."""
    while place:
        above, _, folder = place.rpartition("/")
        yield above, folder
        place = above


def _holds_masks(folder: str) -> bool:
    return folder in MASK_FOLDERS.values() or _is_tree_name(folder)


def _is_tree_name(folder: str) -> bool:
    return folder in map(tree_name, CONFIG_NAMES)


def _is_image_file(name: str) -> bool:
    """Whether a file is called like an image of ImageNet, and is no PNG."""
    return name.lower().endswith((".jpeg", ".jpg")) and any(image_id_of(name, part) for part in _PARTS)


def _is_png(name: str) -> bool:
    return name.lower().endswith(".png") and not is_hidden(name)
