"""The builders that `imagenet_s.ImageNetS` is made of: rows from a split plan, and a split in a folder of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa

from ..converted.columns import features
from ..core.atomic_write import DISK_FULL
from ..core.errors import ImageNetSError
from ..core.locks import NO_LOCKS

# By two dots: datasets 3 patches `os.path` in what the file of a builder imports by one, and `x::y` becomes `x`.
from ..dataset.config import VERSION, ImageNetSConfig
from ..dataset.examples import generate
from ..dataset.plan_check import check_plan, warn_of_labels
from ..dataset.source import Source
from ..dataset.split_plan import plan_split
from ..facts import CONFIG_NAMES, TRAINING_SPLITS
from ..facts.spellings import OnMissing
from ..imagenet.image_folder import ImageFolderReader
from ..imagenet.image_reader import ImageReader
from ..imagenet.orientation_index import rows_with_rotated_images

NAME = "imagenet_s"
"""What `datasets` calls the data set, in the cache too."""

_CITATION = """\
@article{gao2022luss,
  title={Large-scale Unsupervised Semantic Segmentation},
  author={Gao, Shanghua and Li, Zhong-Yu and Yang, Ming-Hsuan and Cheng, Ming-Ming and Han, Junwei and Torr, Philip},
  journal={IEEE Transactions on Pattern Analysis and Machine Intelligence},
  year={2022}
}"""


class RowsBuilder(datasets.ArrowBasedBuilder):
    """Base builder: columns, and Arrow tables from split plans. Subclasses choose the splits."""

    VERSION = VERSION
    BUILDER_CONFIG_CLASS = ImageNetSConfig
    BUILDER_CONFIGS = [ImageNetSConfig(name=name, version=VERSION) for name in CONFIG_NAMES]  # noqa: RUF012
    DEFAULT_CONFIG_NAME = "919"
    DEFAULT_WRITER_BATCH_SIZE = 20_000
    config: ImageNetSConfig

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description="Pixel masks for ImageNet: 919 classes, for unsupervised and semi-supervised segmentation.",
            features=features(self.config.name),
            homepage="https://LUSSeg.github.io/",
            citation=_CITATION,
            license="ImageNet's terms of access: non-commercial research and education",
        )

    def _download_and_prepare(self, dl_manager: Any, verification_mode: Any, **options: Any) -> None:
        # What an earlier build counted says nothing about the source of today.
        self.info.splits = None
        super()._download_and_prepare(dl_manager, verification_mode, **options)

    def generator(
        self, source: Source, split: str, streaming: bool, num_proc: int | None = None, again: bool = False
    ) -> tuple[datasets.SplitGenerator, str | None]:
        """What `datasets` makes a split from, and a sentence that says what it lacks; None where it is complete.

        Args:
            source: the opened ImageNet and its annotations.
            split: the split.
            streaming: look at each image when it is read; otherwise training files are looked at here.
            num_proc: processes to do that with.
            again: do that even if it was done before.
        """
        # Of what can be read from front to back only, a stream compares each pair when it comes to it.
        sizes = None if not streaming or source.reader(split).random_access else False
        plan = plan_split(source, split, self.config.verify, sizes=sizes, image_ids=self.config.image_ids)
        lacks = check_plan(plan, self.config.name, self.config.on_missing)
        lacks = "\n".join(filter(None, (lacks, warn_of_labels(plan, self.config.name)))) or None
        rows, inspect = plan.rows, True
        if split in TRAINING_SPLITS and isinstance(plan.reader, ImageFolderReader) and not streaming:
            inspect = False
            rows = rows.append_column("replace", rows_with_rotated_images(plan.reader, rows, num_proc, again))
        generator = datasets.SplitGenerator(
            name=split,
            gen_kwargs={
                "shards": plan.reader.cut(rows, shard_count(rows.num_rows)),
                "reader": plan.reader,
                "masks": plan.masks,
                "inspect": inspect,
                "on_missing": None if plan.compared else self.config.on_missing,
            },
        )
        generator.split_info.num_examples = rows.num_rows  # for the progress bar
        return generator, lacks

    def _generate_tables(
        self,
        shards: list[pa.Table],
        reader: ImageReader,
        masks: str | None,
        inspect: bool,
        on_missing: OnMissing | None,
    ) -> Iterator[tuple[tuple[int, int], pa.Table]]:
        if not inspect:
            shards = [pa.concat_tables(shards)]  # a table of paths opens faster in few pieces
        for number, shard in enumerate(shards):
            try:
                for batch, table in enumerate(generate(shard, reader, masks, inspect, on_missing=on_missing)):
                    # In one piece: datasets 3.6 loses its place in a stream whose tables are in several.
                    yield (number, batch), table.combine_chunks()
            except ImageNetSError as error:
                raise BuildError(str(error)) from error


class SplitBuilder(RowsBuilder):
    """One split, built into `<cache>/imagenet_s/<configuration>/<version>/<split>-<identity>`.

    The identity is a digest of what the rows are made from: where that has changed, another folder is asked for.
    """

    def __init__(
        self,
        source: Source,
        split: str,
        folder: str,
        config: ImageNetSConfig,
        cache_dir: str,
        num_proc: int | None,
        again: bool,
    ) -> None:
        self.source, self.split, self.num_proc, self.again = source, split, num_proc, again
        super().__init__(
            cache_dir=cache_dir,
            dataset_name=NAME,
            config_name=config.name,
            hash=folder,
            data_dir=config.data_dir,
            annotations_dir=config.annotations_dir,
            on_missing=config.on_missing,
            verify=config.verify,
            image_ids=config.image_ids,
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        generator, lacks = self.generator(self.source, self.split, False, self.num_proc, self.again)
        if lacks is not None:
            incomplete_note(self._output_dir).write_text(lacks, encoding="utf-8")
        return [generator]


def incomplete_note(folder: str) -> Path:
    """The file beside a build that says what it lacks; there is none beside a complete one."""
    return Path(folder, "incomplete.txt")


class BuildError(ImageNetSError, datasets.exceptions.DatasetGenerationError):
    """What is wrong with an image or a mask, found while rows are built.

    An `ImageNetSError`, and a `DatasetGenerationError`, which `datasets` passes on: any other that is raised while it
    builds is hidden behind a general one.
    """


@contextlib.contextmanager
def errors_of_the_disk(root: str) -> Iterator[None]:
    """What the disk of the cache refuses, by name: of what `datasets` writes, an OSError names no file.

    Raises:
        ImageNetSError: it is full, or has no locks.
    """
    try:
        yield
    except (OSError, datasets.exceptions.DatasetGenerationError) as error:
        refused = error if isinstance(error, OSError) else error.__cause__
        number = refused.errno if isinstance(refused, OSError) else None
        elsewhere = "a folder elsewhere with cache_dir=... or the environment variable HF_DATASETS_CACHE"
        if number in NO_LOCKS:
            raise ImageNetSError(
                f"{root} lies on a file system without locks ({refused.strerror}), which `datasets` needs to build: "
                f"name {elsewhere}; streaming=True needs none."
            ) from error
        if number in DISK_FULL:
            raise ImageNetSError(
                f"{refused.filename or root} can't be written ({refused.strerror}): make room and load it again, or "
                f"name {elsewhere}."
            ) from error
        raise


_IMAGES_PER_STREAM_SHARD = 1000
# Numbers of shards with many divisors, so that whole shards can be dealt to almost any number of nodes.
_STREAM_SHARD_COUNTS = (1, 2, 4, 8, 12, 24, 48, 96, 240, 480, 960, 1440)
_MIN_STREAM_SHARDS = 48


def shard_count(num_images: int) -> int:
    """How many shards the builder streams a split in: at most about 1000 images each, a number with many divisors."""
    wanted = max(_MIN_STREAM_SHARDS, -(-num_images // _IMAGES_PER_STREAM_SHARD))
    enough = next((n for n in _STREAM_SHARD_COUNTS if n >= wanted), _STREAM_SHARD_COUNTS[-1])
    return max((n for n in _STREAM_SHARD_COUNTS if n <= min(enough, max(1, num_images))), default=1)
