"""`check_plan`: a split plan against what was expected, before any image is read.

An incomplete ImageNet and masks that can't be used are reported at once, and not after an hour of copying.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence

import pyarrow.compute as pc

from ..annotations import unusable_masks
from ..core.errors import ImageNetSError, some
from ..facts import OFFICIAL, TRAINING_SPLITS, categories
from ..facts.spellings import OnMissing, on_missing_policy
from ..images.image_inspection import Size
from .split_plan import SplitPlan, compare_sizes

logger = logging.getLogger("imagenet_s")

Problem = tuple[str, str]
"""What is wrong, and what is left out for it, to be said behind it."""
_LISTED = 100
"""How many of the images that are left out are named."""


def check_plan(plan: SplitPlan, config: str, on_missing: OnMissing) -> str | None:
    """Compare a plan with what was expected, and log what is to be said of its masks.

    Returns:
        What is to be said about the images that are left out, which is also logged; None where none are.

    Raises:
        ImageNetSError: images are missing or masks can't be used and `on_missing` is "error", no images are there at
            all, or there are too many.
    """
    on_missing = on_missing_policy(on_missing)
    num_images, expected = plan.rows.num_rows + len(plan.unusable), plan.expected
    counted = f"{plan.split}: {expected:,} images expected, {num_images:,} found" if expected is not None else ""
    if not num_images:
        named = f" ({some(sorted(plan.missing), 3)})" if plan.missing else ""
        raise ImageNetSError(
            f"{counted or plan.split + ': no images found'} in {plan.reader!r}{named}; is it the right folder?"
        )
    if expected is not None and num_images > expected:
        raise ImageNetSError(
            f"{counted} in {plan.reader!r}: more than there are; verify=False (--no-verify) accepts a data set of your "
            "own."
        )
    problems: list[Problem] = []
    if expected is not None and num_images < expected:
        lost = f"; the other {expected - num_images:,} are left out."
        problems.append((f"{counted} in {plan.reader!r}; {_first_missing(plan, config)}", lost))
    if plan.unusable:
        problems.append((_unusable_masks(plan, num_images), _left_out(plan.unusable)))
    for note in _notes(plan, num_images):
        logger.warning("%s", note)
    return leave_out(problems, on_missing if plan.rows.num_rows else None)


def warn_of_labels(plan: SplitPlan, config: str) -> str | None:
    """Log, and return, that ImageNet's own label of images is not known; None where it is. For whoever makes rows."""
    labels = plan.rows["imagenet_label"]
    if plan.split in TRAINING_SPLITS or not labels.null_count:
        return None
    note = (
        f"{plan.split}: ImageNet's own label of {labels.null_count:,} of {len(labels):,} images is not known, their "
        f"imagenet_label is None. The list {OFFICIAL.lists[config][plan.split].file} says it (`imagenet-s download` "
        "fetches it): put it beside the masks, of an official tree into its folder."
    )
    logger.warning("%s", note)
    return note


def check_masks(unusable: Mapping[str, str], of: int, split: str, on_missing: OnMissing) -> None:
    """The same for masks alone: those that can't be used are an error, or left out.

    Raises:
        ImageNetSError: some can't be used, and `on_missing` is "error".
    """
    if unusable:
        leave_out([(unusable_masks(unusable, of, split), _left_out(unusable))], on_missing_policy(on_missing))


def refuse_resized(plan: SplitPlan, mask_sizes: Mapping[str, Size]) -> None:
    """Refuse a resized copy of ImageNet: for commands that open neither images nor masks, and so meet no wrong pair.

    Raises:
        ImageNetSError: most images have another size than their mask.
    """
    compared = compare_sizes(plan, mask_sizes)
    if text := _resized(compared, len(mask_sizes.keys() & set(plan.rows["image_id"].to_pylist()))):
        raise ImageNetSError(f"{text} For one, {next(iter(compared.unusable.values()))}.")


def leave_out(problems: Sequence[Problem], on_missing: OnMissing | None) -> str | None:
    """Refuse what has problems, or log what is left out for them; `on_missing` is None where nothing would be left.

    Returns:
        What was logged; None without problems.

    Raises:
        ImageNetSError: there are problems, and the policy is not "skip".
    """
    if not problems:
        return None
    if on_missing != "skip":
        told = "\n".join(problem for problem, _ in problems)
        between = "\n" if "\n" in told else " " if told.endswith((".", "?")) else "; "
        raise ImageNetSError(
            told + (f'{between}on_missing="skip" (--on-missing skip) leaves them out.' if on_missing else "")
        )
    lacks = "\n".join(f"{problem}{lost}" for problem, lost in problems)
    logger.warning("%s", lacks)
    return lacks


def _left_out(unusable: Mapping[str, str]) -> str:
    return f"\nLeft out ({len(unusable):,}): {some(list(unusable), _LISTED)}."


def _unusable_masks(plan: SplitPlan, of: int) -> str:
    return f"{_resized(plan, of)} {unusable_masks(plan.unusable, of, plan.split)}".lstrip()


def _resized(plan: SplitPlan, of: int) -> str:
    if len(plan.pairs.unusable) <= max(1, of / 2):
        return ""
    return (
        f"{plan.split}: {len(plan.pairs.unusable):,} of {of:,} images have another size than their mask: this is a "
        "resized copy of ImageNet, and the masks belong to images of the official sizes."
    )


def _notes(plan: SplitPlan, of: int) -> Iterator[str]:
    if upright := plan.pairs.upright:
        yield (
            f"{plan.split}: {len(upright):,} of {of:,} masks fit their image only after the rotation that its metadata "
            f"ask for: these rows show image and mask upright ({some(upright)})."
        )
    if blue := plan.notes.blue:
        yield (
            f"{plan.split}: {len(blue):,} of {of:,} masks have values in their blue channel, which is not read, as by "
            f"the official tools ({some(blue)})."
        )


def _first_missing(plan: SplitPlan, config: str) -> str:
    if plan.missing:
        return f"first missing: {some(sorted(plan.missing), 3)}"
    # There is no official list of training images, so only whole classes can be named.
    wanted = categories(config).imagenet_wnids if plan.split == "train" else None
    with_images = set(pc.unique(pc.utf8_slice_codeunits(plan.rows["image_id"], 0, 9)).to_pylist())
    if wanted and (without := [wnid for wnid in wanted if wnid not in with_images]):
        return f"classes without images: {some(without)}"
    counts = pc.value_counts(pc.utf8_slice_codeunits(plan.rows["image_id"], 0, 9)).to_pylist()
    fewest = sorted(counts, key=lambda one: (one["counts"], one["values"]))[:3]
    return "classes with the fewest images: " + ", ".join(
        f"{entry['values']} ({entry['counts']:,})" for entry in fewest
    )
