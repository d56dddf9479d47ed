"""What would be sent to the Hub, decided and checked before anything is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.shards.index import INDEX, Index, read_index
from imagenet_s.conversion.shards.place import LocalPlace, open_place
from imagenet_s.conversion.shards.repository import file_names

_NOT_SENT = ("__pycache__", ".pyc")


@dataclass(frozen=True)
class Upload:
    """A folder and those of its files that go to one repository.

    Attributes:
        kind: `"dataset"` or `"space"`.
        files: names and bytes; for a data set the shards first, what speaks of them last.
        index: of a data set.
    """

    folder: str
    repo_id: str
    kind: str
    files: tuple[tuple[str, int], ...]
    index: Index | None = None

    @property
    def bytes(self) -> int:
        """All of it."""
        return sum(size for _, size in self.files)

    @property
    def shards(self) -> list[str]:
        """The names of the shards."""
        return [shard.file for _, _, shard in self.index.shards()] if self.index else []

    @property
    def others(self) -> list[str]:
        """The names of the other files."""
        shards = set(self.shards)
        return [name for name, _ in self.files if name not in shards]

    def check_visibility(self, public: bool, rights: bool) -> None:
        """Refuse to make images public that may not be passed on.

        Raises:
            ImageNetSError: it holds images, and nobody said in so many words that they may be redistributed.
        """
        if public and not rights and self.index is not None and self.index.has_images:
            raise ImageNetSError(
                "this data set holds images of ImageNet, whose terms allow no redistribution: push it without --public "
                "(private), convert with --no-images, or say --i-have-redistribution-rights if you do."
            )


def plan_push(out: str | os.PathLike[str], repo_id: str) -> Upload:
    """What of a converted data set is sent: what its index names, the card and the labels; nothing else.

    Args:
        out: what `convert` wrote.
        repo_id: `"me/imagenet-s"`.

    Raises:
        ImageNetSError: it is no finished result, or files are missing or have another size.
    """
    place = open_place(out)
    if not isinstance(place, LocalPlace):
        raise ImageNetSError(f"{place.url} is not on this machine: copy it here to push it.")
    index = read_index(place)
    if index is None or not index.configs:
        raise ImageNetSError(
            f"{place.url} has no {INDEX}: it is no result of `imagenet-s convert`, or an unfinished one; "
            "finish it first."
        )
    expected = {shard.file: shard.bytes for _, _, shard in index.shards()}
    files = []
    for name in file_names(index):
        size = place.size(name)
        if size is None or size != expected.get(name, size):
            what = "is missing" if size is None else f"has {size:,} bytes, its index says {expected[name]:,}"
            raise ImageNetSError(f"{place.url}/{name} {what}: `imagenet-s convert --verify {place.url}` tells more.")
        files.append((name, size))
    return Upload(place.url, repo_id, "dataset", tuple(files), index)


def plan_space(folder: str | os.PathLike[str], repo_id: str) -> Upload:
    """What of an `evaluate` module's folder is sent.

    `evaluate.load("me/matched_miou")` looks for a module of the repository's name.

    Raises:
        ImageNetSError: the folder is no such module, or the names differ.
    """
    root = Path(folder)
    name = repo_id.rpartition("/")[2]
    if not (root / f"{root.name}.py").is_file():
        raise ImageNetSError(f"{root} is no evaluate module: it has no {root.name}.py.")
    if name != root.name:
        raise ImageNetSError(
            f"--repo-id {repo_id}: evaluate.load looks for {name}.py in it; call it {repo_id.replace(name, root.name)}."
        )
    paths = sorted(path for path in root.rglob("*") if path.is_file() and not any(x in str(path) for x in _NOT_SENT))
    return Upload(str(root), repo_id, "space", tuple((p.relative_to(root).as_posix(), p.stat().st_size) for p in paths))
