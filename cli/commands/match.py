"""`imagenet-s match`: which class each cluster stands for (official: match.py)."""

from __future__ import annotations

import argparse

from imagenet_s.cli.commands.counting import count
from imagenet_s.cli.output import hint, say
from imagenet_s.metrics import save_match


def run(args: argparse.Namespace) -> int:
    """Count, match, write."""
    counted = count(args)
    match = counted.metric.match(args.matching)
    path = args.session_name if args.session_name.endswith(".json") else f"{args.session_name}.json"
    save_match(match, path)
    say(path)
    hint(
        f"{len(match) - 1:,} clusters matched to {len(set(match.values()) - {0}):,} of {counted.config} classes, "
        f"from {len(counted.metric):,} images ({args.matching})."
    )
    return 0
