"""ImageNet-S for Hugging Face: pixel masks for ImageNet as a data set, and matched mIoU as a metric.

>>> import imagenet_s                      # registers the name with datasets
>>> from datasets import load_dataset
>>> ds = load_dataset("imagenet_s", "919", data_dir="/data/imagenet")  # doctest: +SKIP

This module makes itself the package: a checkout keeps its folders (`conversion`, `metrics`, `cli`) beside this file, an
installed copy keeps them in `imagenet_s/` beside it. It holds the public names. Importing it imports neither `datasets`
nor pyarrow, which take a second: what needs them is imported when it is first used, and the builder
(`conversion/builder.py`) is registered once `datasets` is imported, before or after.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

_HERE = os.path.dirname(os.path.abspath(__file__))
_INSTALLED = os.path.join(_HERE, "imagenet_s")
# Any folder may be called so (a cache, a data set); only an installed copy holds the package.
__path__ = [_INSTALLED if os.path.isfile(os.path.join(_INSTALLED, "conversion", "__init__.py")) else _HERE]
if __spec__ is not None:
    __spec__.submodule_search_locations = __path__

from imagenet_s.conversion.errors import ImageNetSError  # noqa: E402
from imagenet_s.conversion.facts import (  # noqa: E402
    IGNORE_ID,
    OTHER_ID,
    Categories,
    Category,
    categories,
)

if TYPE_CHECKING:
    from imagenet_s.conversion.builder import ImageNetS
    from imagenet_s.conversion.dataset_config import ImageNetSConfig
    from imagenet_s.conversion.mask_codec import decode_mask, encode_mask
    from imagenet_s.conversion.subset import subset, subset_digest
    from imagenet_s.conversion.target_mask import target_mask

__version__ = "0.1.0"
__all__ = [
    "IGNORE_ID",
    "LOCALIZATION",
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
    "subset",
    "subset_digest",
    "target_mask",
]

MATCHED_MIOU = os.path.join(__path__[0], "metrics", "matched_miou")
"""The folder of the metric, for `evaluate.load`."""
LOCALIZATION = os.path.join(__path__[0], "metrics", "localization")
"""The folder of the scores of maps, for `evaluate.load`."""

_IMPORTED_WHEN_USED = {
    "ImageNetS": "conversion.builder",
    "ImageNetSConfig": "conversion.dataset_config",
    "decode_mask": "conversion.mask_codec",
    "encode_mask": "conversion.mask_codec",
    "subset": "conversion.subset",
    "subset_digest": "conversion.subset",
    "target_mask": "conversion.target_mask",
}


def load_dataset(
    config: str | int = "919",
    *,
    data_dir: str | os.PathLike[str] | None = None,
    split: Any = None,
    streaming: bool = False,
    annotations_dir: str | os.PathLike[str] | None = None,
    splits: Sequence[str] | None = None,
    image_ids: Sequence[str] | None = None,
    on_missing: Literal["error", "skip"] = "error",
    verify: bool = True,
    cache_dir: str | os.PathLike[str] | None = None,
    num_proc: int | None = None,
    keep_in_memory: bool = False,
    download_mode: Any = None,
) -> Any:
    """Load ImageNet-S. Only the split that is asked for is built, and only what it is made from is needed.

    `datasets.load_dataset("imagenet_s", config, ...)` does the same once this package is imported.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        data_dir: ImageNet in any usual layout, or the official ImageNet-S tree; else `$IMAGENET_S_DATA_DIR`.
        split: as in `datasets.load_dataset` (a name, a slice, a sum, a `ReadInstruction`, a list of them), official
            spellings included: `"train-semi"`, `"val[:10%]"`. None for all that the source can have: a folder with
            `val/` alone gives `validation` and `test`.
        streaming: rows as they are read, without building anything.
        annotations_dir: archives and lists under their original names, extracted masks with the lists beside them, or a
            data set that `imagenet-s convert` wrote; else `$IMAGENET_S_ANNOTATIONS_DIR`, else they are downloaded.
        splits: where no `split` is named, load these.
        image_ids: load these images alone, such as `imagenet_s.subset` draws, reading as little as the layout allows.
            In the order given; from Parquet and compressed tars in the order they are stored.
        on_missing: `"error"` refuses an incomplete ImageNet and masks that can't be used (damaged, unknown ids, another
            size than their image); `"skip"` leaves out these images, and logs which.
        verify: check checksums and official counts; False is for miniatures and subsets of one's own.
        cache_dir: where to build; the cache of `datasets` by default.
        num_proc: processes to build with.
        keep_in_memory: copy the table into memory.
        download_mode: `"force_redownload"` builds again. A source that has changed is built again without it, unless
            an image file was replaced in place, under its own name.

    Returns:
        A `Dataset` or `IterableDataset` for a split, a `DatasetDict` or `IterableDatasetDict` without one.

    Raises:
        ImageNetSError: ImageNet or the annotations are missing, incomplete or damaged.

    Examples:
        >>> ds = load_dataset("919", data_dir="/data/imagenet", split="validation")  # doctest: +SKIP
        >>> ds[0]["image_id"], ds[0]["annotation"].mode  # doctest: +SKIP
        ('ILSVRC2012_val_00000293', 'I')
    """
    import datasets

    from imagenet_s.conversion.builder import ImageNetS

    builder = ImageNetS(
        config,
        cache_dir=cache_dir,
        data_dir=os.fspath(data_dir) if data_dir is not None else None,
        annotations_dir=os.fspath(annotations_dir) if annotations_dir is not None else None,
        splits=splits,
        image_ids=image_ids,
        on_missing=on_missing,
        verify=verify,
    )
    if streaming:
        return builder.as_streaming_dataset(split=split)
    checks = datasets.VerificationMode.BASIC_CHECKS  # as datasets.load_dataset: nothing is built before as_dataset
    builder.download_and_prepare(num_proc=num_proc, download_mode=download_mode, verification_mode=checks)
    return builder.as_dataset(split=split, in_memory=keep_in_memory)


def __getattr__(name: str) -> Any:
    if name in ("conversion", "metrics", "cli"):
        return importlib.import_module(f"{__name__}.{name}")
    if name in _IMPORTED_WHEN_USED:
        return getattr(importlib.import_module(f"{__name__}.{_IMPORTED_WHEN_USED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _register() -> None:
    from imagenet_s.conversion.registration import register_builder

    register_builder(__name__, f"{__name__}.conversion.builder", f"{__name__}.load_dataset(...)")


class _DatasetsImport(importlib.abc.MetaPathFinder):
    """Registers the builder right after `datasets` is imported; finds nothing by itself."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """The spec of `datasets` from the other finders, with registration added to its loading."""
        if name != "datasets":
            return None
        others = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((one for one in others if one is not None), None)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                execute(module)
                sys.meta_path.remove(self)
                _register()

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if __name__ == "__main__":  # python -m imagenet_s: run and not imported, as the command line stands above this module
    import runpy

    runpy.run_module("imagenet_s.cli.main", run_name="__main__")
elif __name__ == "__mp_main__":  # the same in a worker process, which imports the package by its name, too
    pass
elif "datasets" in sys.modules:
    _register()
else:
    sys.meta_path.insert(0, _DatasetsImport())
