"""The rows of `make bench`: ours against a named peer, measured in turn in one process, and how they are shown."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

PACKAGES = (
    *("datasets", "numpy", "pillow", "pyarrow", "scipy", "torch", "torchmetrics"),
    *("webdataset", "mosaicml-streaming", "litdata"),
)


@dataclass
class Row:
    """One line of the table."""

    work: str
    """What is done, and to what."""
    peer: str
    ratio: float | None = None
    """Our seconds over the peer's, or our speed over the peer's, as `better` says; None where not measured."""
    better: str = "lower"
    """"lower" for a ratio of times or bytes, "higher" for a ratio of speeds."""
    target: float | None = None
    note: str = ""

    @property
    def met(self) -> str:
        """Whether the target is reached, in a word."""
        if self.ratio is None or self.target is None:
            return ""
        return "yes" if (self.ratio <= self.target if self.better == "lower" else self.ratio >= self.target) else "no"


def seconds(work: Callable[[], object]) -> float:
    """How long a call takes; with BENCH_CLOCK=cpu, the processor time of this process and of those it waited for."""
    clock = _cpu_seconds if os.environ.get("BENCH_CLOCK") == "cpu" else time.perf_counter
    start = clock()
    work()
    return clock() - start


def _cpu_seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def compare(
    work: str,
    peer: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    better: str = "lower",
    target: float | None = None,
    rounds: int = 5,
    note: str = "",
) -> Row:
    """A row from calls in turn: the median of the ratios, so that a machine whose speed drifts changes both sides."""
    pairs = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    ratio = statistics.median(a / b if better == "lower" else b / a for a, b in pairs)
    middle = [statistics.median(side) for side in zip(*pairs)]
    note = "; ".join(filter(None, [note, f"{_show(middle[0])} against {_show(middle[1])}"]))
    return Row(work, peer, ratio, better, target, note)


def _show(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.2f} ms"


def machine() -> dict[str, str]:
    """What ran, where and when."""
    found = {"date": datetime.datetime.now(datetime.timezone.utc).date().isoformat()}
    found["machine"] = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"
    found["load"] = f"{os.getloadavg()[0]:.1f} at the start"
    found["clock"] = "processor time" if os.environ.get("BENCH_CLOCK") == "cpu" else "wall clock"
    try:
        import torch

        found["gpu"] = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    except ImportError:
        found["gpu"] = "no torch"
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def markdown(rows: Iterable[Row], about: dict[str, str]) -> str:
    """The table, with what ran above it."""
    lines = [", ".join(f"{key} {value}" for key, value in about.items()), ""]
    lines += ["| work | compared with | ratio | better | target | met | |", "|---|---|---:|---|---:|---|---|"]
    for row in rows:
        ratio = "not measured" if row.ratio is None else f"{row.ratio:.2f}"
        target = "" if row.target is None else f"{row.target:.2f}"
        lines.append(f"| {row.work} | {row.peer} | {ratio} | {row.better} | {target} | {row.met} | {row.note} |")
    return "\n".join(lines) + "\n"


def write(rows: list[Row], about: dict[str, str], folder: Path) -> None:
    """`bench.md` and `bench.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.md").write_text(markdown(rows, about), encoding="utf-8")
    content = {"about": about, "rows": [{**asdict(row), "met": row.met} for row in rows]}
    (folder / "bench.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
