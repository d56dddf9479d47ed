"""What items may look like, and what is said of those that are not understood."""

import collections
import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import loaders
import numpy as np
import pytest
from PIL import Image

from imagenet_s.conversion import check_loader
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.loader_check import LoaderReport
from imagenet_s.conversion.loader_check.pixels import as_ids
from imagenet_s.conversion.loader_check.sample import Keys, read_items

Layout = Callable[[str], Path]


@dataclasses.dataclass
class Sample:
    picture: Any
    truth: Any
    name: str


class Pixels:
    """As MMEngine's PixelData and data elements: named parts are items."""

    def __init__(self, metainfo: dict[str, Any], **parts: Any) -> None:
        self.metainfo, self._parts = metainfo, parts

    def items(self) -> list[tuple[str, Any]]:
        return list(self._parts.items())


Pair = collections.namedtuple("Pair", ["image", "target"])
FORMS: dict[str, Callable[[Any, Any, str], Any]] = {
    "dict": lambda image, ids, name: {"image": image, "mask": ids, "name": name},
    "dict in a tuple": lambda image, ids, name: (image, {"mask": ids, "id": name}),
    "dataclass": lambda image, ids, name: Sample(image, ids, name),
    "namespace": lambda image, ids, name: SimpleNamespace(image=image, mask=ids, path=f"{name}.JPEG"),
    "named tuple": lambda image, ids, name: Pair({"image": image, "path": name}, ids),
    "nested": lambda image, ids, name: {"input": {"image": image}, "target": {"semantic": ids, "meta": {"id": name}}},
    "mmsegmentation": lambda image, ids, name: {
        "inputs": np.asarray(image).transpose(2, 0, 1),
        "data_samples": Pixels({"img_path": f"/data/{name}.JPEG"}, gt_sem_seg=Pixels({}, data=ids[None])),
    },
    "uint16": lambda image, ids, name: (image, ids.astype(np.uint16), name),
    "I;16": lambda image, ids, name: {"image": image, "annotation": Image.fromarray(ids.astype(np.uint16)), "id": name},
    "I": lambda image, ids, name: {"image": image, "annotation": Image.fromarray(ids.astype(np.int32)), "id": name},
    "float": lambda image, ids, name: (image, ids.astype(np.float32)[None], name),
    "lists": lambda image, ids, name: {"mask": ids.tolist(), "id": name},
}


def report_of(miniature: Layout, form: Callable[[Any, Any, str], Any], **options: Any) -> LoaderReport:
    tree = miniature("tree-919")

    class Data(loaders.Right):
        def __getitem__(self, index: int) -> Any:
            path = self.paths[index]
            return form(self.image(path), self.mask(path), path.stem)

    return check_loader(Data(str(tree)), tree, "919", imagenet=miniature("folders"), **options)


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
def test_forms(miniature: Layout, form: Callable[[Any, Any, str], Any]) -> None:
    report = report_of(miniature, form)
    assert (report.findings, report.notes, report.not_compared) == ((), (), ())


def test_dotted_keys(miniature: Layout) -> None:
    """Where several parts could be it, the key says which."""

    def form(image: Any, ids: Any, name: str) -> Any:
        return {"mask": ids * 0, "batch": [{"mask": ids * 0, "truth": {"ids": ids}}], "image": image, "meta": [name]}

    assert report_of(miniature, form, mask_key="batch.0.truth.ids").right
    assert report_of(miniature, form, mask_key="truth.ids", image_key="image", id_key="meta.0").right
    assert not report_of(miniature, form).right
    with pytest.raises(
        ImageNetSError, match=r"items have no 'target'; they have mask, batch\.0\.mask, batch\.0\.truth\.ids"
    ):
        report_of(miniature, form, mask_key="target")


@pytest.mark.parametrize("other", [True, False])
def test_one_hot(other: bool) -> None:
    ids = np.array([[0, 1], [50, 1000]])
    channels = (ids == np.arange(0 if other else 1, 51)[:, None, None]).astype(np.float32)
    expected = ids if other else np.where(ids == 1000, 0, ids)
    assert (as_ids(channels, 50) == expected).all()
    assert (as_ids(channels.transpose(1, 2, 0), 50) == expected).all()
    assert as_ids(channels * 0.5, 50) is None, "probabilities"


def test_what_is_not_understood_is_told(miniature: Layout) -> None:
    """It is no fault, and the types and shapes are named."""
    report = report_of(miniature, lambda image, ids, name: {"image": image, "y": np.zeros((7, 4, 5)), "id": name})
    assert not report.findings
    assert not report.right
    (reason,) = report.not_compared
    assert "y: float64 7 x 4 x 5" in reason
    assert "image: image RGB 160 x 120" in reason


def test_none_is_a_fault(miniature: Layout) -> None:
    """Of a Dataset that catches its own exceptions; nothing is called missing."""
    report = report_of(miniature, lambda image, ids, name: None)
    assert [finding.fault.key for finding in report.findings] == ["no-mask"]
    assert "catch" in report.findings[0].fault.text


class DataLoader:
    dataset = (0,)

    def __iter__(self) -> Any:
        return iter(())


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (DataLoader(), "loader.dataset"),
        (datasets.DatasetDict({"train": datasets.Dataset.from_dict({"a": [1]})}), "DatasetDict of train: give one"),
        ({"val": [1], "train": [2]}, "a dict of val, train: give one of them"),
    ],
)
def test_what_is_no_dataset_is_refused(dataset: Any, message: str) -> None:
    with pytest.raises(ImageNetSError, match=message):
        next(iter(read_items(dataset, Keys(), None, 50)))


@pytest.mark.torch
def test_tensors(miniature: Layout) -> None:
    import torch

    kinds = [
        torch.int64,
        torch.int32,
        torch.float32,
        torch.float16,
        *([torch.uint16] if hasattr(torch, "uint16") else []),
    ]
    for kind in kinds:
        report = report_of(miniature, lambda image, ids, name, kind=kind: (image, torch.from_numpy(ids).to(kind), name))
        assert report.right, kind
    with pytest.raises(ImageNetSError, match=r"loader\.dataset"):
        next(iter(read_items(torch.utils.data.DataLoader([1]), Keys(), None, 50)))
