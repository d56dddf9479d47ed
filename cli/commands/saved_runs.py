"""`--counts`: what a saved run was made with stands, and what needs its masks or maps again is refused."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...conversion.core.errors import ImageNetSError
from ...metrics.comparison.saved_run import Run
from ...report.figures import spelled


def check_inputs(args: argparse.Namespace, places: Sequence[str]) -> None:
    """Refuse a command with nothing to score, or with a saved run and something to score.

    Args:
        args: of `evaluate`, `match` or `evaluate-maps`.
        places: the names of what is scored and of its references.
    """
    if args.counts:
        given = [name for name in (*places, "list", "annotations_dir") if getattr(args, name)]
        given += [] if args.verify else ["no_verify"]
        if given:
            raise ImageNetSError(
                f"--counts stands for all that says what to score: leave {' and '.join(map(_option, given))} out, or "
                "--counts."
            )
    elif absent := [_option(name) for name in (*places, "config") if not getattr(args, name)]:
        needed = " and ".join(map(_option, places)).replace("--maps-dir", "--maps-dir (or --center)")
        raise ImageNetSError(f"{', '.join(absent)} missing: give {needed} with --config 50|300|919, or --counts FILE.")


def new_record(args: argparse.Namespace, options: Sequence[str], **parts: Any) -> dict[str, Any]:
    """What a run that a command counts says of itself: its title, configuration, some options, and more parts."""
    return {
        **({"name": args.title} if args.title else {}),
        "config": args.config,
        "options": {
            "split": args.split,
            "list": Path(args.list).name if args.list else None,
            **{name: getattr(args, name) for name in options},
        },
        **parts,
    }


def keep_options(args: argparse.Namespace, run: Run, saved: Mapping[str, Any], names: Sequence[str]) -> None:
    """Give the options of a command the values that a saved run was made with; None for those that it does not tell.

    Args:
        args: of the command. `--title` renames the run.
        run: what `--counts` holds.
        saved: name -> value of its options.
        names: of the options.

    Raises:
        ImageNetSError: another value was given, or one that can't be compared.
    """
    for name in names:
        value = getattr(args, name)
        given = tuple(value) if isinstance(value, list) else value
        if name in args.given and name not in saved:
            raise ImageNetSError(
                f"{args.counts} has no record of its {_option(name)} (it was saved in Python, or by an older version): "
                "leave the option out, or score again what was scored."
            )
        if name in args.given and given != saved[name]:
            raise ImageNetSError(
                f"{args.counts} was scored {_spelled(name, saved[name])}: {_spelled(name, given)}, what was scored is "
                "needed again in place of --counts."
            )
        setattr(args, name, saved.get(name))
    if args.title:
        run.record["name"] = args.title


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _spelled(name: str, value: Any) -> str:
    if value is None:
        return f"without {_option(name)}"
    return f"with {_option(name)} {spelled(value)}"
