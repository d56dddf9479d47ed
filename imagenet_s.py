"""ImageNet-S for Hugging Face: pixel masks for ImageNet as a data set, and matched mIoU as a metric.

>>> import imagenet_s                      # teaches datasets the name
>>> from datasets import load_dataset
>>> ds = load_dataset("imagenet_s", "919", data_dir="/data/imagenet")  # doctest: +SKIP

This module makes itself the package: a checkout keeps its folders (`conversion`, `metrics`, `cli`) beside this file, an
installed copy keeps them in `imagenet_s/` beside it. It holds the builder and the public names; what the builder does
is in `imagenet_s.conversion`.
"""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import datasets
import pyarrow as pa

_HERE = os.path.dirname(os.path.abspath(__file__))
_INSTALLED = os.path.join(_HERE, "imagenet_s")
__path__ = [_INSTALLED if os.path.isdir(_INSTALLED) else _HERE]
if __spec__ is not None:
    __spec__.submodule_search_locations = __path__

from imagenet_s.conversion import examples as _rows  # noqa: E402
from imagenet_s.conversion import split_plan as _plan  # noqa: E402
from imagenet_s.conversion.errors import ImageNetSError  # noqa: E402
from imagenet_s.conversion.facts import (  # noqa: E402
    CONFIG_NAMES,
    IGNORE_ID,
    OTHER_ID,
    SPELLINGS,
    TRAINING_SPLITS,
    Categories,
    Category,
    categories,
    split_names,
)
from imagenet_s.conversion.imagenet.base import ImageReader  # noqa: E402
from imagenet_s.conversion.mask_codec import decode_mask, encode_mask  # noqa: E402
from imagenet_s.conversion.registration import register_builder  # noqa: E402
from imagenet_s.conversion.source import open_source, resolve_annotations_dir, resolve_data_dir  # noqa: E402

__version__ = "0.1.0"
__all__ = [
    "IGNORE_ID",
    "MATCHED_MIOU",
    "OTHER_ID",
    "Categories",
    "Category",
    "ImageNetS",
    "ImageNetSConfig",
    "ImageNetSError",
    "categories",
    "decode_mask",
    "encode_mask",
    "load_dataset",
]

MATCHED_MIOU = os.path.join(__path__[0], "metrics", "matched_miou")
"""The folder of the metric, for `evaluate.load`."""

_CITATION = """\
@article{gao2022luss,
  title={Large-scale Unsupervised Semantic Segmentation},
  author={Gao, Shanghua and Li, Zhong-Yu and Yang, Ming-Hsuan and Cheng, Ming-Ming and Han, Junwei and Torr, Philip},
  journal={IEEE Transactions on Pattern Analysis and Machine Intelligence},
  year={2022}
}"""


