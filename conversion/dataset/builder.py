"""`ImageNetS`, the `datasets` builder of ImageNet-S: each split is built when it is asked for, and only then.

`datasets.load_dataset` calls `download_and_prepare` without saying which split it wants, and then `as_dataset` with the
split. So the first notes how to build, and the second builds what is missing, a split in a folder of its own, whose
name holds the identity of everything the rows are made from.

Nothing else in this folder imports it. `imagenet_s.ImageNetS` is this class.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
from pathlib import Path
from typing import Any

import datasets
from datasets.arrow_reader import ArrowReader

from ..core import version
from ..core.cache import temporary_folder, why_not_writable
from ..core.errors import ImageNetSError, is_utf8
from ..core.locks import NO_LOCKS
from ..core.paths import local_path
from ..facts import config_name as name_of_config
from ..facts.spellings import split_name, split_text
from .image_selection import selected_splits
from .source import Source, open_source
from .split_builder import NAME, RowsBuilder, SplitBuilder, errors_of_the_disk, incomplete_note

logger = logging.getLogger("imagenet_s")


class ImageNetS(RowsBuilder):
    """ImageNet-S over a copy of ImageNet: configurations `"50"`, `"300"` and `"919"`.

    Args:
        config_name: the configuration; `"919"` by default.
        cache_dir: where everything is kept; the cache of `datasets` by default.
        **options: the attributes of `ImageNetSConfig`, and what `datasets.DatasetBuilder` takes.

    Examples:
        >>> builder = ImageNetS("300", data_dir="/data/imagenet")  # doctest: +SKIP
        >>> builder.as_dataset("validation")  # builds validation, and nothing else  # doctest: +SKIP
    """

    # The public module: `datasets` names caches and files after it.
    __module__ = "imagenet_s"

    def __init__(self, config_name: Any = None, *, cache_dir: Any = None, **options: Any) -> None:
        # Spelled as people do; a name that is none of ours is refused by `datasets`, with those there are.
        name = None if config_name is None else name_of_config(config_name)
        # Absolute: what is made from a file below it must be found when the current folder is another.
        self._given_cache_dir = _cache_folder(cache_dir) if cache_dir is not None else None
        self._root = self._given_cache_dir or _cache_folder(str(datasets.config.HF_DATASETS_CACHE))
        if not is_utf8(self._root):
            raise ImageNetSError(f"the cache {self._root}: its name is not UTF-8, and Arrow opens no other. Rename it.")
        # Where that can't be written, what is there can still be read, and streams need nothing: `datasets` itself,
        # which wants to lock something, gets a temporary folder.
        root = self._root if why_not_writable(self._root) is None else temporary_folder(self._root)
        try:
            super().__init__(cache_dir=root, config_name=name, **options)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            super().__init__(cache_dir=temporary_folder(self._root), config_name=name, **options)
        self._built: dict[str, tuple[str, datasets.DatasetInfo]] = {}
        self._build_options: dict[str, Any] = {}

    def download_and_prepare(self, output_dir: str | None = None, *args: Any, **options: Any) -> None:
        """Build the splits; from `datasets.load_dataset`, only note how to: `as_dataset` builds what it is asked for.

        Args:
            output_dir: write all splits there, as `datasets.DatasetBuilder` does, rather than into the cache.
            *args, **options: see `datasets.DatasetBuilder.download_and_prepare`.
        """
        if output_dir is not None or args or options.get("file_format", "arrow") != "arrow":
            super().download_and_prepare(output_dir, *args, **options)
            return
        self._built.clear()
        self._build_options = options
        # load_dataset always passes a verification_mode; whoever calls this themselves hardly ever does, and wants all
        # splits now. A wrong guess costs nothing but the moment at which a split is built.
        if options.get("verification_mode") is None:
            self._prepare(self._possible_splits())

    def as_dataset(self, split: Any = None, in_memory: bool = False, **ignored: Any) -> Any:
        """The rows of a split, built if they are not in the cache.

        Args:
            split: as in `datasets.load_dataset`: a name, a slice, a sum, a `ReadInstruction`, or several of them in a
                list; official spellings too. None for all that the source can have.
            in_memory: copy the table into memory.
            **ignored: what datasets 3 and 4.0 pass besides.

        Returns:
            A `Dataset`; a `DatasetDict` for None; a list for a list.

        Raises:
            ImageNetSError: no such split, or it can't be built; the message says why.
        """
        if self._output_dir != self._cache_dir:  # download_and_prepare(output_dir) was called
            return super().as_dataset(split, in_memory=in_memory)
        if split is None:
            names = self._possible_splits()
            self._prepare(names)
            return datasets.DatasetDict({name: self._read(name, in_memory) for name in names})
        if isinstance(split, (list, tuple)):
            self._prepare(self._asked(split))
            return type(split)(self._read(name, in_memory) for name in split)
        self._prepare(self._asked([split]))
        return self._read(split, in_memory)

    def as_streaming_dataset(self, split: Any = None, base_path: str | None = None) -> Any:
        """The rows of a split as a stream: nothing is built.

        Args:
            split: a name or a sum of names, or a list of them; None for all that the source can have.
            base_path: ignored; it is an argument of `datasets`.
        """
        if split is None:
            streams = {name: self._stream(name) for name in self._possible_splits()}
            return datasets.IterableDatasetDict(streams)
        if isinstance(split, (list, tuple)):
            return type(split)(self.as_streaming_dataset(name) for name in split)
        if "[" in split_text(split):
            raise ImageNetSError(f"split {str(split)!r}: a stream has no slices; use .take(n) and .skip(n) on it.")
        streams = {name: self._stream(name) for name in self._asked([split])}
        return next(iter(streams.values())) if len(streams) == 1 else datasets.concatenate_datasets([*streams.values()])

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        names = self._possible_splits()
        if isinstance(dl_manager, datasets.StreamingDownloadManager):
            # `get_dataset_split_names`; our streams do not come this way. It wants the names and nothing else.
            return [datasets.SplitGenerator(name=name) for name in names]
        num_proc = dl_manager.download_config.num_proc
        return [self.generator(self._source, name, streaming=False, num_proc=num_proc)[0] for name in names]

    @functools.cached_property
    def _source(self) -> Source:
        config = self.config
        return open_source(
            config.name,
            config.resolved_data_dir,
            config.resolved_annotations_dir,
            config.verify,
            self._given_cache_dir,
        )

    def _possible_splits(self) -> list[str]:
        """The splits where none is named: those of `splits=`, or those the source can have."""
        if self.config.splits is not None:
            return selected_splits(self._source, self.config.splits, self.config.image_ids)
        if self._source.absent:
            _say_once(self._source.absent)
        return selected_splits(self._source, self._source.splits, self.config.image_ids)

    def _names(self, split: Any) -> list[str]:
        """The names in what `split=` may be, each once."""
        names: list[str] = []
        for part in split_text(split).split("+"):
            name = part.split("[")[0].split("(")[0].strip()
            names += self._possible_splits() if name == "all" else [split_name(name, self.config.name)]
        return list(dict.fromkeys(names))

    def _asked(self, splits: Any) -> list[str]:
        """The names in several `split=`, where every image of `image_ids=` is in one of them."""
        names = [name for split in splits for name in self._names(split)]
        selected_splits(self._source, names, self.config.image_ids)
        return names

    def _stream(self, name: str) -> datasets.IterableDataset:
        with errors_of_the_disk(self._root):  # it keeps masks, as a build does
            generator, _ = self.generator(self._source, name, streaming=True)
        return self._as_streaming_dataset_single(generator)

    def _prepare(self, names: list[str]) -> None:
        """Build what is not in the cache, or was made from something else."""
        for name in dict.fromkeys(names):
            if name in self._built:
                continue
            folder = f"{name}-{self._identity(name)}"
            path = os.path.join(self._root, self._relative_data_dir(), folder)
            mode = datasets.DownloadMode(self._build_options.get("download_mode") or "reuse_dataset_if_exists")
            is_built = os.path.exists(os.path.join(path, datasets.config.DATASET_INFO_FILENAME))
            if not is_built or mode != datasets.DownloadMode.REUSE_DATASET_IF_EXISTS:
                self._build(name, folder, again=mode != datasets.DownloadMode.REUSE_DATASET_IF_EXISTS)
            elif (note := incomplete_note(path)).exists():
                logger.warning("%s", note.read_text(encoding="utf-8"))
            self._built[name] = (path, datasets.DatasetInfo.from_directory(path))
        splits = datasets.SplitDict(dataset_name=NAME)
        for name, (_, info) in self._built.items():
            splits.add(info.splits[name])
        self.info.splits = splits

    def _build(self, name: str, folder: str, again: bool) -> None:
        if (problem := why_not_writable(self._root)) is not None:
            raise ImageNetSError(
                f"{self._root} can't be written ({problem}), so nothing can be built there: name a folder with "
                "cache_dir=... or the environment variable HF_DATASETS_CACHE; streaming=True needs none."
            )
        options = self._build_options
        with errors_of_the_disk(self._root):
            builder = SplitBuilder(self._source, name, folder, self.config, self._root, options.get("num_proc"), again)
            builder.download_and_prepare(**options)

    def _identity(self, name: str) -> str:
        """A digest of what the rows of a split are made from, and by."""
        release = version.__version__
        made_from = [release, self._source.identity(name, self.config.image_ids)]
        return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]

    def _read(self, split: Any, in_memory: bool) -> datasets.Dataset:
        """What is built, as the `split=` of `datasets` says it."""
        text = split_text(split)
        if text == "all":
            text = "+".join(self._names(split))
        instruction = datasets.ReadInstruction.from_spec(text)
        names = self._names(text)
        if len(names) == 1:
            return self._table(names[0], instruction, in_memory)
        lengths = {name: self._built[name][1].splits[name].num_examples for name in names}
        tables = [
            self._table(
                piece.splitname,
                datasets.ReadInstruction(piece.splitname, from_=piece.from_, to=piece.to, unit="abs"),
                in_memory,
            )
            for piece in instruction.to_absolute(lengths)
        ]
        info = tables[0].info.copy()
        info.splits = datasets.SplitDict({name: self._built[name][1].splits[name] for name in names})
        return datasets.concatenate_datasets(tables, info=info, split=datasets.Split(text))

    def _table(self, name: str, instruction: Any, in_memory: bool) -> datasets.Dataset:
        folder, info = self._built[name]
        read = ArrowReader(folder, info).read(
            name=NAME, instructions=instruction, split_infos=info.splits.values(), in_memory=in_memory
        )
        key = f"{Path(self._relative_data_dir()).as_posix()}/{Path(folder).name} {instruction.to_spec()}"
        return datasets.Dataset(fingerprint=hashlib.sha256(key.encode()).hexdigest()[:16], **read)


def _cache_folder(cache_dir: Any) -> str:
    return os.path.abspath(local_path(cache_dir, "cache_dir"))


@functools.cache
def _say_once(text: str) -> None:
    logger.warning("%s", text)
