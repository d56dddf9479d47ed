"""match.json: the class of each cluster, where predictions are still clusters."""

from __future__ import annotations

import json

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import categories

MATCH_FILE = "match.json"


def read_match(data: bytes, config: str, name: str) -> dict[int, int]:
    """A match as the official tools write it: {"cluster": class}, with "0": 0.

    Raises:
        ImageNetSError: something else.
    """
    top = categories(config).num_classes
    try:
        match = {int(cluster): value for cluster, value in json.loads(data).items()}
    except (ValueError, AttributeError):
        raise ImageNetSError(f'{name} is not a match: expected JSON as {{"0": 0, "1": 17, ...}}') from None
    wrong = [
        cluster
        for cluster, value in match.items()
        if cluster < 0 or isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= top
    ]
    if wrong:
        raise ImageNetSError(f"{name} gives cluster {wrong[0]} the class {match[wrong[0]]!r}; classes are 0..{top}")
    if match.get(0) != 0:
        raise ImageNetSError(f'{name} lacks "0": 0, which the official tools expect; `imagenet-s match` writes it')
    return match
