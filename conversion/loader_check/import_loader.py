"""Importing a user's Dataset from `MODULE:DATASET`."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ..core.errors import ImageNetSError, cause


def load_dataset_object(address: str, arguments: Mapping[str, Any] | None = None) -> Any:
    """Import a Dataset, or call what makes one.

    Args:
        address: `package.module:Name` or `folder/file.py:Name`: a class, a function that returns a Dataset, or a
            Dataset. The current folder is searched, as by `python -m`.
        arguments: keyword arguments for a class or function.

    Raises:
        ImageNetSError: it can't be imported or called, or is no Dataset.
    """
    module_name, _, name = address.rpartition(":")
    if not module_name or not name:
        raise ImageNetSError(f"{address}: expected MODULE:DATASET, as my_project.data:ImageNetS or data.py:ImageNetS.")
    try:
        target: Any = _module(module_name)
    except ImageNetSError:
        raise
    except Exception as error:  # user code may raise anything
        raise ImageNetSError(f"{module_name} cannot be imported ({type(error).__name__}: {cause(error)}).") from error
    for part in name.split("."):
        if not hasattr(target, part):
            names = ", ".join(sorted(attribute for attribute in vars(target) if not attribute.startswith("_"))[:10])
            raise ImageNetSError(f"{module_name} has no {part}; it has {names}.")
        target = getattr(target, part)
    is_dataset = not isinstance(target, type) and (hasattr(target, "__getitem__") or hasattr(target, "__iter__"))
    if not is_dataset:
        if not callable(target):
            raise ImageNetSError(
                f"{address} is a {type(target).__name__}: expected a Dataset, its class, or a function."
            )
        try:
            target = target(**(arguments or {}))
        except Exception as error:  # user code may raise anything
            raise ImageNetSError(
                f"{address} cannot be called so ({type(error).__name__}: {error}); --kwargs gives it arguments as "
                "JSON, or write a function without arguments that returns the Dataset."
            ) from error
    if not (hasattr(target, "__iter__") or (hasattr(target, "__getitem__") and hasattr(target, "__len__"))):
        raise ImageNetSError(f"{address} gives a {type(target).__name__}, which can be neither indexed nor iterated.")
    return target


def _module(name: str) -> ModuleType:
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    if not name.endswith(".py"):
        return importlib.import_module(name)
    path = os.path.abspath(name)
    spec = importlib.util.spec_from_file_location(os.path.basename(name)[:-3], path)
    if spec is None or spec.loader is None or not os.path.isfile(path):
        raise ImageNetSError(f"{name}: there is no such file.")
    sys.path.insert(0, os.path.dirname(path))  # its neighbours, as for a script
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
