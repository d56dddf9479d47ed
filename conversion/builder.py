"""The `datasets` builder of ImageNet-S and its configuration. Nothing else in this folder imports it.

`imagenet_s.ImageNetS` and `imagenet_s.ImageNetSConfig` are these classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import datasets
import pyarrow as pa

from imagenet_s.conversion.annotations import resolve_annotations_dir
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.examples import generate
from imagenet_s.conversion.facts import CONFIG_NAMES, SPELLINGS, TRAINING_SPLITS, split_names
from imagenet_s.conversion.features import features
from imagenet_s.conversion.imagenet.image_reader import ImageReader
from imagenet_s.conversion.shards.sharding import shard_count
from imagenet_s.conversion.source import open_source, resolve_data_dir
from imagenet_s.conversion.split_plan import check_plan, plan_split

_CITATION = """\
@article{gao2022luss,
  title={Large-scale Unsupervised Semantic Segmentation},
  author={Gao, Shanghua and Li, Zhong-Yu and Yang, Ming-Hsuan and Cheng, Ming-Ming and Han, Junwei and Torr, Philip},
  journal={IEEE Transactions on Pattern Analysis and Machine Intelligence},
  year={2022}
}"""


@dataclass
class ImageNetSConfig(datasets.BuilderConfig):
    """The arguments of the data set, as `load_dataset("imagenet_s", ...)` takes them.

    Attributes:
        data_dir, annotations_dir, on_missing, verify: as in `imagenet_s.load_dataset`.
        splits: build only these; all of the configuration for None.
    """

    data_dir: str | None = None
    annotations_dir: str | None = None
    splits: Sequence[str] | None = None
    on_missing: Literal["error", "skip"] = "error"
    verify: bool = True

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: datasets.Features | None = None) -> str:
        """The name of the cache: two spellings of one folder share it.

        `datasets` sets the arguments one by one and calls this once all are there, so this is where they are checked.
        """
        if self.on_missing not in ("error", "skip"):
            raise ImageNetSError(f'on_missing={self.on_missing!r}: "error" and "skip" are known.')
        if self.splits is not None:
            given = (self.splits,) if isinstance(self.splits, str) else tuple(self.splits)
            self.splits = tuple(dict.fromkeys(SPELLINGS.get(one, one) for one in given))
        canonical = {
            "data_dir": resolve_data_dir(self.data_dir),
            "annotations_dir": resolve_annotations_dir(self.annotations_dir),
            "splits": ",".join(sorted(self.splits)) if self.splits is not None else None,
            "on_missing": self.on_missing,
            "verify": self.verify,
        }
        return super().create_config_id({k: v for k, v in canonical.items() if v is not None}, custom_features)


class ImageNetS(datasets.ArrowBasedBuilder):
    """ImageNet-S over a copy of ImageNet: configurations `"50"`, `"300"` and `"919"`.

    Args:
        config_name: the configuration; `"919"` by default.
        cache_dir: where to build; the cache of `datasets` by default.
        **options: the attributes of `ImageNetSConfig`, and what `datasets.DatasetBuilder` takes.

    Example:
        >>> builder = ImageNetS("300", data_dir="/data/imagenet")  # doctest: +SKIP
        >>> builder.download_and_prepare()  # doctest: +SKIP
        >>> builder.as_dataset("validation")  # doctest: +SKIP
    """

    # The public module: `datasets` names caches and files after it.
    __module__ = "imagenet_s"

    VERSION = datasets.Version("1.0.0")
    BUILDER_CONFIG_CLASS = ImageNetSConfig
    BUILDER_CONFIGS = [ImageNetSConfig(name=name, version=datasets.Version("1.0.0")) for name in CONFIG_NAMES]  # noqa: RUF012
    DEFAULT_CONFIG_NAME = "919"
    DEFAULT_WRITER_BATCH_SIZE = 20_000
    config: ImageNetSConfig

    def __init__(self, config_name: str | None = None, *, cache_dir: str | None = None, **options: Any) -> None:
        super().__init__(cache_dir=cache_dir, config_name=config_name and str(config_name), **options)
        # A build that was opened again has plain image features: equal, but they would rotate.
        ours = features(self.config.name)
        if self.info.features is not None and self.info.features == ours:
            self.info.features = ours

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description="Pixel masks for ImageNet: 919 classes, for unsupervised and semi-supervised segmentation.",
            features=features(self.config.name),
            homepage="https://LUSSeg.github.io/",
            citation=_CITATION,
            license="ImageNet's terms of access: non-commercial research and education",
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        config = self.config
        source = open_source(config.name, config.data_dir, config.annotations_dir, config.verify)
        known = split_names(config.name)
        if unknown := [one for one in config.splits or () if one not in known]:
            raise ImageNetSError(f"ImageNet-S-{config.name} has no split {unknown[0]!r}; it has {', '.join(known)}.")
        streaming = isinstance(dl_manager, datasets.StreamingDownloadManager)
        generators = []
        for split in config.splits or source.splits:
            plan = plan_split(source, split, config.verify)
            check_plan(plan, config.name, config.on_missing)
            generators.append(
                datasets.SplitGenerator(
                    name=split,
                    gen_kwargs={
                        "shards": plan.reader.cut(plan.rows, shard_count(plan.rows.num_rows)),
                        "reader": plan.reader,
                        "masks": plan.masks,
                        # Training files are not opened to build a table of paths: see features.py.
                        "inspect": streaming or split not in TRAINING_SPLITS or not plan.reader.has_files,
                    },
                )
            )
        return generators

    def _generate_tables(
        self, shards: list[pa.Table], reader: ImageReader, masks: str | None, inspect: bool
    ) -> Iterator[tuple[tuple[int, int], pa.Table]]:
        if not inspect:
            shards = [pa.concat_tables(shards)]  # a table of paths opens faster in few pieces
        for number, shard in enumerate(shards):
            try:
                for batch, table in enumerate(generate(shard, reader, masks, inspect)):
                    # In one piece: datasets 3.6 loses its place in a stream whose tables are in several.
                    yield (number, batch), table.combine_chunks()
            except ImageNetSError as error:
                raise _BuildError(str(error)) from error


class _BuildError(ImageNetSError, datasets.exceptions.DatasetGenerationError):
    """Ours in the middle of a build; `datasets` passes its own kind on instead of hiding it behind a general one."""
