"""`MODULE:DATASET` -> the Dataset."""

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
    """Somebody's Dataset.

    Args:
        address: `package.module:Name` or `folder/file.py:Name`: a class, a function that returns a Dataset, or a
            Dataset. The current folder is looked in, as `python -m` does.
        arguments: what to call a class or function with.

    Raises:
        ImageNetSError: there is no such thing, or it is no Dataset.
    """
    module_name, _, name = address.rpartition(":")
    if not module_name or not name:
        raise ImageNetSError(f"{address}: expected MODULE:DATASET, as my_project.data:ImageNetS or data.py:ImageNetS.")
    try:
        found: Any = _module(module_name)
    except ImageNetSError:
        raise
    except Exception as error:  # somebody's code: anything
        raise ImageNetSError(f"{module_name} cannot be imported ({type(error).__name__}: {cause(error)}).") from error
    for part in name.split("."):
        if not hasattr(found, part):
            names = ", ".join(sorted(one for one in vars(found) if not one.startswith("_"))[:10])
            raise ImageNetSError(f"{module_name} has no {part}; it has {names}.")
        found = getattr(found, part)
    is_dataset = not isinstance(found, type) and (hasattr(found, "__getitem__") or hasattr(found, "__iter__"))
    if not is_dataset:
        if not callable(found):
            raise ImageNetSError(
                f"{address} is a {type(found).__name__}: expected a Dataset, its class, or a function."
            )
        try:
            found = found(**(arguments or {}))
        except Exception as error:  # somebody's code: anything
            raise ImageNetSError(
                f"{address} cannot be called so ({type(error).__name__}: {error}); --kwargs gives it arguments as "
                "JSON, or write a function without arguments that returns the Dataset."
            ) from error
    if not (hasattr(found, "__iter__") or (hasattr(found, "__getitem__") and hasattr(found, "__len__"))):
        raise ImageNetSError(f"{address} gives a {type(found).__name__}, which can be neither indexed nor iterated.")
    return found


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
