"""`make bench`: what the package does beside named peers, as one table of ratios.

    python benchmarks/bench.py [--subjects reading masks maps building composites] [--images 1000] [--rounds 5]

All data are generated. Each subject runs in a process of its own; what fails, or lasts longer than --limit, becomes a
row that says so, and so does a peer that is not installed. `--subjects real_size --tree DIR` measures on a tree of
ImageNet's size: the head of `real_size.py` says how to make it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from harness import Row, machine, markdown, write

SUBJECTS = ("reading", "masks", "maps", "building", "composites")


def run_subject(name: str, options: argparse.Namespace) -> list[Row]:
    """The rows of a subject, measured in a process of its own with a cache of its own."""
    with tempfile.TemporaryDirectory(dir=options.tree) as cache:
        environment = {**os.environ, "HF_DATASETS_CACHE": cache, "HF_HUB_OFFLINE": "1"}
        command = [sys.executable, __file__, *sys.argv[1:], "--subject", name]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=options.limit, check=False
            )
        except subprocess.TimeoutExpired as expired:
            printed = expired.stdout.decode() if isinstance(expired.stdout, bytes) else expired.stdout or ""
            return [*_rows(printed), Row(f"the rest of {name}", "", note=f"took longer than {options.limit:.0f} s")]
    failure = (done.stderr.strip().splitlines() or ["failed"])[-1]
    return [*_rows(done.stdout), *([Row(f"the rest of {name}", "", note=failure)] if done.returncode else [])]


def _rows(printed: str) -> list[Row]:
    return [Row(**json.loads(line)) for line in printed.splitlines() if line.startswith('{"work"')]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", nargs="+", choices=(*SUBJECTS, "real_size"), default=SUBJECTS)
    parser.add_argument("--images", type=int, default=1000, help="generated images; masks and maps are fewer (1000)")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of measurements a row (5)")
    parser.add_argument("--tree", type=Path, help="what big_tree.py made; for real_size")
    parser.add_argument("--output", type=Path, default=Path("bench"), help="folder for bench.md and bench.json (bench)")
    parser.add_argument("--limit", type=float, default=1200, help="seconds for a subject (1200)")
    parser.add_argument("--subject", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.subject:
        for row in importlib.import_module(options.subject).rows(options):
            print(json.dumps(asdict(row)), flush=True)
        return
    about, rows = machine(), []
    for name in options.subjects:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += run_subject(name, options)
    write(rows, about, options.output)
    print(markdown(rows, about))


if __name__ == "__main__":
    main()
