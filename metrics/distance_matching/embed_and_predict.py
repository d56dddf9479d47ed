"""The distance matching protocol: embed the segments of train_semi, then predict the ids of other images' pixels."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader
from tqdm import tqdm

from ...conversion.core.atomic_write import atomic_write
from .backbone import Backbone
from .embeddings_file import read_embeddings
from .image_batches import ImageDataset, PreparedImage, batches_by_size
from .neighbours import check_votes, label_pixels
from .segments import resize_nearest, segment_embeddings, upsample

_UPSAMPLING = 4
"""The factor by which feature maps are upsampled before segments and pixels are taken from them (PASS)."""

Tensor = Any

_PREDICTED = ("validation", "test")
"""Folders of predictions."""


@dataclass(frozen=True)
class DistanceMatching:
    """A backbone and the settings of the protocol.

    Attributes:
        backbone: the model.
        device: the `torch.device` it runs on.
        short_side: what the shorter side of an image is resized to, in pixels.
        k: segments that vote for a pixel.
        temperature: of their votes.
        batch_size: images at a time.
        workers: processes that decode images.
    """

    backbone: Backbone
    device: Any
    short_side: int = 256
    k: int = 10
    temperature: float = 0.07
    batch_size: int = 16
    workers: int = 2

    def __post_init__(self) -> None:
        check_votes(self.k, self.temperature)  # before they are recorded beside the embeddings

    def embedding_bank(self, output: str, config: str, load_rows: Callable[[], Any]) -> tuple[Tensor, Tensor]:
        """The embeddings of all segments of train_semi, kept in `<output>/embeddings.npz`.

        Args:
            output: a folder; made if it does not exist.
            config: the configuration of the rows.
            load_rows: loads the rows of train_semi; called if there are no embeddings yet.

        Returns:
            N x D embeddings and their N ids.

        Raises:
            ValueError: the folder holds embeddings made with other settings, damaged ones, or something else.
        """
        path = os.path.join(output, "embeddings.npz")
        settings = {
            "config": config,
            "backbone": self.backbone.identity,
            "size": self.short_side,
            "multiple": self.backbone.multiple,
            "k": self.k,
            "temperature": self.temperature,
        }
        if os.path.exists(path):
            before, *stored = read_embeddings(path)
            if before != settings:
                changed = [key for key in settings if before.get(key) != settings[key]]
                other = ", ".join(f"{key} {before.get(key)} and now {settings[key]}" for key in changed)
                raise ValueError(f"{output} was begun with {other}: give another OUTPUT, or remove this one.")
            embeddings, ids = (torch.as_tensor(array).to(self.device) for array in stored)
            return embeddings, ids
        if in_the_way := [split for split in _PREDICTED if os.path.lexists(os.path.join(output, split))]:
            raise ValueError(
                f"{output} holds {' and '.join(in_the_way)}, and no embeddings.npz says that distance-match wrote it: "
                "move it away, or give another OUTPUT."
            )
        segments = []
        for image, features in self._features(load_rows(), "embedding train_semi"):
            segments.append((image.image_id, *segment_embeddings(features, image.mask)))
        segments.sort(key=lambda entry: entry[0])  # batches must not decide which of two equal neighbours comes first
        bank, ids = torch.cat([entry[1] for entry in segments]), torch.cat([entry[2] for entry in segments])
        os.makedirs(output, exist_ok=True)
        with atomic_write(path) as file:
            made_with = np.array(json.dumps(settings))
            np.savez(file, embeddings=bank.cpu().numpy(), ids=ids.cpu().numpy(), made_with=made_with)
        return bank, ids

    def predictions(
        self, rows: Any, bank: Tensor, bank_ids: Tensor, description: str
    ) -> Iterator[tuple[PreparedImage, Tensor]]:
        """Each image of the rows, in no particular order, and the ids predicted for it, H x W as stored."""
        for image, features in self._features(rows, description):
            labels = label_pixels(features, bank, bank_ids, k=self.k, temperature=self.temperature)
            yield image, resize_nearest(labels, image.size)

    def _features(self, rows: Any, description: str) -> Iterator[tuple[PreparedImage, Tensor]]:
        """Each image and its D x h x w features, in the order of batches of equal size."""
        images = ImageDataset(rows, self.short_side, self.backbone.multiple)
        loader: Any = DataLoader(images, batch_size=None, num_workers=self.workers)  # type: ignore[arg-type]
        with tqdm(total=len(rows), desc=description, unit="image", delay=1) as bar:
            for batch in batches_by_size(loader, self.batch_size):
                pixels = torch.stack([torch.as_tensor(image.pixels) for image in batch]).to(self.device)
                with torch.inference_mode():
                    maps = self.backbone.features(pixels)
                for image, features in zip(batch, maps):
                    yield image, upsample(features, _UPSAMPLING)
                bar.update(len(batch))
