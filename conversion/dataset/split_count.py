"""`count_split`: how many images of a split are there, and what is missing; nothing is decoded or fetched for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..core.errors import ImageNetSError, MissingAnnotationsError, some
from ..facts import ANNOTATED_SPLITS
from .plan_check import check_plan
from .source import Source
from .split_plan import compare_sizes, plan_split

State = Literal["ok", "fewer masks", "incomplete", "unknown"]
"""`fewer masks`: without verification, every command goes on without these images. `unknown`: it depends on annotations
that are not at hand."""


@dataclass(frozen=True)
class SplitCount:
    """What a source has of a split.

    Attributes:
        found: its images; None where nothing could be counted.
        expected: how many there should be; None where nothing tells.
        missing: ids of images that should be there.
        without_mask: ids of images without a mask.
        unusable: image id -> why its mask can't be used.
        state: the verdict.
        problem: what is wrong; None where nothing is.
    """

    found: int | None = None
    expected: int | None = None
    missing: list[str] = field(default_factory=list)
    without_mask: list[str] = field(default_factory=list)
    unusable: Mapping[str, str] = field(default_factory=dict)
    state: State = "ok"
    problem: str | None = None


def count_split(source: Source, split: str, verify: bool = True) -> SplitCount:
    """Count a split. The sizes of images and masks are compared where both are at hand."""
    try:
        return _counted(source, split, verify)
    except MissingAnnotationsError as error:
        return SplitCount(state="unknown", problem=str(error))
    except ImageNetSError as error:
        return SplitCount(state="incomplete", problem=str(error))


def _counted(source: Source, split: str, verify: bool) -> SplitCount:
    plan = plan_split(source, split, verify, masks=False)
    without_mask = source.check_masks(split) if split in ANNOTATED_SPLITS else []
    left_out = set(without_mask).intersection(plan.rows["image_id"].to_pylist()) if without_mask else ()
    state: State = "ok"
    masks, problem = "", None
    if without_mask:
        masks = f"no mask of {some(without_mask)}; verify=False (--no-verify) leaves out the images without one."
        state, problem = "fewer masks", f"{split}: {masks}"
    if split in ANNOTATED_SPLITS and plan.is_local and source.annotations_of(split).has_masks():
        plan = compare_sizes(plan, source.annotations_of(split).mask_sizes(split))
    try:
        check_plan(plan, source.config, "error")
    except ImageNetSError as error:
        state, problem = "incomplete", " ".join(filter(None, [str(error), masks]))
    if damaged := plan.pairs.damaged:
        first = next(iter(damaged.values()))
        text = f"{split}: {len(damaged):,} damaged images ({some(list(damaged))}); the first: {first}"
        state, problem = "incomplete", "\n".join(filter(None, [problem, text]))
    return SplitCount(
        found=plan.rows.num_rows - len(left_out),
        expected=plan.expected,
        missing=list(plan.missing),
        without_mask=without_mask,
        unusable=plan.unusable,
        state=state,
        problem=problem,
    )
