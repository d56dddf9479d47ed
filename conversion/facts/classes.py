"""The class table: 919 classes, and the ids they have in the subsets of 300 and 50.

Class ids are the row numbers of the sorted wnids of a subset, from 1 (official readme, "How to match the class id");
0 is everything else in an image, 1000 is ignored.
"""

from __future__ import annotations

import csv
import functools
import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from ..core.errors import ImageNetSError
from .imagenet import imagenet_wnids
from .official import OFFICIAL, config_name
from .wordnet import synsets

OTHER_ID = 0
"""Pixels of no class of the configuration."""
IGNORE_ID = 1000
"""Pixels that no figure counts."""
_WNID = re.compile(r"n\d{8}", re.ASCII)


@dataclass(frozen=True)
class Category:
    """One class: its id in masks and in `category`, its ImageNet folder, and a readable, unique name."""

    id: int
    wnid: str
    name: str

    @property
    def lemmas(self) -> tuple[str, ...]:
        """WordNet's words for the class, the most usual first; empty for `other`."""
        return synsets()[self.wnid].lemmas if self.wnid else ()

    @property
    def definition(self) -> str:
        """WordNet's definition of the class; empty for `other`."""
        return synsets()[self.wnid].definition if self.wnid else ""


class Categories:
    """The classes of one configuration, `other` first, so that the position of a class is its id.

    Iterates over `Category`; `categories[3]` is the class of id 3. Everybody in a process shares one table: the lists
    and dicts that it gives are new ones, which their receiver may change.
    """

    def __init__(self, config: str, rows: tuple[Category, ...], merged: Mapping[str, str]) -> None:
        self._config, self._rows = config, rows
        ids = {row.wnid: row.id for row in rows[1:]}
        self._merged = {source: target for source, target in merged.items() if target in ids}
        self._ids = ids | {source: ids[target] for source, target in self._merged.items()}

    @property
    def config(self) -> str:
        """`"50"`, `"300"` or `"919"`."""
        return self._config

    @property
    def rows(self) -> tuple[Category, ...]:
        """The C + 1 classes, in the order of the ids."""
        return self._rows

    @property
    def num_classes(self) -> int:
        """C: 50, 300 or 919; `other` is not counted."""
        return len(self._rows) - 1

    @property
    def names(self) -> list[str]:
        """C + 1 unique labels, in the order of the ids."""
        return [row.name for row in self._rows]

    @property
    def wnids(self) -> list[str]:
        """The C + 1 class folders of the official tree, in the order of the ids; "" for `other`, which has none."""
        return [row.wnid for row in self._rows]

    @property
    def id2label(self) -> dict[int, str]:
        """Id -> label, as `transformers` wants it."""
        return {row.id: row.name for row in self._rows}

    @property
    def label2id(self) -> dict[str, int]:
        """Label -> id, as `transformers` wants it."""
        return {row.name: row.id for row in self._rows}

    @property
    def merged_wnids(self) -> dict[str, str]:
        """ImageNet classes whose images count as another class, to that class: five in 919, none in 300 and 50."""
        return dict(self._merged)

    @property
    def imagenet_wnids(self) -> list[str]:
        """Every ImageNet folder whose images belong to a class: the class folders and the merged ones, sorted."""
        return sorted(self._ids)

    def id_of(self, wnid: str) -> int:
        """The class id of an ImageNet folder, merged folders included; 0 for one outside the configuration, and for "".

        Raises:
            ImageNetSError: it is no ImageNet folder but, say, the name of a class.
        """
        if (class_id := self._ids.get(wnid)) is not None:
            return class_id
        if wnid and not (isinstance(wnid, str) and _WNID.fullmatch(wnid)):
            raise ImageNetSError(f"id_of({wnid!r}): expected an ImageNet folder such as 'n01443537'{self._hint(wnid)}.")
        return OTHER_ID

    def from_imagenet(self, labels: Any) -> Any:
        """ImageNet's labels to class ids; the five merges make it many to one.

        Args:
            labels: an integer 0..999, or an array of them.

        Returns:
            The class id of each, 0 where the label is no class of the configuration: an int for an integer, else an
            int64 array of the same shape.

        Raises:
            ImageNetSError: a label that ImageNet does not have.

        Examples:
            >>> categories("50").from_imagenet(1), categories("50").from_imagenet([1, 0, 999]).tolist()
            (1, [1, 0, 0])
        """
        return _look_up(labels, [self.id_of(wnid) for wnid in imagenet_wnids()], "label", "ImageNet")

    def to_imagenet(self, ids: Any) -> Any:
        """Class ids to ImageNet's labels; of merged classes, the label of the one that gave the folder its name.

        Args:
            ids: an integer 0..C, or an array of them.

        Returns:
            The label of each, -1 for `other`, which has none: an int for an integer, else an int64 array.

        Raises:
            ImageNetSError: an id that the configuration does not have.
        """
        label_of = {wnid: label for label, wnid in enumerate(imagenet_wnids())}
        labels = [label_of.get(wnid, -1) for wnid in self.wnids]
        return _look_up(ids, labels, "class id", f"ImageNet-S-{self.config}")

    def project(self, scores: Any, how: Literal["max", "sum"] = "max") -> Any:
        """Scores of an ImageNet classifier to scores of the classes.

        Args:
            scores: N x 1000 (any shape that ends in 1000), an array, or a tensor on any device.
            how: `"max"` (for logits) or `"sum"` (for probabilities) over the labels that count as one class, and, in
                column 0 (`other`), over the labels outside the configuration.

        Returns:
            N x (C + 1), an array of the same dtype (float32 of bfloat16, which NumPy lacks), without gradients.

        Raises:
            ImageNetSError: another shape, another `how`, or no floating-point numbers, whose sums could overflow.
        """
        import numpy as np

        # torch is not imported for this: a tensor is what can be detached and moved to the CPU.
        if hasattr(scores, "detach") and hasattr(scores, "cpu"):
            scores = scores.detach().cpu()
            scores = scores.float() if str(scores.dtype) == "torch.bfloat16" else scores
        array = _plain_array(scores, "scores")
        if array.dtype.kind != "f":
            raise ImageNetSError(f"scores of type {array.dtype}: expected floating-point numbers.")
        if array.ndim == 0 or array.shape[-1] != len(imagenet_wnids()):
            raise ImageNetSError(f"scores of shape {array.shape}: expected {len(imagenet_wnids())} in the last place.")
        if how not in ("max", "sum"):
            raise ImageNetSError(f'how={how!r}: "max" and "sum" are known.')
        ids = self.from_imagenet(np.arange(array.shape[-1]))
        order = np.argsort(ids, kind="stable")
        # Every id occurs, so the labels of each stand together and none is empty.
        starts = np.searchsorted(ids[order], np.arange(len(self)))
        reduce = np.maximum if how == "max" else np.add
        return reduce.reduceat(array[..., order], starts, axis=-1, dtype=array.dtype)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Category]:
        return iter(self._rows)

    def __getitem__(self, class_id: int) -> Category:
        try:
            index = operator.index(class_id)
        except TypeError:
            raise ImageNetSError(
                f"class {class_id!r}: expected a class id, 0..{self.num_classes}{self._hint(class_id)}."
            ) from None
        if not 0 <= index < len(self._rows):
            raise IndexError(f"class id {class_id}: ImageNet-S-{self.config} has 0..{self.num_classes}")
        return self._rows[index]

    def __reduce__(self) -> tuple[Any, ...]:
        # A table that was sent to another process, or copied, is the table of that process.
        return categories, (self._config,)

    def __repr__(self) -> str:
        return f"Categories({self.config!r}, {self.num_classes} classes and 'other')"

    def _hint(self, key: object) -> str:
        """How to ask for what somebody seems to mean: a class by its name or folder, or several classes."""
        if isinstance(key, slice):
            return "; `rows` can be sliced"
        if isinstance(key, str) and key in self.label2id:
            return f"; label2id[{key!r}] is {self.label2id[key]}"
        if isinstance(key, str) and _WNID.fullmatch(key):
            return f"; id_of({key!r}) is {self.id_of(key)}"
        return "; label2id has the ids of names, id_of those of folders"


