"""Damages the input of every reader, again and again: `python tests/fuzz/fuzz.py --inputs 20000 --seed 0`.

Each input ends in a right result or one clear error of ours. Anything else is a finding: it is printed, and saved as a
case, which `test_fuzz.py` repeats ever after.
"""

import argparse
import contextlib
import hashlib
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from command_target import COMMANDS
from judge import Judge, Target
from targets import TARGETS

CASES = Path(__file__).parent / "cases"
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Every input is written to a file, and some readers sync what they write."""
MEMORY = 8 << 30
"""Bytes of address space, libraries included: a reader that takes a length on trust does not get it."""
_SAVED_AT_MOST = 5
"""Cases of the same message."""


def fuzz(target: Target, number: int, seed: int, seconds: float, save: bool) -> Counter[str]:
    """Count the verdicts on some inputs; findings are printed and saved."""
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        judge = Judge(target, Path(folder))
        for label, data in target.inputs(number, seed):
            verdict = judge.verdict(label, data)
            counts["inputs"] += 1
            if verdict in ("right", "refused"):
                counts[verdict] += 1
            else:
                counts["findings"] += 1
                kind = verdict.split("'")[0][:60]
                kinds[kind] += 1
                if kinds[kind] <= _SAVED_AT_MOST:
                    print(f"{target.name}, {label}: {verdict}", flush=True)
                    if save:
                        save_case(target.name, label, data)
            if time.monotonic() > end:
                break
    return counts


def save_case(target: str, label: str, data: bytes) -> None:
    path = CASES / target / f"{label}.{hashlib.sha256(data).hexdigest()[:12]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000, help="for each target")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="for each target, at most")
    parser.add_argument("--target", action="append", choices=[item.name for item in (*TARGETS, COMMANDS)])
    parser.add_argument("--no-save", action="store_true", help="print findings, but save no case")
    args = parser.parse_args()
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    logging.disable()  # warnings about what is left out
    with tempfile.TemporaryDirectory(dir=SCRATCH) as cache:
        os.environ.update(HF_DATASETS_CACHE=cache, HF_HOME=cache, HF_HUB_OFFLINE="1")
        os.environ["IMAGENET_S_ENDPOINT"] = "http://127.0.0.1:9"
        print(f"{'target':<24}{'inputs':>8}{'right':>8}{'refused':>9}{'findings':>10}", flush=True)
        failures = 0
        for target in (*TARGETS, COMMANDS):
            if args.target and target.name not in args.target:
                continue
            counts = fuzz(target, args.inputs, args.seed, args.seconds, not args.no_save)
            failures += counts["findings"]
            numbers = (counts["inputs"], counts["right"], counts["refused"], counts["findings"])
            print("{:<24}{:>8}{:>8}{:>9}{:>10}".format(target.name, *numbers), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
