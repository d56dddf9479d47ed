"""`open_annotations`: members and masks of the splits of one configuration, wherever the official files are."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from tqdm import tqdm

from ..core import cache
from ..core.errors import ImageNetSError
from ..core.locks import locked
from ..facts import ANNOTATED_SPLITS, OFFICIAL, categories
from ..images.image_header import header_of
from ..masks.codec import decode_mask, encode_official_png
from ..masks.mask_zip import ZipReader
from ..masks.split_masks import SplitMasks
from .find_members import expect_split, find_members, members_with_masks
from .lists import LISTED_SPLITS, Member, as_table, read_list
from .locate import DownloadFolder, GivenPlace, resolve_annotations_dir
from .mask_cache import read_notes, unusable_masks, write_masks
from .official_files import (
    RemoteFile,
    archive_file,
    check_archive,
    list_file,
    warn_of_md5,
)

_HEADER = 64
"""Bytes of a PNG in which its size and its kind of pixels are."""
_FORMAT = 1
"""Part of the key of cached masks: raise it when their content changes."""


def open_annotations(
    config: str = "919",
    annotations_dir: str | os.PathLike[str] | None = None,
    *,
    cache_dir: str | os.PathLike[str] | None = None,
    verify: bool = True,
) -> Annotations:
    """The annotations of a configuration. Nothing is read or fetched before it is asked for.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        annotations_dir: a folder with the archives and lists under their original names, one of the archives, or the
            extracted `ImageNetS{C}/{train-semi,validation}-segmentation/<wnid>/*.png` with the lists beside them, any
            folder of these, a folder or zip of `<wnid>/*.png`, or a data set that `imagenet-s convert` wrote or one of
            its shards. Only read. By default `$IMAGENET_S_ANNOTATIONS_DIR`, and without that, files are downloaded
            into the cache.
        cache_dir: for downloads, cached masks and markers of checked archives; the cache of `datasets` by default.
        verify: checksums of archives and lists, the official counts, a mask for every listed image. False is for
            miniatures and your own subsets.

    Raises:
        ImageNetSError: no such configuration, or no such folder.
    """
    config = categories(config).config
    given = resolve_annotations_dir(annotations_dir)
    location = GivenPlace(Path(given), config, verify) if given else DownloadFolder(cache_dir, config, verify)
    return Annotations(config, location, cache_dir, verify)


class Annotations:
    """Members and masks of one configuration; see `open_annotations`."""

    def __init__(
        self,
        config: str,
        location: GivenPlace | DownloadFolder,
        cache_dir: str | os.PathLike[str] | None,
        verify: bool,
    ) -> None:
        self.config, self.verify = config, verify
        self._location, self._cache_dir = location, cache_dir

    def members(self, split: str) -> pa.Table:
        """The images of a split and their class folders.

        From the official list; without one, from the folders of the masks (or of the images, in an official tree).

        Args:
            split: `"train_semi"`, `"validation"` or `"test"`; the others follow from ImageNet itself.

        Returns:
            String columns `image_id`, `wnid` (the folder in the ImageNet-S tree) and `imagenet_wnid` (that in ImageNet,
            "" where nothing says it), sorted by `(wnid, image_id)`.

        Raises:
            ImageNetSError: neither list nor folders are found, or (with `verify`) they are not the official ones.
        """
        return as_table(self._members(split))

    def _members(self, split: str) -> list[Member]:
        return find_members(self._location, self.config, split, self.verify)

    def masks(self, split: str) -> Path:
        """As `prepared_masks`; a mask that can't be used is an error.

        Raises:
            ImageNetSError: as `prepared_masks`, or masks that are damaged, no RGB PNGs, or hold ids of another
                configuration; they are counted, and the first named.
        """
        path = self.prepared_masks(split)
        if unusable := read_notes(path).unusable:
            raise ImageNetSError(unusable_masks(unusable, len(self._members(split)), split))
        return path

    def prepared_masks(self, split: str) -> Path:
        """The cached masks of a split, transcoded on the first call.

        Returns:
            An Arrow file for `cached_masks`: a row for each of `members(split)`, in the same order (with
            `verify=False`, for each that has a mask), but for masks that can't be used: `read_notes` has them. If
            several processes call this, one writes it and the others wait.

        Raises:
            ImageNetSError: no masks that can be used; with `verify` also a damaged archive and missing masks.
        """
        expect_split(split, ANNOTATED_SPLITS)
        members = self._members(split)
        with self._split_masks(split) as masks:
            key = [_FORMAT, masks.identity(), self.verify, members]
            digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
            target = cache.cached_file("masks", f"{digest}/{self.config}-{split}.arrow", self._cache_dir)
            if not target.exists():
                with locked(target.with_suffix(".lock"), f"prepares the masks of {self.config} {split}"):
                    if not target.exists():
                        write_masks(masks, self.config, split, self._with_masks(masks, split, members), target)
            return target

    def imagenet_wnids(self, split: str) -> dict[str, str]:
        """Image id -> ImageNet's own class folder, from a list that is at hand: nothing is fetched for it."""
        if split not in LISTED_SPLITS or isinstance(self._location, DownloadFolder):
            return {}
        path = self._location.list_path(split)
        return {} if path is None else {member.image_id: member.imagenet_wnid for member in read_list(path)}

    def identity(self, split: str) -> str:
        """A digest of the list and the masks of a split: it changes when they do. "" where it needs neither."""
        if split not in LISTED_SPLITS:
            return ""
        if isinstance(self._location, DownloadFolder):
            # Pinned addresses: what is there, or will be fetched, is the same.
            made_from: list[object] = [list_file(self.config, split).url, archive_file(self.config).url]
        else:
            path = self._location.list_path(split)
            made_from = [cache.file_digest(path) if path is not None else self._members(split)]
            if split in ANNOTATED_SPLITS:
                with self._split_masks(split) as masks:
                    made_from.append(masks.identity())
        key = json.dumps([_FORMAT, self.verify, made_from])
        return hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()

    def official_file(self, remote: RemoteFile) -> Path | None:
        """Where an official file is, fetched if need be; None where a given folder has it not. It is not checked."""
        return self._location.official_file(remote)

    def has_masks(self) -> bool:
        """Whether masks are at hand, or would have to be fetched."""
        return not isinstance(self._location, DownloadFolder) or self._location.has_archive()

    def check_masks(self, split: str) -> list[str]:
        """Look whether a split has all its masks, without fetching, decoding or keeping any.

        Returns:
            The images without a mask, which verify=False leaves out.

        Raises:
            ImageNetSError: with `verify`, some are missing; without, all are.
        """
        expect_split(split, ANNOTATED_SPLITS)
        if not self.has_masks():
            return []  # they will be downloaded
        members = self._members(split)
        with self._split_masks(split) as masks:
            members_with_masks(masks, split, members, self.verify, warn=False)
            return [member.image_id for member in members if member.image_id not in masks.by_id]

    def mask_sizes(self, split: str) -> dict[str, tuple[int, int]]:
        """Image id -> (width, height) of the masks of a split, from their headers: none is decoded or kept.

        Raises:
            ImageNetSError: as `prepared_masks`. A file that can't be read, or doesn't begin as a PNG does, is left out.
        """
        sizes = {}
        for image_id, header in self.mask_headers(split).items():
            with contextlib.suppress(ImageNetSError):
                sizes[image_id] = header_of(header).size
        return sizes

    def mask_headers(self, split: str) -> dict[str, bytes]:
        """Image id -> the first bytes of the masks of a split; of those that can be read."""
        expect_split(split, ANNOTATED_SPLITS)
        members, headers = self._members(split), {}
        with self._split_masks(split) as masks:
            present = [member.image_id for member in self._with_masks(masks, split, members)]
            for image_id in tqdm(present, desc=f"reading the headers of {split} masks", unit="mask", delay=1):
                with contextlib.suppress(ImageNetSError):
                    headers[image_id] = masks.read(masks.by_id[image_id])[:_HEADER]
        return headers

    def official_masks(self, split: str) -> Iterator[tuple[Member, bytes]]:
        """The masks as they were published, to write the official tree.

        Yields:
            Each member that has a mask, in the order of `members`, and the content of its RGB PNG.

        Raises:
            ImageNetSError: as `prepared_masks`; but the PNGs are not decoded.
        """
        expect_split(split, ANNOTATED_SPLITS)
        members = self._members(split)
        with self._split_masks(split) as masks:
            for member in self._with_masks(masks, split, members):
                png = masks.read(masks.by_id[member.image_id])
                yield member, png if masks.reader.form == "official" else encode_official_png(decode_mask(png))

    @contextlib.contextmanager
    def _split_masks(self, split: str) -> Iterator[SplitMasks]:
        masks = self._location.masks(split)
        if masks is None:
            raise self._location.missing()
        with masks.reader:
            yield masks

    def _with_masks(self, masks: SplitMasks, split: str, members: Sequence[Member]) -> Sequence[Member]:
        if self.verify and isinstance(masks.reader, ZipReader):
            self._check_archive_once(masks.reader)
        return members_with_masks(masks, split, members, self.verify)

    def _check_archive_once(self, reader: ZipReader) -> None:
        stamp = cache.cached_file("checked", reader.identity([])[:16], self._cache_dir)
        if not stamp.exists():
            facts = OFFICIAL.archives[self.config]
            warn_of_md5(reader.path, check_archive(reader.path, facts), facts)
            stamp.touch()
