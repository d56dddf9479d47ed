"""submit: the command about the test server."""

from __future__ import annotations

import argparse
import os

from imagenet_s.cli.parsers.options import Commands, add_config, add_imagenet_options, add_json
from imagenet_s.conversion.submission.protocols import PROTOCOLS, SERVER_CLOSED


def add_submit(commands: Commands) -> None:
    """`submit`."""
    parser = commands.add_parser(
        "submit",
        help="check predictions and pack them as the official test server read them (closed since 2026-01-20)",
        description="Check predictions (every image of the list, none besides, sizes, ids, RGB), list all that is "
        "wrong, and pack what is right with method.txt. The same predictions give the same zip, byte for byte.\n"
        f"{SERVER_CLOSED}\n\n"
        "  imagenet-s submit PREDICTIONS OUT.zip --config 919 --protocol semi --method NAME ...\n"
        "  imagenet-s submit --check OUT.zip --config 919     an existing zip\n"
        "  imagenet-s submit --protocol semi                  the rules of a protocol",
        epilog="The protocols of the test server:\n\n" + "\n\n".join(one.text() for one in PROTOCOLS.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "predictions",
        metavar="PREDICTIONS",
        nargs="?",
        help="folder or zip of <wnid>/<image_id>.png, or what convert wrote",
    )
    parser.add_argument("submission", metavar="OUT.zip", nargs="?", help="the submission")
    parser.add_argument("--check", metavar="ZIP", help="check an existing submission instead")
    add_config(parser, default=None)
    parser.add_argument(
        "--split",
        choices=("test", "validation"),
        default="test",
        help="which list the predictions are checked against (default: test)",
    )
    parser.add_argument("--protocol", choices=tuple(PROTOCOLS), help="which competition; its rules are printed")
    group = parser.add_argument_group("what method.txt says (null where nothing is given)")
    group.add_argument("--method", metavar="NAME", help="name of the method")
    group.add_argument("--train-data", metavar="TEXT", help="for instance ImageNet-S-50")
    group.add_argument("--train-scheme", metavar="TEXT", help="for instance SSL, Sup, SSL+Sup")
    group.add_argument("--networks", metavar="TEXT", help="for instance ResNet-50")
    group.add_argument("--link", metavar="URL", help="paper or project")
    group.add_argument("--description", metavar="TEXT", help="one line about the method")
    group = parser.add_argument_group("what predictions are compared with")
    group.add_argument("--match", metavar="FILE", help="match.json, where predictions are clusters; goes into the zip")
    group.add_argument(
        "--imagenet",
        metavar="DIR",
        default=os.environ.get("IMAGENET_S_DATA_DIR"),
        help="any ImageNet: sizes are compared with its images' (default: $IMAGENET_S_DATA_DIR; without one, only "
        "those of validation are checked, against its masks)",
    )
    add_imagenet_options(group, on_missing=False)
    add_json(parser, "the result, with all problems,")
    parser.set_defaults(command="submit")
