"""`imagenet-s push`: a converted data set to the Hub, private unless told otherwise; or the metric, as a Space."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from ...conversion.core.errors import ImageNetSError
from ...conversion.hub import plan_push, plan_space, push
from ...conversion.hub.eval_results import BENCHMARK_FILE
from ...metrics import matched_miou
from ..output import hint, say, table


def run(args: argparse.Namespace) -> int:
    if args.metric == (args.out is not None):
        raise ImageNetSError("give either OUT, the folder of a data set, or --metric.")
    upload = (
        plan_space(os.path.dirname(matched_miou.__file__), args.repo_id)
        if args.metric
        else plan_push(args.out, args.repo_id)
    )
    upload.check_visibility(args.public, args.rights)
    kind = "public" if args.public else "private"
    files, benchmark = list(upload.files), upload.benchmark
    if benchmark is not None:
        files.append((BENCHMARK_FILE, len(benchmark)))
    target = f"to the {kind} {upload.kind} {args.repo_id}"
    if args.dry_run:
        _print(files, target, whole=True)
        hint("Nothing was sent (--dry-run).")
        return 0
    hint(f"{len(files):,} files {target}; what is there already is not sent again.")
    pushed = push(upload, public=args.public)
    if pushed.sent:
        _print(pushed.sent, target)
    else:
        hint("Nothing to send: everything is there already.")
    if pushed.note:
        hint(pushed.note)
    say(pushed.url)
    return 0


def _print(files: Sequence[tuple[str, int]], target: str, whole: bool = False) -> None:
    if len(files) <= 20 or whole:
        say(table(files, ("file", "bytes")))
    count = f"{len(files):,} file{'' if len(files) == 1 else 's'}"
    say(f"{count}, {sum(size for _, size in files):,} bytes, {target}")
