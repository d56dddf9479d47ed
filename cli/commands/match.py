"""`imagenet-s match`: which class each cluster stands for (official: match.py)."""

from __future__ import annotations

import argparse

from ...conversion.core.atomic_write import atomic_write
from ...metrics import save_match
from ...metrics.matched_miou.matching import check_matching
from ...report import ties
from ...report.figures import counted_noun
from ..output import hint, say
from .counting import count, most_missing


def run(args: argparse.Namespace) -> int:
    """Count, match, write."""
    if args.config:
        check_matching(args.matching, int(args.config))  # before minutes of counting
    counted = count(args)
    if sentence := most_missing(counted):
        hint(sentence)
    result = counted.metric.compute(args.matching)
    match = result["matching"]
    path = args.session_name if args.session_name.endswith(".json") else f"{args.session_name}.json"
    with atomic_write(path) as file:
        save_match(match, file)
    say(path)
    hint(
        f"{len(match) - 1:,} clusters matched to {len(set(match.values()) - {0}):,} of {counted.config} classes, "
        f"from {counted_noun(len(counted.metric), 'image')} ({args.matching})."
    )
    if sentence := ties(result):
        hint(sentence)
    return 0