@dataclass
class ImageNetSConfig(datasets.BuilderConfig):
    """What can be said about a data set of ImageNet-S.

    Attributes:
        data_dir: ImageNet in any usual layout, or the official ImageNet-S tree; else `$IMAGENET_S_DATA_DIR`.
        annotations_dir: archives and lists under their original names, extracted masks with the lists beside them, or a
            data set that `imagenet-s convert` wrote; else `$IMAGENET_S_ANNOTATIONS_DIR`, else they are
            downloaded when a split asks for them.
        splits: build only these; all of the configuration for None.
        on_missing: `"error"` refuses an incomplete ImageNet, `"skip"` goes on without the images it lacks.
        verify: check archives and lists by their checksums and splits by the official counts; False is for miniatures
            and subsets of one's own.
    """

    data_dir: str | None = None
    annotations_dir: str | None = None
    splits: Sequence[str] | None = None
    on_missing: Literal["error", "skip"] = "error"
    verify: bool = True

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: datasets.Features | None = None) -> str:
        """The name of the cache: two spellings of the same thing share one.

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

    Example:
        >>> builder = ImageNetS("300", data_dir="/data/imagenet")  # doctest: +SKIP
        >>> builder.download_and_prepare()  # doctest: +SKIP
        >>> builder.as_dataset("validation")  # doctest: +SKIP
    """

    VERSION = datasets.Version("1.0.0")
    BUILDER_CONFIG_CLASS = ImageNetSConfig
    BUILDER_CONFIGS = [ImageNetSConfig(name=name, version=datasets.Version("1.0.0")) for name in CONFIG_NAMES]  # noqa: RUF012
    DEFAULT_CONFIG_NAME = "919"
    DEFAULT_WRITER_BATCH_SIZE = 20_000
    config: ImageNetSConfig

    def __init__(self, config_name: str | None = None, *, cache_dir: str | None = None, **options: Any) -> None:
        """See `ImageNetSConfig` for what can be given; the rest is `datasets.DatasetBuilder`'s."""
        super().__init__(cache_dir=cache_dir, config_name=config_name and str(config_name), **options)
        self._show_as_stored()

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description="Pixel masks for ImageNet: 919 classes, for unsupervised and semi-supervised segmentation.",
            features=_rows.features(self.config.name),
            homepage="https://LUSSeg.github.io/",
            citation=_CITATION,
            license="ImageNet's terms of access: non-commercial research and education",
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        config = self.config
        data_dir = resolve_data_dir(config.data_dir)
        source = open_source(config.name, data_dir, resolve_annotations_dir(config.annotations_dir), config.verify)
        known = split_names(config.name)
        if unknown := [one for one in config.splits or () if one not in known]:
            raise ImageNetSError(f"ImageNet-S-{config.name} has no split {unknown[0]!r}; it has {', '.join(known)}.")
        streaming = isinstance(dl_manager, datasets.StreamingDownloadManager)
        generators = []
        for split in config.splits or source.splits:
            plan = _plan.plan_split(source, split, config.verify)
            _plan.check_plan(plan, config.name, config.on_missing)
            generators.append(
                datasets.SplitGenerator(
                    name=split,
                    gen_kwargs={
                        "shards": plan.shards(),
                        "part": plan.part,
                        "masks": plan.masks,
                        # Training files are not opened to build a table of paths: see conversion/features.py.
                        "examine": streaming or split not in TRAINING_SPLITS or not plan.part.holds_paths,
                    },
                )
            )
        return generators

    def _generate_tables(
        self, shards: list[pa.Table], part: ImageReader, masks: str | None, examine: bool
    ) -> Iterator[tuple[tuple[int, int], pa.Table]]:
        if not examine:
            shards = [pa.concat_tables(shards)]  # a table of paths opens faster in few pieces
        for number, shard in enumerate(shards):
            try:
                for batch, table in enumerate(_rows.generate(shard, part, masks, examine)):
                    # In one piece: datasets 3.6 loses its place in a stream whose tables are in several.
                    yield (number, batch), table.combine_chunks()
            except ImageNetSError as error:
                raise _BuildError(str(error)) from error

    def _show_as_stored(self) -> None:
        """Put our image feature where a plain one was read back from the cache."""
        ours = _rows.features(self.config.name)
        if self.info.features is not None and self.info.features == ours:
            self.info.features = ours


class _BuildError(ImageNetSError, datasets.exceptions.DatasetGenerationError):
    """Ours in the middle of a build; `datasets` passes its own kind on instead of hiding it behind a general one."""


def load_dataset(
    config: str | int = "919",
    *,
    data_dir: str | os.PathLike[str] | None = None,
    split: str | None = None,
    streaming: bool = False,
    annotations_dir: str | os.PathLike[str] | None = None,
    splits: Sequence[str] | None = None,
    on_missing: Literal["error", "skip"] = "error",
    verify: bool = True,
    cache_dir: str | None = None,
    num_proc: int | None = None,
    keep_in_memory: bool = False,
    download_mode: str | None = None,
) -> Any:
    """Load ImageNet-S, building only the split that is asked for.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        data_dir: see `ImageNetSConfig`, as for `annotations_dir`, `splits`, `on_missing` and `verify`.
        split: as in `datasets.load_dataset`, official spellings included: `"train-semi"`, `"val[:10%]"`.
        streaming: rows as they are read, without building anything.
        cache_dir: where to build; the cache of `datasets` by default.
        num_proc: processes to build with.
        keep_in_memory: copy the table into memory.
        download_mode: `"force_redownload"` builds anew, for an ImageNet that has changed.

    Returns:
        A `Dataset` or `IterableDataset` for a split, a `DatasetDict` or `IterableDatasetDict` without one.

    Raises:
        ImageNetSError: ImageNet or the annotations are missing, incomplete or damaged.
    """
    if split is not None:
        split = re.sub(r"(?<![\w-])(train-semi|train-full|val)(?![\w-])", lambda m: SPELLINGS[m[0]], split)
        asked = [one.split("[")[0].strip() for one in split.split("+")]
        if splits is None and "all" not in asked:
            splits = asked
    builder = ImageNetS(
        str(config),
        cache_dir=cache_dir,
        data_dir=os.fspath(data_dir) if data_dir is not None else None,
        annotations_dir=os.fspath(annotations_dir) if annotations_dir is not None else None,
        splits=splits,
        on_missing=on_missing,
        verify=verify,
    )
    if streaming:
        return builder.as_streaming_dataset(split=split)
    builder.download_and_prepare(num_proc=num_proc, download_mode=download_mode)
    return builder.as_dataset(split=split, in_memory=keep_in_memory)


def __getattr__(name: str) -> Any:
    """Import `imagenet_s.metrics` and the like when they are first used."""
    if name in ("conversion", "metrics", "cli"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


register_builder("imagenet_s", __name__)
