"""`make bench`: every speed claim as a ratio against a named peer, in one table.

    python benchmarks/bench.py [--sections masks torch readers] [--output bench]

All data is generated. Each section runs in a process of its own; one that fails, or lasts longer than --limit, becomes
a row that says so, and so does a peer that is not installed. On a machine that others use at the same time,
BENCH_CLOCK=cpu compares processor time instead of the wall clock. What needs a tree of ImageNet's size is run by hand:
the head of `build_speed.py`, `convert_speed.py` and `prepare_speed.py` says how.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from table import Row, machine, markdown, write

SECTIONS = ("masks", "torch", "readers", "localization")


def localization() -> list[Row]:
    """The rows of `localization_speed.py`, on few maps; it needs Quantus and scikit-learn for its peers."""
    script = Path(__file__).with_name("localization_speed.py")
    if not script.is_file():
        return [Row("scores of maps", "Quantus, scikit-learn", note="benchmarks/localization_speed.py is not there")]
    command = [sys.executable, str(script), "--images", "300", "--maps", "20", "--rounds", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.findall(r"^(.+): (.* ms a map); ours over theirs ([\d.]+)", done.stdout, re.MULTILINE)
    rows = [Row("scores of maps", peer, float(ratio), note=f"{took} there") for peer, took, ratio in found]
    if done.returncode or not rows:
        rows.append(
            Row("scores of maps", "Quantus, scikit-learn", note=(done.stderr.strip() or "no rows").splitlines()[-1])
        )
    return rows


def run_section(name: str, limit: float) -> list[Row]:
    """The rows of a section, measured in a process of its own."""
    command = [sys.executable, __file__, "--section", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as expired:
        printed = expired.stdout.decode() if isinstance(expired.stdout, bytes) else expired.stdout or ""
        return [*_rows(printed), Row(f"the rest of {name}", "", note=f"took longer than {limit:.0f} s")]
    rows = _rows(done.stdout)
    if done.returncode:
        rows.append(Row(f"the rest of {name}", "", note=(done.stderr.strip().splitlines() or ["failed"])[-1]))
    return rows


def _rows(printed: str) -> list[Row]:
    return [Row(**json.loads(line)) for line in printed.splitlines() if line.startswith('{"work"')]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sections", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--output", type=Path, default=Path("bench"), help="folder for bench.md and bench.json (bench)")
    parser.add_argument("--limit", type=float, default=600, help="seconds for a section (600)")
    parser.add_argument("--section", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.section:
        named = localization if options.section == "localization" else None
        for row in (named or importlib.import_module(f"rows_{options.section}").rows)():
            print(json.dumps(asdict(row)), flush=True)
        return
    about, rows = machine(), []
    for name in options.sections:
        print(f"{name} ...", file=sys.stderr, flush=True)
        rows += run_section(name, options.limit)
    write(rows, about, options.output)
    print(markdown(rows, about))


if __name__ == "__main__":
    main()
