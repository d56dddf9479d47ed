"""Published figures: each has a source and says what kind it is; keys of ours stand for figures of ours alone."""

import csv
import dataclasses
import itertools
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest

import imagenet_s
from imagenet_s.conversion.facts import CONFIG_NAMES, OFFICIAL
from imagenet_s.conversion.facts.baselines import BASELINE_PROTOCOLS, SOURCE_KINDS, Baseline
from imagenet_s.conversion.submission.protocols import PROTOCOLS
from imagenet_s.metrics import Localization, MatchedIoU, RegionAccuracy

ROWS = imagenet_s.baselines()
FILE = Path(imagenet_s.__path__[0]) / "conversion" / "facts" / "baselines.csv"
OTHERS_FIGURES = re.compile(r"(quantus|shapbpt)_[a-z_]+")
"""Names of figures that this package does not have: the library or paper that defines them comes first."""


def problems(row: Baseline) -> list[str]:
    """What keeps a row out of the list."""
    checks = {
        "no method": row.method.strip() == row.method != "",
        "no address as its source": re.fullmatch(r"https://[^\s/]+/\S+", row.source),
        "a page of GitHub that changes": "github.com" not in row.source
        or re.search(r"/blob/[0-9a-f]{40}/", row.source),
        "no kind of source": row.source_kind in SOURCE_KINDS,
        "no configuration": row.config in CONFIG_NAMES,
        "no split with masks for scoring": row.split in ("validation", "test"),
        "no protocol": row.protocol in BASELINE_PROTOCOLS,
        "not in percent": 0 < row.value <= 100,
        "a computed figure without how": row.source_kind != "computed" or row.note,
        "a figure of another definition without what differs": not OTHERS_FIGURES.fullmatch(row.metric) or row.note,
        "columns that are padded": all(str(value).strip() == str(value) for value in dataclasses.astuple(row)),
    }
    return [problem for problem, passed in checks.items() if not passed]


def test_rows() -> None:
    assert [(row, problems(row)) for row in ROWS if problems(row)] == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"source": ""}, "no address as its source"),
        ({"source": "code#1"}, "no address as its source"),
        ({"source": "https://github.com/a/b/blob/main/README.md"}, "a page of GitHub that changes"),
        ({"source_kind": "rumour"}, "no kind of source"),
        ({"split": "validation (566 images)"}, "no split with masks for scoring"),
        ({"protocol": "maps (Quantus)"}, "no protocol"),
        ({"metric": "quantus_auc", "note": ""}, "a figure of another definition without what differs"),
        ({"source_kind": "computed", "note": ""}, "a computed figure without how"),
    ],
)
def test_a_row_that_is_refused(change: dict[str, str], problem: str) -> None:
    assert problems(dataclasses.replace(ROWS[0], **change)) == [problem]


def test_keys_are_those_of_our_figures() -> None:
    """Under each protocol the keys of what scores it; any other name begins with who defines the figure."""
    ours = {
        "region_zero_shot": {"top1", "top5"},
        "maps": set(Localization().keys),
        **{key: {"mean_iou", "boundary_mean_iou", "image_accuracy", "f_measure"} for key in PROTOCOLS},
    }
    assert set(ours) == set(BASELINE_PROTOCOLS)
    for row in ROWS:
        assert row.metric in ours[row.protocol] or OTHERS_FIGURES.fullmatch(row.metric), row
    regions, masks = RegionAccuracy(2), MatchedIoU(2)
    regions.update([0.1, 0.9], target=2)
    masks.update([[1, 2]], [[1, 2]])
    assert ours["region_zero_shot"] <= regions.compute().keys()
    assert ours["semi"] <= masks.compute().keys()


def test_nothing_twice() -> None:
    """A method, set-up and figure have one row, and a method, backbone and training one spelling."""
    keys = Counter(dataclasses.astuple(row)[:7] for row in ROWS)
    assert [key for key, times in keys.items() if times > 1] == []
    for names in ({row.method for row in ROWS}, {row.backbone for row in ROWS}, {row.training for row in ROWS}):
        assert len({re.sub(r"[^\w+]", "", name).lower() for name in names}) == len(names)


