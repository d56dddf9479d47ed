"""`embeddings.npz` of an earlier run: what it was made with, and the embeddings of all segments with their ids."""

from __future__ import annotations

import json
import tokenize
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagenet_s.metrics.matched_miou.counts_file import DAMAGED_ZIP
from imagenet_s.metrics.matched_miou.read_mask import cause


def read_embeddings(path: str) -> tuple[dict[str, Any], NDArray[Any], NDArray[Any]]:
    """The settings, N x D embeddings and N ids.

    Raises:
        ValueError: not such a file, or a damaged one.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            settings, embeddings, ids = json.loads(str(stored["made_with"])), stored["embeddings"], stored["ids"]
            if not isinstance(settings, dict) or embeddings.ndim != 2 or ids.shape != embeddings.shape[:1]:
                raise ValueError("its arrays do not fit together")
    except (*DAMAGED_ZIP, KeyError, TypeError, AttributeError, SyntaxError, tokenize.TokenError) as error:
        raise ValueError(
            f"{path} holds no embeddings of distance matching ({cause(error)}): remove it to have them made again, or "
            "give another OUTPUT."
        ) from error
    return settings, embeddings, ids
