"""Objects that everybody in a process shares: nobody can change them for others, and they can be copied and sent."""

import contextlib
import copy
import importlib
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import imagenet_s
from imagenet_s.conversion.facts import CONFIG_NAMES, categories, class_groups, imagenet_wnids, synsets
from imagenet_s.conversion.synthetic import IMAGES, mask_ids
from imagenet_s.conversion.synthetic.scene import render
from imagenet_s.metrics import Localization, MatchedIoU, RegionAccuracy

PUBLIC = (
    "imagenet_s",
    *(f"imagenet_s.{name}" for name in ("conversion.facts", "conversion.synthetic", "metrics", "report")),
)
CHANGES: tuple[Callable[[Any], Any], ...] = (
    lambda value: value.remove(next(iter(value))),
    lambda value: value.append(value[0]),
    lambda value: value.sort(reverse=True),
    lambda value: value.clear(),
    lambda value: value.update({"other": 7}),
    lambda value: value.pop(next(iter(value))),
    lambda value: value.__setitem__(next(iter(value)) if isinstance(value, dict) else 0, "changed"),
    lambda value: value.__delitem__(next(iter(value)) if isinstance(value, dict) else 0),
    lambda value: value.__ior__({"other": 7}),
)


def change(value: Any) -> None:
    """Try every change that a list, dict, set or array knows."""
    for attempt in CHANGES:
        with contextlib.suppress(Exception):
            attempt(value)
    if isinstance(value, np.ndarray):
        with contextlib.suppress(ValueError):
            value[...] = 1


@pytest.mark.parametrize("config", CONFIG_NAMES)
def test_nobody_changes_the_class_table_for_others(config: str) -> None:
    table = categories(config)
    attributes = [name for name in dir(table) if not name.startswith("_")]
    before = {name: copy.deepcopy(getattr(table, name)) for name in attributes if not callable(getattr(table, name))}
    assert {"names", "wnids", "id2label", "label2id", "merged_wnids", "imagenet_wnids", "rows", "config"} <= set(before)
    for name in before:
        change(getattr(table, name))
        with pytest.raises(AttributeError):
            setattr(table, name, "changed")
    assert {name: getattr(categories(config), name) for name in before} == before


def test_a_list_of_the_table_is_its_receivers() -> None:
    """Names for prompts, without `other`, say; and a dict with one more label, for a model."""
    table = imagenet_s.categories("50")
    names, labels = table.names, table.id2label
    names.remove("other")
    labels[1000] = "ignored"
    assert (len(names), len(labels)) == (50, 52)
    assert (len(table.names), len(table.id2label)) == (51, 51)
    assert json.loads(json.dumps(table.label2id)) == table.label2id


@pytest.mark.parametrize("module", PUBLIC)
def test_public_constants_can_be_sent_and_not_changed(module: str) -> None:
    names = importlib.import_module(module).__all__
    constants = {name: getattr(importlib.import_module(module), name) for name in names}
    for name, value in constants.items():
        again = pickle.loads(pickle.dumps(value))
        if isinstance(value, type) or callable(value):
            continue
        assert again == copy.deepcopy(value) == copy.copy(value) == value, name
        change(value)
        assert value == again, f"{module}.{name} can be changed"
        assert not isinstance(value, (list, set, bytearray)), name


def test_what_is_loaded_once_cannot_be_changed() -> None:
    image = next(iter(IMAGES.values()))
    for load in (synsets, imagenet_wnids, class_groups, lambda: render(image).map, lambda: render(image).pixels):
        before = pickle.dumps(load())
        change(load())
        assert pickle.dumps(load()) == before
    ids = mask_ids(image, "50")
    change(ids)
    assert (mask_ids(image, "50") != ids).any()


def test_what_a_metric_tells_is_not_what_it_counts() -> None:
    mask = np.array([[0, 1], [1, 1000]])
    masks, maps, regions = MatchedIoU(50), Localization(), RegionAccuracy(50)
    masks.update(mask % 1000, mask, name="a")
    maps.update(np.eye(2), mask, 1, name="a")
    regions.update(np.eye(51)[1][None], [1])
    for metric in (masks, maps, regions):
        before = repr((metric.compute(), pickle.loads(pickle.dumps(metric)).compute()))
        for name in dir(metric):
            if not name.startswith("_") and name not in ("load", "from_bytes"):
                value = getattr(metric, name)
                with contextlib.suppress(TypeError, ValueError):
                    value = value() if callable(value) else value
                change(value)
                for inner in value.values() if isinstance(value, dict) else ():
                    change(inner)
        assert repr((metric.compute(), copy.deepcopy(metric).compute())) == before


@pytest.mark.parametrize("config", CONFIG_NAMES)
def test_a_sent_table_is_the_table_of_its_process(config: str) -> None:
    table = categories(config)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(table, protocol)) is table
    assert copy.copy(table) is copy.deepcopy(table) is table
    assert len(pickle.dumps(table)) < 200, "a Dataset may hold it"
    assert pickle.loads(pickle.dumps(table[1])) == table[1]


def test_a_table_reaches_another_process() -> None:
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).from_imagenet(1))"
    sent = pickle.dumps(categories("50"))
    assert subprocess.run([sys.executable, "-c", code], input=sent, capture_output=True, check=True).stdout == b"1\n"


@pytest.mark.torch
def test_a_table_in_a_dataset_and_in_a_checkpoint(tmp_path: Any) -> None:
    import torch

    table = categories("50")
    torch.save({"table": table}, tmp_path / "a.pt")
    assert torch.load(tmp_path / "a.pt", weights_only=False)["table"] is table
    loader = torch.utils.data.DataLoader(Labels(), num_workers=1, multiprocessing_context="spawn")
    assert [int(label) for label in loader] == [0, 1, 0]


class Labels:
    """A Dataset that holds the table."""

    def __init__(self) -> None:
        self.table = categories("50")

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> int:
        return int(self.table.from_imagenet(index))


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda t: t.id_of("goldfish"), imagenet_s.ImageNetSError, "label2id['goldfish'] is 1"),
        (lambda t: t.id_of("gold fish"), imagenet_s.ImageNetSError, "expected an ImageNet folder such as 'n01443537'"),
        (lambda t: t.id_of(7), imagenet_s.ImageNetSError, "expected an ImageNet folder"),
        (lambda t: t["goldfish"], imagenet_s.ImageNetSError, "label2id['goldfish'] is 1"),
        (lambda t: t["n01443537"], imagenet_s.ImageNetSError, "id_of('n01443537') is 1"),
        (lambda t: t[1:3], imagenet_s.ImageNetSError, "`rows` can be sliced"),
        (lambda t: t[1.0], imagenet_s.ImageNetSError, "expected a class id, 0..50"),
        (lambda t: t[51], IndexError, "0..50"),
    ],
)
def test_a_table_says_what_it_takes(ask: Callable[[Any], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error) as raised:
        ask(categories("50"))
    assert words in str(raised.value)
    assert categories("50").id_of("") == 0
    assert categories("50")[np.int64(1)].name == "goldfish"
