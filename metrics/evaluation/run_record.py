"""The record of a run: which images, counts, options and versions made its figures. The same for masks and for maps.

`--json`, pages, `compare` and `results` take it from here; `imagenet-s results --verify` computes it again from the
saved counts and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any, Protocol

from ...conversion.core.version import __version__
from ...conversion.facts import image_set_digest, recognise_split
from ...conversion.masks.split_masks import image_of
from ..matched_miou.saved_record import versions


class CountedRun(Protocol):
    """What `MatchedIoU` and `Localization` have in common."""

    record: dict[str, Any]

    @property
    def names(self) -> list[str]: ...

    def digest(self) -> str: ...


def run_record(run: CountedRun, **how: Any) -> dict[str, Any]:
    """The record of a run. What is not known, as of files that were saved before they had a record, is None.

    Args:
        run: the counts of masks, or the scores of maps.
        how: what the figures were computed with: `matching` of masks, a name or the path of a match.json; `average` of
            maps.

    Returns:
        `name`, `versions` (of this process, munkres included where it matched), `counted_with` (the versions of the
        process that counted), `config`, `split` (None unless the images are exactly those of an official list),
        `num_images`, `images_sha256` (of the sorted image ids), `counts_sha256`, `how`, `missing_predictions`,
        `on_missing`, `no_class` (how many images were left out because their ImageNet label is no class), `options`
        (of the command that counted, and of the scores of maps).
    """
    record = run.record
    image_ids = [image_of(name) for name in run.names]
    recognised = recognise_split(image_set_digest([*image_ids, *record.get("no_class", ())]))
    classes = getattr(run, "num_classes", None)
    numbered = classes and getattr(run, "labels", "category") == "category"
    config = str(classes) if numbered else record.get("config") or (recognised[0] if recognised else None)
    options = {**record.get("options", {}), **score_options(run)}
    munkres = {"munkres": metadata.version("munkres")} if how.get("matching") == "munkres" else {}
    return {
        "name": record.get("name"),
        "versions": {**versions(), "imagenet-s": __version__, **munkres},
        "counted_with": record.get("versions", versions()) or None,
        "config": config,
        "split": recognised[1] if recognised and recognised[0] == config else None,
        "num_images": len(image_ids),
        "images_sha256": image_set_digest(image_ids),
        "counts_sha256": run.digest(),
        **how,
        "missing_predictions": _number(record.get("missing")),
        "on_missing": options.get("on_missing"),
        "no_class": _number(record.get("no_class")),
        "options": options or None,
    }


def score_options(run: CountedRun) -> Mapping[str, Any]:
    """The options of the scores of maps, by their names; none for counts of masks."""
    return dict(vars(run.options)) if hasattr(run, "options") else {}


def _number(items: list[Any] | None) -> int | None:
    return None if items is None else len(items)
