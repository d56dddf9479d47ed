"""`imagenet-s submit`: predictions to a checked submission for the official test server."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from ...conversion.core.errors import ImageNetSError
from ...conversion.submission.image_sizes import image_sizes
from ...conversion.submission.method_file import Method
from ...conversion.submission.protocols import PROTOCOLS, TEST_SERVER
from ...conversion.submission.submission_zip import CheckedSubmission, check_submission, write_submission
from ..next_steps import command
from ..output import hint, say, write_json

_SHOWN = 20


def run(args: argparse.Namespace) -> int:
    """Print rules, check, or check and pack."""
    protocol = PROTOCOLS[args.protocol] if args.protocol else None
    if not args.check and not args.predictions and protocol:
        say(f"{protocol.text()}\n\n{TEST_SERVER.status()}")
        return 0
    _complain(args)
    if protocol:
        hint(protocol.text())
        if args.match and protocol.wants_classes:
            hint(f"Beware: a match was given, but in this protocol: {protocol.match}")
    method = Method(args.method, args.train_data, args.train_scheme, args.networks, args.link, args.description)
    sizes = image_sizes(args.config, args.split, args.imagenet, args.annotations_dir, args.verify)
    options: dict[str, Any] = {"sizes": sizes, "annotations_dir": args.annotations_dir, "verify": args.verify}
    if args.check:
        checked = check_submission(args.check, args.config, args.split, **options)
    else:
        checked = write_submission(
            args.predictions, args.submission, args.config, args.split, method, match=args.match, **options
        )
    if args.json:
        write_json({**asdict(checked), "output": args.check or args.submission}, args.json)
    if args.json != "-":
        _print(checked, args.check or args.submission, written=not args.check, imagenet=args.imagenet)
    if not checked.problems and not args.check:
        hint(_what_next(args))
    return 1 if checked.problems else 0


def _what_next(args: argparse.Namespace) -> str:
    if args.split != "validation":
        return TEST_SERVER.status()
    return (
        "The masks of validation are public, so no server takes this zip; it shows what a submission would lack. Score "
        f"it: {command('evaluate', '--predict-dir', args.submission, '--gt-dir', 'GT', '--config', args.config)}"
    )


def _complain(args: argparse.Namespace) -> None:
    if args.check and (args.predictions or args.submission):
        raise ImageNetSError("--check ZIP looks at an existing submission: give no PREDICTIONS and OUT.zip with it.")
    packed = ("match", "method", "train_data", "train_scheme", "networks", "link", "description")
    if args.check and (given := [name.replace("_", "-") for name in packed if getattr(args, name)]):
        raise ImageNetSError(f"--{given[0]} goes into a zip when it is packed; --check looks at what is inside.")
    if not args.check and not args.submission:
        raise ImageNetSError("Give PREDICTIONS and OUT.zip, or --check ZIP, or --protocol alone to read its rules.")
    if not args.config:
        raise ImageNetSError("--config is missing: 50, 300 or 919.")
    if not args.check and not args.protocol:
        raise ImageNetSError(
            "--protocol is missing: unsupervised, distance, semi or free (`imagenet-s submit --help` has their rules)."
        )


def _print(checked: CheckedSubmission, path: str, written: bool, imagenet: str | None) -> None:
    for kind in dict.fromkeys(problem.kind for problem in checked.problems):
        messages = [problem.message for problem in checked.problems if problem.kind == kind]
        say(f"{kind}: {len(messages):,}")
        for message in messages[:_SHOWN]:
            say(f"  {message}")
        if len(messages) > _SHOWN:
            say(f"  and {len(messages) - _SHOWN:,} more (--json FILE lists all)")
    missing = sum(problem.kind == "missing" for problem in checked.problems)
    if (unchecked := checked.images - missing - checked.sizes_checked) > 0:
        why = f"{imagenet} lacks their images" if imagenet else "say where ImageNet is with --imagenet DIR"
        hint(f"The sizes of {unchecked:,} predictions were not checked: {why}.")
    if checked.problems:
        many = f"{len(checked.problems):,} problem" + "s" * (len(checked.problems) > 1)
        say(many + (f"; {path} was not written" if written else f" in {path}"))
    else:
        verb = "written" if written else "in order"
        say(f"{path} {verb}: {checked.images:,} predictions of ImageNet-S-{checked.config} {checked.split}")
        if checked.sha256:
            say(f"sha256 {checked.sha256}")
