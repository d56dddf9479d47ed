"""Saved counts and scores as an older version wrote them."""

from pathlib import Path

import numpy as np


def without_record(path: Path) -> None:
    """Take the record out of an .npz."""
    with np.load(path) as data:
        arrays = {name: data[name] for name in data.files if name != "record"}
    np.savez_compressed(path, **arrays)
