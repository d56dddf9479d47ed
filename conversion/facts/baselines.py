"""Published figures: `baselines.csv`, one figure a row, each with its source.

The test server is closed and the leaderboard of Papers with Code is gone, so the figures that a new one is compared
with are kept here. A row is a figure as its source prints it; CONTRIBUTING says how one is added.
"""

from __future__ import annotations

import csv
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ..core.errors import ImageNetSError
from ..core.read_only_dict import ReadOnlyDict
from .official import CONFIG_NAMES, SPLITS, config_name
from .spellings import split_name

BASELINE_PROTOCOLS = ("unsupervised", "distance", "semi", "free", "region_zero_shot", "maps")
"""The four protocols of the test server, the recognition of regions (`RegionAccuracy`), maps (`Localization`)."""
SOURCE_KINDS: Mapping[str, str] = ReadOnlyDict(
    {
        "authors": "printed by the authors of the method",
        "quoted": "printed by the authors of another method",
        "archive": "from an archive of Papers with Code",
        "digest": "read in a digest of this source",
        "computed": "computed from what the authors print",
    }
)
"""What `Baseline.source_kind` may be, and what it means."""


@dataclass(frozen=True)
class Baseline:
    """One published figure.

    Attributes:
        method: its name, in one spelling.
        backbone: empty where the source names none.
        config: `"50"`, `"300"` or `"919"`.
        split: `"validation"` or `"test"`; `note` says where it was not all images.
        protocol: one of `BASELINE_PROTOCOLS`.
        training: how the model was trained, and what else sets the row apart from the method's others.
        metric: the key of this package's figure where it is that figure (`"mean_iou"`, `"top1"`, ...); a figure of
            another definition has a name of its own, and `note` says what differs.
        value: in percent, as published.
        source: its address.
        source_kind: one of `SOURCE_KINDS`.
        note: what a reader must know before comparing; may be empty.
    """

    method: str
    backbone: str
    config: str
    split: str
    protocol: str
    training: str
    metric: str
    value: float
    source: str
    source_kind: str
    note: str


def baselines(
    config: str | int | None = None, split: Any = None, protocol: str | None = None, metric: str | None = None
) -> list[Baseline]:
    """Published figures, in percent, with their sources.

    Args:
        config: only of this configuration; None for all, as below.
        split: only of this split, in either spelling.
        protocol: only of this protocol: `"unsupervised"`, `"distance"`, `"semi"`, `"free"` (those of the test server),
            `"region_zero_shot"` or `"maps"`.
        metric: only this figure, for instance `"mean_iou"`.

    Returns:
        The rows, by configuration, split, protocol and metric, and within these the best first; empty if each value
        exists, but not together.

    Raises:
        ImageNetSError: no row has this value; the message names those that exist.

    Examples:
        >>> best = baselines(919, "val", "semi", "mean_iou")[0]
        >>> best.method, best.backbone, best.value
        ('SERE', 'ViT-B/16', 63.0)
    """
    wanted = {
        "config": None if config is None else config_name(config),
        "split": None if split is None else split_name(split),
        "protocol": protocol,
        "metric": metric,
    }
    rows = _rows()
    for name, value in wanted.items():
        values = list(dict.fromkeys(getattr(row, name) for row in rows))
        if value is not None and value not in values:
            raise ImageNetSError(f"no published figure has the {name} {value!r}; there are {', '.join(values)}.")
    return [row for row in rows if all(value in (None, getattr(row, name)) for name, value in wanted.items())]


@functools.cache
def _rows() -> tuple[Baseline, ...]:
    text = resources.files(__package__).joinpath("baselines.csv").read_text(encoding="utf-8")
    lines: Iterable[dict[str, Any]] = csv.DictReader(text.splitlines())
    rows = [Baseline(**{**line, "value": float(line["value"])}) for line in lines]
    metrics = list(dict.fromkeys(row.metric for row in rows))

    def place(row: Baseline) -> tuple[int, int, int, int, float]:
        return (
            CONFIG_NAMES.index(row.config),
            SPLITS.index(row.split),
            BASELINE_PROTOCOLS.index(row.protocol),
            metrics.index(row.metric),
            -row.value,
        )

    return tuple(sorted(rows, key=place))
