"""The files of an upload to the Hub, chosen and checked before anything is sent."""

from __future__ import annotations

import builtins
import os
from dataclasses import dataclass
from pathlib import Path

from ..converted.dataset_index import INDEX, Index
from ..core.errors import ImageNetSError
from ..core.walk import walk_files
from ..shards.repository_files import file_names, read_index
from ..shards.storage import LocalStorage, open_storage
from .eval_results import benchmark_file
from .repository import check_repo_id


@dataclass(frozen=True)
class Upload:
    """The files of one folder that are uploaded to one repository.

    Attributes:
        kind: `"dataset"` or `"space"`.
        files: names and sizes in bytes; of a data set the shards first, then the files that refer to them.
        index: the index of a data set; None for a Space.
    """

    folder: str
    repo_id: str
    kind: str
    files: tuple[tuple[str, int], ...]
    index: Index | None = None

    @property
    def bytes(self) -> int:
        """The size of all files, in bytes."""
        return sum(size for _, size in self.files)

    @property
    def shards(self) -> list[str]:
        """The names of the shards."""
        return [shard.file for _, _, shard in self.index.shards()] if self.index else []

    @property
    def others(self) -> list[str]:
        """The names of the files that are not shards."""
        shards = set(self.shards)
        return [name for name, _ in self.files if name not in shards]

    @property
    def benchmark(self) -> builtins.bytes | None:
        """`eval.yaml` of a data set of public masks without images; None for any other upload."""
        if self.index is None or self.index.has_images:
            return None
        return benchmark_file({config: list(converted.splits) for config, converted in self.index.configs.items()})

    def check_visibility(self, public: bool, rights: bool) -> None:
        """Refuse to publish images that may not be redistributed.

        Raises:
            ImageNetSError: the upload is public, holds images, and `rights` is False.
        """
        if public and not rights and self.index is not None and self.index.has_images:
            raise ImageNetSError(
                "this data set holds images of ImageNet, whose terms allow no redistribution: push it without --public "
                "(private), convert with --no-images, or say --i-have-redistribution-rights if you do."
            )


def plan_push(out: str | os.PathLike[str], repo_id: str) -> Upload:
    """Plan the upload of a converted data set: the shards of its index, the card, the labels and the index; no others.

    Args:
        out: the folder that `convert` wrote.
        repo_id: `"me/imagenet-s"`.

    Raises:
        ImageNetSError: the conversion is unfinished, or files are missing or have another size than the index says.
    """
    check_repo_id(repo_id)
    storage = open_storage(out)
    if not isinstance(storage, LocalStorage):
        raise ImageNetSError(f"{storage.url} is not on this machine: copy it here to push it.")
    index = read_index(storage)
    if index is None or not index.configs:
        raise ImageNetSError(
            f"{storage.url} has no {INDEX}: it is no result of `imagenet-s convert`, or an unfinished one; "
            "finish it first."
        )
    expected = {shard.file: shard.bytes for _, _, shard in index.shards()}
    files = []
    for name in file_names(index):
        size = storage.size(name)
        if size is None or size != expected.get(name, size):
            what = "is missing" if size is None else f"has {size:,} bytes, its index says {expected[name]:,}"
            raise ImageNetSError(
                f"{storage.url}/{name} {what}: `imagenet-s convert --verify {storage.url}` tells more."
            )
        files.append((name, size))
    return Upload(storage.url, repo_id, "dataset", tuple(files), index)


def plan_space(folder: str | os.PathLike[str], repo_id: str) -> Upload:
    """Plan the upload of the folder of an `evaluate` module.

    `evaluate.load("me/matched_miou")` imports `matched_miou.py`, so the repository must have the name of the module.

    Raises:
        ImageNetSError: the folder holds no such module, or the names differ.
    """
    check_repo_id(repo_id)
    root = Path(folder)
    owner, slash, name = repo_id.rpartition("/")
    if not (root / f"{root.name}.py").is_file():
        raise ImageNetSError(f"{root} is no evaluate module: it has no {root.name}.py.")
    if name != root.name:
        raise ImageNetSError(
            f"--repo-id {repo_id}: evaluate.load looks for {name}.py in it; call it {owner}{slash}{root.name}."
        )
    names = [name for name in sorted(walk_files(root)) if "__pycache__/" not in name and not name.endswith(".pyc")]
    return Upload(str(root), repo_id, "space", tuple((name, (root / name).stat().st_size) for name in names))