def categories(config: str | int = "919") -> Categories:
    """The class table of one configuration.

    Args:
        config: `"50"`, `"300"` or `"919"`.

    Returns:
        C + 1 rows of `id`, `wnid`, `name`, `lemmas`, `definition`, with `id2label` and `label2id` as `transformers`
        wants them.

    Raises:
        ImageNetSError: there is no such configuration.

    Examples:
        >>> table = categories("50")
        >>> table[1]
        Category(id=1, wnid='n01443537', name='goldfish')
        >>> table.id2label[0], table.label2id["goldfish"], table.num_classes
        ('other', 1, 50)
    """
    return _categories(config_name(config))


@functools.cache
def _categories(name: str) -> Categories:
    text = resources.files(__package__).joinpath("classes.csv").read_text(encoding="utf-8")
    column = f"id_{name}"
    classes = [
        Category(int(row[column]), row["wnid"], row["label"])
        for row in csv.DictReader(text.splitlines())
        if row[column]
    ]
    return Categories(name, (Category(OTHER_ID, "", "other"), *classes), OFFICIAL.merged_wnids)


def _plain_array(values: Any, what: str) -> Any:
    import numpy as np

    if np.ma.is_masked(values):
        raise ImageNetSError(
            f"the {what} are a masked array: masked ones would be read as if they were not; give a plain array without "
            "them."
        )
    return np.asarray(values)


def _look_up(keys: Any, values: list[int], what: str, whose: str) -> Any:
    import numpy as np

    indices = _plain_array(keys, f"{what}s")
    if indices.dtype.kind not in "iu" and indices.size:
        raise ImageNetSError(f"{what}s of type {indices.dtype}: expected integers.")
    if indices.size and not (indices.min() >= 0 and indices.max() < len(values)):
        wrong = indices.min() if indices.min() < 0 else indices.max()
        raise ImageNetSError(f"{what} {wrong}: {whose} has 0..{len(values) - 1}.")
    result = np.array(values, np.int64)[indices.astype(np.int64)]
    return int(result) if result.ndim == 0 else result
