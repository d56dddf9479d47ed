"""The splits of a configuration: numbers of images, the content of masks, and whether masks fit their images."""

from __future__ import annotations

import contextlib
import functools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from tqdm import tqdm

from ...metrics.matched_miou.counts import CountRows, count_pair
from ...metrics.matched_miou.metric import MatchedIoU
from ..annotations import cached_masks
from ..core.errors import some
from ..core.workers import ProcessPool
from ..dataset.image_mask_pairs import PairCheck
from ..dataset.source import Source
from ..dataset.split_plan import SplitPlan, plan_split
from ..facts import IGNORE_ID, OFFICIAL, OTHER_ID, categories, imagenet_wnids
from ..images.image_header import PNG
from ..masks.codec import decode_mask
from .line import Line, line, noted

_CHUNK = 64
"""Masks per task of a worker."""
_SHOWN = 20
"""Images that are named in the command that shows them."""
_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}
"""PNG colour types (PNG 1.2, section 4.1.1)."""
_OVER_ALL_IDS = ("mean_iou", "boundary_mean_iou")
"""Figures that count an id which occurs nowhere as 0, as the official evaluator does."""


def count_lines(source: Source, split: str) -> Iterator[Line]:
    """The number of images of a split, compared with the official one."""
    what, official = f"{split}: images", OFFICIAL.num_images[source.config][split]
    if split not in source.splits:
        yield Line(what, f"{official:,}", "not in this copy of ImageNet", None)
        return
    plan = plan_split(source, split, verify=False, masks=False)
    yield line(what, official, plan.rows.num_rows, note=f"without {some(plan.missing)}" if plan.missing else "")


def mask_lines(source: Source, split: str, workers: int, given: str) -> Iterator[Line]:
    """The content of a split's masks, and whether they fit their images.

    Args:
        source: the opened ImageNet and its annotations.
        split: `"train_semi"` or `"validation"`.
        workers: processes that score.
        given: the options that name the annotations on a command line.
    """
    without = source.check_masks(split)
    yield line(f"{split}: images without a mask", 0, len(without), note=some(without))
    plan = plan_split(source, split, verify=False, sizes=True)
    formats = Counter(map(_format, source.annotations_of(split).mask_headers(split).values()))
    seen = ", ".join(f"{kind}: {number:,}" for kind, number in sorted(formats.items()))
    yield line(f"{split}: kinds of PNG", "8-bit RGB", seen, agrees=formats.keys() <= {"8-bit RGB"})
    wrong, blue, pairs = plan.notes.unusable, plan.notes.blue, plan.pairs
    yield line(f"{split}: masks that can't be decoded, or with unknown ids", 0, len(wrong), note=_problems(wrong))
    yield line(f"{split}: masks with values in their blue channel", 0, len(blue), note=some(blue))
    damaged, upright = pairs.damaged, pairs.upright
    yield line(f"{split}: damaged images", 0, len(damaged), note=_problems(damaged))
    fit = plan.rows.num_rows - len(damaged) - len(upright)
    looked = fit + len(upright) + len(pairs.unusable)
    yield line(f"{split}: masks of the size of their image as stored", looked, fit)
    yield line(f"{split}: masks that fit their image only after its rotation", 0, len(upright), note=some(upright))
    yield line(f"{split}: masks of another size", 0, len(pairs.unusable), note=_problems(pairs.unusable))
    turned = Counter(pairs.orientations.values())
    shown = ", ".join(f"orientation {orientation}: {n:,}" for orientation, n in sorted(turned.items()))
    yield noted(f"{split}: images with an orientation other than 1 (EXIF, else XMP)", turned.total(), shown)
    yield noted(
        f"{split}: of these, images whose size is the same after the rotation", *_untold(source, split, pairs, given)
    )
    if plan.rows.num_rows:
        yield from _content_lines(source, plan, workers)


def _untold(source: Source, split: str, pairs: PairCheck, given: str) -> tuple[int, str]:
    """The number of images whose size does not tell whether their mask is rotated, and the command that shows them."""
    number, ids = len(pairs.untold), " ".join(pairs.untold[:_SHOWN])
    command = f"imagenet-s show IMAGENET{given} --config {source.config}"
    first = f"the first {_SHOWN}" if number > _SHOWN else "them"
    command += f" --split {split} --output NEW_FOLDER --ids {ids}"
    return number, f"their masks are taken as stored; to look at {first}: {command}" if number else ""


