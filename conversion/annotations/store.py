"""`open_annotations`: members and masks of the splits of one configuration, wherever the official files are."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from imagenet_s.conversion.annotations.dataset_source import DatasetSource
from imagenet_s.conversion.annotations.finding import Place, find
from imagenet_s.conversion.annotations.folder_source import members_of_folder
from imagenet_s.conversion.annotations.lists import (
    LISTED_SPLITS,
    Member,
    as_table,
    check_classes,
    check_count,
    in_order,
    read_list,
)
from imagenet_s.conversion.annotations.official_files import check_archive, warn_of_md5
from imagenet_s.conversion.annotations.prepared import MaskSource, write_masks
from imagenet_s.conversion.annotations.zip_source import ZipSource
from imagenet_s.conversion.errors import ImageNetSError, some
from imagenet_s.conversion.facts import ANNOTATED_SPLITS, OFFICIAL, categories
from imagenet_s.conversion.locking import locked
from imagenet_s.conversion.masks import decode_mask, encode_official_png

logger = logging.getLogger("imagenet_s")

_FORMAT = 1
"""Part of the key of prepared masks: raise it when their content changes."""


def open_annotations(
    config: str = "919",
    annotations_dir: str | os.PathLike[str] | None = None,
    *,
    cache_dir: str | os.PathLike[str],
    verify: bool = True,
    download: bool = True,
) -> Annotations:
    """The annotations of a configuration. Nothing is read or fetched before it is asked for.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        annotations_dir: a folder with the archives and lists under their original names, or the extracted
            `ImageNetS{C}/{train-semi,validation}-segmentation/<wnid>/*.png` with the lists beside them, or such a
            tree itself, or a data set that `imagenet-s convert` wrote. Only read. By default
            `$IMAGENET_S_ANNOTATIONS_DIR`, and without that, files are downloaded into the cache.
        cache_dir: a folder of our own for downloads, prepared masks, and notes of what was checked.
        verify: checksums of archives and lists, the official counts, a mask for every listed image. False is for
            miniatures and subsets of one's own.
        download: False to download nothing.

    Raises:
        ImageNetSError: no such configuration, or no such folder.
    """
    config = categories(config).config
    cache = Path(cache_dir).expanduser()
    return Annotations(config, find(config, annotations_dir, cache / "downloads", verify, download), cache, verify)


class Annotations:
    """Members and masks of one configuration; see `open_annotations`."""

    def __init__(self, config: str, place: Place, cache: Path, verify: bool) -> None:
        self.config, self.verify = config, verify
        self._place, self._cache = place, cache

    def members(self, split: str) -> pa.Table:
        """The images of a split and their class folders.

        From the official list; without one, from the folders of the masks (or of the images, in an official tree).

        Args:
            split: `"train_semi"`, `"validation"` or `"test"`; the others follow from ImageNet itself.

        Returns:
            String columns `image_id` and `wnid` (the folder in the ImageNet-S tree), sorted by `(wnid, image_id)`.

        Raises:
            ImageNetSError: nothing tells, or what does is not the official list (with `verify`).
        """
        return as_table(self._members(split))

    def _members(self, split: str) -> list[Member]:
        _expect(split, LISTED_SPLITS)
        path = self._place.list_path(split)
        if path is not None:
            members, where = read_list(path), str(path)
        else:
            members, where = self._members_without_list(split)
        check_classes(members, self.config, where)
        if self.verify:
            check_count(len(members), self.config, split, where)
        return members

    def masks(self, split: str) -> Path:
        """The prepared masks of a split: made on the first call, found on later ones.

        Args:
            split: `"train_semi"` or `"validation"`.

        Returns:
            An Arrow file for `open_masks`: a row for each of `members(split)`, in the same order (with
            `verify=False`, for each that has a mask). If several processes ask at once, one makes it and the others
            wait.

        Raises:
            ImageNetSError: no masks, or damaged ones; with `verify` also a damaged archive and missing masks.
        """
        _expect(split, ANNOTATED_SPLITS)
        members = self._members(split)
        with self._source(split) as source:
            target = self._cache / "masks" / self._key(source, split, members) / f"{self.config}-{split}.arrow"
            if not target.exists():
                with locked(target.with_suffix(".lock"), f"prepares the masks of {self.config} {split}"):
                    if not target.exists():
                        write_masks(source, self.config, split, self._checked(source, split, members), target)
            return target

    def official_masks(self, split: str) -> Iterator[tuple[Member, bytes]]:
        """The masks as they were published, for those who write the official tree.

        Args:
            split: `"train_semi"` or `"validation"`.

        Yields:
            Each member that `masks` has a row for, in the same order, and the content of its RGB PNG.

        Raises:
            ImageNetSError: as `masks`; but the PNGs are not looked into.
        """
        _expect(split, ANNOTATED_SPLITS)
        members = self._members(split)
        with self._source(split) as source:
            for member in self._checked(source, split, members):
                png = source.read(split, member.image_id)
                yield member, png if source.form == "official" else encode_official_png(decode_mask(png))

    def _members_without_list(self, split: str) -> tuple[list[Member], str]:
        images = self._place.image_folder(split)
        source = self._place.source(split)
        if (split in ANNOTATED_SPLITS or isinstance(source, DatasetSource)) and source is not None:
            with source:
                found = source.folders(split).items()
            # The folder counts; one of a merged class stands for the class it was merged into.
            merged = categories(self.config).merged_wnids
            return in_order((Member(i, merged.get(w, w)) for i, w in found), str(source.path)), str(source.path)
        if images is not None:
            return members_of_folder(images, ".JPEG"), str(images)
        raise self._place.missing()

    def _source(self, split: str) -> MaskSource:
        source = self._place.source(split)
        if source is None:
            raise self._place.missing()
        return source

    def _key(self, source: MaskSource, split: str, members: Sequence[Member]) -> str:
        parts = [_FORMAT, source.identity(split), self.verify, members]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def _checked(self, source: MaskSource, split: str, members: Sequence[Member]) -> Sequence[Member]:
        if self.verify and isinstance(source, ZipSource):
            self._check_archive_once(source)
        there = source.folders(split)
        missing = [member.image_id for member in members if member.image_id not in there]
        if not missing:
            return members
        text = f"{source.path} lacks {len(missing):,} of the {len(members):,} masks of {split}: {some(missing)}"
        if self.verify:
            raise ImageNetSError(
                f"{text}; it is not complete: fetch it again, or pass verify=False (--no-verify) for a subset of "
                "your own."
            )
        logger.warning("%s; verify=False goes on without them.", text)
        return [member for member in members if member.image_id in there]

    def _check_archive_once(self, source: ZipSource) -> None:
        stamp = self._cache / "checked" / f"{source.identity('')[:16]}.json"
        if stamp.exists():
            return
        facts = OFFICIAL.archives[self.config]
        md5 = check_archive(source.path, facts)
        warn_of_md5(source.path, md5, facts)
        stamp.parent.mkdir(parents=True, exist_ok=True)
        aside = stamp.with_name(f"{stamp.name}.{os.getpid()}")
        aside.write_text(json.dumps({"path": str(source.path.resolve()), "md5": md5}), encoding="utf-8")
        os.replace(aside, stamp)


def _expect(split: str, known: Sequence[str]) -> None:
    if split not in known:
        raise ImageNetSError(f"split {split!r}: expected one of {', '.join(known)}.")
