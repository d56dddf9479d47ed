"""The pictures of a comparison: the images in which two runs differ most, with the masks of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ..cli.mask_pairs import MaskPairs
from ..conversion.masks.find_masks import find_masks
from ..conversion.masks.split_masks import SplitMasks
from ..metrics.evaluation.pairing import listed_keys, pair_up
from .comparison_page import PictureOfBoth, ValuesOfBoth
from .report_pictures import images_shown
from .shown_pictures import draw, matched_ids

if TYPE_CHECKING:  # it imports datasets, which a page without images does not need
    from .images_by_id import ImagesById


def compared_pictures(
    chosen: Sequence[tuple[str, Sequence[ValuesOfBoth]]],
    predictions: Sequence[str],
    references: SplitMasks,
    split: str,
    matches: Sequence[Mapping[int, int]],
    labels: Sequence[str],
    images: ImagesById | None,
) -> list[PictureOfBoth]:
    """Draw some images.

    Args:
        chosen: (heading, images) as `ends` has them.
        predictions: where the masks of A and of B are.
        references: the masks they are compared with.
        split: of a tree or a converted data set.
        matches: cluster -> class, of A and of B.
        labels: names by class id.
        images: where the images are; None draws the masks over a plain ground.

    Raises:
        ValueError: a place holds no masks, or not those of the images that the runs counted.
    """
    config, keys = str(len(labels) - 1), [one.name for _, found in chosen for one in found]
    # A reference that lies in no class folder has another key than the run that was scored against one that does.
    reference_of = dict(zip(keys, listed_keys(references, keys)))
    masks = []
    for place in predictions:
        predicted = find_masks(place, config, split)
        masks.append(MaskPairs(predicted, references, dict(pair_up(predicted, references, keys).found)))
    shown = images_shown(
        images, {PurePosixPath(key).stem: masks[0].read(reference_of[key])[0] for key in keys} if images else {}
    )
    pictures = []
    for heading, found in chosen:
        for one in found:
            image = shown.get(PurePosixPath(one.name).stem)
            drawn = []
            for pairs, match, value in zip(masks, matches, (one.a, one.b)):
                reference, prediction = pairs.read(reference_of[one.name])
                drawn.append(draw(heading, one.name, value, reference, matched_ids(prediction, match), labels, image))
            a, b = drawn
            legend = [entry for entry in dict.fromkeys((*a.legend, *b.legend)) if entry[0]]
            values = (heading, one.name, one.a, one.b, a.image, a.reference, a.prediction, b.prediction)
            pictures.append(PictureOfBoth(*values, legend))
    return pictures