def test_parts_of_a_split_say_how_many() -> None:
    parts = [row for row in ROWS if re.search(r"\bimages \(|\d images\b", row.note)]
    assert {row.metric for row in parts} == {row.metric for row in ROWS if row.protocol == "maps"}
    for row in parts:
        count = int(re.search(r"([\d,]+) (?:of|images)", row.note)[1].replace(",", ""))
        assert 0 < count < OFFICIAL.num_images[row.config][row.split]


def test_as_many_as_were_collected() -> None:
    with FILE.open(encoding="utf-8", newline="") as file:
        names, *lines = csv.reader(file)
    assert names == [field.name for field in dataclasses.fields(Baseline)]
    assert len(lines) == len(ROWS) >= 172
    assert FILE.read_bytes().isascii()
    assert b"\r" not in FILE.read_bytes()


def test_figures_of_the_sources() -> None:
    """Some that every reader of the field knows, by hand from the pages that they name."""
    figures = {(r.method, r.backbone, r.config, r.split, r.protocol, r.training, r.metric): r.value for r in ROWS}
    assert figures["PASS", "ResNet-50", "919", "test", "unsupervised", "SSL", "mean_iou"] == 11.0
    assert figures["PASS", "ResNet-18", "50", "validation", "distance", "SSL", "mean_iou"] == 39.6
    assert figures["MAE", "ViT-B/16", "919", "validation", "semi", "SSL+Sup 1600 ep", "mean_iou"] == 61.0
    assert figures["ZUTIS", "ViT-B/16", "919", "test", "free", "CLIP", "mean_iou"] == 37.4
    assert figures["Alpha-CLIP", "ViT-L/14", "919", "validation", "region_zero_shot", "GRIT-20m", "top1"] == 77.41


def test_the_best_first_within_its_kind() -> None:
    kinds = [(row.config, row.split, row.protocol, row.metric) for row in ROWS]
    assert len(set(kinds)) == 1 + sum(a != b for a, b in itertools.pairwise(kinds)), "each kind stands together"
    for i in range(1, len(ROWS)):
        assert kinds[i] != kinds[i - 1] or ROWS[i].value <= ROWS[i - 1].value
    assert list(dict.fromkeys(row.config for row in ROWS)) == list(CONFIG_NAMES)


@pytest.mark.parametrize("config", [919, "919", "ImageNetS919", None])
@pytest.mark.parametrize("split", ["val", "validation", datasets.Split.VALIDATION, None])
def test_filters(config: Any, split: Any) -> None:
    rows = imagenet_s.baselines(config, split, protocol="semi", metric="mean_iou")
    expected = [
        row
        for row in ROWS
        if row.protocol == "semi"
        and row.metric == "mean_iou"
        and (config is None or row.config == "919")
        and (split is None or row.split == "validation")
    ]
    assert rows == expected != []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: imagenet_s.baselines(100), "no configuration 100; it has 50, 300, 919"),
        (lambda: imagenet_s.baselines(split="dev"), "no split 'dev'; it has train"),
        (
            lambda: imagenet_s.baselines(split="train"),
            "no published figure has the split 'train'; there are validation,",
        ),
        (lambda: imagenet_s.baselines(protocol="full"), "the protocol 'full'; there are unsupervised, distance, free,"),
        (lambda: imagenet_s.baselines(metric="miou"), "the metric 'miou'; there are mean_iou, boundary_mean_iou,"),
    ],
)
def test_values_that_no_row_has(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(imagenet_s.ImageNetSError, match=message):
        call()


def test_no_row_of_a_combination() -> None:
    assert imagenet_s.baselines(300, protocol="semi") == []


def test_a_caller_changes_nothing() -> None:
    rows = imagenet_s.baselines()
    rows.clear()
    assert imagenet_s.baselines() == ROWS
    with pytest.raises(dataclasses.FrozenInstanceError):
        ROWS[0].value = 100.0  # type: ignore[misc]


def test_the_page_counts_them() -> None:
    """docs/results.md, "Published figures": a line for each kind of source, with how many rows are of it."""
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")
    counts = {kind: int(count) for kind, count in re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE)}
    assert counts == Counter(row.source_kind for row in ROWS)
    assert counts.keys() == SOURCE_KINDS.keys()
