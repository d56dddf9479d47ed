"""Registering one more name with `datasets`, so that `load_dataset("imagenet_s", ...)` finds the builder.

`datasets` has no hook for it since 4.0 removed loading scripts. Every `load_*` and `get_dataset_*` function calls
`dataset_module_factory`; it is wrapped so that one name is answered here and all others pass through.
"""

from __future__ import annotations

import functools
import inspect as python_inspect
import os
import warnings
from typing import Any

import datasets
import datasets.inspect
import datasets.load

_REGISTERED = "_registered_names"


def register_builder(name: str, module: str, instead: str) -> bool:
    """Make `datasets.load_dataset(name, ...)` build with the `DatasetBuilder` of a module.

    A local folder of that name is loaded instead where no `data_dir` is given, as with any other name. Registering a
    name twice changes nothing.

    Args:
        name: what users write; no other name is affected.
        module: the importable module that holds the one builder class.
        instead: what users can call where a future `datasets` has changed and a warning says so.

    Returns:
        Whether it worked.
    """
    original = getattr(datasets.load, "dataset_module_factory", None)
    if name in getattr(original, _REGISTERED, ()):
        return True
    try:
        parameters = python_inspect.signature(original).parameters  # type: ignore[arg-type]
        answer = datasets.load.DatasetModule(module, None, {"dataset_name": name})
        if "path" not in parameters or "data_dir" not in parameters:
            raise TypeError("dataset_module_factory has other parameters")
    except (TypeError, AttributeError) as error:
        warnings.warn(
            f"datasets {datasets.__version__} has moved what load_dataset({name!r}) leans on ({error}): "
            f"use {instead} instead, which needs none of it, or an earlier datasets.",
            RuntimeWarning,
            stacklevel=3,
        )
        return False

    @functools.wraps(original)  # type: ignore[arg-type]
    def dataset_module_factory(path: str, *args: Any, **kwargs: Any) -> Any:
        if path == name and (kwargs.get("data_dir") is not None or not os.path.isdir(name)):
            return answer
        return original(path, *args, **kwargs)  # type: ignore[misc]

    setattr(dataset_module_factory, _REGISTERED, {name, *getattr(original, _REGISTERED, ())})
    datasets.load.dataset_module_factory = dataset_module_factory
    if getattr(datasets.inspect, "dataset_module_factory", None) is original:
        datasets.inspect.dataset_module_factory = dataset_module_factory  # type: ignore[attr-defined]
    return True
