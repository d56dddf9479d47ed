"""`imagenet-s push`: a converted data set to the Hub, private unless told otherwise; or the metric, as a Space."""

from __future__ import annotations

import argparse
from typing import Any

from imagenet_s.cli.output import hint, say, table


def add_parser(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "push",
        help="bring what convert wrote to the Hub, private unless told otherwise",
        description="Upload a converted data set to a private repository of the Hugging Face Hub. Run again after an "
        "interruption, it sends only what is missing. Nothing on the Hub is ever deleted. The token is the one of "
        "`hf auth login` or $HF_TOKEN.",
    )
    parser.add_argument("out", metavar="OUT", nargs="?", help="the folder that imagenet-s convert wrote")
    parser.add_argument("--repo-id", required=True, metavar="NAME", help="me/imagenet-s")
    parser.add_argument("--dry-run", action="store_true", help="say what would be sent; needs no connection")
    parser.add_argument("--public", action="store_true", help="create it public; with images see the next")
    parser.add_argument(
        "--i-have-redistribution-rights",
        dest="rights",
        action="store_true",
        help="ImageNet's terms allow no redistribution; say this if you have the right nevertheless",
    )
    parser.add_argument("--metric", action="store_true", help="push the metric matched_miou as an evaluate Space")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it.

    Returns:
        The exit code.
    """
    import imagenet_s
    from imagenet_s.conversion.errors import ImageNetSError
    from imagenet_s.conversion.hub import plan_push, plan_space, push

    if args.metric == (args.out is not None):
        raise ImageNetSError("give either OUT, the folder of a data set, or --metric.")
    upload = plan_space(imagenet_s.MATCHED_MIOU, args.repo_id) if args.metric else plan_push(args.out, args.repo_id)
    upload.check_visibility(args.public, args.rights)
    kind = "public" if args.public else "private"
    if len(upload.files) <= 20 or args.dry_run:
        say(table([(name, size) for name, size in upload.files], ("file", "bytes")))
    say(f"{len(upload.files):,} files, {upload.bytes:,} bytes, to the {kind} {upload.kind} {args.repo_id}")
    if args.dry_run:
        hint("Nothing was sent (--dry-run).")
        return 0
    say(push(upload, public=args.public))
    return 0
