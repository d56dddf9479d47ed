"""`embeddings.npz` of an earlier run: what it was made with, and the embeddings of all segments with their ids."""

from __future__ import annotations

import json
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...conversion.core.errors import cause
from ..matched_miou.counts_file import DAMAGED_NPZ


def read_embeddings(path: str) -> tuple[dict[str, Any], NDArray[Any], NDArray[Any]]:
    """The settings, N x D embeddings and N ids.

    Raises:
        ValueError: not such a file, or a damaged one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            # NumPy reads no further than an array goes: a size that is too large would hide a wrong checksum.
            if (damaged := archive.testzip()) is not None:
                raise ValueError(f"{damaged} is damaged")
        with np.load(path, allow_pickle=False) as stored:
            settings, embeddings, ids = json.loads(str(stored["made_with"])), stored["embeddings"], stored["ids"]
        fit = ids.shape == embeddings.shape[:1] and embeddings.ndim == 2 and len(ids)
        if not (fit and isinstance(settings, dict) and embeddings.dtype.kind == "f" and ids.dtype.kind in "iu"):
            raise ValueError("its arrays do not fit together")
    except DAMAGED_NPZ as error:
        raise ValueError(
            f"{path} holds no embeddings of distance-match ({cause(error)}): remove it and what was predicted with it, "
            "or give another OUTPUT."
        ) from error
    return settings, embeddings, ids
