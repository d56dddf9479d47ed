"""ImageNet-S for Hugging Face: pixel masks for ImageNet as a data set, and matched mIoU as a metric.

>>> import imagenet_s                      # registers the name with datasets
>>> from datasets import load_dataset
>>> ds = load_dataset("imagenet_s", "919", data_dir="/data/imagenet")  # doctest: +SKIP

This module makes itself the package: a checkout keeps its folders (`conversion`, `metrics`, `report`, `cli`) beside
this file, an installed copy keeps them in `imagenet_s/` beside it. It holds the public names. Importing it imports
neither `datasets` nor pyarrow, which take a second: what needs them is imported when it is first used, and the builder
(`conversion/dataset/builder.py`) is registered once `datasets` is imported, before or after.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

_HERE = os.path.dirname(os.path.abspath(__file__))
_INSTALLED = os.path.join(_HERE, "imagenet_s")
# Any folder may be called so (a cache, a data set); only an installed copy holds the package.
__path__ = [_INSTALLED if os.path.isfile(os.path.join(_INSTALLED, "conversion", "__init__.py")) else _HERE]
# The imports below are relative, so that an editor follows them in a checkout.
if __spec__ is not None:
    __spec__.submodule_search_locations = __path__
__package__ = "imagenet_s"

from .conversion.core.errors import ImageNetSError  # noqa: E402
from .conversion.core.version import __version__  # noqa: E402
from .conversion.facts import (  # noqa: E402
    IGNORE_ID,
    OTHER_ID,
    Categories,
    Category,
    categories,
)
from .conversion.facts.baselines import Baseline, baselines  # noqa: E402

if TYPE_CHECKING:
    from .conversion.dataset.builder import ImageNetS
    from .conversion.dataset.config import ImageNetSConfig
    from .conversion.dataset.load import load_dataset
    from .conversion.dataset.subset import subset, subset_digest
    from .conversion.masks.codec import decode_mask, encode_mask
    from .conversion.masks.target_mask import target_mask

__all__ = [
    "IGNORE_ID",
    "LOCALIZATION",
    "MATCHED_MIOU",
    "OTHER_ID",
    "Baseline",
    "Categories",
    "Category",
    "ImageNetS",
    "ImageNetSConfig",
    "ImageNetSError",
    "__version__",
    "baselines",
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
    "ImageNetS": "conversion.dataset.builder",
    "ImageNetSConfig": "conversion.dataset.config",
    "decode_mask": "conversion.masks.codec",
    "encode_mask": "conversion.masks.codec",
    "load_dataset": "conversion.dataset.load",
    "subset": "conversion.dataset.subset",
    "subset_digest": "conversion.dataset.subset",
    "target_mask": "conversion.masks.target_mask",
}


def __getattr__(name: str) -> Any:
    if name in ("conversion", "metrics", "report", "cli"):
        return importlib.import_module(f"{__name__}.{name}")
    if name in _IMPORTED_WHEN_USED:
        return getattr(importlib.import_module(f"{__name__}.{_IMPORTED_WHEN_USED[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _register() -> None:
    from .conversion.dataset.registration import register_builder

    register_builder(__name__, f"{__name__}.conversion.dataset.builder", f"{__name__}.load_dataset(...)")


class _DatasetsImport(importlib.abc.MetaPathFinder):
    """Registers the builder right after `datasets` is imported; finds nothing by itself."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """The spec of `datasets` from the other finders, with registration added to its loading."""
        if name != "datasets":
            return None
        others = (finder.find_spec(name, path, target) for finder in sys.meta_path if finder is not self)
        spec = next((candidate for candidate in others if candidate is not None), None)
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
    # This module may be executed again (`importlib.reload`): two finders would ask each other without an end.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "_DatasetsImport"]
    sys.meta_path.insert(0, _DatasetsImport())