def _content_lines(source: Source, plan: SplitPlan, workers: int) -> Iterator[Line]:
    """The ids in the masks of the rows, and the figures of these masks as predictions of themselves."""
    split, table = plan.split, categories(source.config)
    counted = {name: rows for rows, name in _counted(plan, workers)}
    classes = {name: set(rows[:, 0].tolist()) - {OTHER_ID, IGNORE_ID} for name, rows in counted.items()}
    numbers = Counter(map(len, classes.values()))
    yield noted(f"{split}: masks by number of classes", ", ".join(f"{k}: {n:,}" for k, n in sorted(numbers.items())))
    ignored = sum(bool((rows[:, 0] == IGNORE_ID).any()) for rows in counted.values())
    yield noted(f"{split}: masks with ignored pixels", ignored)
    class_of = dict(zip(plan.rows["image_id"].to_pylist(), plan.rows["category"].to_pylist()))
    without = [name for name, ids in classes.items() if class_of[name] not in ids]
    yield line(f"{split}: masks without the class of their folder", 0, len(without), note=some(without))
    labels = zip(plan.rows["image_id"].to_pylist(), plan.rows["imagenet_label"].to_pylist())
    by_label = {name: table.id_of(imagenet_wnids()[label]) for name, label in labels if label is not None}
    other = {name: class_id for name, class_id in by_label.items() if class_id and class_id != class_of[name]}
    held = sum(class_id in classes[name] for name, class_id in other.items())
    what = f"{split}: masks that hold the class of ImageNet's label, where that is another class"
    yield noted(what, f"{held:,} of {len(other):,}")
    occurring = set().union(*classes.values()) | {OTHER_ID}
    yield line(f"{split}: classes that occur", table.num_classes, len(occurring) - 1)
    yield _score_line(split, table.num_classes, counted, len(occurring))


def _score_line(split: str, num_classes: int, counted: Mapping[str, CountRows], occurring: int) -> Line:
    """The masks scored against themselves."""
    metric = MatchedIoU(num_classes)
    for name, rows in counted.items():
        metric.update_counts(rows[rows[:, 0] != IGNORE_ID], name)  # a prediction holds no ignored pixels
    figures = {key: value for key, value in metric.compute("none").items() if isinstance(value, float)}
    undefined = [key for key, value in figures.items() if math.isnan(value)]
    best = {key: occurring / (num_classes + 1) if key in _OVER_ALL_IDS else 1.0 for key in figures}
    wrong = [
        f"{key} {100 * value:.2f}"
        for key, value in figures.items()
        if key not in undefined and not math.isclose(value, best[key], abs_tol=1e-12)
    ]
    believed = "every figure 100 %"
    if occurring <= num_classes:
        share = f"{100 * occurring / (num_classes + 1):.2f} % ({occurring:,} of {num_classes + 1:,} ids occur)"
        believed += f", mIoU and mBIoU {share}"
    note = f"undefined: {', '.join(undefined)}" if undefined else ""
    return line(f"{split}: masks scored against themselves", believed, ", ".join(wrong) or believed, not wrong, note)


def _counted(plan: SplitPlan, workers: int) -> Iterator[tuple[CountRows, str]]:
    """The count rows of each row's mask, as a prediction of itself, and its image id."""
    names, places = plan.rows["image_id"].to_pylist(), plan.rows["mask_row"].to_pylist()
    chunks = [places[i : i + _CHUNK] for i in range(0, len(places), _CHUNK)]
    with (
        contextlib.ExitStack() as stack,
        tqdm(total=len(names), desc=f"scoring {plan.split}", unit="mask", delay=1) as bar,
    ):
        several = min(workers, len(chunks)) > 1
        apply = stack.enter_context(ProcessPool(min(workers, len(chunks)))).map if several else map
        waiting_names = iter(names)
        for rows in apply(functools.partial(_count, str(plan.masks)), chunks):
            yield from zip(rows, waiting_names)
            bar.update(len(rows))


def _count(masks: str, places: Sequence[int]) -> list[CountRows]:
    pngs = cached_masks(masks)["png"]
    decoded = (decode_mask(pngs[place].as_py()) for place in places)
    return [count_pair(ids, ids) for ids in decoded]


def _format(png: bytes) -> str:
    """Bit depth and colour type of a PNG, from its header."""
    if png[: len(PNG)] != PNG or len(png) < 26:
        return "no PNG"
    return f"{png[24]}-bit {_COLOURS.get(png[25], 'of an unknown colour type')}"


def _problems(unusable: Mapping[str, str]) -> str:
    """The first few ids, and what is wrong with the first."""
    return f"{some(list(unusable))}; the first: {next(iter(unusable.values()))}" if unusable else ""
