"""How a row of the table comes about: ours and a named peer in turns, the median of their ratios, equal results."""

from __future__ import annotations

import collections
import datetime
import importlib.metadata
import itertools
import json
import multiprocessing
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

Work = Callable[[], Iterable[Any]]
"""What is measured: a call and the exhaustion of what it returns, its results one by one."""

PACKAGES = (
    *("datasets", "numpy", "pillow", "pyarrow", "scipy", "torch", "torchvision", "simplejpeg", "webdataset"),
    *("mosaicml-streaming", "litdata", "scikit-learn", "quantus"),
)


@dataclass
class Row:
    """One line of the table.

    Attributes:
        work: what is done, and to what.
        peer: what it is compared with.
        ratio: our seconds or bytes over the peer's where `better` is "lower", our speed over the peer's where it is
            "higher"; None where nothing was measured.
        spread: the lowest and the highest ratio of a round.
        target: what the ratio should reach.
        note: medians of both sides, or why there is no ratio.
    """

    work: str
    peer: str
    ratio: float | None = None
    spread: tuple[float, float] | None = None
    better: str = "lower"
    target: float | None = None
    note: str = ""

    @property
    def met(self) -> str:
        """Whether the target is reached, in a word."""
        if self.ratio is None or self.target is None:
            return ""
        return "yes" if (self.ratio <= self.target if self.better == "lower" else self.ratio >= self.target) else "no"


def equal(ours: Any, theirs: Any) -> bool:
    """Whether two results hold the same numbers: arrays, tensors, images, or tuples and lists of them."""
    if isinstance(ours, (tuple, list)):
        return len(ours) == len(theirs) and all(map(equal, ours, theirs))
    return np.array_equal(np.asarray(ours), np.asarray(theirs))


def seconds(work: Work) -> float:
    """How long the work takes in this process."""
    start = time.perf_counter()
    collections.deque(work(), maxlen=0)
    return time.perf_counter() - start


def compare(
    work: str,
    peer: str,
    ours: Work,
    theirs: Work,
    *,
    rounds: int,
    same: Callable[[Any, Any], bool] | None = equal,
    better: str = "lower",
    target: float | None = None,
    note: str = "",
    clock: Callable[[Work], float] = seconds,
) -> Row:
    """Measure both sides in turns: a machine whose speed drifts changes both.

    One round before, which warms up code and files, is not measured; in it each result of ours is compared with the
    peer's. The median of the rounds' ratios counts.

    Args:
        same: whether two results are equal; None where the peer only does a part of the work, which its name says.
        clock: `seconds`, or `seconds_in_fresh_process`.

    Raises:
        RuntimeError: the results differ.
    """
    if same is None:
        collections.deque(itertools.chain(ours(), theirs()), maxlen=0)
    else:
        nothing = object()
        for i, (mine, other) in enumerate(itertools.zip_longest(ours(), theirs(), fillvalue=nothing)):
            if mine is nothing or other is nothing or not same(mine, other):
                raise RuntimeError(f"{work}: result {i} is not that of {peer}")
        note = "; ".join(filter(None, ["results compared", note]))
    pairs = [(clock(ours), clock(theirs)) for _ in range(rounds)]
    ratios = [a / b if better == "lower" else b / a for a, b in pairs]
    medians = " against ".join(show(statistics.median(side)) for side in zip(*pairs))
    note = "; ".join(filter(None, [note, medians]))
    return Row(work, peer, statistics.median(ratios), (min(ratios), max(ratios)), better, target, note)


def show(value: float) -> str:
    """Seconds in a readable unit."""
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.2f} ms"


def in_fresh_process(work: Work) -> tuple[float, float]:
    """Seconds, and by how many MB the peak of memory rises; the imports of the work's module are not counted.

    Args:
        work: a function of a module, or a `functools.partial` of it.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_seconds_and_megabytes, work).result()


def seconds_in_fresh_process(work: Work) -> float:
    """How long the work takes in a process that does nothing else."""
    return in_fresh_process(work)[0]


def _seconds_and_megabytes(work: Work) -> tuple[float, float]:
    before = _peak()
    return seconds(work), _peak() - before


def _peak() -> float:
    # Not getrusage's peak, which a process takes over from the one that started it.
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")


def machine() -> dict[str, str]:
    """What runs, where and when."""
    about = {"date": datetime.datetime.now(datetime.timezone.utc).date().isoformat()}
    about["machine"] = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"
    about["load"] = f"{os.getloadavg()[0]:.1f} at the start"
    for name in PACKAGES:
        try:
            about[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            about[name] = "not installed"
    return about


def markdown(rows: Iterable[Row], about: dict[str, str]) -> str:
    """The table, with what ran above it."""
    lines = [", ".join(f"{key} {value}" for key, value in about.items()), ""]
    lines += ["| work | compared with | ratio | rounds | better | target | met | |"]
    lines += ["|---|---|---:|---|---|---:|---|---|"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        spread = "" if row.spread is None else f"{row.spread[0]:.2f} - {row.spread[1]:.2f}"
        target = "" if row.target is None else f"{row.target:.2f}"
        better = "" if row.ratio is None else row.better
        lines.append(f"| {row.work} | {row.peer} | {ratio} | {spread} | {better} | {target} | {row.met} | {row.note} |")
    return "\n".join(lines) + "\n"


def write(rows: list[Row], about: dict[str, str], folder: Path) -> None:
    """`bench.md` and `bench.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.md").write_text(markdown(rows, about), encoding="utf-8")
    content = {"about": about, "rows": [{**asdict(row), "met": row.met} for row in rows]}
    (folder / "bench.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
