"""`imagenet-s check-loader`: somebody's own Dataset beside the official masks."""

from __future__ import annotations

import argparse

from ...conversion.loader_check import LoaderReport, check_loader
from ...conversion.loader_check.import_loader import load_dataset_object
from ..output import say, write_json


def run(args: argparse.Namespace) -> int:
    """Compare and print."""
    report = check_loader(
        load_dataset_object(args.dataset, args.kwargs),
        args.gt_dir,
        args.config,
        split=args.split,
        imagenet=args.imagenet,
        ignore_id=args.ignore_id,
        mask_key=args.mask_key,
        image_key=args.image_key,
        id_key=args.id_key,
        limit=args.images,
        annotations_dir=args.annotations_dir,
        verify=args.verify,
    )
    if args.json:
        write_json(_as_json(report), args.json)
    if args.json != "-":
        _print(report, bool(args.imagenet))
    return 1 if report.findings else 0 if report.right else 2


def _print(report: LoaderReport, with_images: bool) -> None:
    for finding in report.findings:
        say(f"{finding.fault.key}: {finding.fault.text}")
        say(
            f"  {finding.images:,} of {finding.of:,} ({100 * finding.share:.1f} %)"
            + (f": {', '.join(finding.examples)}")
        )
        if finding.detail:
            say(f"  seen:  {finding.detail}")
        say(f"  mend:  {finding.fault.mend}")
    for reason in report.not_compared:
        say(f"not compared: {reason}")
    for note in report.notes:
        say(f"note: {note}")
    compared = "masks and images" if with_images else "masks (images only with --imagenet)"
    faults = f"{len(report.findings)} fault{'s' * (len(report.findings) > 1)}"
    verdict = "right" if report.right else faults if report.findings else "not all could be compared"
    say(f"{report.images:,} items, {compared} compared: {verdict}.")


def _as_json(report: LoaderReport) -> dict[str, object]:
    names = ("images", "of", "share", "examples", "detail")
    findings = [
        {"fault": finding.fault.key, "text": finding.fault.text, "mend": finding.fault.mend}
        | {name: getattr(finding, name) for name in names}
        for finding in report.findings
    ]
    return {
        "right": report.right,
        "items": report.images,
        "findings": findings,
        "notes": list(report.notes),
        "not_compared": list(report.not_compared),
    }
